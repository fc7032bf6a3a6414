//! Bundles of the log, taken from an appliance by its people.

use std::path::{Path, PathBuf};

use portcullis::demo::stage::Stage;
use serde_json::Value;

/// Has a bundle granted and takes it into `to`, a folder that is made.
pub fn export(stage: &Stage, to: &Path, from: Option<u64>) -> PathBuf {
    std::fs::create_dir_all(to).expect("a folder");
    let mut args =
        vec!["audit", "export", "--no-wait", "--medium", "USB 7", "--reason", "audit", "--ticket", "A-1"];
    let from = from.map(|from| from.to_string());
    if let Some(from) = &from {
        args.extend(["--from", from]);
    }
    let asked = stage.does("alice", &args).expect("asked");
    let request = stage.request_id(&asked).expect("a request");
    stage.approve_by(&["bob", "carol"], &request).expect("approved");
    let folder = to.display().to_string();
    let taken = stage.does("alice", &["--json", "audit", "export", "--request", &request, "--to", &folder]);
    let told: Value = serde_json::from_slice(&taken.expect("taken").stdout).expect("JSON");
    PathBuf::from(told["bundle"].as_str().expect("a path"))
}
