//! Set-up: answers that cannot be meant, places that are taken, and an end in the middle.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portcullis::demo::stage::{Output, Stage, passphrase};
use tempfile::TempDir;

use super::common::appliance::{Appliance, program};
use super::{files, refused};

/// A stage without an appliance, and its answers for a software TPM.
fn stage() -> (TempDir, Stage, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::set(program(), folder.path().join("home")).expect("a stage");
    let answers = stage.write_answers("swtpm").expect("answers");
    (folder, stage, answers)
}

fn set_up(stage: &Stage, answers: &Path) -> Output {
    stage.run(None, ["setup", "--answers", &answers.display().to_string()], b"").expect("runs")
}

#[test]
fn answers_that_cannot_be_meant_found_nothing() {
    let (_folder, stage, answers) = stage();
    let good = std::fs::read_to_string(&answers).expect("answers");
    let cases = [
        ("quorum 0", "quorum = 2", "quorum = 0", "quorum 0 is below the floor of 2"),
        ("quorum 1", "quorum = 2", "quorum = 1", "quorum 1 is below the floor of 2"),
        ("quorum 4", "quorum = 2", "quorum = 4", "quorum 4 needs more than the 3 operators"),
        ("quorum -1", "quorum = 2", "quorum = -1", "cannot be read"),
        ("an unknown key", "quorum = 2", "quorum = 2\nquorun = 3", "unknown field `quorun`"),
        ("an unknown key of a person", "id = \"bob\"", "id = \"bob\"\nadmin = true", "unknown field `admin`"),
        ("a name twice", "id = \"carol\"", "id = \"bob\"", "bob is there twice"),
        ("a name that is none", "id = \"carol\"", "id = \"Carol\"", "is not an operator id"),
        ("a key file twice", "carol.pcop", "bob.pcop", "name the same key file"),
        ("nobody deposits", "\"custodian\", ", "", "nobody is a custodian"),
        ("no role", "[\"operator\", \"custodian\", \"auditor\"]", "[]", "has no role"),
        ("PCR 24", "sha256:0,2", "sha256:24,2", "names no PCRs"),
        ("no TPM", "tcti = \"swtpm\"", "tcti = \"\"", "the tcti is empty"),
        ("one share", "k = 3", "k = 1", "k is at least 2"),
        ("a real TPM", "\"swtpm\"", "\"device:/dev/nonexistent\"", "is for an EVALUATION appliance"),
    ];
    for (name, from, to, what) in cases {
        std::fs::write(&answers, good.replace(from, to)).expect("written");
        let before = files(stage.home());
        refused(&set_up(&stage, &answers), 2, what, name);
        assert_eq!(files(stage.home()), before, "{name}: nothing was made");
    }
    let closed = good.replace("\"swtpm\"", "\"swtpm:host=127.0.0.1,port=1\"");
    std::fs::write(&answers, closed).expect("written");
    let before = files(stage.home());
    refused(&set_up(&stage, &answers), 5, "no TPM answers at", "a closed port");
    assert_eq!(files(stage.home()), before, "a closed port: nothing was made, no share and no key");
}

#[test]
fn one_key_is_not_two_people() {
    let (_folder, stage, answers) = stage();
    let operators = stage.home().join("operators");
    let new = ["operator", "new", "alice"];
    stage.run_with_passphrase(&passphrase("alice"), &new).expect("runs").expect(0, "new").expect("made");
    std::fs::copy(operators.join("alice.pcop"), operators.join("bob.pcop")).expect("copied");
    std::fs::write(stage.prop("bob.passphrase"), passphrase("alice")).expect("written");
    let before = files(&operators);
    refused(&set_up(&stage, &answers), 2, "is the key file of alice, not of bob", "a copied key file");
    let copy = operators.join("bob.pcop");
    let renamed = std::fs::read_to_string(&copy).expect("a key file").replace("\"alice\"", "\"bob\"");
    std::fs::write(&copy, renamed).expect("written");
    refused(&set_up(&stage, &answers), 3, "does not open", "a copy under another name");
    assert_eq!(files(&operators).len(), before.len(), "no other key file was made");
    for made in ["portcullis.toml", "store", "tpm", "demo/shares"] {
        assert!(!stage.home().join(made).exists(), "{made}: nothing of an appliance was made");
    }
}

#[test]
fn a_set_up_touches_nothing_of_another_appliance() {
    let mut appliance = Appliance::found();
    let first = appliance.prop("answers.toml");
    let shown = std::fs::read_to_string(&first).expect("answers");
    let before = files(appliance.home());
    refused(&set_up(&appliance, &first), 3, "there is an appliance at", "the same home");
    assert_eq!(files(appliance.home()), before);
    let (_folder, other, answers) = stage();
    let keys = format!("{}/operators/", appliance.home().display());
    std::fs::write(&answers, shown.replace("../operators/", &keys)).expect("written");
    refused(&set_up(&other, &answers), 3, "of the appliance demo", "key files that are in use");
    let port = std::fs::read_to_string(appliance.home().join("tpm/swtpm.port")).expect("a port");
    let taken = format!("\"swtpm:host=127.0.0.1,port={}\"", port.trim());
    std::fs::write(&answers, shown.replace("\"swtpm\"", &taken)).expect("written");
    let here = files(other.home());
    refused(&set_up(&other, &answers), 5, "the TPM is already in use", "a chip that is in use");
    assert_eq!(files(other.home()), here, "nothing was made");
    assert_eq!(files(&appliance.home().join("operators")), files_of(&before, "operators"));
    appliance.serve().expect("the first appliance starts");
    appliance.does("alice", &["list"]).expect("and its operators are known");
}

fn files_of(
    all: &std::collections::BTreeMap<String, Vec<u8>>,
    part: &str,
) -> std::collections::BTreeMap<String, Vec<u8>> {
    let part = format!("/{part}/");
    all.iter()
        .filter(|(path, _)| path.contains(&part))
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .collect()
}

#[test]
fn a_set_up_that_was_killed_can_be_begun_again_or_says_what_to_do() {
    for stopped_at in
        ["demo/shares/share-1.txt", "operators/carol.pcop", "store/chip.json", "store/portcullis.db"]
    {
        let (_folder, stage, answers) = stage();
        let mut command = Command::new(program());
        command.arg("--home").arg(stage.home()).arg("setup").arg("--answers").arg(&answers);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("runs");
        while !stage.home().join(stopped_at).exists() {
            assert!(matches!(child.try_wait(), Ok(None)), "{stopped_at}: it ended before");
            std::thread::yield_now();
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(!stage.home().join("portcullis.toml").exists(), "{stopped_at}: it was in the middle");
        let keys = stage.home().join("operators");
        let made = if keys.exists() { files(&keys) } else { Default::default() };
        let shares = set_up(&stage, &answers);
        assert_ne!(shares.code, 0, "{stopped_at}: shares are never written over: {}", shares.stderr);
        assert!(shares.stderr.lines().count() == 3, "{stopped_at}: {}", shares.stderr);
        std::fs::rename(stage.prop("shares"), stage.prop("shares.old")).expect("moved");
        let again = set_up(&stage, &answers);
        if again.code == 0 {
            let founded = files(&keys);
            assert!(made.keys().all(|path| founded.contains_key(path)), "{stopped_at}");
            continue;
        }
        refused(&again, 3, "no portcullis.toml", stopped_at);
        assert!(again.stderr.contains("remove the folder"), "{stopped_at}: {}", again.stderr);
        refused(&stage.run(None, ["serve"], b"").expect("runs"), 1, "there is no appliance", stopped_at);
        start_anew(stage, stopped_at);
    }
}

/// Does what the advice says: the folder goes, and set-up begins with what was prepared for it.
fn start_anew(mut stage: Stage, case: &str) {
    let home = stage.home().to_owned();
    if let Ok(pid) = std::fs::read_to_string(home.join("tpm/swtpm.pid")) {
        super::common::appliance::kill(pid.trim().parse().expect("a pid"));
    }
    std::fs::remove_dir_all(&home).expect("removed");
    stage = Stage::set(program(), home).expect("a stage");
    let answers = stage.write_answers("swtpm").expect("answers");
    let output = set_up(&stage, &answers);
    assert_eq!(output.code, 0, "{case}: {}", output.stderr);
}
