//! What the tests of behaviour share.

#![allow(dead_code, clippy::disallowed_macros)] // each test uses a part of it; seeds and logs are printed

pub mod appliance;
pub mod bundles;
pub mod forge;
pub mod interposer;
pub mod jumping;
pub mod people;
pub mod raw;
pub mod rig;
pub mod seed;
pub mod store;
pub mod tap;
pub mod tools;
