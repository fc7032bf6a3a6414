//! The console without a screen: who are you, what next, one fact a line.
//!
//! It is for terminals that print one line under the other, and for people who listen to theirs. It keeps the
//! rules of the screens: one operator at a time, a key that is open only to log in and to sign, an approval
//! that takes the id and the passphrase again and ends the session.

mod command;
mod desk;
mod export;

use super::context::Context;
use super::failure::{Stop, exit};
use super::passphrase;
use super::plain::Paper;
use super::tty::{self, Answer, Tty};
use crate::desk::key::key_files;
use crate::domain::ids::OperatorId;
use command::Command;
use desk::Desk;

/// Where a command leaves the operator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Go {
    /// At the next question.
    On,
    /// Logged out.
    Out,
    /// At the end.
    End,
}

/// The person at the terminal, and how to speak to them.
struct Talk<'a> {
    tty: Tty,
    paper: Paper,
    context: &'a Context,
}

impl Talk<'_> {
    fn say(&mut self, text: &str) -> Result<(), Stop> {
        let text = self.paper.sentence(text);
        self.tty.say(&text)
    }

    /// Says why something was not done. What ends the dialogue ends it here.
    fn say_failure(&mut self, stop: Stop) -> Result<u8, Stop> {
        match stop {
            Stop::Failed(failure) if failure.code != tty::GONE => {
                let text = self.paper.failure(&failure.what, &failure.advice);
                self.tty.say(&text)?;
                Ok(failure.exit)
            }
            other => Err(other),
        }
    }
}

/// Asks and answers until the operators leave; `why` there is no screen.
///
/// # Errors
/// [`Stop`] when there is no key file, or no terminal any more.
pub fn run(why: &str, context: &Context) -> Result<(), Stop> {
    let global = &context.global;
    let keys = key_files(global.key.as_deref(), context.home.dir(), global.operator.as_ref())?;
    let paper = Paper::of(&context.environment);
    let mut talk = Talk { tty: passphrase::terminal()?, paper, context };
    talk.say(&format!("Questions and answers instead of screens: {why}."))?;
    if context.home.evaluation_mark().exists() {
        talk.say("EVALUATION: a software TPM holds the keys of this appliance.")?;
    }
    let names: Vec<&str> = keys.iter().map(|(id, _)| id.as_str()).collect();
    let question = paper.question(&format!("Who are you? {}; or nothing to quit:", names.join(", ")));
    // Whoever was named is not asked: they would type a passphrase where it can be read.
    let mut named = global.operator.as_ref().map(|id| id.as_str().to_owned());
    loop {
        let who = match named.take() {
            Some(named) => named,
            // Nobody is logged in, so the question may stand for ever.
            None => match talk.tty.hear_whenever(&question) {
                Ok(Answer::Given(typed)) if !typed.is_empty() => typed,
                Ok(_) => return talk.say("Good bye."),
                Err(stop) => {
                    talk.say_failure(stop)?;
                    continue;
                }
            },
        };
        let known = OperatorId::parse(&who.to_ascii_lowercase()).ok();
        let Some((_, path)) = known.and_then(|id| keys.iter().find(|(known, _)| *known == id)) else {
            talk.say("There is no key file of that name here.")?;
            continue;
        };
        match Desk::log_in(&mut talk, path) {
            Ok(None) => {}
            Ok(Some(desk)) => {
                if serve(&mut talk, desk)? == Go::End {
                    return talk.say("Good bye.");
                }
            }
            Err(stop) => drop(talk.say_failure(stop)?),
        }
    }
}

/// Does what one operator types until they are logged out, or end it.
fn serve(talk: &mut Talk<'_>, mut desk: Desk) -> Result<Go, Stop> {
    let me = desk.me.clone();
    let question = talk.paper.question(&format!("{me}, what next?"));
    loop {
        let go = match talk.tty.hear(&question) {
            Ok(Answer::Given(line)) => match Command::parse(&line) {
                Ok(Command::Quit) => Ok(Go::End),
                Ok(command) => desk.obey(command, talk),
                Err(what) => talk.say(&format!("{what}.")).map(|()| Go::On),
            },
            Ok(Answer::Cancelled) => Ok(Go::End),
            Ok(Answer::Silent) => idle(talk),
            Err(stop) => Err(stop),
        };
        let go = match go {
            Ok(go) => go,
            Err(stop) => match talk.say_failure(stop)? {
                // A connection that broke once is of no use: who goes on logs in again.
                exit::LINK => Go::Out,
                _ => Go::On,
            },
        };
        match go {
            Go::On => {}
            Go::Out => {
                talk.say(&format!("{me} is logged out."))?;
                return Ok(Go::Out);
            }
            Go::End => return Ok(Go::End),
        }
    }
}

fn idle(talk: &mut Talk<'_>) -> Result<Go, Stop> {
    talk.say("Nobody typed anything for 2 minutes.").map(|()| Go::Out)
}
