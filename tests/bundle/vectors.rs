//! The vectors for whoever writes a verifier: bundles of the real program, and what has to be said of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis::auditor::keys::KeyList;
use portcullis::auditor::verify::{Options, verify};
use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/audit/bundles");

/// The file as it is, or a copy in `into` in which one text stands for another.
fn file(name: &str, change: Option<(&str, &str)>, into: &Path) -> PathBuf {
    let path = Path::new(FOLDER).join(name);
    let Some((from, to)) = change else { return path };
    assert_eq!(from.len(), to.len(), "{name}: nothing moves");
    let mut bytes = std::fs::read(&path).expect("a vector");
    let at = bytes.windows(from.len()).position(|part| part == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("{name}: {from:?} is not in it"));
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    let copy = into.join(name);
    std::fs::write(&copy, bytes).expect("written");
    copy
}

/// Two texts, if there are.
fn pair(value: &Value) -> Option<(&str, &str)> {
    value[0].as_str().zip(value[1].as_str())
}

#[test]
fn the_vectors_are_judged_as_they_say() {
    let text = std::fs::read_to_string(format!("{FOLDER}/cases.json")).expect("cases");
    let cases: Value = serde_json::from_str(&text).expect("JSON");
    let cases = cases["cases"].as_array().expect("a list");
    assert!(cases.len() > 10);
    for case in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let name = case["name"].as_str().expect("a name");
        let change = pair(&case["change"]);
        let names =
            case["files"].as_array().expect("files").iter().map(|name| name.as_str().expect("a name"));
        let files: Vec<PathBuf> = names.map(|name| file(name, change, folder.path())).collect();
        let list = std::fs::read_to_string(file("keys.txt", None, folder.path())).expect("keys");
        let list = pair(&case["list"]).map_or(list.clone(), |(from, to)| list.replace(from, to));
        // A key whose name was changed has another id, and is no key any more: it is left out.
        let kept: String = list
            .lines()
            .filter(|line| KeyList::parse(line).is_ok())
            .map(|line| format!("{line}\n"))
            .collect();
        let keys = KeyList::parse(&kept).expect("a list of keys");
        let keys = (case["keys"] == true).then_some(&keys);
        let clock = || Duration::ZERO;
        let options = Options { keys, policy: None, allow_evaluation: true, clock: &clock };
        match verify(&files, &options) {
            Ok(verified) => {
                assert_eq!(case["verdict"], "verified", "{name}");
                assert_eq!(case["steps"], verified.is_complete(), "{name}");
            }
            Err(refused) => assert_eq!(case["verdict"], refused.fault.code(), "{name}: {refused}"),
        }
    }
}
