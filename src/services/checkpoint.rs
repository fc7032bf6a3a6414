//! Checkpoints: the entry first, anchored; only then a signature.

use super::{Appliance, Moment};
use crate::crypto::keyed_hash::keyed_hash;
use crate::crypto::sign::verify_cosignature;
use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::audit::entry::Body;
use crate::domain::audit::note::{Note, NoteSignature};
use crate::domain::audit::tree::Head;
use crate::domain::audit::vkey::{NoteKey, Vkey};
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::secret::SecretBytes;
use crate::domain::time::Length;
use crate::domain::wire::operator::audit::AuditReply;
use crate::policy;

/// Entries about checkpoints wear the chip's NV as any anchored one does: nobody gets them faster.
const BETWEEN: Length = Length::from_minutes(1);

impl Appliance {
    /// Makes the checkpoint of the day.
    pub(super) fn checkpoint_when_due(&mut self, at: &Moment) {
        if at.now >= self.state().checkpoint_due()
            && let Err(error) = self.make_checkpoint(at, None)
        {
            tracing::error!(%error, "the checkpoint of the day could not be made");
        }
    }

    /// Makes a head that may be signed: the tree up to and with the entry that says so.
    pub(super) fn make_checkpoint(&mut self, at: &Moment, request: Option<RequestId>) -> Result<(), Refusal> {
        self.require_chip()?;
        let body = Body::Checkpoint { request, previous: self.ledger.heads().last().cloned() };
        self.ledger.commit(at, "keeper".to_owned(), body, &[]).map_err(|error| error.to_refusal())?;
        Ok(())
    }

    /// The newest head that may be signed, with entry `index` under it; made now where there is none.
    pub(super) fn fresh_head(&mut self, at: &Moment, index: u64) -> Result<Head, Refusal> {
        let size = self.log_size();
        if index >= size {
            return Err(Refusal::NoEntry { index, size });
        }
        let last = self.state().checkpoint.as_ref();
        if last.is_none_or(|last| last.size <= index) {
            if last.is_some_and(|last| at.now < last.at.plus(BETWEEN)) {
                return Err(Refusal::Busy { what: "checkpoints within a minute" });
            }
            self.make_checkpoint(at, None)?;
        }
        // One was there, or was made.
        self.ledger.heads().last().cloned().ok_or(Refusal::Impossible { why: "a log has a head" })
    }

    /// The signed checkpoint of one of the heads that may be signed, with the cosignatures of the newest.
    pub(super) fn signed_checkpoint(&self, head: &Head) -> Result<Note, Refusal> {
        let state = self.state();
        let origin = state.founding.origin();
        let integrity = |error: &dyn std::error::Error| Refusal::Integrity { what: error.to_string() };
        let checkpoint = Checkpoint::of_head(&origin, head).map_err(|error| integrity(&error))?;
        let permit = state.leave_to_sign(head.size)?;
        let mut note =
            self.signing.sign(&self.ledger.board.chip, &state.founding.keys, &checkpoint, &permit)?;
        let cosigned = state.checkpoint.iter().filter(|last| last.size == head.size);
        for (operator, (time, signature)) in cosigned.flat_map(|last| &last.cosigned) {
            let Some(person) = state.roster().get(operator) else { continue };
            let name = crate::crypto::note::operator_key_name(&origin, operator.as_str());
            let key = Vkey::new(&name, NoteKey::Cosignature(person.cosign));
            let key = key.map_err(|error| integrity(&error))?;
            let signature = hex::decode(signature).map_err(|error| integrity(&error))?;
            let blob = [time.to_be_bytes().as_slice(), &signature].concat();
            note = note.with(NoteSignature::new(&key, &blob)).map_err(|error| integrity(&error))?;
        }
        Ok(note)
    }

    /// Takes an operator's cosignature of the newest checkpoint.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn cosign(
        &mut self,
        at: &Moment,
        operator: &OperatorId,
        (size, time, signature): (u64, u64, String),
    ) -> Result<(), Refusal> {
        policy::may_cosign(&self.facts(at), operator)?;
        let body = Body::Cosigned { size, operator: operator.clone(), time, signature: signature.clone() };
        self.state().step(&body, at.now, at.boot)?;
        let bad = || Refusal::BadCosignature { operator: operator.clone() };
        let head = self.ledger.heads().last().filter(|head| head.size == size).ok_or_else(bad)?;
        let checkpoint = Checkpoint::of_head(&self.state().founding.origin(), head).map_err(|_| bad())?;
        let bytes = hex::decode(&signature).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(bad)?;
        let person = self.state().roster().get(operator).ok_or_else(bad)?;
        verify_cosignature(&person.cosign, time, checkpoint.to_string().as_bytes(), &bytes)
            .map_err(|_| bad())?;
        let actor = format!("operator:{operator}");
        self.ledger.commit(at, actor, body, &[]).map_err(|error| error.to_refusal())?;
        Ok(())
    }

    /// What the log would have of something that it has only a keyed hash of.
    pub fn keyed_hash(&self, text: &SecretBytes) -> AuditReply {
        AuditReply::KeyedHash { hash: keyed_hash(&self.hash_key, text.expose()) }
    }

    /// The public keys of the log, to be written down by whoever will verify it.
    pub fn log_keys(&self) -> AuditReply {
        let founding = &self.state().founding;
        AuditReply::Keys {
            origin: founding.origin(),
            keys: Box::new(founding.keys.clone()),
            roster: hex::encode(founding.roster.digest()),
        }
    }
}
