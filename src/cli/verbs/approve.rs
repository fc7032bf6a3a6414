//! `approve`: read one request whole, then say yes to exactly that.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::passphrase;
use crate::cli::session::Session;
use crate::cli::timespec::{When, WindowSpec};
use crate::cli::tty::Tty;
use crate::cli::value;
use crate::cli::verbs::request::window_failure;
use crate::desk::{self, facts};
use crate::domain::ids::RequestId;
use crate::domain::request::doc::ReleaseWindow;
use crate::domain::time::Length;
use crate::domain::wire::operator::{Ask, Reply, RequestView};

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
    let Session { mut client, key } = Session::open(context)?;
    let Reply::Request { view, share } = client.ask(&Ask::Request { id: args.id.clone() })? else {
        return Err(Failure::off_topic("a request").into());
    };
    if view.doc.id != args.id {
        return Err(Failure::off_topic("this request").into());
    }
    let window = narrowed(&args, &view)?;
    let text = display(&view, window, args.pulls, args.plain);
    match &args.id_again {
        // What was typed on the command line was typed before the request was read, so it is on the record.
        Some(again) => {
            crate::cli::render::note(text.trim_end());
            same_id(&args.id, again)?;
        }
        None => confirm(&args.id, &text)?,
    }
    let after = desk::approve::approve(&mut client, &key, &view, share.as_deref(), window, args.pulls)?;
    if context.screen.json {
        return context.screen.json(&after);
    }
    context.screen.line(&format!("{} {}", after.doc.id, after.state_text()))
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
    Err(Failure::usage("id-again", what, "nothing was approved; read the request and start again").into())
}

fn confirm(id: &RequestId, text: &str) -> Result<(), Stop> {
    let mut tty: Tty = passphrase::terminal()?;
    tty.say(text)?;
    let typed = tty.ask("To approve, type the request's id: ")?;
    let typed = RequestId::parse(&typed).map_err(|error| {
        Failure::usage(
            "id-again",
            error.to_string(),
            "nothing was approved; read the request and start again",
        )
    })?;
    same_id(id, &typed)
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
fn display(view: &RequestView, window: Option<ReleaseWindow>, pulls: Option<u32>, plain: bool) -> String {
    let mut facts = facts::facts(&view.doc, view.now);
    let approvals: Vec<_> = view.approvals.iter().map(ToString::to_string).collect();
    let so_far = if approvals.is_empty() { "nobody yet".to_owned() } else { approvals.join(", ") };
    facts.push(("approved by", format!("{so_far} ({} of {})", view.approvals.len(), view.need)));
    if let Some(agreed) = view.agreed {
        let window = agreed.window.map(facts::window_words).into_iter();
        let agreed: Vec<String> = window.chain(agreed.pulls.map(|pulls| format!("{pulls} pulls"))).collect();
        facts.push(("they allow", agreed.join(", ")));
    }
    if let Some(window) = window {
        facts.push(("you allow", facts::window_words(window)));
    }
    if let Some(pulls) = pulls {
        facts.push(("you allow", format!("{pulls} pulls")));
    }
    let width = if plain { 0 } else { facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0) };
    let separator = if plain { ": " } else { "  " };
    facts.iter().map(|(name, value)| format!("{name:width$}{separator}{value}\n")).collect()
}
