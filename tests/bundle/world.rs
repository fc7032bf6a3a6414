//! An appliance that hands bundles over, and an auditor who has nothing but files.

use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis::demo::stage::{Output, Stage};
use serde_json::Value;

use super::common::appliance::{Appliance, program};

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

/// The list of the log's keys, as it is written down at set-up.
pub fn keys(stage: &Stage) -> PathBuf {
    let list = stage.does("carol", &["audit", "keys"]).expect("the keys");
    let path = stage.prop("log.keys");
    std::fs::write(&path, &list.stdout).expect("written");
    path
}

/// An appliance that has done something, and its keys.
pub fn busy() -> (Appliance, PathBuf) {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/one"]);
    appliance.arm("payroll", "db/one", &[]).expect("armed");
    let pulled = appliance.pull("payroll", "db/one").expect("pulled");
    assert_eq!(pulled.code, 0, "{}", pulled.stderr);
    let keys = keys(&appliance);
    (appliance, keys)
}

/// What an auditor's program says, which has no home, no keeper and no TPM.
pub fn verify<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    let mut command = Command::new(program());
    command.env_clear().env("HOME", "/nonexistent").args(["audit", "verify"]).args(args);
    let output = command.output().expect("the program runs");
    let code = output.status.code().expect("an exit code");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Output { code, stdout: output.stdout, stderr }
}
