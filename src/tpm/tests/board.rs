//! The software TPM as a process.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use super::rig::{Blank, Rig};
use crate::tpm::{SoftTpm, Tcti, TpmError};

/// Parent, session and terminal of a process.
fn kinship(pid: u32) -> [String; 3] {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("runs");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    [fields[1], fields[3], fields[4]].map(str::to_owned)
}

#[test]
fn it_is_found_again_where_it_was_started() {
    let blank = Blank::new();
    let state = blank.directory.path().join("tpm");
    assert_eq!(SoftTpm::attach(&state).expect("read").as_ref(), Some(blank.tpm.tpm()));
    assert_eq!(SoftTpm::attach(blank.directory.path()), Ok(None), "not elsewhere");
    let second = SoftTpm::start(&state);
    assert!(matches!(second, Err(TpmError::Software { .. })), "only one at a time: {second:?}");
    assert_eq!(fs::metadata(&state).expect("exists").permissions().mode() & 0o777, 0o700);
}

#[test]
fn it_survives_whoever_started_it() {
    let blank = Blank::new();
    let (ours, its) = (kinship(std::process::id()), kinship(blank.tpm.tpm().pid()));
    assert_ne!(its[0], std::process::id().to_string(), "no child of ours");
    assert_ne!(its[1], ours[1], "a session of its own");
    assert_eq!(its[2], "0", "no terminal");
}

#[test]
fn a_pid_that_went_to_another_program_is_not_taken_for_it() {
    let blank = Blank::new();
    let state = blank.directory.path().join("tpm");
    let own = std::process::id().to_string();
    for other in [own.as_str(), "1", "-1", "0", "", "x"] {
        fs::write(state.join("swtpm.pid"), format!("{other}\n")).expect("written");
        assert_eq!(SoftTpm::attach(&state), Ok(None), "{other:?}");
    }
}

#[test]
fn it_stops_in_order_and_starts_again_with_what_it_knew() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = SoftTpm::start(directory.path()).expect("starts");
    let (pid, tcti) = (first.pid(), first.tcti());
    first.stop().expect("stops");
    assert_eq!(SoftTpm::attach(directory.path()), Ok(None), "nobody answers to that pid");
    let second = SoftTpm::start(directory.path()).expect("starts again").guarded();
    assert_ne!(second.tpm().pid(), pid);
    assert_eq!(second.tpm().tcti(), tcti, "on the same port");
}

#[test]
fn a_restart_of_the_board_keeps_the_port() {
    let mut blank = Blank::new();
    let tcti = blank.tpm.tpm().tcti();
    for _ in 0..3 {
        blank.tpm.tpm_mut().power_cycle().expect("comes back");
        blank.tpm.tpm_mut().power_loss().expect("comes back");
        assert_eq!(blank.tpm.tpm().tcti(), tcti);
    }
    let state = blank.directory.path().join("tpm");
    assert_eq!(SoftTpm::attach(&state).expect("read").as_ref(), Some(blank.tpm.tpm()));
}

#[test]
fn sessions_and_keys_of_a_killed_keeper_are_ended() {
    let rig = Rig::new();
    let Tcti::Swtpm { host, port } = *rig.chip.tcti() else { panic!("a software TPM") };
    for (kind, session) in [("HMAC", 0), ("policy", 1)] {
        // TPM2_StartAuthSession, unsalted and unbound, and nobody to end it.
        let mut command = vec![0x80, 0x01, 0, 0, 0, 43, 0, 0, 0x01, 0x76];
        command.extend([0x40, 0, 0, 0x07, 0x40, 0, 0, 0x07, 0, 16]);
        command.extend([[7; 16].as_slice(), &[0, 0, session, 0, 0x10, 0, 0x0b]].concat());
        let mut chip = TcpStream::connect((host, port)).expect("connected");
        chip.write_all(&command).expect("said");
        let mut answer = [0; 200];
        let len = chip.read(&mut answer).expect("answered");
        assert_eq!(answer[6..10], [0; 4], "{kind}: {:?}", &answer[..len]);
        drop(chip);
        rig.tool("tpm2_createprimary", &["-C", "n", "-c", "stray.ctx", "-Q"]);
        rig.chip.end_strays().expect(kind);
        for held in ["handles-loaded-session", "handles-transient"] {
            assert_eq!(rig.tool("tpm2_getcap", &[held]), "", "{kind}: {held}");
        }
    }
}

#[test]
fn a_software_tpm_that_failed_comes_back_with_a_reset() {
    let mut rig = Rig::new();
    let state = rig.blank.directory.path().join("tpm");
    let away = rig.blank.directory.path().join("away");
    std::fs::rename(&state, &away).expect("no more room for its state");
    rig.chip.close_gate(&rig.auths).expect_err("nothing can be written");
    std::fs::rename(&away, &state).expect("room again");
    rig.chip.gate(&rig.auths).expect_err("it takes no orders until it is reset");
    rig.tpm().power_cycle().expect("reset");
    rig.chip.gate(&rig.auths).expect("it is back");
}
