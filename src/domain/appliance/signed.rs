//! The steps of the log's own: heads that may be signed, cosignatures, and bundles that were handed over.

use std::collections::BTreeMap;

use super::State;
use super::step::{Change, Step};
use crate::domain::audit::entry::Entry;
use crate::domain::audit::tree::Head;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::operator::AgeRecipient;
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::{RequestDoc, Requester, Subject};
use crate::domain::request::permit::SignPermit;
use crate::domain::request::state::Phase;
use crate::domain::time::{Length, Timestamp};

/// A log without checkpoints is a log that somebody may have cut: there is one a day at least.
const CHECKPOINT_EVERY: Length = Length::from_minutes(24 * 60);

/// The newest head that may be signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpointed {
    /// Entries under it; the last of them is the one that says so.
    pub size: u64,
    /// When.
    pub at: Timestamp,
    /// Who cosigned it: the time in seconds and the signature in hex.
    pub cosigned: BTreeMap<OperatorId, (u64, String)>,
}

/// Refuses an export that no person asked for, or of entries that do not exist.
pub(super) fn check_export(doc: &RequestDoc, state: &State) -> Result<(), Refusal> {
    let Subject::Export { from, recipients, .. } = &doc.subject else { return Ok(()) };
    if !matches!(doc.requester, Requester::Operator(_)) || doc.on_behalf_of.is_some() {
        return Err(Refusal::Impossible { why: "a person asks for a bundle" });
    }
    let twice = |list: &[AgeRecipient]| list.iter().enumerate().any(|(at, one)| list[..at].contains(one));
    if recipients.len() > Subject::RECIPIENTS_MAX || twice(recipients) {
        return Err(Refusal::BadExport { why: "is encrypted to at most 16 people, each named once" });
    }
    if *from != 0 && !state.is_checkpoint(*from) {
        return Err(Refusal::BadExport { why: "begins at 0 or where an earlier bundle ended" });
    }
    Ok(())
}

impl State {
    /// When the next checkpoint is due, also of an appliance that has nothing to do.
    pub fn checkpoint_due(&self) -> Timestamp {
        self.checkpoint.as_ref().map_or(self.founded, |last| last.at).plus(CHECKPOINT_EVERY)
    }

    /// Whether a bundle may begin at `size`: a head of that size was for signing.
    pub fn is_checkpoint(&self, size: u64) -> bool {
        self.checkpoints.binary_search(&size).is_ok()
    }

    /// Leave to sign the head of `size` entries.
    ///
    /// # Errors
    /// [`Refusal::Impossible`] for any head but those that end with a checkpoint.
    pub fn leave_to_sign(&self, size: u64) -> Result<SignPermit, Refusal> {
        let refused = Refusal::Impossible { why: "only heads that end with a checkpoint are signed" };
        if self.is_checkpoint(size) { Ok(SignPermit::new(size)) } else { Err(refused) }
    }

    /// The request of an export that two operators granted.
    ///
    /// # Errors
    /// A [`Refusal`] for any other request.
    pub fn granted_export(&self, id: &RequestId) -> Result<(u64, &RequestDoc), Refusal> {
        let request = self.request(id)?;
        match (&request.doc.subject, &request.phase) {
            (Subject::Export { from, .. }, Phase::Granted(_)) => Ok((*from, &request.doc)),
            (Subject::Export { .. }, _) => Err(request.wrong_state("exported")),
            (other, _) => Err(Refusal::NotExport { request: id.clone(), kind: other.kind() }),
        }
    }

    pub(super) fn checkpointed(
        &self,
        request: Option<&RequestId>,
        previous: Option<&Head>,
    ) -> Result<Step, Refusal> {
        if previous.map(|head| head.size) != self.checkpoint.as_ref().map(|last| last.size) {
            return Err(Refusal::Impossible { why: "a checkpoint names the one before it" });
        }
        if let Some(id) = request {
            self.granted_export(id)?;
            if self.exports.contains_key(id) {
                return Err(Refusal::Impossible { why: "one export has one checkpoint" });
            }
        }
        Ok(Step::of(vec![Change::Checkpoint(request.cloned())]))
    }

    /// Notes that the head which ends with `entry` may be signed.
    pub(super) fn note_checkpoint(&mut self, request: Option<RequestId>, entry: &Entry) {
        let size = entry.seq + 1;
        self.checkpoint = Some(Checkpointed { size, at: entry.ts, cosigned: BTreeMap::new() });
        self.checkpoints.push(size);
        if let Some(request) = request {
            self.exports.insert(request, size);
        }
    }

    pub(super) fn cosigned(
        &self,
        size: u64,
        operator: &OperatorId,
        (time, signature): (u64, &str),
    ) -> Result<Step, Refusal> {
        let last = self.checkpoint.as_ref().filter(|last| last.size == size);
        let last = last.ok_or(Refusal::StaleCheckpoint { size })?;
        if last.cosigned.contains_key(operator) {
            return Err(Refusal::CosignedAlready { operator: operator.clone(), size });
        }
        Ok(Step::of(vec![Change::Cosigned(operator.clone(), time, signature.to_owned())]))
    }

    pub(super) fn exported(
        &self,
        id: &RequestId,
        operator: &OperatorId,
        range: (u64, u64),
    ) -> Result<Step, Refusal> {
        let (from, doc) = self.granted_export(id)?;
        if !doc.is_asked_by(operator) || self.exports.get(id) != Some(&range.1) || from != range.0 {
            return Err(Refusal::Impossible { why: "a bundle is the one that was asked for" });
        }
        Ok(Step::of(vec![Change::Exported(range.1)]))
    }
}
