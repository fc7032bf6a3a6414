//! `operator`: people and their key files.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::passphrase;
use crate::cli::render::note;
use crate::cli::session::Session;
use crate::desk::key::create_key_file;
use crate::domain::ids::OperatorId;
use crate::domain::operator::Role;
use crate::domain::wire::operator::{Ask, Reply};

/// Arguments of `operator`.
#[derive(Debug, Args)]
pub struct OperatorArgs {
    /// What to do.
    #[command(subcommand)]
    pub act: OperatorAct,
}

/// What can be done with people and their key files.
#[derive(Debug, Subcommand)]
pub enum OperatorAct {
    /// Make a key file, and print its public part for the roster
    New(NewArgs),
    /// List the people who may approve, and how many it takes
    List,
}

/// Arguments of `operator new`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis operator new alice --out /media/usb/alice.pcop\n  \
    portcullis operator new dora --roles custodian > dora.json\n\n\
    The key file stays with the person; the JSON goes to whoever sets the appliance up.")]
pub struct NewArgs {
    /// The person's name on the roster
    pub id: OperatorId,
    /// Where to write it [default: operators/ID.pcop in the home]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What the person may do: operator, custodian, auditor
    #[arg(long, value_name = "ROLES", value_delimiter = ',', default_value = "operator")]
    pub roles: Vec<RoleWord>,
}

/// A role as a word of the command line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RoleWord(pub Role);

impl ValueEnum for RoleWord {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(Role::Operator), Self(Role::Custodian), Self(Role::Auditor)]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (word, help) = match self.0 {
            Role::Operator => ("operator", "approves and denies"),
            Role::Custodian => ("custodian", "deposits and rotates"),
            Role::Auditor => ("auditor", "reads everything but secrets"),
        };
        Some(PossibleValue::new(word).help(help))
    }
}

/// Makes a key file, or lists the people.
pub fn run(args: OperatorArgs, context: &Context) -> Result<(), Stop> {
    match args.act {
        OperatorAct::New(args) => new(args, context),
        OperatorAct::List => list(context),
    }
}

fn new(args: NewArgs, context: &Context) -> Result<(), Stop> {
    let path = args.out.unwrap_or_else(|| context.home.key_file(&args.id));
    let passphrase = passphrase::new(context.global.passphrase_fd, args.id.as_str())?;
    let key = create_key_file(&path, args.id, &passphrase)?;
    note(&format!("portcullis: wrote {}", path.display()));
    let roles: BTreeSet<Role> = args.roles.into_iter().map(|RoleWord(role)| role).collect();
    context.screen.json(&key.public(roles))
}

fn list(context: &Context) -> Result<(), Stop> {
    let Reply::Roster { roster } = Session::open(context)?.ask(&Ask::Roster)? else {
        return Err(Failure::off_topic("the roster").into());
    };
    if context.screen.json {
        return context.screen.json(&roster);
    }
    let approvers = roster.with_role(Role::Operator).count();
    note(&format!("portcullis: it takes {} of {approvers} operators", roster.quorum()));
    roster.people().iter().try_for_each(|person| {
        let roles: Vec<String> = person.roles.iter().map(ToString::to_string).collect();
        context.screen.line(&format!("{}  {}", person.id, roles.join(", ")))
    })
}
