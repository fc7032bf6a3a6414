//! Standard output and standard error: the only place that writes to them.
//!
//! Data goes to standard output, everything else to standard error. A closed standard output ends a
//! command quietly, unless what it carried was a credential.

use std::io::{self, Write as _};

use rustix::io::Errno;
use serde::Serialize;

use super::failure::{Failure, Stop};
use super::plain::Paper;
use crate::domain::text::escape;

/// Standard output of one command.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Whether a program reads.
    pub json: bool,
}

impl Screen {
    /// Writes one line.
    pub fn line(self, text: &str) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        ended(out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")))
    }

    /// Writes a value as one line of JSON.
    pub fn json<T: Serialize>(self, value: &T) -> Result<(), Stop> {
        let text = serde_json::to_string(value);
        // Values here are messages of ours: strings, integers, lists and maps with string keys.
        self.line(&text.expect("our own messages encode as JSON"))
    }

    /// Writes rows under their heads, every column as wide as its widest cell.
    ///
    /// Cells are expected to be escaped already; see [`shown`].
    pub fn table(self, heads: &[&str], rows: &[Vec<String>]) -> Result<(), Stop> {
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([heads[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let set = |cells: &mut dyn Iterator<Item = &str>| {
            let padded = cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.line(&set(&mut heads.iter().copied()))?;
        rows.iter().try_for_each(|row| self.line(&set(&mut row.iter().map(String::as_str))))
    }

    /// Writes pairs, the names in one column.
    pub fn facts(self, facts: &[(&str, String)]) -> Result<(), Stop> {
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        facts.iter().try_for_each(|(name, value)| self.line(&format!("{name:width$}  {value}")))
    }

    /// Writes text as it is: help, completions, a man page.
    pub fn text(self, text: &[u8]) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        ended(out.write_all(text).and_then(|()| out.flush()))
    }
}

/// Writes a credential to standard output, exactly its bytes, past every buffer that would keep them.
///
/// # Errors
/// A closed standard output is a failure here: the credential has left and nobody has it.
pub fn credential(bytes: &[u8]) -> Result<(), Stop> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), rest) {
            Ok(count) => rest = &rest[count..],
            Err(Errno::INTR) => {}
            Err(error) => {
                let what = format!("the credential could not be written to standard output: {error}");
                return Err(Failure::link("output", what, "the pull is spent; ask for another window").into());
            }
        }
    }
    Ok(())
}

/// Says something to the person, on standard error.
pub fn note(text: &str) {
    // There is nobody to tell that nobody can be told.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says why a command failed: two lines on standard error, broken where there is `paper` to write on.
pub fn failed(failure: &Failure, paper: Option<Paper>) {
    let (what, advice) = (one_line(&failure.what), one_line(&failure.advice));
    match paper {
        Some(paper) => note(paper.failure(&what, &advice).trim_end()),
        None => note(&format!("portcullis: {what}\n  {advice}")),
    }
}

/// Says the same to a program, as an object on standard output.
pub fn failed_object(failure: &Failure) {
    #[derive(Serialize)]
    struct Wrapped<'a> {
        error: &'a Failure,
    }
    // A closed output changes nothing: the exit code tells.
    let _ = Screen { json: true }.json(&Wrapped { error: failure });
}

/// Text of others as a terminal may be given it, or `-` for none.
pub fn shown(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { escape(text) }
}

fn one_line(text: &str) -> String {
    escape(&text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" "))
}

fn ended(written: io::Result<()>) -> Result<(), Stop> {
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::OutputClosed,
        _ => {
            let what = format!("standard output cannot be written: {error}");
            Failure::unexpected("output", what, "look at the disk or the pipe it goes to").into()
        }
    })
}
