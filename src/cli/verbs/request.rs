//! `request`: ask to release a credential to a job, or to be shown one.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::session::Session;
use crate::cli::timespec::{WindowError, WindowSpec};
use crate::cli::{timespec, value};
use crate::domain::ids::{CredentialName, JobName};
use crate::domain::text::Text;
use crate::domain::time::Length;
use crate::domain::wire::operator::Ask;

/// Arguments of `request`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis request racf/prod01 --job jobx --reason 'night batch' --ticket INC-4711\n  \
    portcullis request racf/prod01 --job jobx --opens 22:00Z --closes 04:00Z --pulls 3 \\\n      \
        --reason 'month end' --ticket CHG-0822\n  \
    portcullis request racf/prod01 --reveal --reason 'console of the mainframe, by hand' --ticket INC-4712\n\n\
    Without --opens and --closes the window starts when the last approval arms it.\n\
    With --reveal you are the one who sees it: once, in the console, within 15 minutes, and only there. No\n\
    command prints a credential to a person. It has to be rotated within a day afterwards.")]
pub struct RequestArgs {
    /// The credential
    pub name: CredentialName,
    /// The job that will pull it
    #[arg(long, value_name = "JOB", required_unless_present = "reveal")]
    pub job: Option<JobName>,
    /// Be shown it yourself, once, in the console; the exception
    #[arg(long, conflicts_with_all = ["job", "pulls"])]
    pub reveal: bool,
    /// When the window opens: 22:00Z (the next), +30m, or 2026-11-23T22:00Z
    #[arg(long, value_name = "TIME")]
    pub opens: Option<timespec::When>,
    /// When it closes, written like --opens
    #[arg(long, value_name = "TIME", conflicts_with = "length")]
    pub closes: Option<timespec::When>,
    /// How long it is, at most 24h [default: 15m]
    #[arg(long = "for", id = "length", value_name = "LENGTH", value_parser = value::length)]
    pub length: Option<Length>,
    /// How often the job may pull
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub pulls: u32,
    /// Why
    #[arg(long, value_parser = value::text)]
    pub reason: Text,
    /// Reference in the ticket system
    #[arg(long, value_parser = value::text)]
    pub ticket: Text,
}

/// Asks, and prints the request that was made.
pub fn run(args: RequestArgs, context: &Context) -> Result<(), Stop> {
    let mut session = Session::open(context)?;
    let now = session.status()?.now;
    let spec = WindowSpec { opens: args.opens, closes: args.closes, length: args.length };
    let window = spec.requested(now).map_err(window_failure)?;
    let RequestArgs { name: credential, job, pulls, reason, ticket, .. } = args;
    let ask = match job {
        Some(job) => Ask::RequestRelease { credential, job, window, pulls, reason, ticket },
        None => Ask::RequestReveal { credential, window: Some(window), reason, ticket },
    };
    session.change(&ask, context)
}

/// Says why a window was refused before the keeper was asked.
pub fn window_failure(error: WindowError) -> Stop {
    Failure::usage("window", error.to_string(), "give --opens and --closes, or --for, as `--help` shows")
        .into()
}
