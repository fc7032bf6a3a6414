//! Proofs from the log at hand: that an entry is under a checkpoint, and that one checkpoint goes on from
//! another.

use super::{Appliance, Moment, unreadable};
use crate::domain::audit::checkpoint::SignedCheckpoint;
use crate::domain::audit::files::{ConsistencyFile, InclusionFile};
use crate::domain::audit::proof::{ProveError, prove_consistency, prove_inclusion};
use crate::domain::audit::tree::TreeHash;
use crate::domain::refusal::Refusal;
use crate::domain::wire::operator::audit::AuditReply;
use crate::store::StoreError;

impl Appliance {
    /// The newest checkpoint, signed; made now where there is none.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub fn newest_checkpoint(&mut self, at: &Moment) -> Result<AuditReply, Refusal> {
        let head = self.fresh_head(at, 0)?;
        Ok(AuditReply::Checkpoint { note: self.signed_checkpoint(&head)?.to_string() })
    }

    /// Proves that an entry is under the newest checkpoint, which is made now where it is older.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub fn prove(&mut self, at: &Moment, index: u64) -> Result<AuditReply, Refusal> {
        let head = self.fresh_head(at, index)?;
        let groups = self.ledger.subtrees().groups();
        let hashes = prove_inclusion(index, head.size, groups, |range| self.leaf_hashes(range));
        let hashes = hashes.map_err(|error| unproven(&error))?;
        let proof = InclusionFile::new(index, hashes, self.signed(&head)?).map_err(|error| broken(&error))?;
        let leaf = self.leaf(index)?;
        Ok(AuditReply::Proof { leaf, proof: proof.to_string() })
    }

    /// Proves that the newest checkpoint goes on from a head of `from` entries.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub fn prove_consistent(&mut self, at: &Moment, from: u64) -> Result<AuditReply, Refusal> {
        let head = self.fresh_head(at, 0)?;
        if from > head.size {
            return Err(Refusal::NoEntry { index: from, size: head.size });
        }
        let groups = self.ledger.subtrees().groups();
        let hashes = prove_consistency(from, head.size, groups, |range| self.leaf_hashes(range));
        let hashes = hashes.map_err(|error| unproven(&error))?;
        let body = ConsistencyFile::new(from, hashes, self.signed(&head)?).map_err(|error| broken(&error))?;
        Ok(AuditReply::Consistency { body: body.to_string() })
    }

    fn signed(&self, head: &crate::domain::audit::tree::Head) -> Result<SignedCheckpoint, Refusal> {
        SignedCheckpoint::of_note(self.signed_checkpoint(head)?).map_err(|error| broken(&error))
    }

    fn leaf_hashes(&self, range: std::ops::Range<u64>) -> Result<Vec<TreeHash>, StoreError> {
        let mut hashes = Vec::new();
        self.ledger.store.leaves::<StoreError>(range.start, range.end - range.start, |_, leaf| {
            hashes.push(TreeHash::of_leaf(leaf));
            Ok(true)
        })?;
        Ok(hashes)
    }

    fn leaf(&self, index: u64) -> Result<String, Refusal> {
        let mut found = None;
        let read = self.ledger.store.leaves::<StoreError>(index, 1, |_, leaf| {
            found = Some(String::from_utf8_lossy(leaf).into_owned());
            Ok(true)
        });
        read.map_err(|error| unreadable(&error))?;
        found.ok_or(Refusal::NoEntry { index, size: self.log_size() })
    }
}

fn unproven(error: &ProveError<StoreError>) -> Refusal {
    Refusal::Integrity { what: error.to_string() }
}

/// What our own bytes cannot be.
fn broken(error: &dyn std::error::Error) -> Refusal {
    Refusal::Integrity { what: error.to_string() }
}
