//! `freeze`, which one person may do, and `thaw`, which takes two.

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::Stop;
use crate::cli::session::Session;
use crate::cli::value;
use crate::domain::text::Text;
use crate::domain::wire::operator::Ask;

/// Arguments of `freeze`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  portcullis freeze --reason 'stolen laptop'\n\n\
    Every window ends on the chip at once, and nothing is armed until two people thaw it.")]
pub struct FreezeArgs {
    /// Why
    #[arg(long, value_parser = value::text)]
    pub reason: Text,
}

/// Arguments of `thaw`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  portcullis thaw --reason 'laptop found' --ticket INC-4712\n\n\
    This makes a request; it is lifted when two people have approved it.")]
pub struct ThawArgs {
    /// Why
    #[arg(long, value_parser = value::text)]
    pub reason: Text,
    /// Reference in the ticket system
    #[arg(long, value_parser = value::text)]
    pub ticket: Text,
}

/// Brings everything down.
pub fn freeze(args: FreezeArgs, context: &Context) -> Result<(), Stop> {
    Session::open(context)?.change(&Ask::Freeze { reason: args.reason }, context)
}

/// Asks to lift the freeze.
pub fn thaw(args: ThawArgs, context: &Context) -> Result<(), Stop> {
    let ThawArgs { reason, ticket } = args;
    Session::open(context)?.change(&Ask::RequestThaw { reason, ticket }, context)
}
