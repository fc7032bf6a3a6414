//! The request for a bundle of the log, question after question.

use super::Talk;
use crate::cli::failure::Stop;
use crate::cli::plain::questions;
use crate::cli::tty::Answer;
use crate::domain::operator::AgeRecipient;
use crate::domain::request::doc::Subject;
use crate::domain::text::Text;
use crate::domain::wire::operator::Ask;
use crate::domain::wire::operator::audit::AuditAsk;

/// Goes on with what was given, and out of the function with anything else.
macro_rules! given {
    ($answer:expr) => {
        match $answer {
            Answer::Given(given) => given,
            Answer::Cancelled => return Ok(Answer::Cancelled),
            Answer::Silent => return Ok(Answer::Silent),
        }
    };
}

/// Asks for everything that the request takes. What it must have cancels it when nothing is typed.
pub fn ask(talk: &mut Talk<'_>) -> Result<Answer<Ask>, Stop> {
    talk.say("Two others approve it. The bundle ends with a checkpoint that is made for it.")?;
    talk.tty.settle()?;
    let (tty, paper) = (&mut talk.tty, talk.paper);
    let medium = given!(questions::text(tty, paper, "Onto which medium, or to whom")?);
    let question = "The first entry, or nothing for where the last bundle ended:";
    let from = given!(questions::optional(tty, paper, question, number)?);
    let question = "The number of the seal that it is put under, or nothing:";
    let seal = given!(questions::optional(tty, paper, question, Text::parse)?);
    const WHOM: &str = "Whom it is encrypted to: an age recipient at each question. Nothing ends them; without \
                        any it leaves in the clear.";
    tty.say(&paper.sentence(WHOM))?;
    let mut recipients = Vec::new();
    while recipients.len() < Subject::RECIPIENTS_MAX {
        // Short: a recipient has 62 characters, and a line 79.
        match given!(questions::optional(tty, paper, "Recipient:", AgeRecipient::parse)?) {
            Some(recipient) => recipients.push(recipient),
            None => break,
        }
    }
    let reason = given!(questions::text(tty, paper, "Reason")?);
    let ticket = given!(questions::text(tty, paper, "Ticket")?);
    let question = Box::new(AuditAsk::Request { from, medium, seal, recipients, reason, ticket });
    Ok(Answer::Given(Ask::Audit { question }))
}

fn number(typed: &str) -> Result<u64, String> {
    typed.parse().map_err(|_| format!("{typed:?} is not the number of an entry"))
}
