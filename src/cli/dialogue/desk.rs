//! One operator who is logged in: a connection, and nothing that could decrypt.

use std::path::{Path, PathBuf};

use super::command::{Command, HELP};
use super::{Go, Talk, export, idle};
use crate::cli::failure::{Failure, Stop};
use crate::cli::plain::questions;
use crate::cli::plain::request::{Act, READ_ALOUD, can_type, listed, no_share, outcome, whole};
use crate::cli::session::{self, hear_passphrase};
use crate::cli::tty::Answer;
use crate::cli::verbs::decide::no;
use crate::crypto::operator_key::OperatorKey;
use crate::desk;
use crate::desk::client::Client;
use crate::desk::key::open_key_file;
use crate::desk::lists;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::text::Text;
use crate::domain::wire::operator::{Ask, RequestView, Status};

/// Requests told at once: a teletype takes a minute for as many.
const PAGE: usize = 5;

/// One operator's session.
pub struct Desk {
    /// Who it is.
    pub me: OperatorId,
    client: Client,
    path: PathBuf,
    /// What is left of the last list, and how long that was.
    rest: Vec<RequestView>,
    listed: usize,
}

impl Desk {
    /// Opens the key until there is a connection; none when the person thinks better of it.
    pub fn log_in(talk: &mut Talk<'_>, path: &Path) -> Result<Option<Self>, Stop> {
        let whose = desk::key::read_key_file(path)?.id().clone();
        let key = match hear_key(talk, &whose, path)? {
            Answer::Given(key) => key,
            Answer::Cancelled | Answer::Silent => return Ok(None),
        };
        let mut client = Client::connect(&talk.context.operator_socket(), &key)?;
        drop(key);
        let status = session::status(&mut client)?;
        if status.operator != whose {
            return Err(Failure::off_topic("who is asking").into());
        }
        let open = lists::requests(&mut client, false, |_| {})?.len();
        greet(talk, &status, open)?;
        let path = path.to_owned();
        Ok(Some(Self { me: whose, client, path, rest: Vec::new(), listed: 0 }))
    }

    /// Does what was typed.
    pub fn obey(&mut self, command: Command, talk: &mut Talk<'_>) -> Result<Go, Stop> {
        match command {
            Command::Requests { all } => {
                self.rest = lists::requests(&mut self.client, all, |_| {})?;
                self.listed = self.rest.len();
                match self.listed {
                    0 => talk.say("There are no requests.").map(|()| Go::On),
                    _ => self.more(talk),
                }
            }
            Command::More => self.more(talk),
            Command::Show(id) => {
                let (view, _) = session::request(&mut self.client, &id)?;
                let next = talk.paper.facts(&can_type(&view, &self.me, ""));
                self.tell(talk, &view)?;
                talk.tty.say(&next).map(|()| Go::On)
            }
            Command::Decide(Act::Approve, id) => self.approve(talk, &id),
            Command::Decide(act, id) => self.refuse(talk, act, id),
            Command::Export => match export::ask(talk)? {
                Answer::Given(ask) => self.change(talk, &ask),
                Answer::Silent => idle(talk),
                Answer::Cancelled => unchanged(talk),
            },
            Command::Freeze => self.freeze(talk),
            Command::Help => {
                let help: String = HELP.iter().map(|(words, does)| talk.paper.fact(words, does)).collect();
                talk.tty.say(&help).map(|()| Go::On)
            }
            Command::LogOut => Ok(Go::Out),
            Command::Quit => Ok(Go::End),
        }
    }

    fn more(&mut self, talk: &mut Talk<'_>) -> Result<Go, Stop> {
        if self.rest.is_empty() {
            return talk.say("There is nothing more to tell: requests begins again.").map(|()| Go::On);
        }
        let first = self.listed - self.rest.len() + 1;
        let page: Vec<_> = self.rest.drain(..PAGE.min(self.rest.len())).collect();
        for (number, view) in (first..).zip(&page) {
            let facts = talk.paper.facts(&listed(view)) + &talk.paper.facts(&can_type(view, &self.me, ""));
            let head = talk.paper.sentence(&format!("{number} of {}", self.listed));
            talk.tty.say(&format!("\n{head}{facts}"))?;
        }
        talk.tty.say("\n")?;
        match self.rest.len() {
            0 => talk.say(&format!("That was all, {}.", self.listed)),
            left => talk.say(&format!("{left} of {} are left: more tells them.", self.listed)),
        }
        .map(|()| Go::On)
    }

    fn tell(&self, talk: &mut Talk<'_>, view: &RequestView) -> Result<(), Stop> {
        let text = talk.paper.facts(&whole(view, None, None));
        talk.tty.say(&text)
    }

    /// Tells one request whole; none when this cannot be done to it.
    fn read_out(
        &mut self,
        talk: &mut Talk<'_>,
        act: Act,
        id: &RequestId,
    ) -> Result<Option<RequestView>, Stop> {
        let (view, share) = session::request(&mut self.client, id)?;
        let fits = act.check(&view, &self.me).and_then(|()| match act {
            Act::Approve => no_share(&view, share.as_deref(), &self.me),
            Act::Deny | Act::Revoke => Ok(()),
        });
        if let Err(why) = fits {
            let text = talk.paper.facts(&outcome(&view));
            talk.tty.say(&text)?;
            talk.say(&format!("{why}."))?;
            return Ok(None);
        }
        self.tell(talk, &view)?;
        Ok(Some(view))
    }

    /// Signs what was told, or nothing: the keeper's request must still be that one to the byte.
    fn approve(&mut self, talk: &mut Talk<'_>, id: &RequestId) -> Result<Go, Stop> {
        let Some(told) = self.read_out(talk, Act::Approve, id)? else { return Ok(Go::On) };
        talk.say(READ_ALOUD)?;
        talk.tty.settle()?;
        let question = talk.paper.question("To approve, type the request's id, or nothing to cancel:");
        let typed = match talk.tty.hear(&question)? {
            Answer::Given(typed) if !typed.is_empty() => typed,
            Answer::Silent => return idle(talk),
            Answer::Given(_) | Answer::Cancelled => return unchanged(talk),
        };
        if RequestId::parse(&typed).ok().as_ref() != Some(id) {
            talk.say("That is not the id of this request.")?;
            return unchanged(talk);
        }
        let key = match hear_key(talk, &self.me, &self.path) {
            Ok(Answer::Given(key)) => key,
            Ok(Answer::Silent) => return idle(talk),
            Ok(Answer::Cancelled) => return unchanged(talk),
            // Whoever does not know the passphrase three times is not who logged in.
            Err(stop) => return talk.say_failure(stop).map(|_| Go::Out),
        };
        let (view, share) = session::request(&mut self.client, id)?;
        if view.doc.canonical() != told.doc.canonical() {
            let what = format!("request {id} is no longer the one that was told");
            return Err(Failure::refused("changed", what, "read it again; nothing was approved").into());
        }
        let after = desk::approve::approve(&mut self.client, &key, &view, share.as_deref(), None, None)?;
        drop(key);
        let text =
            talk.paper.sentence(&format!("{} approved {id}.", self.me)) + &talk.paper.facts(&outcome(&after));
        talk.tty.say(&text)?;
        Ok(Go::Out)
    }

    fn refuse(&mut self, talk: &mut Talk<'_>, act: Act, id: RequestId) -> Result<Go, Stop> {
        if self.read_out(talk, act, &id)?.is_none() {
            return Ok(Go::On);
        }
        let question = format!("Reason to {}", act.verb());
        match hear_reason(talk, &question)? {
            Answer::Given(reason) => self.change(talk, &no(act, id, reason)),
            Answer::Silent => idle(talk),
            Answer::Cancelled => unchanged(talk),
        }
    }

    fn freeze(&mut self, talk: &mut Talk<'_>) -> Result<Go, Stop> {
        talk.say("A freeze closes every window at once, and it takes two people to lift it.")?;
        match hear_reason(talk, "Reason to freeze")? {
            Answer::Given(reason) => self.change(talk, &Ask::Freeze { reason }),
            Answer::Silent => idle(talk),
            Answer::Cancelled => unchanged(talk),
        }
    }

    fn change(&mut self, talk: &mut Talk<'_>, ask: &Ask) -> Result<Go, Stop> {
        let (request, message) = session::change(&mut self.client, ask)?;
        talk.say(&message)?;
        let text = request.map_or_else(String::new, |view| talk.paper.facts(&outcome(&view)));
        talk.tty.say(&text).map(|()| Go::On)
    }
}

fn greet(talk: &mut Talk<'_>, status: &Status, open: usize) -> Result<(), Stop> {
    talk.say(&format!("{} is logged in at {}.", status.operator, status.origin))?;
    if let Some(by) = &status.frozen {
        talk.say(&format!("FROZEN: {by}"))?;
    }
    if let Some(alarm) = &status.clock_alarm {
        talk.say(&format!("CLOCK: {alarm}"))?;
    }
    talk.say(&format!("Open requests: {open}. Type requests, or help."))
}

fn hear_key(talk: &mut Talk<'_>, whose: &OperatorId, path: &Path) -> Result<Answer<OperatorKey>, Stop> {
    let question = talk.paper.question(&format!("Passphrase of {whose}, or nothing to cancel:"));
    let socket = talk.context.operator_socket();
    hear_passphrase(&mut talk.tty, &question, path, &socket, |typed| open_key_file(path, &typed))
}

fn hear_reason(talk: &mut Talk<'_>, question: &str) -> Result<Answer<Text>, Stop> {
    talk.tty.settle()?;
    questions::text(&mut talk.tty, talk.paper, question)
}

fn unchanged(talk: &mut Talk<'_>) -> Result<Go, Stop> {
    talk.say("Nothing was changed.").map(|()| Go::On)
}
