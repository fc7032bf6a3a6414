//! Windows: what the chip itself refuses, and at which condition.

use std::sync::Arc;

use super::rig::{Rig, key, pull};
use crate::tpm::{NvAuths, PolicyStep, SealedWindow, TpmError, WindowProbe};

const FALSE: u32 = 0x126;

/// Asks by both verbs and wants the same answer; `None` is an open window.
fn assert_refused(rig: &Rig, window: &SealedWindow, which: Option<PolicyStep>, name: &str) {
    let rc = if which == Some(PolicyStep::Pcr) { 0x1c4 } else { FALSE };
    let probed = which.map_or(WindowProbe::Open, |which| WindowProbe::Refused { rc, which });
    assert_eq!(rig.chip.probe_window(&rig.auths, window), Ok(probed), "{name}");
    let opened = pull(&rig.chip, &rig.auths, window);
    let expected = which.map_or(Ok(true), |step| Err(TpmError::PolicyRefused { step, rc }));
    assert_eq!(opened.map(|opened| opened.same(&key("data"))), expected, "{name}");
}

#[test]
fn a_window_is_open_from_its_opening_to_its_closing() {
    let rig = Rig::new();
    let bounds = rig.bounds(600_000, 1_200_000);
    let window = rig.chip.seal_window(&key("data"), &bounds).expect("sealed");
    assert_refused(&rig, &window, Some(PolicyStep::Opens), "long before");
    let cases = [
        ("at the opening", bounds.opens_ms, None),
        ("in the middle", bounds.opens_ms + 300_000, None),
        ("at the closing", bounds.closes_ms, Some(PolicyStep::Closes)),
        ("long after", bounds.closes_ms + 86_400_000, Some(PolicyStep::Closes)),
    ];
    for (name, clock_ms, refused) in cases {
        rig.set_clock(clock_ms);
        assert_refused(&rig, &window, refused, name);
    }
}

#[test]
fn a_window_gives_its_key_as_often_as_it_is_asked_inside() {
    let rig = Rig::new();
    let window = rig.chip.seal_window(&key("data"), &rig.bounds(0, 600_000)).expect("sealed");
    for pull in 1..=20 {
        assert_refused(&rig, &window, None, &format!("pull {pull}"));
    }
}

#[test]
fn closing_the_gate_ends_every_window_on_the_chip() {
    let rig = Rig::new();
    let bounds = rig.bounds(0, 600_000);
    let windows = [1, 2].map(|_| rig.chip.seal_window(&key("data"), &bounds).expect("sealed"));
    assert_eq!(rig.chip.close_gate(&rig.auths), Ok(bounds.gate + 1));
    for window in windows {
        assert_refused(&rig, &window, Some(PolicyStep::Gate), "after the freeze");
    }
    let later = rig.chip.seal_window(&key("data"), &rig.bounds(0, 600_000)).expect("sealed");
    assert_refused(&rig, &later, None, "armed after the thaw");
}

#[test]
fn a_restart_of_the_board_ends_every_window_on_the_chip() {
    type Restart = fn(&mut Rig);
    let cases: [(&str, Restart); 2] = [
        ("orderly", |rig| rig.tpm().power_cycle().expect("comes back")),
        ("loss of power", |rig| rig.tpm().power_loss().expect("comes back")),
    ];
    for (name, restart) in cases {
        let mut rig = Rig::new();
        let window = rig.chip.seal_window(&key("data"), &rig.bounds(0, 86_400_000)).expect("sealed");
        restart(&mut rig);
        // The clock may have gone back with the power, so the boot counters are what counts.
        let bounds = *window.bounds();
        let now = rig.chip.time().expect("a clock");
        assert_ne!(now.boot, bounds.boot, "{name}");
        if now.clock_ms < bounds.opens_ms {
            rig.set_clock(bounds.opens_ms);
        }
        assert_refused(&rig, &window, Some(PolicyStep::Boot), name);
    }
}

#[test]
fn a_window_needs_the_measured_state_as_well() {
    let mut rig = Rig::new();
    let window = rig.chip.seal_window(&key("data"), &rig.bounds(0, 600_000)).expect("sealed");
    rig.tpm().extend(7).expect("extended");
    assert_refused(&rig, &window, Some(PolicyStep::Pcr), "another PCR 7");
}

#[test]
fn a_window_with_moved_bounds_is_refused_before_the_chip_sees_it() {
    let rig = Rig::new();
    let window = rig.chip.seal_window(&key("data"), &rig.bounds(0, 600_000)).expect("sealed");
    let text = serde_json::to_string(&window).expect("text");
    assert_eq!(serde_json::from_str::<SealedWindow>(&text).expect("read"), window);
    let mut moved = *window.bounds();
    moved.closes_ms += 1;
    let moved = SealedWindow::new(window.key().clone(), moved);
    let malformed = TpmError::Malformed { what: "the policy of a sealed key" };
    let opened = pull(&rig.chip, &rig.auths, &moved).map(drop);
    assert_eq!(opened, Err(malformed.clone()));
    assert_eq!(rig.chip.probe_window(&rig.auths, &moved), Err(malformed.clone()));
    assert_eq!(rig.chip.open_store(window.key()).map(drop), Err(malformed), "a window is no store key");
}

#[test]
fn a_window_needs_the_authorisation_of_the_gate() {
    let rig = Rig::new();
    let window = rig.chip.seal_window(&key("data"), &rig.bounds(0, 600_000)).expect("sealed");
    let wrong = Arc::new(NvAuths { gate: key("wrong"), epoch: key("epoch auth"), head: key("head auth") });
    let opened = pull(&rig.chip, &wrong, &window).map(drop);
    assert_eq!(opened, Err(TpmError::NvNotOurs { index: 0x0180_70c1 }));
}
