//! A key that the chip gives back between two instants of one boot, while the gate stays up.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use serde::{Deserialize, Serialize};

use crate::domain::request::permit::ReleasePermit;
use crate::domain::secret::Key32;
use crate::domain::time::ChipBoot;
use crate::tpm::buffers::Then;
use crate::tpm::connect::{Chip, Link, Tcti, wipe_stack};
use crate::tpm::errand::Errand;
use crate::tpm::error::{PolicyStep, TpmError};
use crate::tpm::nvram::{NvAuths, Role, copy};
use crate::tpm::pins::Pins;
use crate::tpm::policy::{AT_LEAST, BELOW, EQUAL, PolicyDigest};
use crate::tpm::seal::SealedKey;
use crate::tpm::timed::Tr;

/// Offset of `clock` in TPMS_TIME_INFO.
const CLOCK: u16 = 8;
/// Offset of `resetCount` in TPMS_TIME_INFO.
const RESETS: u16 = 16;
/// Offset of `restartCount` in TPMS_TIME_INFO.
const RESTARTS: u16 = 20;

/// A condition on the chip's time: operand, offset, operation.
type Timer = (PolicyStep, Vec<u8>, u16, u16);

/// When and under which circumstances a window is open: everything but the PCRs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WindowBounds {
    /// The first millisecond of the chip's clock inside.
    pub opens_ms: u64,
    /// The first millisecond of the chip's clock after the end.
    pub closes_ms: u64,
    /// The boot it was armed in.
    pub boot: ChipBoot,
    /// The value of the gate counter when it was armed.
    pub gate: u64,
}

/// A data key that waits for its job, as the chip encrypted it.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SealedWindow {
    key: SealedKey,
    bounds: WindowBounds,
}

/// What the chip would say if the window were pulled now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WindowProbe {
    /// Every condition holds.
    Open,
    /// One does not.
    Refused {
        /// The chip's response code.
        rc: u32,
        /// Which condition.
        which: PolicyStep,
    },
}

impl WindowBounds {
    /// The comparisons with the chip's time, in the order in which they are asked. The two boot
    /// counters are compared one by one, because that is what stock tools can do: anybody may
    /// walk this policy with tpm2-tools.
    fn timers(&self) -> [Timer; 4] {
        let number = |number: u32| number.to_be_bytes().to_vec();
        [
            (PolicyStep::Opens, self.opens_ms.to_be_bytes().to_vec(), CLOCK, AT_LEAST),
            (PolicyStep::Closes, self.closes_ms.to_be_bytes().to_vec(), CLOCK, BELOW),
            (PolicyStep::Boot, number(self.boot.reset_count), RESETS, EQUAL),
            (PolicyStep::Boot, number(self.boot.restart_count), RESTARTS, EQUAL),
        ]
    }

    fn policy(&self, pins: &Pins) -> PolicyDigest {
        let timed = self.timers().into_iter();
        let timed = timed.fold(pins.boot_policy(), |policy, (_, operand, offset, operation)| {
            policy.counter_timer(&operand, offset, operation)
        });
        timed.nv(&self.gate.to_be_bytes(), EQUAL, &Role::Gate.name())
    }
}

impl SealedWindow {
    /// Joins what a store kept.
    pub const fn new(key: SealedKey, bounds: WindowBounds) -> Self {
        Self { key, bounds }
    }

    /// The ciphertext.
    pub const fn key(&self) -> &SealedKey {
        &self.key
    }

    /// When it is open.
    pub const fn bounds(&self) -> &WindowBounds {
        &self.bounds
    }
}

/// Names the step that the chip refused.
fn refused(step: PolicyStep) -> impl Fn(TpmError) -> TpmError {
    /// TPM_RC_POLICY: the comparison was made and is false.
    const RC_POLICY: u32 = 0x126;
    move |error| match error {
        TpmError::Rc { rc: rc @ RC_POLICY, .. } => TpmError::PolicyRefused { step, rc },
        other => other,
    }
}

impl Link<'_> {
    /// Meets the whole policy of a window, or says at which step it is refused.
    fn policy_window(
        &mut self,
        (policy, hmac): (Tr, Tr),
        auths: &NvAuths,
        bounds: &WindowBounds,
        then: Then,
    ) -> Result<(), TpmError> {
        self.policy_pcr(policy)?;
        for (step, operand, offset, operation) in bounds.timers() {
            let asked = self.esys.policy_counter_timer(policy, &operand, offset, operation);
            asked.map_err(refused(step))?;
        }
        let gate = self.index(Role::Gate, &auths.gate)?;
        let asked = self.esys.policy_nv((policy, hmac), gate, &bounds.gate.to_be_bytes(), EQUAL, then);
        asked.map_err(refused(PolicyStep::Gate)).map_err(Role::Gate.refused())
    }
}

impl Link<'_> {
    fn open_window(
        &mut self,
        auths: &NvAuths,
        window: &SealedWindow,
        permit: ReleasePermit,
        hmac: Tr,
    ) -> Result<Key32, TpmError> {
        let _spent = permit;
        let policy = self.policy()?;
        self.policy_window((policy, hmac), auths, &window.bounds, Then::Keep)?;
        let item = self.load(&window.key, hmac)?;
        let key = self.esys.unseal(item, policy);
        self.esys.flush(item)?;
        key
    }
}

impl Chip {
    /// Seals a data key for one window.
    ///
    /// # Errors
    /// As every verb of the room.
    pub fn seal_window(&self, key: &Key32, bounds: &WindowBounds) -> Result<SealedWindow, TpmError> {
        let (key, policy) = (copy(key), bounds.policy(self.pins()));
        let key = self.on_link(move |link| link.create(&key, policy))?;
        Ok(SealedWindow::new(key, *bounds))
    }

    /// Anchors a committed pull as [`Chip::anchor`] does, and keeps connection and session for the
    /// window that the pull opens: a session costs the chip more than all its other commands.
    ///
    /// # Errors
    /// As [`Chip::anchor`].
    pub fn anchor_pull<'c>(
        &'c self,
        auths: &Arc<NvAuths>,
        head: &[u8; 32],
    ) -> Result<AnchoredPull<'c>, TpmError> {
        let (anchored, is_anchored) = channel();
        let (opening, order) = channel();
        let (answer, key) = channel();
        let at_chip = AtChip { tcti: self.tcti().clone(), pins: self.shared_pins(), auths: auths.clone() };
        let head = *head;
        let errand = self.errands().begin(move || at_chip.pull(&head, &anchored, &order, &answer))?;
        errand.hear(&is_anchored).and_then(|anchored| anchored).map_err(|error| self.trace(error))?;
        Ok(AnchoredPull { chip: self, errand, opening, key })
    }

    /// Asks the chip whether a window is open, and never to unseal.
    ///
    /// # Errors
    /// As every verb of the room; a refusal by the policy is an answer and no error.
    pub fn probe_window(&self, auths: &Arc<NvAuths>, window: &SealedWindow) -> Result<WindowProbe, TpmError> {
        window.key.require(window.bounds.policy(self.pins()))?;
        let (auths, bounds) = (auths.clone(), window.bounds);
        let asked = self.on_link(move |link| {
            let (policy, hmac) = (link.policy()?, link.hmac()?);
            link.policy_window((policy, hmac), &auths, &bounds, Then::End)
        });
        match asked {
            Ok(()) => Ok(WindowProbe::Open),
            Err(TpmError::PolicyRefused { step, rc }) => Ok(WindowProbe::Refused { rc, which: step }),
            Err(other) => Err(other),
        }
    }
}

/// What the thread at the chip needs for one pull.
struct AtChip {
    tcti: Tcti,
    pins: Arc<Pins>,
    auths: Arc<NvAuths>,
}

impl AtChip {
    /// Anchors and says so, then opens the window that it is told, if it is told one.
    fn pull(
        self,
        head: &[u8; 32],
        anchored: &Sender<Result<(), TpmError>>,
        order: &Receiver<(SealedWindow, ReleasePermit)>,
        answer: &Sender<Result<Key32, TpmError>>,
    ) {
        let opened = Link::open(&self.tcti, &self.pins).and_then(|mut link| {
            let hmac = link.anchor(&self.auths, head, Then::Keep)?;
            // Whoever does not hear it in time gives no order.
            drop(anchored.send(Ok(())));
            let Ok((window, permit)) = order.recv() else { return Ok(None) };
            link.open_window(&self.auths, &window, permit, hmac).map(Some)
        });
        wipe_stack();
        // Each is heard by one who waits for it, or by nobody.
        match opened {
            Ok(None) => {}
            Ok(Some(key)) => drop(answer.send(Ok(key))),
            Err(error) => {
                drop(anchored.send(Err(error.clone())));
                drop(answer.send(Err(error)));
            }
        }
    }
}

/// The chip after one pull was anchored in it, still held by the thread that anchored.
pub struct AnchoredPull<'c> {
    chip: &'c Chip,
    errand: Errand,
    opening: Sender<(SealedWindow, ReleasePermit)>,
    key: Receiver<Result<Key32, TpmError>>,
}

impl AnchoredPull<'_> {
    /// Recovers the data key of an armed window, at the price of the pull that was anchored.
    ///
    /// # Errors
    /// [`TpmError::PolicyRefused`] names the condition that does not hold; the chip was not asked
    /// to unseal then.
    pub fn open_window(self, window: &SealedWindow, permit: ReleasePermit) -> Result<Key32, TpmError> {
        let Self { chip, errand, opening, key } = self;
        window.key.require(window.bounds.policy(chip.pins()))?;
        // A thread that ended says so by its silence.
        drop(opening.send((window.clone(), permit)));
        errand.hear(&key).and_then(|key| key).map_err(|error| chip.trace(error))
    }
}
