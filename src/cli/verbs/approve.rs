//! `approve`: read one request whole, then say yes to exactly that.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::plain::request::{Act, READ_ALOUD, no_share, outcome, whole};
use crate::cli::render::{self, shown};
use crate::cli::session::Session;
use crate::cli::tty::{Tty, cancelled};
use crate::cli::verbs::request::window_failure;
use crate::cli::{passphrase, value};
use crate::desk;
use crate::desk::error::DeskError;
use crate::desk::timespec::{When, WindowSpec};
use crate::domain::ids::{IdError, OperatorId, RequestId};
use crate::domain::request::doc::ReleaseWindow;
use crate::domain::time::Length;
use crate::domain::wire::operator::{RequestView, StateName};

const ANOTHER_ID: &str = "nothing was approved; read the request and start again";

/// Arguments of `approve`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis approve 7K2M\n  \
    portcullis approve 7K2M --for 5m --pulls 1      less than was asked for\n  \
    portcullis approve --plain 7K2M                 one fact a line, for a screen reader\n\n\
    Read the fingerprint to the other approver: both screens must show the same.\n\
    You approve by typing the request's id, not by pressing a key.")]
pub struct ApproveArgs {
    /// The request
    pub id: RequestId,
    /// One fact a line, without columns
    #[arg(long)]
    pub plain: bool,
    /// Close the window earlier, at 22:00Z, +30m or 2026-11-23T22:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "length")]
    pub closes: Option<When>,
    /// Make the window shorter
    #[arg(long = "for", id = "length", value_name = "LENGTH", value_parser = value::length)]
    pub length: Option<Length>,
    /// Allow fewer pulls
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub pulls: Option<u32>,
    /// The id again, where standard input is no terminal to type it at
    #[arg(long, value_name = "ID")]
    pub id_again: Option<RequestId>,
}

/// Shows the request, has its id typed, and approves.
pub fn run(args: ApproveArgs, context: &Context) -> Result<(), Stop> {
    confirmable(&args)?;
    let mut session = Session::open(context)?;
    let (view, share) = session.request(&args.id)?;
    approvable(&view, share.as_deref(), session.key.id())?;
    let window = narrowed(&args, &view)?;
    let text = display(&view, window, args.pulls, context);
    match &args.id_again {
        // What was typed on the command line was typed before the request was read, so it is on the record.
        Some(again) => {
            render::note(text.trim_end());
            same_id(&args.id, again)?;
        }
        None => confirm(&args.id, &text, context)?,
    }
    let Session { client, key } = &mut session;
    let after = desk::approve::approve(client, key, &view, share.as_deref(), window, args.pulls)?;
    if context.screen.json {
        return context.screen.json(&after);
    }
    if let Some(paper) = context.paper {
        return context.screen.text(paper.facts(&outcome(&after)).as_bytes());
    }
    context.screen.line(&format!("{} {}", after.doc.id, after.state_text()))
}

/// Stops before anything is read that cannot be approved any more, or not by this person.
fn approvable(view: &RequestView, share: Option<&str>, me: &OperatorId) -> Result<(), Stop> {
    if view.state != StateName::Requested {
        // What was asked is no help then, nor who had approved it: its state is, and how it came to that.
        if let Some(note) = &view.note {
            render::note(&format!("portcullis: {}", shown(note)));
        }
        return Err(DeskError::Ended { request: view.doc.id.clone(), state: view.state }.into());
    }
    if view.approvals.contains(me) {
        // The keeper refuses this, and puts it on the record.
        return Ok(());
    }
    let fits = Act::Approve.check(view, me).and_then(|()| no_share(view, share, me));
    Ok(fits.map_err(|what| DeskError::CannotApprove { what })?)
}

/// Refuses early what could not be confirmed later.
fn confirmable(args: &ApproveArgs) -> Result<(), Stop> {
    match (&args.id_again, passphrase::stdin_is_terminal()) {
        (Some(_), true) => {
            let advice = "leave it out: the id is asked for after the request was shown";
            Err(Failure::usage("id-again", "--id-again is for where there is no terminal", advice).into())
        }
        (Some(again), false) => same_id(&args.id, again),
        (None, true) => Ok(()),
        (None, false) => {
            let advice = format!("run it at a terminal, or add --id-again {}", args.id);
            Err(Failure::usage("id-again", "standard input is no terminal to type the id at", advice).into())
        }
    }
}

fn same_id(asked: &RequestId, typed: &RequestId) -> Result<(), Stop> {
    if asked == typed {
        return Ok(());
    }
    let what = format!("{typed} is not the id of the request, {asked}");
    Err(Failure::usage("id-again", what, ANOTHER_ID).into())
}

fn confirm(id: &RequestId, text: &str, context: &Context) -> Result<(), Stop> {
    let mut tty: Tty = passphrase::terminal()?;
    tty.say(text)?;
    tty.settle()?;
    let question = "To approve, type the request's id, or nothing to cancel:";
    let typed = match context.paper {
        Some(paper) => tty.ask(&paper.question(question))?,
        None => tty.ask(&format!("{question} "))?,
    };
    if typed.is_empty() {
        return Err(cancelled());
    }
    let wrong = |error: IdError| Failure::usage("id-again", error.to_string(), ANOTHER_ID);
    same_id(id, &RequestId::parse(&typed).map_err(wrong)?)
}

/// The window that the options leave of the one asked for; none when they say nothing.
fn narrowed(args: &ApproveArgs, view: &RequestView) -> Result<Option<ReleaseWindow>, Stop> {
    let spec = WindowSpec { opens: None, closes: args.closes, length: args.length };
    if spec == WindowSpec::default() && args.pulls.is_none() {
        return Ok(None);
    }
    let Some(window) = view.doc.subject.window() else {
        let what = format!("request {} has no window and no pulls", view.doc.id);
        return Err(Failure::usage("window", what, "approve it as it is, or deny it").into());
    };
    if spec == WindowSpec::default() {
        return Ok(None);
    }
    spec.shortened(window, view.now).map(Some).map_err(window_failure)
}

/// Everything an approver must read, in one text.
fn display(
    view: &RequestView,
    window: Option<ReleaseWindow>,
    pulls: Option<u32>,
    context: &Context,
) -> String {
    let facts = whole(view, window, pulls);
    if let Some(paper) = context.paper {
        return paper.facts(&facts) + &paper.sentence(READ_ALOUD);
    }
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    facts.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}
