//! Entries of the log, as far as a screen wants them.

use crate::console::event::LogRange;
use crate::console::model::{Log, LogEntry};
use crate::desk::client::Client;
use crate::desk::entry_words;
use crate::desk::error::DeskError;
use crate::domain::audit::entry::Entry;
use crate::domain::text::escape;
use crate::domain::wire::operator::{Ask, Reply};

/// Reads a part of a log of `size` leaves.
///
/// # Errors
/// Those of [`Client::ask`].
pub(super) fn read(client: &mut Client, range: LogRange, size: u64) -> Result<Log, DeskError> {
    let (mut next, end) = match range {
        LogRange::Tail => (size.saturating_sub(Log::PAGE), size),
        LogRange::From(from) => (from, size),
        LogRange::Before(before) => (before.saturating_sub(Log::PAGE), before),
    };
    let mut log = Log { size, ..Log::default() };
    loop {
        let count = u32::try_from(end.saturating_sub(next)).unwrap_or(u32::MAX);
        let Reply::Entries { leaves, size, root } = client.ask(&Ask::Entries { from: next, count })? else {
            return Err(DeskError::Protocol { asked: "the log" });
        };
        (log.size, log.root) = (size, root);
        let before = next;
        for leaf in leaves {
            log.entries.push(told(next, leaf));
            next += 1;
        }
        if next >= end || next == before {
            return Ok(log);
        }
    }
}

/// An entry as a list tells it; one that this program cannot read is there all the same.
fn told(seq: u64, leaf: String) -> LogEntry {
    match Entry::from_leaf(seq, leaf.as_bytes()) {
        Ok(entry) => LogEntry {
            seq,
            at: Some(entry.ts),
            word: entry.body.word().to_owned(),
            actor: escape(&entry.actor.join(", ")),
            about: escape(&entry_words::about(&entry)),
            leaf,
        },
        Err(error) => LogEntry {
            seq,
            at: None,
            word: "unreadable".to_owned(),
            actor: String::new(),
            about: escape(&error.to_string()),
            leaf,
        },
    }
}
