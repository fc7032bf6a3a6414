//! The operators' console: a client of the keeper, on anything from a VT220 to a modern terminal.
//!
//! It shows requests, and signs approvals with the operator's own key. It has no rule of its own: what it
//! does not offer, the keeper would refuse. `model`, `update` and `view` are pure; `runtime` has the
//! terminal, the clock and the threads.

mod allowed;
mod countdown;
mod document;
mod error;
mod event;
mod facts;
mod field;
mod help;
mod key;
mod keymap;
mod layout;
mod list;
mod model;
mod painter;
mod profile;
mod rehearsal;
mod runtime;
mod tab;
mod table;
mod unfit;
mod update;
mod view;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use error::ConsoleError;
pub use profile::{Environment, Size, SizeError};
pub use rehearsal::Rehearsal;
pub use runtime::{ConsoleOptions, run};
pub use unfit::{Unfit, unfit};
