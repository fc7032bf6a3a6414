//! What the tests of behaviour share.

#![allow(dead_code)] // each test uses a part of it

pub mod appliance;
pub mod interposer;
pub mod raw;
pub mod seed;
pub mod store;
pub mod tools;
