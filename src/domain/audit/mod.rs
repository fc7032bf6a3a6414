//! The log: entries, the tree over them, and what the chip anchors of it.

pub mod anchor;
mod body;
pub mod entry;
pub mod founding;
mod leaf;
pub mod tree;
pub mod verify;
