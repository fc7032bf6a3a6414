//! `audit show`: the log, one entry a line, or one entry in full.

use std::time::Duration;

use clap::Args;

use super::audit::{PAGE, page};
use super::audit_words;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::render;
use crate::cli::session::Session;
use crate::domain::wire::operator::Ask;

/// How long one wait for a change takes before it is begun again.
const WATCH: Duration = Duration::from_secs(600);

/// Arguments of `audit show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis audit show\n  \
    portcullis audit show 4711\n  \
    portcullis audit show --from 0 --json > log.ndjson\n  \
    portcullis audit show --follow\n\n\
    A line has the number, the time in UTC, the type, who and what, and is cut at 79 columns.\n\
    With a number everything in that entry is shown, and with --json the bytes that were written.")]
pub struct ShowArgs {
    /// Show this entry in full
    #[arg(value_name = "N", conflicts_with_all = ["from", "follow"])]
    pub number: Option<u64>,
    /// The first entry, counted from 0 [default: the last 20]
    #[arg(long, value_name = "N")]
    pub from: Option<u64>,
    /// Go on with every new entry until interrupted
    #[arg(long)]
    pub follow: bool,
}

/// Shows entries.
pub fn run(args: &ShowArgs, context: &Context) -> Result<(), Stop> {
    const LAST: u64 = 20;
    let mut session = Session::open(context)?;
    if let Some(number) = args.number {
        return one(&mut session, number, context);
    }
    let status = session.status()?;
    if status.evaluation && !context.screen.json {
        render::note("portcullis: EVALUATION, a software TPM holds the keys of this log");
    }
    let mut next = args.from.unwrap_or(status.log_size.saturating_sub(LAST));
    if args.follow {
        session.ask(&Ask::Watch)?;
    }
    loop {
        let page = page(&mut session, next, PAGE)?;
        for leaf in &page.leaves {
            let line = if context.screen.json { leaf.clone() } else { audit_words::line(next, leaf) };
            context.screen.line(&line)?;
            next += 1;
        }
        if !page.leaves.is_empty() && next < page.size {
            continue;
        }
        if !args.follow {
            return Ok(());
        }
        while !session.client.wait_change(WATCH)? {}
    }
}

fn one(session: &mut Session, number: u64, context: &Context) -> Result<(), Stop> {
    let page = page(session, number, 1)?;
    let Some(leaf) = page.leaves.first() else {
        let what = match page.size.checked_sub(1) {
            Some(last) => format!("there is no entry {number}: the last is {last}"),
            None => "the log is empty".to_owned(),
        };
        return Err(Failure::usage("no-entry", what, "list them with: portcullis audit show").into());
    };
    if context.screen.json {
        return context.screen.line(leaf);
    }
    let facts = audit_words::whole(number, leaf);
    let facts: Vec<(&str, String)> =
        facts.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    context.screen.facts(&facts)
}
