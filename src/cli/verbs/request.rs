//! `request`: ask to release a credential to a job, or to be shown one.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::plain::{Fact, Paper, questions};
use crate::cli::session::Session;
use crate::cli::tty::{Tty, cancelled};
use crate::cli::{passphrase, render, value};
use crate::desk::facts;
use crate::desk::timespec::{When, WindowError, WindowSpec};
use crate::domain::ids::{CredentialName, JobName};
use crate::domain::request::doc::{ReleaseWindow, Subject};
use crate::domain::text::Text;
use crate::domain::time::Length;
use crate::domain::wire::operator::Ask;

/// Arguments of `request`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis request racf/prod01 --job jobx --reason 'night batch' --ticket INC-4711\n  \
    portcullis request racf/prod01 --job jobx --opens 22:00Z --for 6h --pulls 3 \\\n      \
        --reason 'month end' --ticket CHG-0822\n  \
    portcullis request racf/prod01 --reveal --reason 'console of the mainframe, by hand' --ticket INC-4712\n  \
    portcullis request --plain                      asks for one thing after the other\n\n\
    Without --opens and --closes the window starts when the last approval arms it.\n\
    A time of day is the next one there is. Where that is not today's, or closes the window on another\n\
    day than it opens on, you are asked whether you mean it; where there is no terminal, give the day,\n\
    like 2026-11-24T04:00Z, or the length, like --for 6h.\n\
    With --reveal you are the one who sees it: once, in the console, within 15 minutes, and only there. No\n\
    command prints a credential to a person. It has to be rotated within a day afterwards.")]
pub struct RequestArgs {
    /// The credential
    #[arg(required_unless_present = "plain")]
    pub name: Option<CredentialName>,
    /// The job that will pull it
    #[arg(long, value_name = "JOB", required_unless_present_any = ["plain", "reveal"])]
    pub job: Option<JobName>,
    /// Be shown it yourself, once, in the console; the exception
    #[arg(long, conflicts_with_all = ["job", "pulls"])]
    pub reveal: bool,
    /// When the window opens: 22:00Z (the next), +30m, or 2026-11-23T22:00Z
    #[arg(long, value_name = "TIME")]
    pub opens: Option<When>,
    /// When it closes, written like --opens; 04:00Z is the next after it opens
    #[arg(long, value_name = "TIME", conflicts_with = "length")]
    pub closes: Option<When>,
    /// How long it is, at most 24h [default: 15m]
    #[arg(long = "for", id = "length", value_name = "LENGTH", value_parser = value::length)]
    pub length: Option<Length>,
    /// How often the job may pull [default: 1]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub pulls: Option<u32>,
    /// Why
    #[arg(long, value_parser = value::text, required_unless_present = "plain")]
    pub reason: Option<Text>,
    /// Reference in the ticket system
    #[arg(long, value_parser = value::text, required_unless_present = "plain")]
    pub ticket: Option<Text>,
    /// Ask for what was not given, one thing after the other, and tell one fact a line
    #[arg(long)]
    pub plain: bool,
}

/// What is asked for.
struct Wish {
    credential: CredentialName,
    receiver: Receiver,
    spec: WindowSpec,
    reason: Text,
    ticket: Text,
}

/// Who gets it.
enum Receiver {
    /// A job, so often.
    Job(JobName, u32),
    /// The person who asks, once.
    Me,
}

/// Asks, and prints the request that was made.
pub fn run(args: RequestArgs, context: &Context) -> Result<(), Stop> {
    let mut session = Session::open(context)?;
    let mut tty = passphrase::stdin_is_terminal().then(passphrase::terminal).and_then(Result::ok);
    let wish = match (context.paper, &mut tty) {
        (Some(paper), Some(tty)) => asked(args, tty, paper)?,
        _ => given(args)?,
    };
    let now = session.status()?.now;
    let window = wish.spec.requested(now).map_err(window_failure)?;
    let is_next_day = wish.spec.is_next_day(window, now);
    match (&mut tty, context.paper) {
        (Some(tty), Some(paper)) => {
            tty.say(&paper.facts(&summary(&wish, window)))?;
            confirm(tty, &paper.question("Type yes to ask for it, or nothing to cancel:"))?;
        }
        (Some(tty), None) if is_next_day => {
            let told = facts::window_words(window);
            tty.say(&format!("The window goes beyond today: {told}.\n"))?;
            confirm(tty, "If that is meant, type yes: ")?;
        }
        (None, _) if is_next_day => return Err(next_day(window)),
        _ => {}
    }
    let Wish { credential, receiver, reason, ticket, .. } = wish;
    let ask = match receiver {
        Receiver::Job(job, pulls) => Ask::RequestRelease { credential, job, window, pulls, reason, ticket },
        Receiver::Me => Ask::RequestReveal { credential, window: Some(window), reason, ticket },
    };
    session.change(&ask, context)?;
    // In full, whatever was typed: a slip is seen here at the latest.
    render::note(&format!("window: {}", facts::window_words(window)));
    Ok(())
}

/// What the options say; the parser has seen to it that nothing is missing, but for --plain.
fn given(args: RequestArgs) -> Result<Wish, Stop> {
    let missing = |what: &str| {
        let what = format!("there is no {what}, and no terminal to ask for it at");
        Failure::usage("missing", what, "give it as an option, as `portcullis request --help` shows")
    };
    let receiver = match args.job {
        Some(job) => Receiver::Job(job, args.pulls.unwrap_or(1)),
        None if args.reveal => Receiver::Me,
        None => return Err(missing("job").into()),
    };
    Ok(Wish {
        spec: WindowSpec { opens: args.opens, closes: args.closes, length: args.length },
        credential: args.name.ok_or_else(|| missing("credential"))?,
        receiver,
        reason: args.reason.ok_or_else(|| missing("reason"))?,
        ticket: args.ticket.ok_or_else(|| missing("ticket"))?,
    })
}

/// What the options say, and what a person answers where they say nothing.
fn asked(args: RequestArgs, tty: &mut Tty, paper: Paper) -> Result<Wish, Stop> {
    let credential = match args.name {
        Some(name) => name,
        None => {
            questions::value(tty, paper, "Credential, like racf/prod01", CredentialName::parse)?.or_stop()?
        }
    };
    let job = match args.job {
        None if args.reveal => None,
        Some(job) => Some(job),
        None => Some(questions::value(tty, paper, "Job that will pull it", JobName::parse)?.or_stop()?),
    };
    let mut spec = WindowSpec { opens: args.opens, closes: args.closes, length: args.length };
    if spec == WindowSpec::default() {
        let question = "When it opens, like 22:00Z or +30m; nothing: when the last approval arms it:";
        spec.opens = questions::optional(tty, paper, question, str::parse::<When>)?.or_stop()?;
        let question = "How long it is open, like 15m or 6h; nothing: 15m:";
        spec.length = questions::optional(tty, paper, question, value::length)?.or_stop()?;
    }
    let receiver = match (job, args.pulls) {
        (None, _) => Receiver::Me,
        (Some(job), Some(pulls)) => Receiver::Job(job, pulls),
        (Some(job), None) => {
            let question = "How often the job may pull; nothing: once:";
            Receiver::Job(job, questions::optional(tty, paper, question, pulls)?.or_stop()?.unwrap_or(1))
        }
    };
    let reason = match args.reason {
        Some(reason) => reason,
        None => questions::text(tty, paper, "Reason")?.or_stop()?,
    };
    let ticket = match args.ticket {
        Some(ticket) => ticket,
        None => questions::text(tty, paper, "Ticket")?.or_stop()?,
    };
    Ok(Wish { credential, receiver, spec, reason, ticket })
}

fn pulls(text: &str) -> Result<u32, String> {
    let wrong = || format!("write a number from 1 to {}", Subject::PULLS_MAX);
    text.parse().ok().filter(|pulls| (1..=Subject::PULLS_MAX).contains(pulls)).ok_or_else(wrong)
}

fn summary(wish: &Wish, window: ReleaseWindow) -> Vec<Fact> {
    let (receiver, pulls) = match &wish.receiver {
        Receiver::Job(job, pulls) => (("job", job.to_string()), pulls.to_string()),
        Receiver::Me => (("shown to", "you, in the console".to_owned()), "1".to_owned()),
    };
    vec![
        ("credential", wish.credential.to_string()),
        receiver,
        ("window", facts::window_words(window)),
        ("pulls", pulls),
        ("reason", wish.reason.to_string()),
        ("ticket", wish.ticket.to_string()),
    ]
}

fn confirm(tty: &mut Tty, question: &str) -> Result<(), Stop> {
    tty.settle()?;
    if tty.ask(question)?.eq_ignore_ascii_case("yes") { Ok(()) } else { Err(cancelled()) }
}

/// Says why a window was refused before the keeper was asked.
pub fn window_failure(error: WindowError) -> Stop {
    Failure::usage("window", error.to_string(), "give --opens and --closes, or --for, as `--help` shows")
        .into()
}

fn next_day(window: ReleaseWindow) -> Stop {
    let told = facts::window_words(window);
    let what = format!("a time of day was taken for another day's: the window would be {told}");
    let advice = "if that is meant, give the day, like --closes 2026-11-24T04:00Z, or the length with --for";
    Failure::usage("next-day", what, advice).into()
}
