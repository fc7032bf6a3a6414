//! `console`: the operators' terminal UI, or questions and answers where no screen can be drawn.

use std::io::{self, IsTerminal as _};

use crate::cli::context::Context;
use crate::cli::dialogue;
use crate::cli::failure::{Failure, Stop};
use crate::cli::host::ConsoleArgs;
use crate::cli::terminfo;
use crate::console::{ConsoleError, ConsoleOptions, Size, run as run_console, unfit};

/// Runs the console on this terminal.
pub fn run(args: &ConsoleArgs, context: &Context) -> Result<(), Stop> {
    if context.global.passphrase_fd.is_some() {
        let what = "the console asks each operator for the passphrase itself";
        let advice = "leave --passphrase-fd out; `portcullis approve --passphrase-fd N` takes one";
        return Err(Failure::usage("passphrase-fd", what, advice).into());
    }
    let size = args.size.and_then(|(columns, rows)| Size::new(columns, rows));
    if let Some(why) = plain_because(args.plain, size, context) {
        return dialogue::run(&why, context);
    }
    let options = ConsoleOptions {
        home: context.home.dir().to_owned(),
        socket: context.operator_socket(),
        key: context.global.key.clone(),
        operator: context.global.operator.clone(),
        ascii: args.ascii,
        mono: args.mono,
        size,
        logged: args.logged,
        slow: args.slow,
        environment: context.environment.clone(),
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

/// Why it is questions and answers, where it is.
fn plain_because(asked: bool, size: Option<Size>, context: &Context) -> Option<String> {
    // Where nobody types or reads, the console says that better.
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if !is_terminal {
        return None;
    }
    if asked {
        return Some("as --plain asks".to_owned());
    }
    let environment = &context.environment;
    let of_kernel = || {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        Size::new(size.ws_col, size.ws_row)
    };
    let size = size.or_else(of_kernel).or_else(|| Size::of_environment(environment));
    let can_place = environment.term.as_deref().and_then(terminfo::can_place);
    unfit(environment, can_place, size).map(|why| why.to_string())
}
