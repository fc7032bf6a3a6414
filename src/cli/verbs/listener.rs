//! The listener's process: what the keeper starts with its channel as standard input.

use std::os::fd::AsFd as _;

use crate::cli::failure::{Failure, Stop};
use crate::daemon::listener;

/// Reads what comes from outside until the keeper closes the channel.
pub fn run() -> Result<(), Stop> {
    let failure =
        |error: String| Failure::link("listener", error, "this is for the keeper to start: portcullis serve");
    let channel =
        std::io::stdin().as_fd().try_clone_to_owned().map_err(|error| failure(error.to_string()))?;
    listener::run(channel).map_err(|error| failure(error.to_string()).into())
}
