//! A chip that does not answer: every verb ends, nothing is left behind, and what was late comes first.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::rig::{Blank, Rig, key, pull};
use crate::tpm::provision::refuse_taken_within;
use crate::tpm::{Chip, SoftTpm, Tcti, TpmError};

/// More than a verb takes on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(5);
/// For a chip that is known to hang.
const SHORT: Duration = Duration::from_millis(100);

/// A software TPM that holds still until this is dropped.
struct Stopped(Pid);

impl Stopped {
    fn stop(tpm: &SoftTpm) -> Self {
        let pid = Pid::from_raw(i32::try_from(tpm.pid()).expect("a pid")).expect("a pid");
        kill_process(pid, Signal::STOP).expect("stopped");
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        kill_process(self.0, Signal::CONT).expect("continued");
    }
}

fn silent<T>(outcome: Result<T, TpmError>) -> bool {
    matches!(outcome, Err(TpmError::Silent { .. }))
}

/// Waits until the chip gives the answer that it owed.
fn until_it_answers(chip: &Chip) {
    let mut asked = std::iter::repeat_with(|| chip.with_patience(PATIENCE).time());
    asked.find(Result::is_ok);
    assert!(!chip.is_silent());
}

#[test]
fn every_verb_of_a_chip_that_hangs_ends_and_works_again_when_it_answers() {
    let rig = Rig::new();
    let chip = rig.chip.with_patience(SHORT);
    let sealed = rig.chip.seal(&key("store")).expect("sealed");
    let window = rig.chip.seal_window(&key("data"), &rig.bounds(0, 600_000)).expect("sealed");
    type Verb<'v> = (&'static str, Box<dyn Fn(&Chip) -> Result<(), TpmError> + 'v>);
    let auths = &rig.auths;
    let verbs: [Verb<'_>; 14] = [
        ("time", Box::new(|chip| chip.time().map(drop))),
        ("seal", Box::new(|chip| chip.seal(&key("store")).map(drop))),
        ("seal_window", Box::new(|chip| chip.seal_window(&key("data"), window.bounds()).map(drop))),
        ("open_store", Box::new(|chip| chip.open_store(&sealed).map(drop))),
        ("gate", Box::new(|chip| chip.gate(auths).map(drop))),
        ("close_gate", Box::new(|chip| chip.close_gate(auths).map(drop))),
        ("anchor", Box::new(|chip| chip.anchor(auths, &[7; 32]))),
        ("anchor_epoch", Box::new(|chip| chip.anchor_epoch(auths).map(drop))),
        ("anchor_read", Box::new(|chip| chip.anchor_read(auths).map(drop))),
        ("anchor_head", Box::new(|chip| chip.anchor_head(auths, &[8; 32]))),
        ("pull", Box::new(|chip| pull(chip, auths, &window).map(drop))),
        ("check_names", Box::new(Chip::check_names)),
        ("pcr_status", Box::new(|chip| chip.pcr_status().map(drop))),
        ("lock_platform", Box::new(|chip| chip.lock_platform().map(drop))),
    ];
    for (name, verb) in &verbs {
        let stopped = Stopped::stop(rig.blank.tpm.tpm());
        let first = verb(&chip);
        assert!(silent(first.clone()), "{name}: {first:?}");
        assert!(silent(rig.chip.time()), "{name}: the next is refused at once");
        drop(stopped);
        until_it_answers(&chip);
    }
    for (name, verb) in verbs.iter().rev().filter(|(name, _)| !["pull", "seal_window"].contains(name)) {
        assert_eq!(verb(&rig.chip), Ok(()), "{name}, as often as sessions would run out");
    }
}

#[test]
fn what_the_chip_was_asked_before_it_hung_is_done_before_what_it_is_asked_later() {
    let rig = Rig::new();
    let chip = rig.chip.with_patience(SHORT);
    let before = rig.chip.anchor_read(&rig.auths).expect("read");
    let stopped = Stopped::stop(rig.blank.tpm.tpm());
    assert!(silent(chip.anchor(&rig.auths, &[9; 32])));
    drop(stopped);
    until_it_answers(&chip);
    let after = rig.chip.anchor_read(&rig.auths).expect("read");
    assert_eq!((after.epoch, after.head), (before.epoch + 1, [9; 32]), "whole, and counted once");
}

#[test]
fn a_pull_that_nobody_waits_for_any_more_opens_nothing() {
    let rig = Rig::new();
    let chip = rig.chip.with_patience(SHORT);
    let window = rig.chip.seal_window(&key("data"), &rig.bounds(0, 600_000)).expect("sealed");
    let stopped = Stopped::stop(rig.blank.tpm.tpm());
    assert!(silent(chip.anchor_pull(&rig.auths, &[1; 32]).map(drop)));
    drop(stopped);
    until_it_answers(&chip);
    assert!(!rig.tool("tpm2_getcap", &["handles-loaded-session"]).contains("0x"), "no session is left");
    assert!(pull(&rig.chip, &rig.auths, &window).is_ok());
}

#[test]
fn a_chip_that_nobody_owns_may_hang_too() {
    let blank = Blank::new();
    let _stopped = Stopped::stop(blank.tpm.tpm());
    assert!(silent(refuse_taken_within(&blank.tpm.tpm().tcti(), SHORT)));
}

#[test]
fn a_device_that_takes_commands_and_gives_no_answer_holds_nobody_up() {
    let rig = Rig::new();
    let device = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&device).and_then(|()| unlockpt(&device)).expect("open to us");
    let path = ptsname(&device, Vec::new()).expect("a name").into_string().expect("text");
    // A device takes bytes as they are.
    let keep = fs::OpenOptions::new().read(true).write(true).open(&path).expect("opened");
    let mut modes = tcgetattr(&keep).expect("modes");
    modes.make_raw();
    tcsetattr(&keep, OptionalActions::Now, &modes).expect("raw");
    let chip = Chip::new(Tcti::Device(path.into()), rig.chip.pins().clone()).with_patience(SHORT);
    assert!(silent(chip.time()));
    assert!(chip.is_silent() && silent(chip.check_names()));
    // It goes away: whoever waited for it hears that, and the next one says how it is.
    drop(device);
    let mut asked = std::iter::repeat_with(|| chip.time());
    let gone = asked.find(|outcome| !silent(outcome.clone())).expect("asked for ever");
    assert!(matches!(gone, Err(TpmError::Unreachable { .. })), "{gone:?}");
}
