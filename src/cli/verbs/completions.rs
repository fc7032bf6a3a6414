//! `completions`: for the person's shell.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::args::Cli;
use crate::cli::context::Context;
use crate::cli::failure::Stop;

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis completions bash > /usr/share/bash-completion/completions/portcullis\n  \
    portcullis completions zsh > ~/.zfunc/_portcullis")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Writes the completions to standard output.
pub fn run(args: CompletionsArgs, context: &Context) -> Result<(), Stop> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "portcullis", &mut text);
    context.screen.text(&text)
}
