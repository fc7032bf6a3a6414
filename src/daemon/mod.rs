//! The two processes and what is between them.

pub mod channel;
mod intake;
pub mod listener;
pub mod message;
