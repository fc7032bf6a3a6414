//! The operator's side: what a console or a command line does before and after it speaks to the keeper.
//!
//! Key files are opened here, shares are opened and compared here, and credentials are wrapped here,
//! so that the keeper never sees a passphrase or a plaintext that it was not asked to release.

pub mod approve;
pub mod client;
pub mod cosign;
pub mod deposit;
pub mod entry_words;
pub mod error;
pub mod export;
pub mod facts;
pub mod key;
pub mod lists;
pub mod reveal;
pub mod timespec;
