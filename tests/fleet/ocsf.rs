//! Entries as events of OCSF, and the table of the document that says which is which.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::auditor::collect::ocsf;
use portcullis::domain::audit::entry::Entry;
use portcullis::domain::audit::tree::TreeHash;
use portcullis::domain::canonical;
use serde_json::Value;

use crate::samples::{ORIGIN, all_words, samples};

/// What every class of version 1.3.0 requires, and what our classes require of their own.
const REQUIRED: [&str; 8] =
    ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid", "device"];
const OF_CLASS: [(u64, &[&str]); 3] =
    [(3_002, &["user", "service"]), (3_004, &["entity"]), (6_002, &["app"])];

fn written(entry: &Entry) -> (String, Value) {
    let line = ocsf::line(ORIGIN, entry, &entry.to_leaf().expect("a leaf"));
    let value = serde_json::from_str(&line).expect("JSON");
    (line, value)
}

#[test]
fn an_event_has_what_its_class_requires_and_all_that_the_entry_says() {
    let mut uids = BTreeSet::new();
    for entry in samples() {
        let (leaf, (line, event)) = (entry.to_leaf().expect("a leaf"), written(&entry));
        let word = entry.body.word();
        assert!(!line.contains('\n') && canonical::is_canonical(line.as_bytes()), "{word}: {line}");
        assert_eq!(line, ocsf::line(ORIGIN, &entry, &leaf), "{word}: the same each time");
        let class = event["class_uid"].as_u64().expect("a class");
        let (_, own) = OF_CLASS.iter().find(|(uid, _)| *uid == class).expect("a class that we use");
        for name in REQUIRED.iter().chain(*own) {
            assert!(!event[*name].is_null(), "{word} lacks {name}");
        }
        let number = |name: &str| event[name].as_u64().expect("a number");
        assert_eq!(number("type_uid"), class * 100 + number("activity_id"), "{word}");
        assert_eq!((number("category_uid"), number("time")), (class / 1_000, entry.ts.ms()), "{word}");
        let raw: Value = serde_json::from_slice(&leaf).expect("JSON");
        for name in ["actor", "boot", "clock", "detail", "epoch", "evaluation", "mono", "v"] {
            assert_eq!(event["unmapped"].get(name), raw.get(name), "{word}: {name} as the entry has it");
        }
        assert_eq!(event["unmapped"]["leaf_hash"], TreeHash::of_leaf(&leaf).to_string(), "{word}");
        assert_eq!(event["metadata"]["sequence"], entry.seq, "{word}");
        assert_eq!(event["metadata"]["event_code"], word);
        assert!(uids.insert(event["metadata"]["uid"].to_string()), "{word}: one event, one uid");
    }
    assert!(uids.contains("\"example.org/mill#0\""), "{uids:?}");
}

#[test]
fn a_person_a_job_and_a_request_are_where_collectors_look_for_them() {
    let events: Vec<Value> = samples().iter().map(|entry| written(entry).1).collect();
    let of = |code: &str| events.iter().find(|event| event["metadata"]["event_code"] == code).expect("one");
    let cases = [
        ("approved", "/metadata/correlation_uid", "example.org/mill/7K2M"),
        ("approved", "/entity/uid", "7K2M"),
        ("deposited", "/entity/uid", "racf/prod01"),
        ("deposited", "/entity/version", "1"),
        ("requested", "/entity/name", "racf/prod01"),
        ("denied", "/comment", "not tonight"),
        ("passphrase-failed", "/user/name", "alice"),
        ("passphrase-failed", "/status", "Failure"),
        ("refused", "/status_code", "not-granted"),
        ("frozen", "/severity", "High"),
        ("started", "/app/version", "0.1.0"),
        ("setup", "/device/hostname", "mill"),
        ("setup", "/metadata/labels/0", "evaluation"),
        ("setup", "/actor/user/uid", "operator:alice"),
    ];
    for (code, place, expected) in cases {
        assert_eq!(of(code).pointer(place).and_then(Value::as_str), Some(expected), "{code} {place}");
    }
    let alarmed = events.iter().find(|event| event["unmapped"]["clock"] == "alarm").expect("one");
    assert_eq!(alarmed["severity_id"], 3, "a clock that somebody set is worth a look");
}

#[test]
fn the_document_says_what_class_and_activity_each_type_has() {
    let document = include_str!("../../docs/fleet.md");
    let rows = document.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let words: Vec<&str> = cells.get(1)?.split(", ").map(|word| word.trim_matches('`')).collect();
        let known = words.iter().all(|word| all_words().contains(*word)) && cells.len() == 7;
        known.then(|| (words, cells[2].to_owned(), cells[3].to_owned(), cells[4].to_owned()))
    });
    let mut documented = BTreeMap::new();
    for (words, class, activity, status) in rows {
        for word in words {
            let earlier = documented.insert(word, (class.clone(), activity.clone(), status.clone()));
            assert_eq!(earlier, None, "{word} has two rows");
        }
    }
    assert_eq!(documented.len(), all_words().len(), "a row for each type");
    for entry in samples() {
        let (event, word) = (written(&entry).1, entry.body.word());
        let (class, activity, status) = &documented[word];
        let text = |name: &str| event[name].as_str().expect("a text").to_owned();
        let number = |name: &str| event[name].as_u64().expect("a number");
        assert_eq!(format!("{} {}", number("class_uid"), text("class_name")), *class, "{word}");
        let written = format!("{} {}", number("activity_id"), text("activity_name"));
        assert!(activity.split(" or ").any(|allowed| allowed == written), "{word}: {written}");
        assert!(status.split(" or ").any(|allowed| allowed == text("status")), "{word}: {}", text("status"));
    }
}
