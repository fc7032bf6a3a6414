//! `show`: one credential's terms and history, never its value.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::render::shown;
use crate::cli::session::Session;
use crate::domain::credential::Deposited;
use crate::domain::ids::CredentialName;
use crate::domain::wire::operator::{Ask, CredentialView, Reply};

/// Arguments of `show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  portcullis show racf/prod01\n  portcullis show racf/prod01 --json")]
pub struct ShowArgs {
    /// The credential
    pub name: CredentialName,
}

/// Shows what is known of one credential.
pub fn run(args: ShowArgs, context: &Context) -> Result<(), Stop> {
    let reply = Session::open(context)?.ask(&Ask::Credential { name: args.name })?;
    let Reply::Credential(view) = reply else { return Err(Failure::off_topic("a credential").into()) };
    if context.screen.json {
        return context.screen.json(&view);
    }
    context.screen.facts(&facts(&view))?;
    for seen in &view.seen {
        let (generation, operator) = (seen.generation, &seen.operator);
        context.screen.line(&format!("seen   generation {generation}, {} by {operator}", seen.at))?;
    }
    for older in &view.older {
        context.screen.line(&format!("older  {}", deposited(older)))?;
    }
    Ok(())
}

fn facts(view: &CredentialView) -> Vec<(&'static str, String)> {
    let terms = &view.current.terms;
    let jobs: Vec<_> = view.jobs.iter().map(ToString::to_string).collect();
    let last = view.last_pull.as_ref().map(|(at, job)| format!("{at} by {job}"));
    vec![
        ("credential", view.name.to_string()),
        ("kind", terms.kind.to_string()),
        ("owner", terms.owner.to_string()),
        ("reason", terms.reason.to_string()),
        ("standing", view.standing.word().to_owned()),
        ("rotate", format!("every {} days, by {}", terms.rotation_days.days(), view.rotate_by.day())),
        ("sunset", terms.sunset.to_string()),
        ("jobs", shown(&jobs.join(" "))),
        ("last pull", last.unwrap_or_else(|| "never".to_owned())),
        ("current", deposited(&view.current)),
    ]
}

fn deposited(value: &Deposited) -> String {
    format!("generation {}, deposited {} by {}", value.generation, value.at, value.depositor)
}
