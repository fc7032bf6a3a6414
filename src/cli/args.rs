//! What the command line takes. Each verb's own arguments are in its file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::host;
use super::verbs::{
    approve, audit, client, completions, decide, deposit, freeze, list, man, operator, pull, request,
    requests, show,
};
use crate::domain::ids::OperatorId;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    about = "A gate for the credentials that cannot be retired yet: sealed to a TPM 2.0, opened by two people",
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 unexpected, 2 usage, 3 refused, 4 not yet, 5 TPM, 6 store or log, 7 link.\n\
                  Data goes to standard output, questions to the terminal, everything else to standard error.\n\
                  Start with `portcullis demo`, or with `portcullis setup` on a machine that has a TPM."
)]
pub struct Cli {
    /// What every verb takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Options of every verb.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Folder of state, configuration and sockets [default: PORTCULLIS_HOME, else ~/.portcullis, or
    /// /var/lib/portcullis for root]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Whose key file to use when there are several
    #[arg(long, global = true, value_name = "ID")]
    pub operator: Option<OperatorId>,
    /// The key file itself [default: PORTCULLIS_KEY, else operators/ID.pcop in the home]
    #[arg(long, global = true, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Read the passphrase, one line, from this file descriptor
    #[arg(long, global = true, value_name = "N")]
    pub passphrase_fd: Option<u32>,
    /// Write what was read as JSON, and errors too
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Found an appliance: TPM, store, operators, recovery shares
    Setup(host::SetupArgs),
    /// Keep the gate: the daemon
    Serve(host::ServeArgs),
    /// Read and decide requests on the terminal's whole screen
    Console(host::ConsoleArgs),
    /// Make an operator's key file, or list the people
    Operator(operator::OperatorArgs),
    /// Put a credential in, or its next generation
    Deposit(deposit::DepositArgs),
    /// List the credentials, never their values
    List(list::ListArgs),
    /// Show one credential's terms and history, never its value
    Show(show::ShowArgs),
    /// Ask to add a job, or list the jobs
    Client(client::ClientArgs),
    /// Ask to release a credential to a job
    Request(request::RequestArgs),
    /// List the requests
    Requests(requests::RequestsArgs),
    /// Read one request whole and say yes to it
    Approve(approve::ApproveArgs),
    /// Say no to a request
    Deny(decide::DecideArgs),
    /// Withdraw a request, or close its window
    Revoke(decide::DecideArgs),
    /// Bring everything down at once
    Freeze(freeze::FreezeArgs),
    /// Ask to lift a freeze, which takes two people
    Thaw(freeze::ThawArgs),
    /// Fetch a credential, as the job it is for
    Pull(pull::PullArgs),
    /// Read the log, copy it, verify it
    Audit(audit::AuditArgs),
    /// Look at TPM, clock, store, permissions and quorum, and say what to do
    Doctor(host::DoctorArgs),
    /// Play the whole story on this machine with a software TPM
    Demo(host::DemoArgs),
    /// Work the power switch of an EVALUATION appliance's software TPM
    Softtpm(host::SofttpmArgs),
    /// Write completions for a shell to standard output
    Completions(completions::CompletionsArgs),
    /// Write the manual page, or all of them into a folder
    Man(man::ManArgs),
    /// The half that parses; the keeper starts it
    #[command(name = "__listener", hide = true)]
    Listener(host::ListenerArgs),
}

impl Verb {
    /// Whether everything is to be told in lines.
    pub const fn is_plain(&self) -> bool {
        match self {
            Self::Approve(args) => args.plain,
            Self::Deny(args) | Self::Revoke(args) => args.plain,
            Self::Request(args) => args.plain,
            Self::Requests(args) => args.plain,
            _ => false,
        }
    }
}
