use proptest::prelude::*;

use super::samples::{caller, entry, request};
use super::*;
use crate::domain::audit::body::Body;
use crate::domain::ids::JobName;
use crate::domain::time::{ChipBoot, Timestamp};

/// Spellings that a forger or a careless writer might choose instead of others.
const SPELLINGS: [(&str, &str); 28] = [
    (",", ", "),
    (",", ",,"),
    (":", ": "),
    ("\"v\"", "\"u\""),
    ("\"v\":", "\"w\":1,\"v\":"),
    ("payroll", "PAYROLL"),
    ("null", "\"\""),
    ("\":1", "\":01"),
    ("\":1", "\":-1"),
    ("\":1", "\":\"1\""),
    (",\"epoch", ".0,\"epoch"),
    (",\"seq", "e0,\"seq"),
    (",\"ts", "0000000000,\"ts"),
    ("/", "\\/"),
    ("a", "\\u0061"),
    ("\":\"", "\":\" "),
    ("\"}", " \"}"),
    ("]", ",]"),
    ("}", ",}"),
    ("}", ",\"zz\":null}"),
    ("true", "1"),
    ("{\"actor\"", "{\"actor\":[],\"actor\""),
    (",\"type\":", ",\"type\":\"x\",\"type\":"),
    ("\"type\":\"", "\"type\":\"pulled"),
    ("\"detail\":{", "\"detail\":{\"z\":1,"),
    ("\"detail\":", "\"body\":1,\"detail\":"),
    (",\"epoch\"", ",\"detail\":null,\"epoch\""),
    ("\"kind\":", "\"kind\":\"release\",\"kind\":"),
];

/// A leaf with one thing changed, the `at`th of its kind.
fn spoil(leaf: &[u8], at: usize, how: usize, byte: u8) -> Vec<u8> {
    let text = String::from_utf8(leaf.to_vec()).expect("JSON is text");
    if let Some((old, new)) = SPELLINGS.get(how) {
        let places: Vec<usize> = text.match_indices(old).map(|(place, _)| place).collect();
        let Some(place) = places.get(at % places.len().max(1)) else { return leaf.to_vec() };
        return [&text[..*place], new, &text[place + old.len()..]].concat().into_bytes();
    }
    let (mut bytes, at) = (leaf.to_vec(), at % leaf.len());
    match how - SPELLINGS.len() {
        0 => without_a_member(&text, at),
        1 => in_another_order(&text),
        2 => {
            bytes.remove(at);
            bytes
        }
        3 => {
            bytes.insert(at, byte);
            bytes
        }
        4 => {
            bytes.truncate(at);
            bytes
        }
        5 => [leaf, &leaf[at..]].concat(),
        // The other case of a letter, among others.
        _ => {
            bytes[at] ^= 1 << (byte % 8);
            bytes
        }
    }
}

/// Canonical, and one member short.
fn without_a_member(text: &str, at: usize) -> Vec<u8> {
    let mut value: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let inner = if at % 4 > 1 && value["detail"].is_object() { &mut value["detail"] } else { &mut value };
    let members = inner.as_object_mut().expect("an object");
    if let Some(name) = members.keys().nth(at % members.len().max(1)).cloned() {
        members.remove(&name);
    }
    canonical::to_vec(&value)
}

/// The first member last.
fn in_another_order(text: &str) -> Vec<u8> {
    let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let member = |(name, value): (&String, &serde_json::Value)| format!("{name:?}:{value}");
    let mut members: Vec<String> = value.as_object().expect("an object").iter().map(member).collect();
    members.rotate_left(1);
    format!("{{{}}}", members.join(",")).into_bytes()
}

/// Whether every number in it is one that is read in one go.
fn is_plain(leaf: &[u8]) -> bool {
    const DIGITS_MAX: usize = 15;
    leaf.split(|byte| !byte.is_ascii_digit()).all(|digits| digits.len() <= DIGITS_MAX)
}

proptest! {
    #[test]
    fn an_entry_is_written_as_the_library_canonicalises_it(entry in entry()) {
        let by_the_library = serde_json_canonicalizer::to_vec(&entry).expect("JSON");
        prop_assert_eq!(String::from_utf8(write(&entry)), String::from_utf8(by_the_library));
    }

    #[test]
    fn an_entry_of_any_type_is_read_in_one_go(entry in entry()) {
        let leaf = write(&entry);
        let slow = Entry::from_any_json(&leaf).ok();
        if is_plain(&leaf) {
            let fast = read(&leaf);
            prop_assert_eq!(fast.as_ref(), Some(&entry), "{}", String::from_utf8_lossy(&leaf));
            prop_assert_eq!(slow.as_ref(), Some(&entry));
        } else if let Some(fast) = read(&leaf) {
            prop_assert_eq!(Some(fast), slow);
        }
    }

    #[test]
    fn what_is_read_is_what_the_derived_way_reads(
        entry in entry(), at in any::<usize>(), how in 0..SPELLINGS.len() + 10, byte in any::<u8>(),
    ) {
        let spoilt = spoil(&write(&entry), at, how, byte);
        let slow = Entry::from_any_json(&spoilt).ok();
        if let Some(fast) = read(&spoilt) {
            prop_assert_eq!(Some(&fast), slow.as_ref(), "{}", String::from_utf8_lossy(&spoilt));
        }
        let seq = slow.as_ref().map_or(0, |entry| entry.seq);
        prop_assert_eq!(Entry::from_leaf(seq, &spoilt).ok(), slow);
    }
}

#[test]
fn an_entry_of_ours_is_read_in_one_go() {
    let (boot, ts) = (ChipBoot { reset_count: 1, restart_count: 2 }, Timestamp::from_ms(3));
    let body = Body::Pulled {
        request: request(9),
        job: JobName::parse("a").expect("a job"),
        evidence: String::new(),
        caller: caller(""),
    };
    let clock = ClockTrust::Agrees;
    let actor = vec!["job:a".to_owned()];
    let entry = Entry { v: 1, seq: 4, ts, mono: 5, boot, clock, epoch: 6, evaluation: true, actor, body };
    assert_eq!(read(&write(&entry)), Some(entry));
}
