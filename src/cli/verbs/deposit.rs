//! `deposit`: put a credential in. Nobody, not even who deposits it, reads it back alone.

use clap::Args;
use zeroize::Zeroizing;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::passphrase;
use crate::cli::session::{self, Session};
use crate::cli::value;
use crate::desk;
use crate::desk::deposit::Place;
use crate::desk::error::DeskError;
use crate::domain::credential::{CredentialKind, RotationDays, Terms};
use crate::domain::ids::CredentialName;
use crate::domain::operator::Role;
use crate::domain::refusal::Refusal;
use crate::domain::secret::Plaintext;
use crate::domain::text::Text;
use crate::domain::time::Day;
use crate::domain::wire::operator::Status;

/// Arguments of `deposit`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis deposit racf/prod01 --owner 'mainframe team' --reason 'RACF knows no federation' \\\n      \
        --rotate 90d --sunset 2027-06-30\n  \
    pass-generator | portcullis deposit --next racf/prod01 --strip-newline --passphrase-fd 3 3< pp ...\n\n\
    At a terminal the credential is asked for last, twice, when the keeper has taken name and terms.\n\
    From a pipe every byte is taken, the last newline too.")]
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
///
/// At a terminal it is asked for last, when everything else is known to be in order; a pipe is read first,
/// because whoever writes to it does not wait.
pub fn run(args: DepositArgs, context: &Context) -> Result<(), Stop> {
    let terms = args.terms()?;
    let message = if passphrase::stdin_is_terminal() {
        let Session { mut client, key } = Session::open(context)?;
        expected(&session::status(&mut client)?, &args, &terms)?;
        let place = Place::ask(&mut client, &key, &args.name, args.next)?;
        drop(key);
        place.fill(&mut client, &terms, &plaintext(typed(&args)?)?)?
    } else {
        passphrase::not_from_stdin(context.global.passphrase_fd, "the credential")?;
        let plaintext = plaintext(piped(args.strip_newline)?)?;
        let Session { mut client, key } = Session::open(context)?;
        desk::deposit::deposit(&mut client, &key, &args.name, args.next, &terms, &plaintext)?
    };
    if context.screen.json {
        return context.screen.json(&serde_json::json!({ "message": message }));
    }
    crate::cli::render::note(&crate::cli::render::shown(&message));
    Ok(())
}

/// Refuses what the keeper would refuse when the credential was typed; it decides all the same.
fn expected(status: &Status, args: &DepositArgs, terms: &Terms) -> Result<(), Stop> {
    let refusal = if !status.roles.contains(&Role::Custodian) {
        Refusal::WrongRole { operator: status.operator.clone(), role: Role::Custodian }
    } else if let Some(by) = &status.frozen {
        Refusal::Frozen { by: by.clone() }
    } else if terms.is_past_sunset(status.now) {
        Refusal::PastSunset { credential: args.name.clone(), sunset: terms.sunset }
    } else {
        return Ok(());
    };
    Err(DeskError::Refused(refusal.to_wire()).into())
}

fn plaintext(bytes: Zeroizing<Vec<u8>>) -> Result<Plaintext, Stop> {
    Plaintext::new(bytes).map_err(|error| {
        let advice = "give the credential on standard input or type it";
        Failure::usage("credential-length", error.to_string(), advice).into()
    })
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
