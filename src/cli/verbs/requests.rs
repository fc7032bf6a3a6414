//! `requests`: what waits for operators, and with `--all` what became of the rest.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::Stop;
use crate::cli::plain::request::{can_type, listed};
use crate::cli::render::shown;
use crate::cli::session::Session;
use crate::desk::{facts, lists};
use crate::domain::request::doc::Subject;
use crate::domain::wire::operator::RequestView;

/// Arguments of `requests`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  portcullis requests\n  portcullis requests --plain\n  \
    portcullis requests --all --json\n\n\
    Times are in UTC; a day stands beside each that is not today.")]
pub struct RequestsArgs {
    /// Ended ones too
    #[arg(long)]
    pub all: bool,
    /// One fact a line, without columns, and what can be typed next: for a screen reader or a teletype
    #[arg(long)]
    pub plain: bool,
}

/// Lists the requests, newest first.
pub fn run(args: RequestsArgs, context: &Context) -> Result<(), Stop> {
    let Session { mut client, key } = Session::open(context)?;
    let requests = lists::requests(&mut client, args.all, |_| {})?;
    if context.screen.json {
        return context.screen.json(&requests);
    }
    let Some(paper) = context.paper else {
        let rows: Vec<_> = requests.iter().map(row).collect();
        return context.screen.table(&["ID", "WHAT", "FOR", "WINDOW", "TICKET", "STATE", "LEFT"], &rows);
    };
    if requests.is_empty() {
        return context.screen.text(paper.sentence("There are no requests.").as_bytes());
    }
    for (number, view) in (1..).zip(&requests) {
        let head = paper.sentence(&format!("{number} of {}", requests.len()));
        let facts = paper.facts(&listed(view)) + &paper.facts(&can_type(view, key.id(), "portcullis "));
        context.screen.text((head + &facts + "\n").as_bytes())?;
    }
    let end = format!("That was all, {}. Approve and deny read it out whole first.", requests.len());
    context.screen.text(paper.sentence(&end).as_bytes())
}

fn row(view: &RequestView) -> Vec<String> {
    let (job, window) = match &view.doc.subject {
        Subject::Release { job, window, .. } => {
            (job.to_string(), facts::window_listed(*window, view.window, view.now))
        }
        Subject::Reveal { window, .. } => {
            (view.doc.requester.to_string(), facts::window_listed(*window, view.window, view.now))
        }
        Subject::Client { .. } | Subject::Export { .. } | Subject::Thaw => {
            (view.doc.requester.to_string(), "-".to_owned())
        }
    };
    let left = view.ends().map_or_else(|| "-".to_owned(), |end| view.now.until(end).to_string());
    vec![
        view.doc.id.to_string(),
        view.doc.subject.title(),
        job,
        window,
        shown(&view.doc.ticket.to_string()),
        view.state_text(),
        left,
    ]
}
