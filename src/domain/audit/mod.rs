//! The log: entries, the tree over them, and what the chip anchors of it.

pub mod anchor;
mod body;
pub mod bundle;
pub mod checkpoint;
pub mod entry;
pub mod files;
pub mod founding;
pub mod frontier;
pub mod heads;
mod leaf;
mod lines;
pub mod manifest;
pub mod note;
pub mod proof;
pub mod quote;
pub mod report;
pub mod spki;
pub mod stretch;
pub mod tree;
pub mod verify;
pub mod vkey;
pub mod witness;
