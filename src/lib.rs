//! Portcullis: a gate for the credentials that cannot be retired yet.
//!
//! The rooms, and who may import whom, are in `docs/architecture.md`; `tests/tidy.rs` holds them.

#![deny(missing_docs, unsafe_code)]
#![warn(clippy::all, clippy::dbg_macro, clippy::unwrap_used)]

pub mod auditor;
pub mod cli;
pub mod console;
pub mod crypto;
/// The keeper and the listener, the two processes of the running appliance.
pub mod daemon;
pub mod demo;
pub mod desk;
pub mod domain;
/// Everything that comes from outside: sockets, lines and what the kernel says of a peer.
pub mod links;
pub mod policy;
pub mod services;
pub mod store;
pub mod tpm;
