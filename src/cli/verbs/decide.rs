//! `deny` and `revoke`: one operator's no, which needs nobody else.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::Stop;
use crate::cli::session::Session;
use crate::cli::value;
use crate::domain::ids::RequestId;
use crate::domain::text::Text;
use crate::domain::wire::operator::Ask;

/// Arguments of `deny` and `revoke`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis deny 7K2M --reason 'no change window tonight'\n  \
    portcullis revoke 7K2M --reason 'batch was cancelled'\n\n\
    `deny` ends a request that waits for approvals; `revoke` also closes a window that is armed.")]
pub struct DecideArgs {
    /// The request
    pub id: RequestId,
    /// Why
    #[arg(long, value_parser = value::text)]
    pub reason: Text,
}

/// Says no to a request.
pub fn deny(args: DecideArgs, context: &Context) -> Result<(), Stop> {
    let DecideArgs { id, reason } = args;
    Session::open(context)?.change(&Ask::Deny { id, reason }, context)
}

/// Withdraws a request or closes its window.
pub fn revoke(args: DecideArgs, context: &Context) -> Result<(), Stop> {
    let DecideArgs { id, reason } = args;
    Session::open(context)?.change(&Ask::Revoke { id, reason }, context)
}
