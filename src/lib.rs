//! Portcullis: a gate for the credentials that cannot be retired yet.
//!
//! The rooms, and who may import whom, are in `docs/architecture.md`; `tests/tidy.rs` holds them.

#![deny(unsafe_code)]
#![warn(missing_docs, clippy::all, clippy::dbg_macro, clippy::unwrap_used)]

pub mod cli;
pub mod console;
pub mod crypto;
pub mod daemon;
pub mod desk;
pub mod domain;
pub mod links;
pub mod policy;
pub mod services;
pub mod store;
pub mod tpm;
