//! Bundles, taken from the real program and verified by it with public keys alone.

#[path = "../common/mod.rs"]
mod common;
mod honest;
mod world;
