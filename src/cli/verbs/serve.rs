//! `serve`: keep the gate until a signal ends it.

use std::io::IsTerminal as _;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::host::ServeArgs;
use crate::cli::render::note;
use crate::daemon::keeper;

/// Runs the keeper in the foreground.
pub fn run(_: &ServeArgs, context: &Context) -> Result<(), Stop> {
    let log =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    log.with_max_level(tracing::Level::INFO).init();
    let served = keeper::run(&context.home, |home| {
        note(&format!("portcullis: the gate is kept; sockets are in {}", home.run().display()));
    });
    served.map_err(|error| {
        let (exit, advice) = error.parts();
        Failure { exit, ..Failure::unexpected("serve", error.to_string(), advice) }.into()
    })
}
