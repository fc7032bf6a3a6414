//! The JSON Schemas of entries against the entries, by a validator that this project did not write.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::samples::{all_words, samples};
use crate::story::story;

/// Objects whose members are named by what they are about, so that any of them may be missing.
const MAPS: [&str; 2] = ["voided", "signatures"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/audit")
}

/// A name, the schema and what is to be validated.
type Case = (String, &'static str, Value);

/// What the validator has against each, by name.
fn complaints(cases: &[Case]) -> BTreeMap<String, Option<String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fleet/schemas.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(folder()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("python3 is needed, with jsonschema: ./packaging/setup.sh --test");
    let lines: Vec<String> =
        cases.iter().map(|(name, schema, value)| json!([name, schema, value]).to_string() + "\n").collect();
    let mut input = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || drop(input.write_all(lines.concat().as_bytes())));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("all is written");
    assert!(output.status.success(), "python3-jsonschema is needed: ./packaging/setup.sh --test");
    let text = String::from_utf8(output.stdout).expect("text");
    let answers: BTreeMap<_, _> =
        text.lines().map(|line| serde_json::from_str(line).expect("a pair")).collect();
    assert_eq!(answers.len(), cases.len(), "each case has its own name and an answer");
    answers
}

fn as_json() -> Vec<Value> {
    samples().iter().map(|entry| serde_json::to_value(entry).expect("JSON")).collect()
}

fn word(entry: &Value) -> &str {
    entry["type"].as_str().expect("a type")
}

#[test]
fn every_type_of_entry_has_a_schema_and_the_other_way_round() {
    let files = std::fs::read_dir(folder()).expect("the schemas");
    let names = files.filter_map(|file| file.expect("a file").file_name().into_string().ok());
    let mut words: BTreeSet<String> =
        names.filter_map(|name| name.strip_suffix(".schema.json").map(str::to_owned)).collect();
    assert!(words.remove("entry"), "the schema of the header");
    assert_eq!(words, all_words());
    let header = std::fs::read_to_string(folder().join("entry.schema.json")).expect("read");
    let header: Value = serde_json::from_str(&header).expect("JSON");
    let listed = |list: &Value, at: &str| -> BTreeSet<String> {
        let list = list.as_array().expect("a list").iter();
        list.map(|item| item.pointer(at).and_then(Value::as_str).expect("a word").to_owned()).collect()
    };
    assert_eq!(listed(&header["properties"]["type"]["enum"], ""), words);
    assert_eq!(listed(&header["allOf"], "/if/properties/type/const"), words);
    let files: BTreeSet<String> = words.iter().map(|word| format!("{word}.schema.json")).collect();
    assert_eq!(listed(&header["allOf"], "/then/$ref"), files);
}

/// The members of every object in `schema` that say neither what they are nor where that is said.
fn silent_members(schema: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(Value::Object(members)) = schema.get("properties") {
        let speaks = |member: &Value| {
            ["description", "$ref", "const"].iter().any(|key| member.get(key).is_some())
                || *member == json!(false)
        };
        let silent = members.iter().filter(|(_, member)| !speaks(member));
        found.extend(silent.map(|(name, _)| format!("{at}: {name}")));
    }
    match schema {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| silent_members(value, &format!("{at}/{key}"), found))
        }
        Value::Array(list) => list.iter().for_each(|value| silent_members(value, at, found)),
        _ => {}
    }
}

#[test]
fn every_field_of_every_schema_says_what_it_is() {
    let mut found = Vec::new();
    for folder in [folder(), folder().join("shared")] {
        for file in std::fs::read_dir(folder).expect("the schemas").map(|file| file.expect("a file").path()) {
            if file.is_file() {
                let schema = std::fs::read_to_string(&file).expect("read");
                let schema: Value = serde_json::from_str(&schema).expect("JSON");
                assert_eq!(
                    schema["$schema"],
                    "https://json-schema.org/draft/2020-12/schema",
                    "{}",
                    file.display()
                );
                silent_members(&schema, &file.display().to_string(), &mut found);
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn entries_of_every_type_and_those_of_a_story_are_valid() {
    let story: Vec<Value> = story().iter().map(|leaf| serde_json::from_slice(leaf).expect("JSON")).collect();
    let told: BTreeSet<&str> = story.iter().map(word).collect();
    assert!(told.len() >= 14, "the story has entries of many types: {told:?}");
    let mut cases: Vec<Case> = Vec::new();
    for (from, entries) in [("sample", as_json()), ("story", story)] {
        for (number, entry) in entries.into_iter().enumerate() {
            if let Some(doc) = entry["detail"].get("doc") {
                cases.push((format!("{from} {number}, doc"), "shared/request.schema.json", doc.clone()));
            }
            if let Some(roster) = entry["detail"].get("roster") {
                cases.push((format!("{from} {number}, roster"), "shared/roster.schema.json", roster.clone()));
            }
            cases.push((format!("{from} {number} {}", word(&entry)), "entry.schema.json", entry));
        }
    }
    let wrong: Vec<_> = complaints(&cases).into_iter().filter(|(_, complaint)| complaint.is_some()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The pointers of every value in `value`, outermost first.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (format!("{at}/{key}"), value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(n, value)| (format!("{at}/{n}"), value)).collect()
        }
        _ => Vec::new(),
    };
    for (place, value) in inner {
        into.push(place.clone());
        places(value, &place, into);
    }
}

/// The value in other types, and out of its range.
fn retyped(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![json!(false)],
        Value::Bool(_) => vec![json!("true"), json!(1)],
        Value::Number(_) => vec![json!("1"), json!(-1), json!(0.5), json!(1_u64 << 53)],
        Value::String(_) => vec![json!(7), json!(["x"]), json!("\u{1b}"), json!("")],
        Value::Array(_) => vec![json!({}), json!("x"), json!([[]])],
        Value::Object(_) => vec![json!([]), json!("x")],
    }
}

/// Everything that somebody could do to one entry and that leaves it without its form.
fn spoilt(entry: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut pointers = Vec::new();
    places(entry, "", &mut pointers);
    for place in &pointers {
        let (parent, key) = place.rsplit_once('/').expect("a parent");
        let is_free = MAPS.iter().any(|map| parent.ends_with(map)) || is_free_text(place);
        for value in retyped(entry.pointer(place).expect("a value")) {
            if is_free_text(place) && value.is_string() {
                continue;
            }
            let mut copy = entry.clone();
            *copy.pointer_mut(place).expect("a value") = value.clone();
            found.push((format!("{place} is {value}"), copy));
        }
        let mut copy = entry.clone();
        if let Some(Value::Object(map)) = copy.pointer_mut(parent) {
            map.remove(key);
            if !is_free || is_free_text(place) {
                found.push((format!("without {place}"), copy));
            }
        }
    }
    pointers.push(String::new());
    for place in pointers {
        let mut copy = entry.clone();
        if let Some(Value::Object(map)) = copy.pointer_mut(&place) {
            map.insert("more".to_owned(), json!("0"));
            found.push((format!("more in {place}/"), copy));
        }
    }
    found
}

/// What the program says in its own words.
fn is_free_text(place: &str) -> bool {
    let free = ["/wanted", "/what", "/why", "/answer", "/version"];
    free.iter().any(|end| place.strip_prefix("/detail").is_some_and(|rest| rest == *end))
}

#[test]
fn an_entry_that_lost_gained_or_changed_a_field_is_refused() {
    let mut cases: Vec<Case> = Vec::new();
    for (number, entry) in as_json().iter().enumerate() {
        for (how, value) in spoilt(entry) {
            cases.push((format!("{number} {}: {how}", word(entry)), "entry.schema.json", value));
        }
        for other in all_words() {
            let twins = ["denied", "revoked"];
            if other != word(entry) && !(twins.contains(&word(entry)) && twins.contains(&other.as_str())) {
                let mut copy = entry.clone();
                copy["type"] = json!(other);
                cases.push((format!("{number} {} as {other}", word(entry)), "entry.schema.json", copy));
            }
        }
    }
    assert!(cases.len() > 2_000, "{} cases", cases.len());
    let taken: Vec<_> = complaints(&cases).into_iter().filter(|(_, complaint)| complaint.is_none()).collect();
    assert!(taken.is_empty(), "{taken:#?}");
}
