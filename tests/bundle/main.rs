//! Bundles: taken from the real program, and forged, and verified with public keys alone.

#[path = "../common/mod.rs"]
mod common;
mod forged;
mod forgeries;
mod honest;
mod mutations;
mod vectors;
mod world;
