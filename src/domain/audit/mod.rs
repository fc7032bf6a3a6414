//! The log: entries, the tree over them, and what the chip anchors of it.

pub mod anchor;
pub mod entry;
mod leaf;
pub mod manifest;
pub mod quote;
pub mod report;
pub mod tree;
pub mod verify;
