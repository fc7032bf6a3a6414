//! Bad input, from people, jobs and files: each is refused clearly, and nothing is changed or lost.

#[path = "../common/mod.rs"]
mod common;
mod deposits;
mod files;
mod found;
mod gone;
mod people;
mod requests;
mod sockets;

use std::collections::BTreeMap;
use std::path::Path;

use common::appliance::Appliance;
use portcullis::demo::stage::{Output, SECRET, passphrase};
use portcullis::desk::client::Client;
use portcullis::desk::key::open_key_file;
use portcullis::domain::secret::Passphrase;
use portcullis::domain::wire::operator::Ask;
use serde_json::Value;

/// A refusal: this exit code, no data, and two last lines that say what and what next.
fn refused(output: &Output, code: i32, what: &str, case: &str) {
    let said = &output.stderr;
    assert_eq!(output.code, code, "{case}: {said}");
    assert!(output.stdout.is_empty(), "{case}: {}", output.text());
    let lines: Vec<&str> = said.lines().collect();
    let [.., first, second] = lines.as_slice() else { panic!("{case}: {said}") };
    assert!(first.starts_with("portcullis: ") && first.contains(what), "{case}: {said}");
    assert!(second.starts_with("  ") && second.trim().len() > 10, "{case}: what to do next: {said}");
    assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{case}: harmless to a terminal: {said:?}");
}

/// What the appliance knows, but for the log.
#[derive(Debug, Eq, PartialEq)]
struct Known {
    credentials: Value,
    clients: Value,
    requests: Vec<(Value, Value, Value, Value)>,
}

fn known(appliance: &Appliance) -> Known {
    look(appliance, 0).0
}

/// What carol sees, and the entries of the log from `from` on.
fn look(appliance: &Appliance, from: u64) -> (Known, Vec<Value>) {
    let carol = Passphrase::new(zeroize::Zeroizing::new(passphrase("carol")));
    let key = open_key_file(&appliance.home().join("operators/carol.pcop"), &carol).expect("her key");
    let mut client = Client::connect(&appliance.home().join("run/operator.sock"), &key).expect("a channel");
    let mut ask = |ask: Ask| serde_json::to_value(client.ask(&ask).expect("an answer")).expect("JSON");
    let requests = ask(Ask::Requests { all: true, after: None });
    let fixed = |request: &Value| {
        let part = |name: &str| request[name].clone();
        (part("doc"), part("state"), part("approvals"), part("pulls_left"))
    };
    let known = Known {
        credentials: ask(Ask::Credentials { after: None })["credentials"].clone(),
        // How many wait at the moment is no part of the record.
        clients: ask(Ask::Clients { after: None })["clients"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|client| client["record"].clone())
            .collect(),
        requests: requests["requests"].as_array().expect("a list").iter().map(fixed).collect(),
    };
    let log = ask(Ask::Entries { from, count: 1_000 });
    let leaf = |leaf: &Value| serde_json::from_str(leaf.as_str().expect("a leaf")).expect("JSON");
    (known, log["leaves"].as_array().expect("a list").iter().map(leaf).collect())
}

/// Whatever `tried` does, it changes nothing, and the log gains exactly these: refusals by their codes,
/// anything else by its type.
fn nothing_changes(appliance: &Appliance, codes: &[&str], case: &str, tried: impl FnOnce()) {
    let (before, log) = look(appliance, 0);
    tried();
    let (after, new) = look(appliance, log.len() as u64);
    assert_eq!(after, before, "{case}");
    let of = |entry: &Value| match entry["type"].as_str() {
        Some("refused") => entry["detail"]["code"].as_str().unwrap_or_default().to_owned(),
        other => other.unwrap_or_default().to_owned(),
    };
    assert_eq!(new.iter().map(of).collect::<Vec<_>>(), codes, "{case}");
}

/// Everything in a folder, file by file.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.display().to_string(), std::fs::read(&path).unwrap_or_default());
        }
    }
    all
}

/// The daemon still gives what it should.
fn still_serves(appliance: &Appliance, case: &str) {
    let pulled = appliance.pull("payroll", "db/a").expect("the program runs");
    assert_eq!((pulled.code, pulled.stdout.as_slice()), (0, SECRET), "{case}: {}", pulled.stderr);
}
