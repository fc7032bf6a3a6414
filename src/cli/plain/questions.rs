//! Questions whose empty answer cancels, and answers that are asked for again until they fit.

use std::fmt::Display;

use super::Paper;
use crate::cli::failure::Stop;
use crate::cli::tty::{Answer, Tty};
use crate::domain::text::{Text, TextError};

/// Asks until the answer fits; nothing typed is a way out.
pub fn value<T, E: Display>(
    tty: &mut Tty,
    paper: Paper,
    question: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Answer<T>, Stop> {
    Ok(match optional(tty, paper, &format!("{question}, or nothing to cancel:"), parse)? {
        Answer::Given(Some(value)) => Answer::Given(value),
        Answer::Given(None) | Answer::Cancelled => Answer::Cancelled,
        Answer::Silent => Answer::Silent,
    })
}

/// Asks until the answer fits; nothing typed is an answer too.
pub fn optional<T, E: Display>(
    tty: &mut Tty,
    paper: Paper,
    question: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Answer<Option<T>>, Stop> {
    let question = paper.question(question);
    loop {
        let typed = match tty.hear(&question)? {
            Answer::Given(typed) if typed.is_empty() => return Ok(Answer::Given(None)),
            Answer::Given(typed) => typed,
            Answer::Cancelled => return Ok(Answer::Cancelled),
            Answer::Silent => return Ok(Answer::Silent),
        };
        match parse(&typed) {
            Ok(value) => return Ok(Answer::Given(Some(value))),
            Err(error) => tty.say(&paper.sentence(&format!("{error}. Try again.")))?,
        }
    }
}

/// Asks for a reason or a ticket.
pub fn text(tty: &mut Tty, paper: Paper, question: &str) -> Result<Answer<Text>, Stop> {
    value::<_, TextError>(tty, paper, question, Text::parse)
}
