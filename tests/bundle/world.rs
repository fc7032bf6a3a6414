//! An appliance that hands bundles over, and an auditor who has nothing but files.

use std::path::PathBuf;
use std::process::Command;

use super::common::appliance::{Appliance, program};
use portcullis::demo::stage::{Output, Stage};

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
