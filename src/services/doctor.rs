//! What is wrong, and what to do about it.

use super::{Appliance, Moment};
use crate::domain::appliance::State;
use crate::domain::operator::Role;
use crate::domain::selector::KernelProof;
use crate::domain::time::{Length, Timestamp};
use crate::domain::wire::operator::{Finding, Level};
use crate::tpm::Chip;

/// What the daemon knows of its own process.
#[derive(Clone, Debug, Default)]
pub struct ProcessFacts {
    /// Why memory could not be locked, if it could not.
    pub memory: Option<String>,
    /// How the kernel ties evidence to a process.
    pub peers: Option<KernelProof>,
    /// Chip milliseconds and boot-time milliseconds since the daemon started.
    pub clock_rate: (u64, u64),
    /// What the system clock says, when it is ahead of log and chip.
    pub clock_ahead: Option<String>,
}

impl Appliance {
    /// Looks at TPM, clock, log, quorum and process.
    pub fn doctor(&self, at: &Moment, process: &ProcessFacts) -> Vec<Finding> {
        let mut findings = self.chip_findings();
        findings.push(clock_finding(at, process.clock_ahead.as_deref()));
        findings.push(rate_finding(process.clock_rate));
        findings.extend(self.log_findings(at));
        findings.push(self.quorum_finding());
        findings.push(match &process.memory {
            None => ok("memory", "locked, no core dumps"),
            Some(why) => warn(
                "memory",
                format!("not locked: {why}"),
                "raise RLIMIT_MEMLOCK for the daemon, or turn swap off",
            ),
        });
        findings.push(match process.peers {
            Some(KernelProof::Pidfd) => ok("peers", "the kernel pins callers by pidfd"),
            Some(KernelProof::StartTime) => {
                warn("peers", "callers are pinned by their start time", "use Linux 6.5 or later")
            }
            None => fail("peers", "the kernel does not say who calls", "look whether /proc is mounted"),
        });
        findings
    }

    fn chip_findings(&self) -> Vec<Finding> {
        let board = &self.ledger.board;
        let mut findings = vec![if self.ledger.is_evaluation() {
            warn(
                "appliance",
                "EVALUATION: a software TPM holds the keys",
                "set up anew on a board with a TPM 2.0 before real credentials go in",
            )
        } else {
            ok("appliance", "its keys are in a TPM")
        }];
        findings.push(match board.chip.check_names() {
            Ok(()) => ok("tpm", format!("{} is the one of set-up", board.chip.tcti())),
            Err(error) => fail("tpm", error.to_string(), error.advice()),
        });
        findings.push(pcr_finding(&board.chip));
        findings
    }

    fn log_findings(&self, at: &Moment) -> Vec<Finding> {
        let state = self.state();
        let anchor = self.ledger.board.anchor(state.founding.epoch_base);
        let log = match (self.ledger.stopped(), anchor) {
            (Some(why), _) => fail(
                "log",
                format!("stopped: {why}"),
                if self.is_to_be_reopened() {
                    "look at the TPM; the daemon opens the log anew when it answers"
                } else {
                    "look at disk space and permissions, then restart the daemon"
                },
            ),
            (None, Ok(anchor)) if anchor.epoch == state.epoch => {
                ok("log", format!("{} entries, anchored at epoch {}", self.ledger.tree().size(), state.epoch))
            }
            (None, Ok(anchor)) => fail(
                "log",
                format!("the chip is at epoch {} and the log at {}", anchor.epoch, state.epoch),
                "run portcullis audit verify, and keep the store as it is",
            ),
            (None, Err(error)) => fail("log", error.to_string(), error.advice()),
        };
        let frozen = match &state.frozen {
            None => ok("freeze", "not frozen"),
            Some(freeze) => {
                warn("freeze", format!("frozen by {freeze}"), "two operators can lift it: portcullis thaw")
            }
        };
        let store = match self.ledger.store.disk_len() {
            Ok(bytes) => ok("store", format!("{} KiB on disk", bytes.div_ceil(1_024))),
            Err(error) => fail("store", error.to_string(), "look whether the folder of the store is there"),
        };
        vec![log, signing_finding(state, at.now), store, frozen]
    }

    fn quorum_finding(&self) -> Finding {
        let state = self.state();
        let people = state.roster().with_role(Role::Operator).count();
        let need = state.need();
        let seen = format!("{need} of {people} people approve");
        // One asked or deposited, and one is on holiday.
        if people >= need + 2 {
            ok("quorum", seen)
        } else {
            warn("quorum", seen, "have two more people than the quorum, or an absence stops every release")
        }
    }
}

/// Whether the keys of the log may still sign, and when they last did.
fn signing_finding(state: &State, now: Timestamp) -> Finding {
    /// Time to found a successor without haste.
    const AHEAD: Length = Length::from_minutes(90 * 24 * 60);
    const ADVICE: &str = "set up a successor and move over: its log has new keys";
    let (expires, end) = (state.founding.keys.expires, state.founding.keys.expires.end());
    let last = state.checkpoint.as_ref();
    let last = last.map_or_else(
        || "no checkpoint yet".to_owned(),
        |last| format!("checkpoint of {} entries at {}", last.size, last.at),
    );
    let seen = format!("{last}; the keys are good until {expires}");
    if now >= end {
        fail("log keys", seen, ADVICE)
    } else if now.plus(AHEAD) >= end {
        warn("log keys", seen, ADVICE)
    } else {
        ok("log keys", seen)
    }
}

/// Whether the measured state is that of set-up.
pub(super) fn pcr_finding(chip: &Chip) -> Finding {
    let pcrs = chip.pins().pcrs();
    match chip.pcr_status() {
        Ok(status) if status.holds() => ok("pcrs", format!("{pcrs} are those of set-up")),
        Ok(_) => fail(
            "pcrs",
            format!("{pcrs} are not those of set-up"),
            "find out what changed in the boot chain; nothing can be released until it is back",
        ),
        Err(error) => fail("pcrs", error.to_string(), error.advice()),
    }
}

fn clock_finding(at: &Moment, ahead: Option<&str>) -> Finding {
    match (&at.alarm, ahead) {
        (None, None) => ok("clock", format!("{}, boot {}", at.now, at.boot)),
        (None, Some(ahead)) => {
            warn("clock", ahead, "set the system clock right; it is not believed until the next reboot")
        }
        (Some(why), _) => {
            fail("clock", why.clone(), "set the system clock right; releases stay refused until it is")
        }
    }
}

/// The chip may run 15 % fast or slow by its specification; more is a fault.
fn rate_finding((chip_ms, boot_ms): (u64, u64)) -> Finding {
    const LONG_ENOUGH_MS: u64 = 10_000;
    if boot_ms < LONG_ENOUGH_MS {
        return ok("clock rate", "too early to say");
    }
    let permille = chip_ms.saturating_mul(1_000) / boot_ms;
    let seen = format!("the chip's clock runs at {}.{} % of the system's", permille / 10, permille % 10);
    if (850..=1_150).contains(&permille) {
        ok("clock rate", seen)
    } else {
        fail("clock rate", seen, "windows would open and close at wrong times: have the board looked at")
    }
}

pub(super) fn ok(what: &str, seen: impl Into<String>) -> Finding {
    Finding { what: what.to_owned(), level: Level::Ok, seen: seen.into(), advice: None }
}

pub(super) fn warn(what: &str, seen: impl Into<String>, advice: &str) -> Finding {
    Finding { level: Level::Warn, advice: Some(advice.to_owned()), ..ok(what, seen) }
}

pub(super) fn fail(what: &str, seen: impl Into<String>, advice: &str) -> Finding {
    Finding { level: Level::Fail, advice: Some(advice.to_owned()), ..ok(what, seen) }
}
