//! Nothing is undone: an old store, a part of one, a fork or an altered one is refused, and a stop at
//! any moment is not taken for one.

#[path = "../common/mod.rs"]
mod common;
mod copies;
mod fork;
mod keepers;
mod kills;
mod pages;
mod rows;
