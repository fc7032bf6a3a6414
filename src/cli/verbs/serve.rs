//! `serve`: keep the gate until a signal ends it.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::render::note;
use crate::daemon::keeper;

/// Runs the daemon.
pub fn run(context: &Context) -> Result<(), Stop> {
    // A standard error that takes nothing any more, such as a terminal that was closed, is no reason to
    // end: the subscriber's own complaint about it would panic.
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).log_internal_errors(false);
    lines.with_ansi(false).with_target(false).init();
    let ready = |home: &crate::domain::home::Home| {
        if home.evaluation_mark().exists() {
            note("portcullis: EVALUATION: a software TPM holds the keys, and protects nothing");
        }
        note(&format!("portcullis: the gate is kept at {}", home.run().display()));
    };
    keeper::run(&context.home, ready).map_err(|error| {
        let (exit, advice) = error.parts();
        Failure { exit, ..Failure::unexpected("serve", error.to_string(), advice) }.into()
    })
}
