//! Promise 3: the entry is on disk and anchored in the chip before the chip is asked for anything.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use portcullis::demo::stage::SECRET;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::common::rig::{CREDENTIAL, JOB, Rig, me};
use crate::common::tap::{NV_INCREMENT, NV_WRITE, UNSEAL};
use crate::{CONDITIONS, pull};

fn armed(rig: &Rig) -> String {
    rig.stage.deposit(CREDENTIAL, SECRET, &[]).expect("deposited");
    rig.stage.arm(JOB, CREDENTIAL, &["--pulls", "5"]).expect("armed")
}

#[test]
fn a_release_is_anchored_before_the_chip_is_asked_for_anything() {
    let rig = Rig::serving(&[CREDENTIAL]);
    let request = armed(&rig);
    rig.tap.take_codes();
    let served = pull(&rig, JOB, CREDENTIAL);
    assert!(served.code == 0 && served.stdout == SECRET, "{}", served.said());
    rig.wait_for_entry("delivered", &request);
    let codes = rig.tap.take_codes();
    let place = |wanted: u32| codes.iter().position(|code| *code == wanted).expect("it was sent");
    let asked = codes.iter().position(|code| CONDITIONS.contains(code)).expect("conditions");
    assert!(place(NV_WRITE) < place(NV_INCREMENT) && place(NV_INCREMENT) < asked, "{codes:x?}");
    assert!(asked < place(UNSEAL), "{codes:x?}");
    for code in [NV_WRITE, NV_INCREMENT, UNSEAL] {
        assert_eq!(codes.iter().filter(|seen| **seen == code).count(), 1, "{code:x} in {codes:x?}");
    }
}

#[test]
fn an_entry_is_on_disk_whenever_the_chip_is_asked_and_the_power_fails() {
    let mut rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, SECRET, &[]).expect("deposited");
    for code in [NV_WRITE, NV_INCREMENT, UNSEAL] {
        let request = rig.stage.arm(JOB, CREDENTIAL, &[]).expect("armed");
        rig.tap.hold_at(code);
        let mut job = rig.stage.pull_in_background(JOB, CREDENTIAL).expect("a job");
        rig.tap.wait_until_held();
        rig.stage.kill();
        rig.tap.let_go();
        let outcome = rig.stage.collect(&mut job).expect("a job").expect("it has ended");
        assert!(outcome.code == 7 && outcome.stdout.is_empty(), "{code:x}: {}", outcome.said());
        rig.chip.tpm_mut().power_loss().expect("another boot");
        rig.stage.serve().expect("the next start finishes what was begun");
        let about = |entry: &&serde_json::Value| entry["detail"]["request"] == *request;
        let pulled = rig.entries("pulled");
        assert_eq!(
            pulled.iter().filter(about).count(),
            1,
            "{code:x}: the release that was begun is in the log"
        );
    }
}

#[test]
fn p27_without_its_store_the_appliance_releases_nothing() {
    let rig = Rig::serving(&[CREDENTIAL]);
    armed(&rig);
    fs::remove_file(rig.stage.home().join("store/portcullis.db")).expect("removed");
    refuses_for_want_of_a_record(&rig);
}

#[test]
fn p28_with_a_full_disk_the_appliance_releases_nothing_and_stays_to_say_so() {
    // The limit on the size of files acts as a full disk does, where the signal for it is ignored.
    let mut rig = Rig::with_program(|dir| {
        let script = format!("#!/bin/sh\ntrap '' XFSZ\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_portcullis"));
        let program = dir.join("limited");
        fs::write(&program, script).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("permissions");
        program
    });
    rig.stage.serve().expect("serving");
    rig.stage.add_client(JOB, &[me()], &[CREDENTIAL]).expect("a client");
    armed(&rig);
    let log = fs::metadata(rig.stage.home().join("store/portcullis.db-wal")).expect("a log").len();
    let pid = Pid::from_raw(i32::try_from(rig.keeper()).expect("a number"));
    let full = Rlimit { current: Some(log), maximum: None };
    prlimit(pid, Resource::Fsize, full).expect("root limits anybody");
    refuses_for_want_of_a_record(&rig);
    let found = rig.stage.run(Some("carol"), ["doctor"], b"").expect("run");
    assert!(found.code == 1 && found.said().contains("log"), "{}", found.said());
    let freeze = ["freeze", "--reason", "a disk is full"];
    let frozen = rig.stage.run(Some("carol"), freeze, b"").expect("run");
    assert!(frozen.code == 6 && frozen.said().contains("closed on the chip"), "{}", frozen.said());
    rig.stage.kill();
    rig.stage.serve().expect("there is room again");
    let pulled = pull(&rig, JOB, CREDENTIAL);
    assert!(pulled.code == 3 && pulled.stdout.is_empty(), "the window is gone: {}", pulled.said());
}

fn refuses_for_want_of_a_record(rig: &Rig) {
    for round in 0..2 {
        rig.tap.take_codes();
        let refused = pull(rig, JOB, CREDENTIAL);
        assert!(refused.stdout.is_empty() && refused.code != 0, "{round}: {}", refused.said());
        let codes = rig.tap.take_codes();
        let asked =
            |code: &&u32| [NV_WRITE, NV_INCREMENT, UNSEAL].contains(code) || CONDITIONS.contains(code);
        assert_eq!(codes.iter().find(asked), None, "{round}: {codes:x?}");
        assert!(refused.code == 6 && refused.said().contains("recorded"), "{round}: {}", refused.said());
    }
}
