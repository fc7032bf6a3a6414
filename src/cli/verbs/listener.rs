//! `__listener`: the process that parses, which only the keeper starts.

use std::io;
use std::os::fd::AsFd as _;

use crate::cli::failure::{Failure, Stop};
use crate::cli::host::ListenerArgs;
use crate::daemon::listener;

/// Listens on the channel that the keeper gave as standard input.
pub fn run(_: &ListenerArgs) -> Result<(), Stop> {
    let failed = |what: String| {
        Stop::from(Failure::unexpected(
            "listener",
            what,
            "do not run it by hand: `portcullis serve` starts it",
        ))
    };
    let channel = io::stdin().as_fd().try_clone_to_owned().map_err(|error| failed(error.to_string()))?;
    listener::run(channel).map_err(|error| failed(error.to_string()))
}
