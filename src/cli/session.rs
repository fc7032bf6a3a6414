//! One operator at the keeper: key file, passphrase, connection.

use std::path::Path;
use std::time::Duration;

use super::context::Context;
use super::failure::{Failure, Stop};
use super::passphrase;
use super::render::shown;
use crate::crypto::operator_key::OperatorKey;
use crate::desk::client::Client;
use crate::desk::error::DeskError;
use crate::desk::key::{find_key_file, open_key_file, report_wrong_passphrase};
use crate::domain::secret::Passphrase;
use crate::domain::wire::operator::{Ask, Reply, Status};

/// The pauses after wrong passphrases at a terminal; there are as many tries as pauses.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// An open connection, and the key that signs in it.
#[derive(Debug)]
pub struct Session {
    /// The connection.
    pub client: Client,
    /// The operator's keys.
    pub key: OperatorKey,
}

impl Session {
    /// Finds and opens the key file, and connects.
    pub fn open(context: &Context) -> Result<Self, Stop> {
        let key = unlock(context)?;
        let client = Client::connect(&context.operator_socket(), &key)?;
        Ok(Self { client, key })
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, ask: &Ask) -> Result<Reply, Stop> {
        Ok(self.client.ask(ask)?)
    }

    /// Asks how the appliance is.
    pub fn status(&mut self) -> Result<Status, Stop> {
        match self.ask(&Ask::Status)? {
            Reply::Status(status) => Ok(*status),
            _ => Err(Failure::off_topic("the status").into()),
        }
    }

    /// Asks for a change, and shows what the keeper made of it: the request's id, or a sentence.
    pub fn change(&mut self, ask: &Ask, context: &Context) -> Result<(), Stop> {
        let Reply::Done { request, message } = self.ask(ask)? else {
            return Err(Failure::off_topic("a change").into());
        };
        if context.screen.json {
            return context.screen.json(&serde_json::json!({ "request": request, "message": message }));
        }
        super::render::note(&shown(&message));
        match request {
            Some(view) => context.screen.line(&format!("{} {}", view.doc.id, view.state_text())),
            None => Ok(()),
        }
    }
}

/// Finds the key file and opens it: one try from a descriptor, three at a terminal.
pub fn unlock(context: &Context) -> Result<OperatorKey, Stop> {
    let global = &context.global;
    let path = find_key_file(global.key.as_deref(), context.home.dir(), global.operator.as_ref())?;
    match global.passphrase_fd {
        Some(number) => {
            let opened = open_key_file(&path, &passphrase::from_fd(number)?);
            if let Err(DeskError::WrongPassphrase { .. }) = &opened {
                report_wrong_passphrase(&context.operator_socket(), &path);
            }
            Ok(opened?)
        }
        None => at_terminal(&path, &context.operator_socket(), |typed| open_key_file(&path, &typed)),
    }
}

/// Asks for the passphrase of a key file until `open` takes it, three times at most.
///
/// Each wrong one is reported to the keeper, and followed by a longer pause.
pub fn at_terminal<T>(
    path: &Path,
    socket: &Path,
    open: impl Fn(Passphrase) -> Result<T, DeskError>,
) -> Result<T, Stop> {
    let mut tty = passphrase::terminal()?;
    let question = format!("Passphrase of {}: ", shown(&path.display().to_string()));
    let mut wrong = None;
    for (number, pause) in (1..).zip(PAUSES) {
        match open(passphrase::ask(&mut tty, &question)?) {
            Ok(opened) => return Ok(opened),
            Err(error @ DeskError::WrongPassphrase { .. }) => {
                report_wrong_passphrase(socket, path);
                let seconds = pause.as_secs();
                tty.say(&format!("Wrong passphrase, {number} of {}. Wait {seconds} s.\n", PAUSES.len()))?;
                tty.pause(pause)?;
                wrong = Some(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    // There is at least one pause, so there was at least one try.
    Err(wrong.expect("three tries were wrong").into())
}
