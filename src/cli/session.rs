//! One operator at the keeper: key file, passphrase, connection.

use std::path::Path;
use std::time::Duration;

use super::context::Context;
use super::failure::{Failure, Stop};
use super::passphrase;
use super::plain::request::outcome;
use super::render::{self, shown};
use super::tty::{Answer, Tty};
use crate::crypto::operator_key::OperatorKey;
use crate::desk::client::Client;
use crate::desk::error::DeskError;
use crate::desk::key::{find_key_file, open_key_file, read_key_file, report_wrong_passphrase};
use crate::domain::ids::RequestId;
use crate::domain::secret::Passphrase;
use crate::domain::wire::operator::{Ask, Reply, RequestView, Status};

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
        status(&mut self.client)
    }

    /// Asks for one request; the operator's own sealed share of it comes along.
    pub fn request(&mut self, id: &RequestId) -> Result<(RequestView, Option<String>), Stop> {
        request(&mut self.client, id)
    }

    /// Asks for a change, and shows what the keeper made of it: the request's id, or a sentence.
    pub fn change(&mut self, ask: &Ask, context: &Context) -> Result<(), Stop> {
        let (request, message) = change(&mut self.client, ask)?;
        if context.screen.json {
            return context.screen.json(&serde_json::json!({ "request": request, "message": message }));
        }
        if let Some(paper) = context.paper {
            render::note(paper.sentence(&message).trim_end());
            return request
                .map_or(Ok(()), |view| context.screen.text(paper.facts(&outcome(&view)).as_bytes()));
        }
        render::note(&shown(&message));
        match request {
            Some(view) => context.screen.line(&format!("{} {}", view.doc.id, view.state_text())),
            None => Ok(()),
        }
    }
}

/// Asks for one request; the asker's own sealed share of it comes along.
pub fn request(client: &mut Client, id: &RequestId) -> Result<(RequestView, Option<String>), Stop> {
    let Reply::Request { view, share } = client.ask(&Ask::Request { id: id.clone() })? else {
        return Err(Failure::off_topic("a request").into());
    };
    if view.doc.id != *id {
        return Err(Failure::off_topic("this request").into());
    }
    Ok((*view, share))
}

/// Asks how the appliance is.
pub fn status(client: &mut Client) -> Result<Status, Stop> {
    match client.ask(&Ask::Status)? {
        Reply::Status(status) => Ok(*status),
        _ => Err(Failure::off_topic("the status").into()),
    }
}

/// Asks for a change; gives the request that it concerns, and what happened.
pub fn change(client: &mut Client, ask: &Ask) -> Result<(Option<RequestView>, String), Stop> {
    match client.ask(ask)? {
        Reply::Done { request, message } => Ok((request.map(|view| *view), message)),
        _ => Err(Failure::off_topic("a change").into()),
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
        None => at_terminal(&path, context, |typed| open_key_file(&path, &typed)),
    }
}

/// Asks for the passphrase of a key file until `open` takes it, three times at most.
///
/// Each wrong one is reported to the keeper, and followed by a longer pause. Nothing typed is a way out.
pub fn at_terminal<T>(
    path: &Path,
    context: &Context,
    open: impl Fn(Passphrase) -> Result<T, DeskError>,
) -> Result<T, Stop> {
    let mut tty = passphrase::terminal()?;
    let question = match context.paper {
        Some(paper) => {
            let whose = read_key_file(path)?.id().clone();
            paper.question(&format!("Passphrase of {whose}, or nothing to cancel:"))
        }
        None => format!("Passphrase of {}: ", shown(&path.display().to_string())),
    };
    hear_passphrase(&mut tty, &question, path, &context.operator_socket(), open)?.or_stop()
}

/// The same at a terminal that is there already.
pub fn hear_passphrase<T>(
    tty: &mut Tty,
    question: &str,
    path: &Path,
    socket: &Path,
    open: impl Fn(Passphrase) -> Result<T, DeskError>,
) -> Result<Answer<T>, Stop> {
    let mut wrong = None;
    for (number, pause) in (1..).zip(PAUSES) {
        let typed = match tty.hear_secret(question)? {
            Answer::Given(typed) if typed.is_empty() => return Ok(Answer::Cancelled),
            Answer::Given(typed) => passphrase::of(typed)?,
            Answer::Cancelled => return Ok(Answer::Cancelled),
            Answer::Silent => return Ok(Answer::Silent),
        };
        match open(typed) {
            Ok(opened) => return Ok(Answer::Given(opened)),
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
