//! What a signature covers, read back out of the very bytes that are signed.
//!
//! Every value in the JSON becomes one line, known or not, and two different byte strings never give the
//! same lines: a person sees all of what they put their name to.

use serde_json::Value;

use crate::domain::request::doc::ReleaseWindow;
use crate::domain::text::escape;
use crate::domain::time::{Length, Timestamp};

/// One value out of signed bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fact {
    /// Where it stands, in dots: `subject.credential`.
    pub path: String,
    /// The word for it.
    pub label: String,
    /// The value for a person, with everything escaped that a terminal could obey.
    pub value: String,
}

/// Signed bytes that are not JSON; nothing of ours makes them.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the bytes to be signed cannot be read back: {why}")]
pub struct Unreadable {
    /// What the parser said.
    pub why: String,
}

/// How a number or a pair of numbers is to be told.
#[derive(Clone, Copy)]
enum Form {
    Plain,
    Instant,
    Length,
    Interval,
    People,
}

/// A path, the word for it, and how it is told.
type Known = (&'static str, &'static str, Form);

/// The order, the words and the forms of what is known; what is not follows under its path.
const KNOWN: &[Known] = &[
    ("id", "request", Form::Plain),
    ("origin", "appliance", Form::Plain),
    ("subject.kind", "kind", Form::Plain),
    ("subject.credential", "credential", Form::Plain),
    ("subject.generation", "generation", Form::Plain),
    ("subject.job", "for job", Form::Plain),
    ("subject.window.from-arming.length_ms", "window", Form::Length),
    ("subject.window.fixed.interval", "window", Form::Interval),
    ("subject.pulls", "pulls", Form::Plain),
    ("subject.channel", "leaves by", Form::Plain),
    ("subject.client.job", "client", Form::Plain),
    ("subject.client.grants", "may ask for", Form::Plain),
    ("subject.client.selectors", "must match", Form::Plain),
    ("subject.client.reason", "its reason", Form::Plain),
    ("subject.client.owner", "its owner", Form::Plain),
    ("subject.from", "entries from", Form::Plain),
    ("subject.medium", "medium", Form::Plain),
    ("subject.seal", "seal", Form::Plain),
    ("subject.recipients", "encrypted to", Form::People),
    ("reason", "reason", Form::Plain),
    ("ticket", "ticket", Form::Plain),
    ("requester", "asked by", Form::Plain),
    ("on_behalf_of", "on behalf of", Form::Plain),
    ("made", "asked at", Form::Instant),
    ("decision_ends", "decide until", Form::Instant),
    ("evidence", "evidence", Form::Plain),
    ("policy", "policy", Form::Plain),
    ("roster", "roster", Form::Plain),
    ("nonce", "nonce", Form::Plain),
    ("v", "format", Form::Plain),
    ("operator", "you are", Form::Plain),
    ("verdict", "you sign", Form::Plain),
    ("window.from-arming.length_ms", "your window", Form::Length),
    ("window.fixed.interval", "your window", Form::Interval),
    ("window", "your window", Form::Plain),
    ("pulls", "your pulls", Form::Plain),
];

/// The same for what stands around an entry of the log; what happened follows under its path.
const KNOWN_OF_ENTRY: &[Known] = &[
    ("seq", "entry", Form::Plain),
    ("ts", "written at", Form::Instant),
    ("type", "what", Form::Plain),
    ("actor", "who", Form::Plain),
    ("epoch", "epoch", Form::Plain),
    ("boot.reset_count", "boot", Form::Plain),
    ("boot.restart_count", "restart", Form::Plain),
    ("mono", "chip clock", Form::Plain),
    ("evaluation", "EVALUATION", Form::Plain),
    ("v", "format", Form::Plain),
];

/// Reads all facts out of the canonical bytes of a request or an approval, the known ones first and in order.
///
/// # Errors
/// [`Unreadable`] when the bytes are not JSON.
pub fn facts(canonical: &[u8]) -> Result<Vec<Fact>, Unreadable> {
    facts_by(KNOWN, canonical)
}

/// Reads all facts out of the canonical bytes of an entry.
///
/// # Errors
/// [`Unreadable`] when the bytes are not JSON.
pub fn entry_facts(leaf: &[u8]) -> Result<Vec<Fact>, Unreadable> {
    facts_by(KNOWN_OF_ENTRY, leaf)
}

fn facts_by(table: &[Known], canonical: &[u8]) -> Result<Vec<Fact>, Unreadable> {
    let value: Value = serde_json::from_slice(canonical).map_err(|e| Unreadable { why: e.to_string() })?;
    let mut leaves = Vec::new();
    collect(table, &value, "", &mut leaves);
    leaves.sort_by_key(|(path, _)| known(table, path).map_or(table.len(), |(place, ..)| place));
    let fact = |(path, value): (String, Value)| match known(table, &path) {
        Some((_, label, form)) => Fact { label: label.to_owned(), value: tell(&value, form), path },
        None => Fact { label: path.clone(), value: tell(&value, Form::Plain), path },
    };
    Ok(leaves.into_iter().map(fact).collect())
}

/// The table row for a path; an element of a list has that of its list.
fn known(table: &[Known], path: &str) -> Option<(usize, &'static str, Form)> {
    let list = path.rsplit_once('.').filter(|(_, last)| last.bytes().all(|b| b.is_ascii_digit()));
    let wanted = list.map_or(path, |(list, _)| list);
    // A statement carries the whole request.
    let wanted = wanted.strip_prefix("request.").unwrap_or(wanted);
    let place = table.iter().position(|(known, ..)| *known == wanted)?;
    Some((place, table[place].1, table[place].2))
}

fn collect(table: &[Known], value: &Value, path: &str, leaves: &mut Vec<(String, Value)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let is_interval = matches!(known(table, path), Some((_, _, Form::Interval)));
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(key, value)| collect(table, value, &below(key), leaves));
        }
        Value::Array(elements) if !elements.is_empty() && !is_interval => {
            let numbered = elements.iter().enumerate();
            numbered.for_each(|(index, value)| collect(table, value, &below(&index.to_string()), leaves));
        }
        leaf => leaves.push((path.to_owned(), leaf.clone())),
    }
}

fn tell(value: &Value, form: Form) -> String {
    let number = value.as_u64();
    let told = match (form, value) {
        (Form::Instant, _) => number.map(instant),
        (Form::Length, _) => number.map(length),
        (Form::Interval, Value::Array(ends)) => match ends.as_slice() {
            [opens, closes] => opens.as_u64().zip(closes.as_u64()).map(|(o, c)| interval_words(o, c)),
            _ => None,
        },
        // No recipient is written like this.
        (Form::People, Value::Array(people)) if people.is_empty() => {
            Some("(nobody: it leaves in the clear)".to_owned())
        }
        (Form::Plain | Form::Interval | Form::People, _) => None,
    };
    told.unwrap_or_else(|| match value {
        Value::String(text) => escape(text),
        // No id is written like this: an operator may be called "none".
        Value::Null => "(none)".to_owned(),
        other => escape(&other.to_string()),
    })
}

/// To the millisecond where there are any, so that no two instants look alike.
fn instant(ms: u64) -> String {
    let text = Timestamp::from_ms(ms).to_string();
    match (ms % 1_000, text.strip_suffix('Z')) {
        (0, _) | (_, None) => text,
        (rest, Some(seconds)) => format!("{seconds}.{rest:03}Z"),
    }
}

/// A window of which somebody has approved, as [`facts`] tells the one that was asked for.
pub fn window_words(window: ReleaseWindow) -> String {
    match window {
        ReleaseWindow::FromArming { length_ms } => length(length_ms.ms()),
        ReleaseWindow::Fixed { interval } => interval_words(interval.opens().ms(), interval.closes().ms()),
    }
}

fn interval_words(opens_ms: u64, closes_ms: u64) -> String {
    format!("{} to {}", instant(opens_ms), instant(closes_ms))
}

fn length(ms: u64) -> String {
    let tell = |count: u64, unit: &str| format!("{count} {unit} from the last approval");
    match ms {
        _ if ms > 0 && ms.is_multiple_of(Length::from_minutes(1).ms()) => tell(ms / 60_000, "min"),
        _ if ms.is_multiple_of(1_000) => tell(ms / 1_000, "s"),
        _ => tell(ms, "ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;
    use crate::domain::request::doc::ApprovalStatement;

    /// What a person sees.
    fn lines(bytes: &[u8]) -> Vec<(String, String)> {
        facts(bytes).expect("JSON").into_iter().map(|fact| (fact.label, fact.value)).collect()
    }

    /// Calls `visit` with each leaf of `value` changed in turn.
    fn with_each_leaf_changed(value: &Value, visit: &mut dyn FnMut(&str, Value)) {
        let children: Vec<String> = match value {
            Value::Object(fields) => fields.keys().map(|key| format!("/{key}")).collect(),
            Value::Array(elements) => (0..elements.len()).map(|index| format!("/{index}")).collect(),
            _ => Vec::new(),
        };
        for child in children {
            let inner = value.pointer(&child).expect("it was just listed").clone();
            if !inner.is_object() && !inner.is_array() {
                let mut changed = value.clone();
                *changed.pointer_mut(&child).expect("it was just listed") = match &inner {
                    Value::Number(number) => Value::from(number.as_u64().expect("whole") + 1),
                    Value::String(text) => Value::from(format!("{text}x")),
                    _ => Value::from("something"),
                };
                visit(&child, changed);
            }
            with_each_leaf_changed(&inner, &mut |path, changed_inner| {
                let mut changed = value.clone();
                *changed.pointer_mut(&child).expect("it was just listed") = changed_inner;
                visit(&format!("{child}{path}"), changed);
            });
        }
    }

    #[test]
    fn a_change_of_any_signed_value_is_seen() {
        let operator = samples::operator("bo");
        for view in samples::requests() {
            let statement = ApprovalStatement::as_asked(operator.clone(), view.doc.clone());
            for bytes in [view.doc.canonical(), statement.canonical()] {
                let shown = lines(&bytes);
                let value: Value = serde_json::from_slice(&bytes).expect("our own bytes");
                let mut changes = 0;
                with_each_leaf_changed(&value, &mut |path, changed| {
                    let changed = serde_json::to_vec(&changed).expect("JSON");
                    assert_ne!(lines(&changed), shown, "{path} may change unseen");
                    changes += 1;
                });
                assert!(changes >= shown.len(), "{changes} of {}", shown.len());
            }
        }
    }

    #[test]
    fn what_is_not_known_is_shown_under_its_path_and_escaped() {
        let bytes = br#"{"id":"7K2M","subject":{"new":{"field":[1,"\u001b[2J\u202e"]}},"odd":{}}"#;
        let expected = [
            ("request", "7K2M"),
            ("odd", "{}"),
            ("subject.new.field.0", "1"),
            ("subject.new.field.1", "\\u{1b}[2J\\u{202e}"),
        ];
        let expected: Vec<_> = expected.iter().map(|(l, v)| ((*l).to_owned(), (*v).to_owned())).collect();
        assert_eq!(lines(bytes), expected);
        assert!(facts(b"not JSON").is_err());
    }
}
