//! `list`: every credential, never a value.

use std::collections::BTreeSet;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::Stop;
use crate::cli::render::shown;
use crate::cli::session::Session;
use crate::desk::lists;
use crate::domain::wire::operator::CredentialView;

/// Arguments of `list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  portcullis list\n  portcullis list --json")]
pub struct ListArgs {}

/// Lists the credentials in order of name.
pub fn run(_: ListArgs, context: &Context) -> Result<(), Stop> {
    let credentials = lists::credentials(&mut Session::open(context)?.client, |_| {})?;
    if context.screen.json {
        return context.screen.json(&credentials);
    }
    let rows: Vec<_> = credentials.iter().map(row).collect();
    context
        .screen
        .table(&["NAME", "GEN", "KIND", "OWNER", "ROTATE BY", "SUNSET", "STANDING", "SEEN BY", "JOBS"], &rows)
}

fn row(view: &CredentialView) -> Vec<String> {
    let terms = &view.current.terms;
    let jobs: Vec<_> = view.jobs.iter().map(ToString::to_string).collect();
    vec![
        view.name.to_string(),
        view.current.generation.to_string(),
        terms.kind.to_string(),
        terms.owner.to_string(),
        view.rotate_by.day().to_string(),
        terms.sunset.to_string(),
        view.standing.word().to_owned(),
        shown(&seen_by(view)),
        shown(&jobs.join(" ")),
    ]
}

/// Who has seen the value that is in force, each once.
fn seen_by(view: &CredentialView) -> String {
    let now = view.seen.iter().filter(|seen| seen.generation == view.current.generation);
    let people: BTreeSet<&str> = now.map(|seen| seen.operator.as_str()).collect();
    people.into_iter().collect::<Vec<_>>().join(" ")
}
