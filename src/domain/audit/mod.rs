//! The log: entries, the tree over them, and what the chip anchors of it.

pub mod anchor;
pub mod checkpoint;
pub mod entry;
pub mod files;
pub mod frontier;
mod leaf;
mod lines;
pub mod note;
pub mod proof;
pub mod spki;
pub mod tree;
pub mod verify;
pub mod vkey;
pub mod witness;
