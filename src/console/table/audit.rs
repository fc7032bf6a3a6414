//! What happened, the newest first.

use super::{Cell, Column, Table, month_minute};
use crate::console::model::{Log, LogEntry, RowId, Session};
use crate::console::view::theme::Role;
use crate::domain::time::Timestamp;

const COLUMNS: &[Column] = &[
    Column::new("ENTRY", 8),
    Column::new("WHEN", 14),
    Column::new("WHAT", 17),
    Column::new("WHO", 16),
    Column::rest("ABOUT"),
];

pub(super) struct Audit<'a>(pub &'a Session);

impl Table for Audit<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.0.log.entries.len()
    }

    fn order(&self) -> Vec<usize> {
        (0..self.count()).rev().collect()
    }

    fn id(&self, place: usize) -> Option<RowId> {
        self.0.log.entries.get(place).map(|entry| RowId::Entry(entry.seq))
    }

    fn cells(&self, place: usize, _: Timestamp) -> Vec<Cell> {
        let Some(entry) = self.0.log.entries.get(place) else { return Vec::new() };
        vec![
            Cell::plain(entry.seq.to_string()),
            Cell::plain(when(entry)),
            Cell { text: entry.word.clone(), role: role(&entry.word) },
            Cell::plain(entry.actor.clone()),
            Cell::plain(entry.about.clone()),
        ]
    }

    fn line(&self, place: usize, _: Timestamp) -> String {
        let Some(entry) = self.0.log.entries.get(place) else { return String::new() };
        format!("{} {} {} {} {}", entry.seq, when(entry), entry.word, entry.about, entry.actor)
    }

    fn words(&self, place: usize, words: &mut String) {
        let Some(entry) = self.0.log.entries.get(place) else { return };
        for word in [&entry.seq.to_string(), &when(entry), &entry.word, &entry.actor, &entry.about] {
            words.push_str(word);
            words.push(' ');
        }
    }

    fn nothing(&self) -> &'static str {
        "No entry has been read yet."
    }

    fn notes(&self, _: usize, now: Timestamp) -> Vec<String> {
        let log = &self.0.log;
        let root = log.root.get(..16).unwrap_or_default();
        vec![
            format!("{} entries, epoch {}, root {root}..", log.size, self.0.status.epoch),
            checkpoint_words(log, now),
        ]
    }
}

/// The newest checkpoint: its size, its age, and who cosigned it.
fn checkpoint_words(log: &Log, now: Timestamp) -> String {
    let mut cosigners = Vec::new();
    for entry in log.entries.iter().rev() {
        match entry.word.as_str() {
            "cosigned" => cosigners.push(entry.actor.strip_prefix("operator:").unwrap_or(&entry.actor)),
            "checkpoint" => {
                cosigners.reverse();
                let people = if cosigners.is_empty() { "nobody".to_owned() } else { cosigners.join(", ") };
                let at = entry
                    .at
                    .map_or_else(String::new, |at| format!(", {}, {}", month_minute(at), age(at, now)));
                return format!("checkpoint of {} entries{at}, cosigned by {people}", entry.seq + 1);
            }
            _ => {}
        }
    }
    match log.has_older() {
        true => "no checkpoint among the entries that were read: o reads older ones".to_owned(),
        false => "no checkpoint yet".to_owned(),
    }
}

/// In hours, then in days: on a slow line the minutes would not be worth their bytes.
fn age(at: Timestamp, now: Timestamp) -> String {
    const HOUR_MS: u64 = 3_600_000;
    let hours = at.until(now).ms() / HOUR_MS;
    match hours {
        0 => "under 1 h old".to_owned(),
        1..48 => format!("{hours} h old"),
        _ => format!("{} days old", hours / 24),
    }
}

/// `11-23 13:59:10`.
fn when(entry: &LogEntry) -> String {
    let text = entry.at.map(|at| at.to_string()).unwrap_or_default();
    text.get(5..19).unwrap_or_default().replace('T', " ")
}

fn role(word: &str) -> Role {
    match word {
        "refused" | "passphrase-failed" | "arm-failed" | "unreadable" => Role::Bad,
        "frozen" | "revoked" | "denied" | "pull-returned" => Role::Warn,
        _ => Role::Plain,
    }
}
