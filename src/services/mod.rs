//! What the keeper does, one file one verb. Everything that decides is asked of `policy` and
//! `domain`; everything that changes goes through [`ledger::Ledger::commit`].

pub mod anchor;
pub mod approve;
pub mod arm;
pub mod audit;
pub mod checkpoint;
pub mod checkup;
pub mod deposit;
pub mod doctor;
pub mod expire;
pub mod export;
pub mod freeze;
pub mod home;
pub mod ledger;
pub mod page;
mod prove;
pub mod pull;
pub mod refuse;
pub mod request;
pub mod reveal;
pub mod setup;
mod signing;
pub mod start;
pub mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand_core::{OsRng, RngCore};

use crate::crypto::shares::Share;
use crate::domain::appliance::State;
use crate::domain::audit::entry::ClockTrust;
use crate::domain::ids::RequestId;
use crate::domain::refusal::Refusal;
use crate::domain::secret::Key32;
use crate::domain::time::{ChipBoot, ChipTime, Timestamp};
use crate::policy::Facts;
use crate::tpm::{Chip, NvAuths, SealedWindow};

use export::Export;
use ledger::Ledger;
use signing::Signing;

/// When something happens, on every clock that counts.
#[derive(Clone, Debug)]
pub struct Moment {
    /// On the appliance's clock.
    pub now: Timestamp,
    /// On the chip's clock, in milliseconds, reckoned from its last reading.
    pub mono: u64,
    /// The chip's boot.
    pub boot: ChipBoot,
    /// What is wrong with the clock, if anything is.
    pub alarm: Option<String>,
}

impl Moment {
    /// How far an entry's time can be believed.
    const fn trust(&self) -> ClockTrust {
        if self.alarm.is_some() { ClockTrust::Alarm } else { ClockTrust::Agrees }
    }

    /// The chip's clock as a screen shows it.
    pub const fn chip(&self) -> ChipTime {
        ChipTime { clock_ms: self.mono, boot: self.boot, safe: true }
    }
}

/// The chip with the auth values of its indices.
pub struct Board {
    /// The verbs.
    pub chip: Chip,
    /// What they need.
    pub auths: Arc<NvAuths>,
}

/// The appliance while its daemon runs.
pub struct Appliance {
    ledger: Ledger,
    /// Shares of requests that have fewer than the quorum; lost with the process.
    shares: BTreeMap<RequestId, Vec<Share>>,
    /// Requests whose window the chip refused once: it is asked before another pull is spent.
    wary: BTreeSet<RequestId>,
    /// A freeze is in the log and the gate was not counted: no thaw before it is.
    gate_owed: bool,
    /// When the chip is to be asked again, of windows that open or close about now.
    again: Option<Timestamp>,
    /// Windows that have ended, until the chip has said so too.
    closing: Vec<Closing>,
    keeper: Key32,
    /// Under which the log has keyed hashes.
    hash_key: Key32,
    /// What signs the log.
    signing: Signing,
    /// Bundles in the making.
    making: BTreeMap<RequestId, Export>,
}

/// A window object on its way out.
struct Closing {
    request: RequestId,
    sealed: SealedWindow,
    asked: u32,
}

impl Appliance {
    /// The fold of the log.
    pub fn state(&self) -> &State {
        self.ledger.state()
    }

    /// Whether the chip failed in the middle of a commit, which opening anew settles. A store that
    /// takes nothing more is left as it is, for people to look at.
    pub const fn is_to_be_reopened(&self) -> bool {
        self.ledger.chip_failed()
    }

    /// Whether nothing can be decided until the chip answers: it hangs, or it failed in the middle of
    /// a commit.
    pub fn waits_for_chip(&self) -> bool {
        self.is_to_be_reopened() || self.ledger.board.chip.is_silent()
    }

    /// Refuses what cannot be anchored before anything is written. To deny, to revoke and to freeze is
    /// not refused: it is in the log, and everything is down until the chip has heard of it.
    fn require_chip(&self) -> Result<(), Refusal> {
        self.ledger.board.chip.require_answers().map_err(|error| chip_refusal(&error))
    }

    /// Leaves in the log.
    pub const fn log_size(&self) -> u64 {
        self.ledger.tree().size()
    }

    /// The keeper's static key of the operators' channel.
    pub const fn keeper_key(&self) -> &Key32 {
        &self.keeper
    }

    fn facts<'a>(&'a self, at: &'a Moment) -> Facts<'a> {
        Facts { state: self.state(), now: at.now, clock_alarm: at.alarm.as_deref() }
    }

    /// Forgets the shares of requests that no longer collect any.
    fn wipe_stale_shares(&mut self) {
        let state = self.ledger.state();
        self.shares.retain(|id, _| {
            state
                .requests
                .get(id)
                .is_some_and(|r| r.state() == crate::domain::wire::operator::StateName::Requested)
        });
    }
}

/// 16 random bytes in hex.
fn nonce() -> String {
    let mut bytes = [0; 16];
    OsRng.fill_bytes(&mut bytes);
    hex::encode(bytes)
}

/// What the store says of a log that it does not give back, as a refusal.
fn unreadable(error: &crate::store::StoreError) -> Refusal {
    Refusal::Integrity { what: error.to_string() }
}

/// What the TPM room says, as a refusal.
fn chip_refusal(error: &crate::tpm::TpmError) -> Refusal {
    Refusal::Chip { what: error.to_string(), advice: error.advice().to_owned() }
}
