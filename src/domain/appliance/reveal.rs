//! Showing a credential to a person: the one step of its own, and what follows from it.

use super::State;
use super::step::{Change, Permit, Step};
use crate::domain::credential::{Deposited, ROTATE_WHEN_SEEN, Seen};
use crate::domain::ids::{CredentialName, OperatorId, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::{ReleaseWindow, RequestDoc, Requester, Subject};
use crate::domain::request::state::Phase;
use crate::domain::time::Timestamp;

/// Refuses a request that no person made for themself, or whose window is longer than somebody waits.
pub(super) fn check_asked(doc: &RequestDoc) -> Result<(), Refusal> {
    let Subject::Reveal { window, .. } = &doc.subject else { return Ok(()) };
    if !matches!(doc.requester, Requester::Operator(_)) || doc.on_behalf_of.is_some() {
        return Err(Refusal::Impossible { why: "a person asks to be shown a credential, for themself" });
    }
    if window.length() > ReleaseWindow::REVEAL_LENGTH_MAX {
        return Err(Refusal::BadWindow {
            why: "in which a person is shown a credential is at most 15 min long",
        });
    }
    Ok(())
}

impl State {
    pub(super) fn revealed(
        &self,
        id: &RequestId,
        operator: &OperatorId,
        now: Timestamp,
    ) -> Result<Step, Refusal> {
        let request = self.request(id)?;
        request.check_not_over(now)?;
        let Phase::Armed(armed) = &request.phase else { return Err(request.wrong_state("shown")) };
        let (phase, permit) = armed.clone().reveal(&request.doc, operator, now)?;
        let mut changes = vec![Change::moved(id, phase, now, None)];
        if let Some((credential, generation)) = request.doc.subject.opens() {
            let seen = Seen { operator: operator.clone(), generation, at: now, request: id.clone() };
            changes.push(Change::Seen(credential.clone(), seen));
        }
        Ok(Step { changes, permit: Some(Permit::Release(permit)) })
    }

    /// Who has seen a value of `name`, oldest first.
    pub fn seen(&self, name: &CredentialName) -> &[Seen] {
        self.seen.get(name).map_or(&[], Vec::as_slice)
    }

    /// When `current`, the newest generation of `name`, must be rotated: by its own terms, or sooner
    /// because somebody has seen it.
    pub fn rotate_by(&self, name: &CredentialName, current: &Deposited) -> Timestamp {
        let seen = self.seen(name).iter().filter(|seen| seen.generation == current.generation);
        let forced = seen.map(|seen| seen.at.plus(ROTATE_WHEN_SEEN)).min();
        forced.map_or(current.rotate_by(), |forced| forced.min(current.rotate_by()))
    }
}
