//! The log as others read it: schemas, collectors and a database, each asked through tools of their own.

mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod example;
mod lines;
mod ocsf;
mod postgres;
mod samples;
mod schemas;
mod story;
mod syslog;
