//! The daemon: the keeper, the listener, their narrow channel, timers and shutdown.

mod ask;
pub mod channel;
pub mod clock;
mod engine;
mod event;
pub mod harden;
mod intake;
mod jobs;
pub mod keeper;
mod line;
pub mod listener;
pub mod message;
mod operators;
mod pulls;
mod sessions;
mod tally;
