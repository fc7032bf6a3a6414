//! The life of one request: a struct for each state, and transitions that consume it.

use std::sync::Arc;

use super::doc::{ReleaseWindow, RequestDoc, Subject};
use super::permit::{ArmPermit, ReleasePermit};
use super::quorum::{Agreed, Approvals, Quorum};
use crate::domain::ids::{JobName, OperatorId};
use crate::domain::refusal::Refusal;
use crate::domain::time::{ChipBoot, Interval, Length, Timestamp};
use crate::domain::wire::operator::StateName;

/// One request and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// What was asked.
    pub doc: Box<RequestDoc>,
    /// Where it stands.
    pub phase: Phase,
    /// When it ended, or when its last step was.
    pub touched: Timestamp,
    /// How it ended or what last went wrong.
    pub note: Option<String>,
}

/// The states of section 4 of the design.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Collecting approvals.
    Requested(Requested),
    /// The quorum is there; the chip is at work.
    Arming(Arming),
    /// The window is sealed into the chip.
    Armed(Armed),
    /// No pull is left; the window that was.
    Spent(Armed),
    /// A kind that arms no window took effect.
    Granted(Quorum),
    /// An operator said no.
    Denied,
    /// Time ended it.
    Expired,
    /// An operator, a freeze, a deposit or a reboot ended it; the window that was.
    Revoked(Option<Interval>),
}

/// Fewer approvals than the quorum.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Requested {
    /// Who, and to what.
    pub approvals: Approvals,
}

/// The quorum, and what all of them agreed to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Arming {
    /// The people.
    pub quorum: Quorum,
    /// The intersection of what they signed.
    pub window: ReleaseWindow,
    /// The least of what they signed.
    pub pulls: u32,
}

/// A window on the chip.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Armed {
    /// Who approved.
    pub quorum: Quorum,
    /// On the appliance's clock.
    pub window: Interval,
    /// On the chip's clock, in milliseconds.
    pub chip: (u64, u64),
    /// The boot it dies with.
    pub boot: ChipBoot,
    /// The gate counter it dies with.
    pub gate: u64,
    /// Hand-overs that may still happen.
    pub pulls_left: u32,
    /// SHA-256 in hex of the sealed window object.
    pub sealed: Arc<str>,
}

/// What the k-th approval led to.
pub enum Approved {
    /// Not enough people yet.
    Waiting(Requested),
    /// A release or a reveal: the chip may be asked for its half, once.
    Arming(Arming, ArmPermit),
    /// Another kind: it takes effect.
    Granted(Quorum),
}

impl Requested {
    /// Adds one person's yes. Who may approve was decided before; here people are counted.
    ///
    /// # Errors
    /// [`Refusal::DuplicateApprover`], [`Refusal::WindowWidened`].
    pub fn approve(
        self,
        doc: &RequestDoc,
        who: OperatorId,
        agreed: Agreed,
        need: usize,
    ) -> Result<Approved, Refusal> {
        let request = || doc.id.clone();
        if self.approvals.has(&who) {
            return Err(Refusal::DuplicateApprover { request: request(), operator: who });
        }
        let asked = asked(doc);
        let within = match (agreed.window, asked.window) {
            (Some(a), Some(b)) => a.is_within(b),
            (None, None) => true,
            _ => false,
        } && match (agreed.pulls, asked.pulls) {
            (Some(a), Some(b)) => (1..=b).contains(&a),
            (None, None) => true,
            _ => false,
        };
        let approvals = self.approvals.with(who, agreed);
        let widened = Refusal::WindowWidened { request: request() };
        let common = if within { approvals.common(asked).ok_or(widened)? } else { return Err(widened) };
        let Some(quorum) = approvals.reached(need) else { return Ok(Approved::Waiting(Self { approvals })) };
        match (doc.subject.opens(), common) {
            (Some((credential, generation)), Agreed { window: Some(window), pulls: Some(pulls) }) => {
                let permit = ArmPermit::new(request(), credential.clone(), generation);
                Ok(Approved::Arming(Arming { quorum, window, pulls }, permit))
            }
            _ => Ok(Approved::Granted(quorum)),
        }
    }
}

/// What the request itself asks for, in the form of an agreement.
pub fn asked(doc: &RequestDoc) -> Agreed {
    Agreed { window: doc.subject.window(), pulls: doc.subject.pulls() }
}

impl Arming {
    /// The window is sealed: the gate can rise.
    pub fn armed(
        self,
        window: Interval,
        chip: (u64, u64),
        boot: ChipBoot,
        gate: u64,
        sealed: Arc<str>,
    ) -> Armed {
        Armed { quorum: self.quorum, window, chip, boot, gate, pulls_left: self.pulls, sealed }
    }
}

impl Armed {
    /// Spends one pull of a job. The permit is the only leave to open the window.
    ///
    /// # Errors
    /// [`Refusal::OutsideWindow`], [`Refusal::NotGranted`]; [`Refusal::Impossible`] for a window that
    /// is not a job's.
    pub fn pull(
        self,
        doc: &RequestDoc,
        job: &JobName,
        now: Timestamp,
    ) -> Result<(Phase, ReleasePermit), Refusal> {
        match &doc.subject {
            Subject::Release { job: asked, .. } if asked == job => self.spend(doc, now),
            Subject::Release { credential, .. } => {
                Err(Refusal::NotGranted { job: job.clone(), credential: credential.clone() })
            }
            _ => Err(Refusal::Impossible { why: "only a release is pulled" }),
        }
    }

    /// Spends the one showing, for the person who asked. The permit is the only leave to open the window.
    ///
    /// # Errors
    /// [`Refusal::OutsideWindow`], [`Refusal::NotRequester`]; [`Refusal::NotShown`] for a window that is
    /// not a person's.
    pub fn reveal(
        self,
        doc: &RequestDoc,
        operator: &OperatorId,
        now: Timestamp,
    ) -> Result<(Phase, ReleasePermit), Refusal> {
        doc.check_shown_to(operator)?;
        self.spend(doc, now)
    }

    fn spend(self, doc: &RequestDoc, now: Timestamp) -> Result<(Phase, ReleasePermit), Refusal> {
        if !self.window.contains(now) {
            return Err(Refusal::OutsideWindow { request: doc.id.clone(), window: self.window, now });
        }
        let pulls_left = self
            .pulls_left
            .checked_sub(1)
            .ok_or(Refusal::Impossible { why: "an armed window has a pull left" })?;
        let next = Self { pulls_left, ..self };
        let phase = if pulls_left == 0 { Phase::Spent(next) } else { Phase::Armed(next) };
        Ok((phase, ReleasePermit::new(doc.id.clone())))
    }

    /// Gives one pull back.
    #[must_use]
    pub fn returned(self) -> Self {
        Self { pulls_left: self.pulls_left + 1, ..self }
    }
}

impl Request {
    /// The word for its state.
    pub const fn state(&self) -> StateName {
        match &self.phase {
            Phase::Requested(_) => StateName::Requested,
            Phase::Arming(_) => StateName::Arming,
            Phase::Armed(_) => StateName::Armed,
            Phase::Spent(_) => StateName::Spent,
            Phase::Granted(_) => StateName::Granted,
            Phase::Denied => StateName::Denied,
            Phase::Expired => StateName::Expired,
            Phase::Revoked(_) => StateName::Revoked,
        }
    }

    /// When time ends it; `None` when it has ended.
    pub fn ends(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Requested(_) | Phase::Arming(_) => Some(self.decision_ends()),
            Phase::Armed(armed) => Some(armed.window.closes()),
            _ => None,
        }
    }

    /// When an approval comes too late: the decision window, or a fixed release window before it.
    fn decision_ends(&self) -> Timestamp {
        match self.doc.subject.window() {
            Some(ReleaseWindow::Fixed { interval }) => self.doc.decision_ends.min(interval.closes()),
            _ => self.doc.decision_ends,
        }
    }

    /// Until when an ended request stands in the way of a new one for the same job and credential:
    /// the end of its window, or of its decision when it never had one.
    pub fn stands_until(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Spent(armed) => Some(armed.window.closes()),
            Phase::Revoked(Some(window)) => Some(window.closes()),
            Phase::Denied | Phase::Revoked(None) => Some(self.doc.decision_ends),
            _ => None,
        }
    }

    /// When it is forgotten once it has ended: after a week, and when it stands in nobody's way.
    pub fn forgotten_at(&self) -> Option<Timestamp> {
        const KEPT: Length = Length::from_minutes(7 * 24 * 60);
        let week = self.touched.plus(KEPT);
        let ended = !self.state().is_live();
        ended.then(|| self.stands_until().map_or(week, |until| until.max(week)))
    }

    /// Refuses what came after the end, even if no timer has fired.
    ///
    /// # Errors
    /// [`Refusal::Expired`].
    pub fn check_not_over(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.ends() {
            Some(ended) if now >= ended => Err(Refusal::Expired { request: self.doc.id.clone(), ended }),
            _ => Ok(()),
        }
    }

    /// The refusal of an event that has no meaning in this state.
    pub fn wrong_state(&self, event: &'static str) -> Refusal {
        Refusal::WrongState { request: self.doc.id.clone(), state: self.state(), event }
    }
}
