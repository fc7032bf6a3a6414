//! The steps of a release from its quorum to its last pull, and the limits of windows.

use super::State;
use super::step::{Change, Permit, Step};
use crate::domain::ids::{JobName, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::{ReleaseWindow, Subject};
use crate::domain::request::state::{Phase, Requested};
use crate::domain::time::{ChipBoot, Interval, Length, Timestamp};

/// How far ahead a window may open.
const AHEAD_MAX: Length = Length::from_minutes(7 * 24 * 60);

/// Refuses a window that is empty, over, too long or too far ahead.
pub(super) fn check_window(window: ReleaseWindow, now: Timestamp) -> Result<(), Refusal> {
    if window.length() == Length::ZERO {
        return Err(Refusal::BadWindow { why: "must not be empty" });
    }
    if window.length() > ReleaseWindow::LENGTH_MAX {
        return Err(Refusal::BadWindow { why: "is at most 24 h long" });
    }
    match window {
        ReleaseWindow::FromArming { .. } => Ok(()),
        ReleaseWindow::Fixed { interval } if interval.closes() <= now => {
            Err(Refusal::BadWindow { why: "must not be over already" })
        }
        ReleaseWindow::Fixed { interval } if interval.opens() > now.plus(AHEAD_MAX) => {
            Err(Refusal::BadWindow { why: "opens within 7 days" })
        }
        ReleaseWindow::Fixed { .. } => Ok(()),
    }
}

/// Refuses a count outside 1 to 100.
pub(super) fn check_pulls(pulls: u32) -> Result<(), Refusal> {
    if (1..=Subject::PULLS_MAX).contains(&pulls) { Ok(()) } else { Err(Refusal::BadPulls { pulls }) }
}

impl State {
    pub(super) fn armed(
        &self,
        id: &RequestId,
        window: Interval,
        (chip, boot, gate): ((u64, u64), ChipBoot, u64),
        sealed: &str,
        now: Timestamp,
    ) -> Result<Step, Refusal> {
        let request = self.request(id)?;
        let Phase::Arming(arming) = &request.phase else { return Err(request.wrong_state("armed")) };
        // The chip took its time between the approval and this entry: the window may have started
        // a little before now, and never reaches beyond what was signed.
        let agreed = arming.window;
        let fits = match agreed {
            ReleaseWindow::Fixed { interval } => window == interval,
            ReleaseWindow::FromArming { length_ms } => window.opens() <= now && window.length() == length_ms,
        };
        if !fits || chip.0 >= chip.1 {
            return Err(Refusal::Impossible { why: "a window is armed as it was signed" });
        }
        let armed = arming.clone().armed(window, chip, boot, gate, sealed.into());
        Ok(Step::moved(id, Phase::Armed(armed), now, None))
    }

    pub(super) fn arm_failed(
        &self,
        id: &RequestId,
        why: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Step, Refusal> {
        let request = self.request(id)?;
        let Phase::Arming(_) = &request.phase else { return Err(request.wrong_state("given back")) };
        let mut next = request.clone();
        next.doc.nonce = nonce.to_owned();
        next.phase = Phase::Requested(Requested::default());
        next.touched = now;
        next.note = Some(format!("arming failed, please approve again: {why}"));
        Ok(Step::request(next))
    }

    pub(super) fn pulled(&self, id: &RequestId, job: &JobName, now: Timestamp) -> Result<Step, Refusal> {
        let request = self.request(id)?;
        request.check_not_over(now)?;
        let Phase::Armed(armed) = &request.phase else { return Err(request.wrong_state("pulled")) };
        let Subject::Release { credential, .. } = &request.doc.subject else {
            return Err(Refusal::Impossible { why: "only a release is pulled" });
        };
        let (phase, permit) = armed.clone().pull(&request.doc, job, now)?;
        let pulled = Change::Pulled(credential.clone(), id.clone(), job.clone());
        let changes = vec![Change::moved(id, phase, now, None), pulled];
        Ok(Step { changes, permit: Some(Permit::Release(permit)) })
    }

    pub(super) fn pull_returned(&self, id: &RequestId, why: &str, now: Timestamp) -> Result<Step, Refusal> {
        let request = self.request(id)?;
        let (Phase::Armed(armed) | Phase::Spent(armed)) = &request.phase else {
            return Err(request.wrong_state("given a pull back"));
        };
        let note = Some(format!("a pull failed before the credential was open, and was given back: {why}"));
        let phase = Phase::Armed(armed.clone().returned());
        let mut changes = vec![Change::moved(id, phase, now, note), Change::Settled(id.clone())];
        if let Subject::Reveal { credential, .. } = &request.doc.subject {
            changes.push(Change::Unseen(credential.clone(), id.clone()));
        }
        Ok(Step::of(changes))
    }
}
