//! Bundles as people ask for them, grant them, take them and look into them.

use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis::demo::stage::{Output, Stage};
use serde_json::Value;

/// Who asks for bundles; bob and carol grant them.
pub const ASKER: &str = "alice";

/// Asks for a bundle and gives the id of the request, which nobody has granted yet.
pub fn ask(stage: &Stage, more: &[&str]) -> String {
    let asked = stage.does(ASKER, &[&ask_arguments(), more].concat()).expect("asked");
    stage.request_id(&asked).expect("an id")
}

/// What is typed to ask for a bundle.
pub fn ask_arguments() -> Vec<&'static str> {
    let medium = ["--medium", "USB 7", "--reason", "quarterly audit", "--ticket", "AUD-12"];
    [&["audit", "export", "--no-wait"], &medium[..]].concat()
}

/// Asks for a bundle and has two people grant it.
pub fn granted(stage: &Stage, more: &[&str]) -> String {
    let id = ask(stage, more);
    stage.approve_by(&["bob", "carol"], &id).expect("granted");
    id
}

/// Tries to take the bundle of a request as one of the people.
pub fn try_take(stage: &Stage, person: &str, id: &str, to: &Path) -> Output {
    let to = to.display().to_string();
    stage.run(Some(person), ["audit", "export", "--request", id, "--to", &to], b"").expect("runs")
}

/// Takes a bundle that was granted, and gives where it is.
pub fn take(stage: &Stage, id: &str, to: &Path) -> PathBuf {
    PathBuf::from(taken(stage, id, to)["bundle"].as_str().expect("a path"))
}

/// Takes a bundle that was granted, and gives all that is said of it.
pub fn taken(stage: &Stage, id: &str, to: &Path) -> Value {
    let to = to.display().to_string();
    let output = stage.does(ASKER, &["audit", "export", "--request", id, "--to", &to, "--json"]);
    let output = output.expect("taken");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Has a bundle granted and takes it into `to`, a folder that is made.
pub fn export(stage: &Stage, to: &Path, from: Option<u64>) -> PathBuf {
    std::fs::create_dir_all(to).expect("a folder");
    let from = from.map(|from| from.to_string());
    let more: Vec<&str> = from.iter().flat_map(|from| ["--from", from]).collect();
    take(stage, &granted(stage, &more), to)
}

/// Unpacks a bundle with the system's own tar into a folder that is made for it.
pub fn unpack(bundle: &Path, into: &Path) {
    std::fs::create_dir(into).expect("a folder");
    let output = Command::new("tar").arg("-xf").arg(bundle).arg("-C").arg(into).output();
    let output = output.expect("tar is needed");
    assert!(output.status.success(), "tar: {}", String::from_utf8_lossy(&output.stderr));
}

/// The files under a folder, by their paths in it, sorted.
pub fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(&inner).expect("read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("inside").display().to_string());
            }
        }
    }
    found.sort();
    found
}
