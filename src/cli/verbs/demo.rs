//! `demo`: the whole story on this machine, with a software TPM.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::host::DemoArgs;
use crate::cli::render::note;
use crate::demo::{self, Options};

/// Plays it.
pub fn run(args: &DemoArgs, context: &Context) -> Result<(), Stop> {
    let program = std::env::current_exe().map_err(|error| {
        Failure::unexpected(
            "demo",
            format!("this program does not know where it is: {error}"),
            "start it by its path",
        )
    })?;
    let unattended = args.unattended || !crate::cli::passphrase::stdin_is_terminal();
    let options = Options { program, keep: args.keep.clone(), unattended };
    let ended = demo::run(&options, &mut |line| note(line)).map_err(|error| {
        Failure::unexpected(
            "demo",
            error.to_string(),
            "run it again with --keep DIR and look at DIR/demo/daemon.log",
        )
    })?;
    context.screen.line(&format!("demo: {ended}"))
}
