//! `deposit`: put a credential in. Nobody, not even who deposits it, reads it back alone.

use clap::Args;
use zeroize::Zeroizing;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::passphrase;
use crate::cli::session::Session;
use crate::cli::value;
use crate::desk;
use crate::domain::credential::{CredentialKind, RotationDays, Terms};
use crate::domain::ids::CredentialName;
use crate::domain::secret::Plaintext;
use crate::domain::text::Text;
use crate::domain::time::Day;

/// Arguments of `deposit`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis deposit racf/prod01 --owner 'mainframe team' --reason 'RACF knows no federation' \\\n      \
        --rotate 90d --sunset 2027-06-30\n  \
    pass-generator | portcullis deposit --next racf/prod01 --strip-newline --passphrase-fd 3 3< pp ...\n\n\
    At a terminal the credential is asked for twice. From a pipe every byte is taken, the last newline too.")]
pub struct DepositArgs {
    /// The credential
    pub name: CredentialName,
    /// It exists already: this is its next generation, which revokes its open windows
    #[arg(long)]
    pub next: bool,
    /// The person or team that answers for it
    #[arg(long, value_parser = value::text)]
    pub owner: Text,
    /// Why it cannot federate
    #[arg(long, value_parser = value::text)]
    pub reason: Text,
    /// How often it must change, like 90d
    #[arg(long, value_name = "DAYSd", value_parser = value::rotation, required_unless_present = "rotation_days")]
    pub rotate: Option<RotationDays>,
    /// The same as a number of days
    #[arg(long, value_name = "DAYS", value_parser = value::rotation_days, conflicts_with = "rotate")]
    pub rotation_days: Option<RotationDays>,
    /// The last day it may be released on, like 2027-06-30
    #[arg(long, value_name = "DAY", value_parser = Day::parse)]
    pub sunset: Day,
    /// What sort of secret it is: password, pin or key
    #[arg(long, default_value = "password")]
    pub kind: CredentialKind,
    /// Leave out one newline at the end of what is piped in
    #[arg(long)]
    pub strip_newline: bool,
}

impl DepositArgs {
    /// The terms that the options give.
    fn terms(&self) -> Result<Terms, Stop> {
        let missing =
            || Failure::usage("rotation", "there is no rotation interval", "give one, like --rotate 90d");
        let rotation_days = self.rotate.or(self.rotation_days).ok_or_else(missing)?;
        let (owner, reason) = (self.owner.clone(), self.reason.clone());
        Ok(Terms { owner, reason, rotation_days, sunset: self.sunset, kind: self.kind })
    }
}

/// Takes the credential, wraps it here, and hands it to the keeper.
pub fn run(args: DepositArgs, context: &Context) -> Result<(), Stop> {
    let terms = args.terms()?;
    let from_terminal = passphrase::stdin_is_terminal();
    if !from_terminal {
        passphrase::not_from_stdin(context.global.passphrase_fd, "the credential")?;
    }
    let bytes = if from_terminal { typed(&args)? } else { piped(args.strip_newline)? };
    let plaintext = Plaintext::new(bytes).map_err(|error| {
        Failure::usage(
            "credential-length",
            error.to_string(),
            "give the credential on standard input or type it",
        )
    })?;
    let Session { mut client, key } = Session::open(context)?;
    let message = desk::deposit::deposit(&mut client, &key, &args.name, args.next, &terms, &plaintext)?;
    if context.screen.json {
        return context.screen.json(&serde_json::json!({ "message": message }));
    }
    crate::cli::render::note(&crate::cli::render::shown(&message));
    Ok(())
}

fn piped(strip_newline: bool) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let mut bytes = passphrase::stdin_to_end(Plaintext::LEN_MAX).map_err(|error| {
        let what = format!("the credential cannot be read from standard input: {error}");
        Failure::unexpected("input", what, "look at the pipe or the file it comes from")
    })?;
    if strip_newline && bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    Ok(bytes)
}

fn typed(args: &DepositArgs) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let mut tty = passphrase::terminal()?;
    loop {
        let first = tty.ask_secret(&format!("{} of {}: ", args.kind, args.name))?;
        if *tty.ask_secret("The same again: ")? == *first {
            return Ok(first);
        }
        tty.say("They differ.\n")?;
    }
}
