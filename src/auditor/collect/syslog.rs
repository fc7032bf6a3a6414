//! Entries as messages of syslog.

use chrono::{DateTime, Datelike as _};

use super::{Weight, appliance_of};
use crate::domain::audit::entry::Entry;
use crate::domain::audit::tree::TreeHash;
use crate::domain::text::escape;
use crate::domain::time::Timestamp;

/// The facility "log audit".
const FACILITY: u8 = 13;
/// The number for examples of RFC 5612: the project has none of its own.
const ENTERPRISE: u32 = 32_473;
/// The longest name of a host, in bytes.
const HOSTNAME_LEN_MAX: usize = 255;

/// The entry with the bytes `leaf` of the log `origin`, as one message with a line feed at its end.
///
/// The text of the message is the entry's JSON. What a terminal could obey in it is written as `\u` and four
/// digits, which is the same JSON.
///
/// # Source
/// RFC 5424 section 6.
pub fn line(origin: &str, entry: &Entry, leaf: &[u8]) -> String {
    let priority = FACILITY * 8 + severity(entry);
    let (at, host, kind) = (timestamp(entry.ts), hostname(origin), entry.body.word());
    let (data, text) = (structured_data(origin, entry, leaf), message(&String::from_utf8_lossy(leaf)));
    format!("<{priority}>1 {at} {host} portcullis - {kind} {data} \u{feff}{text}\n")
}

/// # Source
/// RFC 5424 section 6.2.1, table 2.
fn severity(entry: &Entry) -> u8 {
    match Weight::of(entry) {
        Weight::Alarm => 2,
        Weight::Warning => 4,
        Weight::Notable => 5,
        Weight::Routine => 6,
    }
}

/// Milliseconds in UTC; `-` for what four digits of a year cannot say.
fn timestamp(at: Timestamp) -> String {
    let at = i64::try_from(at.ms()).ok().and_then(DateTime::from_timestamp_millis);
    let at = at.filter(|at| at.year() <= 9_999);
    at.map_or_else(|| "-".to_owned(), |at| at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

fn hostname(origin: &str) -> String {
    let graphic = |c: char| if c.is_ascii_graphic() { c } else { '?' };
    let name: String = appliance_of(origin).chars().take(HOSTNAME_LEN_MAX).map(graphic).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

fn structured_data(origin: &str, entry: &Entry, leaf: &[u8]) -> String {
    let clock = super::clock_word(entry);
    let parameters = [
        ("seq", Some(entry.seq.to_string())),
        ("origin", Some(origin.to_owned())),
        ("epoch", Some(entry.epoch.to_string())),
        ("request", entry.body.request().map(ToString::to_string)),
        ("actor", Some(entry.actor.join(","))),
        ("clock", Some(clock.to_owned())),
        ("evaluation", Some(entry.evaluation.to_string())),
        ("leaf", Some(TreeHash::of_leaf(leaf).to_string())),
    ];
    let written = parameters
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| format!(" {name}=\"{}\"", parameter(&value))));
    format!("[portcullis@{ENTERPRISE}{}]", written.collect::<String>())
}

/// # Source
/// RFC 5424 section 6.3.3: `"`, `\` and `]` stand behind a `\`.
fn parameter(value: &str) -> String {
    let mut written = String::with_capacity(value.len());
    for c in escape(value).chars() {
        if matches!(c, '"' | '\\' | ']') {
            written.push('\\');
        }
        written.push(c);
    }
    written
}

/// JSON whose texts hold nothing that a terminal could obey, hide or reorder.
fn message(json: &str) -> String {
    let mut written = String::with_capacity(json.len());
    for c in json.chars() {
        let plain = if c.is_ascii() { !c.is_control() } else { !is_deceptive(c) };
        if plain {
            written.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                written.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    written
}

fn is_deceptive(c: char) -> bool {
    let mut buffer = [0; 4];
    let text = c.encode_utf8(&mut buffer);
    escape(text) != *text
}
