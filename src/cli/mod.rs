//! The command line: arguments, one verb a file, rendering, exit codes.

pub mod args;
mod clock;
mod context;
mod dialogue;
mod dumps;
mod endings;
mod failure;
mod hand_over;
mod host;
mod passphrase;
mod plain;
mod progress;
mod questions;
mod quiet;
mod refusal;
mod render;
mod session;
mod shape;
mod shares;
mod terminfo;
mod tty;
mod value;
mod verbs;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Verb};
use context::Context;
use failure::{Stop, exit};

/// Does what the arguments say, and gives the exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    match Cli::try_parse_from(&args) {
        Ok(cli) => {
            quiet::start_anew(&cli.verb, &args);
            let context = Context::new(cli.global, cli.verb.is_plain());
            let outcome = dumps::forbid(&cli.verb).and_then(|()| dispatch(cli.verb, &context));
            ended(outcome, &context)
        }
        Err(error) => refusal::end(&error, &args),
    }
}

fn ended(outcome: Result<u8, Stop>, context: &Context) -> ExitCode {
    let code = match outcome {
        Ok(code) => code,
        Err(Stop::OutputClosed) => exit::DONE,
        Err(Stop::Signalled(signal)) => endings::end_by(signal),
        Err(Stop::Told(failure)) => {
            render::failed(&failure, context.paper);
            failure.exit
        }
        Err(Stop::Failed(failure)) => {
            render::failed(&failure, context.paper);
            if context.screen.json {
                render::failed_object(&failure);
            }
            failure.exit
        }
    };
    ExitCode::from(code)
}

fn dispatch(verb: Verb, context: &Context) -> Result<u8, Stop> {
    let done = match verb {
        Verb::Pull(args) => return verbs::pull::run(args, context),
        Verb::Operator(args) => verbs::operator::run(args, context),
        Verb::Deposit(args) => verbs::deposit::run(args, context),
        Verb::List(args) => verbs::list::run(args, context),
        Verb::Show(args) => verbs::show::run(args, context),
        Verb::Client(args) => verbs::client::run(args, context),
        Verb::Request(args) => verbs::request::run(args, context),
        Verb::Requests(args) => verbs::requests::run(args, context),
        Verb::Approve(args) => verbs::approve::run(args, context),
        Verb::Deny(args) => verbs::decide::deny(args, context),
        Verb::Revoke(args) => verbs::decide::revoke(args, context),
        Verb::Freeze(args) => verbs::freeze::freeze(args, context),
        Verb::Thaw(args) => verbs::freeze::thaw(args, context),
        Verb::Audit(args) => verbs::audit::run(args, context),
        Verb::Doctor(args) => verbs::doctor::run(&args, context),
        Verb::Completions(args) => verbs::completions::run(args, context),
        Verb::Man(args) => verbs::man::run(args, context),
        Verb::Setup(args) => verbs::setup::run(&args, context),
        Verb::Serve(_) => verbs::serve::run(context),
        Verb::Console(args) => verbs::console::run(&args, context),
        Verb::Demo(args) => verbs::demo::run(&args, context),
        Verb::Softtpm(args) => verbs::softtpm::run(&args, context),
        Verb::Listener(_) => verbs::listener::run(),
    };
    done.map(|()| exit::DONE)
}
