//! The log as others read it: schemas, collectors and a database, each asked through tools of their own.

#[path = "../common/mod.rs"]
mod common;
mod samples;
mod schemas;
