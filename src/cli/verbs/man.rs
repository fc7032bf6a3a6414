//! `man`: the manual pages, made from the command line's own description.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use crate::cli::args::Cli;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis man | man -l -\n  \
    portcullis man /usr/local/share/man/man1")]
pub struct ManArgs {
    /// Write the pages of all verbs into this folder, which must exist
    pub dir: Option<PathBuf>,
}

/// Writes the page of the program, or every page.
pub fn run(args: ManArgs, context: &Context) -> Result<(), Stop> {
    match args.dir {
        Some(dir) => clap_mangen::generate_to(Cli::command(), &dir).map_err(|error| {
            let what = format!("the manual pages cannot be written to {}: {error}", dir.display());
            Failure::unexpected("man", what, "name a folder that exists and that you may write to").into()
        }),
        None => {
            let mut page = Vec::new();
            // Writing to memory fails never.
            clap_mangen::Man::new(Cli::command()).render(&mut page).expect("memory takes every write");
            context.screen.text(&page)
        }
    }
}
