//! `pull`: the job's side.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop, exit};
use crate::cli::shape::{self, ShapeArgs};
use crate::cli::{dumps, hand_over, render, value};
use crate::domain::ids::{CredentialName, JobName};
use crate::domain::time::Length;
use crate::domain::wire::pc1::DenyCode;
use crate::links::pull_client::{self, PullError};

/// Arguments of `pull`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis pull racf/prod01 --job jobx | batch-login\n  \
    portcullis pull racf/prod01 --job jobx --timeout 5m --exec sh -c 'login --password-fd $PORTCULLIS_FD'\n  \
    portcullis pull racf/prod01 --job jobx --code-page IBM-1047 | ebcdic-login\n  \
    portcullis pull racf/prod01 --job jobx --recfm fb80 --code-page IBM-037 --account PRODUSR\n  \
    portcullis pull racf/prod01 --job jobx --recfm fb80 --columns password=20-27\n\n\
    Exactly the credential's bytes are written, without a newline, unless a legacy reader needs them in\n\
    another shape. What does not fit that shape is refused whole; columns 73-80 are always blank.\n\
    With --exec the command reads them from the descriptor whose number is in PORTCULLIS_FD, and its\n\
    exit code is returned. Waits for approval until --timeout, else as long as the appliance lets it.")]
pub struct PullArgs {
    /// The credential
    pub name: CredentialName,
    /// The job that this process is
    #[arg(long, value_name = "JOB")]
    pub job: JobName,
    /// How long to wait for an approval
    #[arg(long, value_name = "LENGTH", value_parser = value::length)]
    pub timeout: Option<Length>,
    /// How it is written
    #[command(flatten)]
    pub shape: ShapeArgs,
    /// Run this command with the credential on a descriptor; takes the rest of the line
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    pub exec: Vec<OsString>,
}

/// Pulls the credential and hands it over; gives the exit code of the process.
pub fn run(args: PullArgs, context: &Context) -> Result<u8, Stop> {
    if let Some(program) = args.exec.first() {
        hand_over::check(program)?;
    }
    let shape = args.shape.shape()?;
    let timeout = args.timeout.map(|length| Duration::from_millis(length.ms()));
    let mut told = false;
    let on_wait = |_| {
        if !std::mem::replace(&mut told, true) {
            render::note("portcullis: waiting for approval");
        }
    };
    let pulled = pull_client::pull(&context.pull_socket(), &args.job, &args.name, timeout, on_wait);
    let plaintext = pulled.map_err(|error| failure(&error))?;
    dumps::close()?;
    let plaintext = shape.apply(plaintext).map_err(|error| shape::refused(&error))?;
    match args.exec.split_first() {
        None => render::credential(plaintext.expose()).map(|()| exit::DONE),
        Some((program, rest)) => hand_over::run(program, rest, plaintext),
    }
}

fn failure(error: &PullError) -> Failure {
    match error {
        PullError::Denied(code) => Failure {
            code: format!("denied-{}", code.as_str().to_ascii_lowercase()),
            exit: denied_exit(*code),
            what: code.what().trim_end_matches('.').to_owned(),
            advice: code.advice().trim_end_matches('.').to_owned(),
        },
        PullError::TimedOut => {
            Failure::not_yet("timed-out", error.to_string(), "pull again: it joins the same request")
        }
        PullError::CutOff { .. } => Failure::link(
            "cut-off",
            error.to_string(),
            "pull again when it answers: what still waits is joined, and what is spent is refused",
        ),
        PullError::CutShort { .. } => Failure::link(
            "cut-short",
            error.to_string(),
            "what came was thrown away and the pull is spent: ask the operators for another window",
        ),
        PullError::Link { .. } => Failure::link(
            "link",
            error.to_string(),
            "start the keeper with `portcullis serve`, or name its home with --home",
        ),
        error => Failure::link("protocol", error.to_string(), "use the portcullis of the keeper's version"),
    }
}

/// The exit code of a refusal.
const fn denied_exit(code: DenyCode) -> u8 {
    match code {
        DenyCode::Busy | DenyCode::Expired => exit::NOT_YET,
        DenyCode::Chip => exit::TPM,
        DenyCode::Record => exit::INTEGRITY,
        DenyCode::Sequence | DenyCode::Syntax | DenyCode::Profile => exit::LINK,
        _ => exit::REFUSED,
    }
}
