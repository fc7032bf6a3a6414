//! What the tests of behaviour share.

#![allow(dead_code)] // each test uses a part of it

pub mod rig;
pub mod seed;
pub mod tap;
