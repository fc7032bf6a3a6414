//! `deny` and `revoke`: one operator's no, which needs nobody else.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::plain::request::{Act, whole};
use crate::cli::plain::{Paper, questions};
use crate::cli::session::Session;
use crate::cli::{passphrase, render, value};
use crate::domain::ids::RequestId;
use crate::domain::text::Text;
use crate::domain::wire::operator::Ask;

/// Arguments of `deny` and `revoke`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis deny 7K2M --reason 'no change window tonight'\n  \
    portcullis deny --plain 7K2M                    reads it out, then asks why\n  \
    portcullis revoke 7K2M --reason 'batch was cancelled'\n\n\
    `deny` ends a request that waits for approvals; `revoke` also closes a window that is armed.\n\
    With --plain, an empty reason or Ctrl-C leaves everything as it is.")]
pub struct DecideArgs {
    /// The request
    pub id: RequestId,
    /// Why
    #[arg(long, value_parser = value::text, required_unless_present = "plain")]
    pub reason: Option<Text>,
    /// Tell the request one fact a line, without columns, and ask for the reason that was not given
    #[arg(long)]
    pub plain: bool,
}

/// Says no to a request.
pub fn deny(args: DecideArgs, context: &Context) -> Result<(), Stop> {
    decide(Act::Deny, args, context)
}

/// Withdraws a request or closes its window.
pub fn revoke(args: DecideArgs, context: &Context) -> Result<(), Stop> {
    decide(Act::Revoke, args, context)
}

fn decide(act: Act, args: DecideArgs, context: &Context) -> Result<(), Stop> {
    let DecideArgs { id, reason, .. } = args;
    let mut session = Session::open(context)?;
    let reason = match (context.paper, reason) {
        (None, Some(reason)) => reason,
        (paper, reason) => {
            // The parser takes a missing reason only with --plain.
            let paper = paper.unwrap_or(Paper::of(&context.environment));
            read_out(act, &id, reason, paper, &mut session)?
        }
    };
    session.change(&no(act, id, reason), context)
}

/// What the keeper is asked for.
pub const fn no(act: Act, id: RequestId, reason: Text) -> Ask {
    match act {
        Act::Revoke => Ask::Revoke { id, reason },
        Act::Approve | Act::Deny => Ask::Deny { id, reason },
    }
}

/// Tells the request, and asks why, unless that was said.
fn read_out(
    act: Act,
    id: &RequestId,
    reason: Option<Text>,
    paper: Paper,
    session: &mut Session,
) -> Result<Text, Stop> {
    let (view, _) = session.request(id)?;
    if let Err(what) = act.check(&view, session.key.id()) {
        return Err(
            Failure::refused("wrong-state", what, "look at it with: portcullis requests --all").into()
        );
    }
    let text = paper.facts(&whole(&view, None, None));
    if let Some(reason) = reason {
        render::note(text.trim_end());
        return Ok(reason);
    }
    let mut tty = passphrase::terminal()?;
    tty.say(&text)?;
    tty.settle()?;
    questions::text(&mut tty, paper, &format!("Reason to {}", act.verb()))?.or_stop()
}
