//! `console`: the operators' terminal UI.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::host::ConsoleArgs;
use crate::console::{ConsoleError, ConsoleOptions, Environment, Size, run as run_console};

/// Runs the console on this terminal.
pub fn run(args: &ConsoleArgs, context: &Context) -> Result<(), Stop> {
    let options = ConsoleOptions {
        home: context.home.dir().to_owned(),
        socket: context.operator_socket(),
        key: context.global.key.clone(),
        operator: context.global.operator.clone(),
        ascii: args.ascii,
        mono: args.mono,
        size: args.size.and_then(|(columns, rows)| Size::new(columns, rows)),
        environment: environment(),
    };
    run_console(options).map_err(|error| {
        let advice = error.advice();
        match error {
            ConsoleError::Keys(error) => error.into(),
            ConsoleError::NotATerminal { .. } => {
                Failure::usage("no-terminal", error.to_string(), advice).into()
            }
            error => Failure::unexpected("console", error.to_string(), advice).into(),
        }
    })
}

#[allow(clippy::disallowed_methods, reason = "the command line reads the environment for the console")]
fn environment() -> Environment {
    Environment::read(|name| std::env::var(name).ok())
}
