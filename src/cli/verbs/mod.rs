//! One file one verb: its arguments, and what it does.

pub mod approve;
pub mod audit;
pub mod audit_export;
pub mod audit_lines;
pub mod audit_prove;
mod audit_show;
pub mod audit_verify;
mod audit_words;
pub mod client;
pub mod completions;
pub mod console;
pub mod decide;
pub mod demo;
pub mod deposit;
pub mod doctor;
pub mod freeze;
pub mod list;
pub mod listener;
pub mod man;
pub mod operator;
pub mod pull;
pub mod request;
pub mod requests;
pub mod serve;
pub mod setup;
pub mod show;
pub mod softtpm;
