//! Entries as messages of syslog, read by the letter of RFC 5424, and the reader tried on another's messages.

use std::process::Command;

use portcullis::auditor::collect::syslog;
use portcullis::domain::audit::entry::{Body, Entry};
use portcullis::domain::audit::tree::TreeHash;
use portcullis::domain::time::Timestamp;
use serde_json::Value;

use crate::samples::{AT, ORIGIN, entry, refused, samples};

/// One message, taken apart.
#[derive(Debug)]
struct Message {
    priority: u32,
    timestamp: String,
    hostname: String,
    app: String,
    process: String,
    kind: String,
    data: Vec<(String, Vec<(String, String)>)>,
    text: String,
}

impl Message {
    fn parameter(&self, name: &str) -> Option<&str> {
        let (id, parameters) = self.data.first()?;
        assert_eq!(id, "portcullis@32473");
        parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// `NILVALUE` or printable ASCII, at most `max`.
fn field(text: &mut &str, max: usize) -> String {
    let end = text.find(' ').expect("a blank after a field");
    let value = text[..end].to_owned();
    assert!((1..=max).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic()), "{value:?}");
    *text = &text[end + 1..];
    value
}

/// # Source
/// RFC 5424 section 6.2.3: `TIME-SECFRAC` has 1 to 6 digits, and there are no leap seconds.
fn check_timestamp(text: &str) {
    let shape = |pattern: &str, text: &str| {
        let fits = |(p, t): (char, char)| if p == '0' { t.is_ascii_digit() } else { p == t };
        pattern.len() == text.len() && pattern.chars().zip(text.chars()).all(fits)
    };
    let (date, rest) = text.split_at("0000-00-00T00:00:00".len());
    assert!(shape("0000-00-00T00:00:00", date), "{text}");
    let end = rest.find(['Z', '+', '-']).expect("an offset");
    let (fraction, offset) = rest.split_at(end);
    let digits = fraction.strip_prefix('.').unwrap_or("0");
    assert!((1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()), "{text}");
    assert!(offset == "Z" || shape("+00:00", offset) || shape("-00:00", offset), "{text}");
}

fn name(text: &str) -> String {
    let allowed = |b: u8| b.is_ascii_graphic() && !matches!(b, b'=' | b']' | b'"');
    let end = text.bytes().position(|b| !allowed(b)).expect("an end");
    assert!((1..=32).contains(&end), "{text}");
    text[..end].to_owned()
}

/// One `SD-ELEMENT`, after its `[`.
fn element<'a>(mut rest: &'a str, into: &mut Vec<(String, Vec<(String, String)>)>) -> &'a str {
    let id = name(rest);
    rest = &rest[id.len()..];
    let mut parameters = Vec::new();
    while let Some(after) = rest.strip_prefix(' ') {
        let key = name(after);
        rest = after[key.len()..].strip_prefix("=\"").expect("a value");
        let (mut value, mut characters) = (String::new(), rest.char_indices());
        loop {
            match characters.next().expect("the end of a value") {
                (at, '"') => {
                    rest = &rest[at + 1..];
                    break;
                }
                (_, '\\') => match characters.next().expect("what is escaped") {
                    (_, c @ ('"' | '\\' | ']')) => value.push(c),
                    (_, other) => panic!("{other:?} needs no escape"),
                },
                (at, ']') => panic!("a bare ] at {at} of {rest}"),
                (_, c) => value.push(c),
            }
        }
        parameters.push((key, value));
    }
    into.push((id, parameters));
    rest.strip_prefix(']').expect("the end of an element")
}

/// # Source
/// RFC 5424 section 6, by its ABNF.
fn read(line: &str) -> Message {
    let mut rest = line.strip_prefix('<').expect("a priority");
    let end = rest.find('>').expect("its end");
    let digits = &rest[..end];
    assert!(digits == "0" || !digits.starts_with('0') && digits.len() <= 3, "{digits}");
    let priority = digits.parse().expect("a number");
    assert!(priority <= 191, "{priority}");
    rest = rest[end + 1..].strip_prefix("1 ").expect("version 1");
    let timestamp = field(&mut rest, 64);
    if timestamp != "-" {
        check_timestamp(&timestamp);
    }
    let (hostname, app) = (field(&mut rest, 255), field(&mut rest, 48));
    let (process, kind) = (field(&mut rest, 128), field(&mut rest, 32));
    let mut data = Vec::new();
    if let Some(after) = rest.strip_prefix('-') {
        rest = after;
    } else {
        while let Some(after) = rest.strip_prefix('[') {
            rest = element(after, &mut data);
        }
        assert!(!data.is_empty(), "structured data or nil: {rest}");
    }
    let text = if rest.is_empty() { rest } else { rest.strip_prefix(' ').expect("a blank before the text") };
    Message { priority, timestamp, hostname, app, process, kind, data, text: text.to_owned() }
}

/// Takes a line of ours apart; what must hold of every one is checked here.
fn taken_apart(entry: &Entry, leaf: &[u8]) -> Message {
    let line = syslog::line(ORIGIN, entry, leaf);
    let line = line.strip_suffix('\n').expect("a line feed at its end");
    assert!(!line.chars().any(char::is_control), "no control characters: {line:?}");
    let message = read(line);
    let text = message.text.strip_prefix('\u{feff}').expect("a byte order mark before UTF-8");
    let said: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(said, serde_json::from_slice::<Value>(leaf).expect("JSON"), "the text is the entry");
    message
}

#[test]
fn the_reader_reads_what_another_program_writes() {
    let mut logger = Command::new("logger");
    logger.args([
        "--no-act",
        "--socket-errors=off",
        "-s",
        "--rfc5424=notq",
        "-p",
        "auth.notice",
        "-t",
        "portcullis",
    ]);
    logger.args(["--msgid", "pulled", "--sd-id", "portcullis@32473", "--sd-param", r#"seq="4""#]);
    logger.args([
        "--sd-param",
        r#"actor="a \"b\" \\ \] \u{e9}""#.replace("\\u{e9}", "\u{e9}").as_str(),
        "--",
        "text",
    ]);
    let output = logger.output().expect("logger is needed, from util-linux");
    let said = String::from_utf8(output.stderr).expect("text");
    let message = read(said.strip_suffix('\n').expect("one line"));
    assert_eq!((message.priority, message.app.as_str(), message.kind.as_str()), (37, "portcullis", "pulled"));
    assert_eq!((message.parameter("seq"), message.text.as_str()), (Some("4"), "text"));
    assert_eq!(message.parameter("actor"), Some("a \"b\" \\ ] \u{e9}"));
}

#[test]
fn every_entry_is_a_message_by_the_letter_of_the_rfc() {
    for entry in samples() {
        let leaf = entry.to_leaf().expect("a leaf");
        let message = taken_apart(&entry, &leaf);
        let Message { timestamp, hostname, app, process, kind, .. } = &message;
        assert_eq!((hostname.as_str(), app.as_str(), process.as_str()), ("mill", "portcullis", "-"));
        assert_eq!(kind, entry.body.word());
        assert_eq!(Timestamp::parse(timestamp).expect("an instant"), entry.ts, "milliseconds and all");
        let request = entry.body.request().map(ToString::to_string);
        let (seq, epoch) = (entry.seq.to_string(), entry.epoch.to_string());
        let (actor, leaf) = (entry.actor.join(","), TreeHash::of_leaf(&leaf).to_string());
        let expected = [
            ("seq", Some(seq.as_str())),
            ("origin", Some(ORIGIN)),
            ("epoch", Some(&epoch)),
            ("request", request.as_deref()),
            ("actor", Some(&actor)),
            ("leaf", Some(&leaf)),
        ];
        for (name, value) in expected {
            assert_eq!(message.parameter(name), value, "{kind}: {name}");
        }
    }
}

#[test]
fn the_priority_is_log_audit_and_how_much_it_asks_for_attention() {
    let of = |wanted: &str| {
        let entry = samples().into_iter().find(|entry| entry.body.word() == wanted).expect("a sample");
        taken_apart(&entry, &entry.to_leaf().expect("a leaf")).priority
    };
    let cases = [
        ("frozen", 13 * 8 + 2),
        ("refused", 13 * 8 + 4),
        ("passphrase-failed", 13 * 8 + 4),
        ("arm-failed", 13 * 8 + 4),
        ("pulled", 13 * 8 + 5),
        ("exported", 13 * 8 + 5),
        ("approved", 13 * 8 + 6),
        ("checkpoint", 13 * 8 + 6),
    ];
    for (kind, priority) in cases {
        assert_eq!(of(kind), priority, "{kind}");
    }
}

#[test]
fn nothing_in_an_entry_breaks_out_of_its_message() {
    let hostile = "\" x=\"1\"] [evil@1 y=\"\\\\\"]\n<0>1 - - - - - -\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{e0041}";
    let mut wild = entry(7, AT, "keeper", refused(hostile, "busy", hostile));
    wild.actor = vec![hostile.to_owned()];
    let leaf = wild.to_leaf().expect("a leaf");
    let message = taken_apart(&wild, &leaf);
    assert_eq!(message.data.len(), 1, "{message:?}");
    assert_eq!(message.parameter("seq"), Some("7"));
    let actor = message.parameter("actor").expect("an actor");
    assert!(actor.starts_with("\" x=\"1\"] [evil@1 y=\"\\\\\"]\\u{a}<0>1"), "{actor}");
    let line = syslog::line(ORIGIN, &wild, &leaf);
    assert!(!line.contains(['\u{202e}', '\u{e0041}']), "nothing that would hide or reorder: {line:?}");
}

#[test]
fn what_the_header_cannot_say_is_nil() {
    let cases = [
        ("the last millisecond", 253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ("five digits of a year", 253_402_300_800_000, "-"),
        ("the beginning", 0, "1970-01-01T00:00:00.000Z"),
    ];
    for (name, at, expected) in cases {
        let entry = entry(1, at, "keeper", Body::Stopped);
        let message = taken_apart(&entry, &entry.to_leaf().expect("a leaf"));
        assert_eq!(message.timestamp, expected, "{name}");
    }
    let entry = entry(1, AT, "keeper", Body::Stopped);
    let leaf = entry.to_leaf().expect("a leaf");
    for (origin, host) in [("example.org/", "-"), ("", "-"), ("a/b c\u{e9}", "b?c?")] {
        assert_eq!(read(syslog::line(origin, &entry, &leaf).trim_end()).hostname, host, "{origin:?}");
    }
}
