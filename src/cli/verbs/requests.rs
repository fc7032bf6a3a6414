//! `requests`: what waits for operators, and with `--all` what became of the rest.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::render::shown;
use crate::cli::session::Session;
use crate::desk::facts;
use crate::domain::request::doc::Subject;
use crate::domain::wire::operator::{Ask, Reply, RequestView};

/// Arguments of `requests`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  portcullis requests\n  portcullis requests --all --json")]
pub struct RequestsArgs {
    /// Ended ones too
    #[arg(long)]
    pub all: bool,
}

/// Lists the requests, newest first.
pub fn run(args: RequestsArgs, context: &Context) -> Result<(), Stop> {
    let reply = Session::open(context)?.ask(&Ask::Requests { all: args.all })?;
    let Reply::Requests { requests } = reply else { return Err(Failure::off_topic("requests").into()) };
    if context.screen.json {
        return context.screen.json(&requests);
    }
    let rows: Vec<_> = requests.iter().map(row).collect();
    context.screen.table(&["ID", "WHAT", "FOR", "WINDOW", "TICKET", "STATE", "LEFT"], &rows)
}

fn row(view: &RequestView) -> Vec<String> {
    let (job, window) = match &view.doc.subject {
        Subject::Release { job, window, .. } => (job.to_string(), facts::window_short(*window, view.window)),
        Subject::Reveal { window, .. } => {
            (view.doc.requester.to_string(), facts::window_short(*window, view.window))
        }
        Subject::Client { .. } | Subject::Thaw => (view.doc.requester.to_string(), "-".to_owned()),
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
