//! `client`: the records of the jobs.

use clap::{Args, Subcommand};

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::render::shown;
use crate::cli::session::Session;
use crate::cli::value;
use crate::desk::lists;
use crate::domain::client::{ClientRecord, Grants};
use crate::domain::ids::{CredentialName, JobName, OperatorId};
use crate::domain::selector::{Selector, Selectors};
use crate::domain::text::Text;
use crate::domain::wire::operator::Ask;

/// Arguments of `client`.
#[derive(Debug, Args)]
pub struct ClientArgs {
    /// What to do with the records.
    #[command(subcommand)]
    pub act: ClientAct,
}

/// What can be done with the records of jobs.
#[derive(Debug, Subcommand)]
pub enum ClientAct {
    /// Ask to add or replace a job's record, which takes two people
    Add(AddArgs),
    /// List the jobs
    List,
}

/// Arguments of `client add`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis client add jobx --select unix:uid:1001 --grant racf/prod01 \\\n      \
        --reason 'nightly RACF extract' --ticket CHG-0801\n  \
    portcullis client add backup --select unix:user:backup unix:path:/opt/robot/bin/tape \\\n      \
        --grant vault/backup --owner dora --reason 'tape robot' --ticket CHG-0802\n\n\
    All selectors must match what the kernel says of the caller.")]
pub struct AddArgs {
    /// The job
    pub job: JobName,
    /// What the kernel must say of the caller; all of them
    #[arg(long, value_name = "SELECTOR", required = true, num_args = 1.., value_parser = Selector::parse)]
    pub select: Vec<Selector>,
    /// The credentials it may ask for
    #[arg(long, value_name = "NAME", required = true, num_args = 1..)]
    pub grant: Vec<CredentialName>,
    /// The standing reason of the requests that its pulls make
    #[arg(long, value_parser = value::text)]
    pub reason: Text,
    /// The person who counts as the requester of its pulls, and so cannot approve them
    #[arg(long, value_name = "ID")]
    pub owner: Option<OperatorId>,
    /// Reference in the ticket system
    #[arg(long, value_parser = value::text)]
    pub ticket: Text,
}

/// Asks for a record, or lists them.
pub fn run(args: ClientArgs, context: &Context) -> Result<(), Stop> {
    match args.act {
        ClientAct::Add(args) => add(args, context),
        ClientAct::List => list(context),
    }
}

fn add(args: AddArgs, context: &Context) -> Result<(), Stop> {
    let AddArgs { job, select, grant, reason, owner, ticket } = args;
    let wrong = |code, what: String| Failure::usage(code, what, "see `portcullis client add --help`");
    let selectors = Selectors::new(select).map_err(|error| wrong("selectors", error.to_string()))?;
    let grants = Grants::new(grant.into_iter().collect()).map_err(|what| wrong("grants", what))?;
    let client = Box::new(ClientRecord { job, selectors, grants, reason: reason.clone(), owner });
    Session::open(context)?.change(&Ask::RequestClient { client, reason, ticket }, context)
}

fn list(context: &Context) -> Result<(), Stop> {
    let views = lists::clients(&mut Session::open(context)?.client, |_| {})?;
    let clients: Vec<ClientRecord> = views.into_iter().map(|view| view.record).collect();
    if context.screen.json {
        return context.screen.json(&clients);
    }
    let rows: Vec<_> = clients.iter().map(row).collect();
    context.screen.table(&["JOB", "OWNER", "GRANTS", "SELECTORS", "REASON"], &rows)
}

fn row(client: &ClientRecord) -> Vec<String> {
    let grants: Vec<_> = client.grants.iter().map(ToString::to_string).collect();
    let selectors: Vec<_> = client.selectors.iter().map(ToString::to_string).collect();
    vec![
        client.job.to_string(),
        client.owner.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        grants.join(" "),
        shown(&selectors.join(" ")),
        client.reason.to_string(),
    ]
}
