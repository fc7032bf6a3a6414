//! Reading the log back.

use super::{Appliance, unreadable};
use crate::domain::audit::anchor::anchor_digest;
use crate::domain::audit::entry::Entry;
use crate::domain::audit::tree::Tree;
use crate::domain::refusal::Refusal;
use crate::domain::wire::operator::Reply;
use crate::store::StoreError;

impl Appliance {
    /// Leaves from an index on, as many as fit a message.
    ///
    /// # Errors
    /// [`Refusal::Impossible`] when the store does not give them.
    pub fn entries(&self, from: u64, count: u32) -> Result<Reply, Refusal> {
        const BYTES_MAX: usize = 150 * 1024;
        let (mut leaves, mut bytes) = (Vec::new(), 0);
        self.ledger
            .store
            .leaves::<StoreError>(from, u64::from(count), |_, leaf| {
                bytes += leaf.len();
                let fits = bytes <= BYTES_MAX || leaves.is_empty();
                if fits {
                    leaves.push(String::from_utf8_lossy(leaf).into_owned());
                }
                Ok(fits)
            })
            .map_err(|error| unreadable(&error))?;
        let tree = self.ledger.tree();
        Ok(Reply::Entries { leaves, size: tree.size(), root: tree.root().to_string() })
    }

    /// Reads every leaf back from the store, recomputes the tree, and compares with what the
    /// keeper has in memory and with the chip.
    ///
    /// # Errors
    /// A [`Refusal`] that names the first entry that is wrong.
    pub fn audit_verify(&self) -> Result<Reply, Refusal> {
        let (mut tree, mut wrong, mut head) = (Tree::default(), None, None);
        self.ledger
            .store
            .leaves::<StoreError>(0, u64::MAX, |seq, leaf| {
                tree.append(leaf);
                match Entry::from_leaf(seq, leaf) {
                    Ok(entry) if entry.body.is_anchored() => {
                        head = Some(anchor_digest(entry.epoch, &tree.root()))
                    }
                    Ok(_) => {}
                    Err(error) => wrong = Some(error),
                }
                Ok(wrong.is_none())
            })
            .map_err(|error| unreadable(&error))?;
        let integrity = |what: String| Refusal::Integrity { what };
        if let Some(error) = wrong {
            return Err(integrity(error.to_string()));
        }
        let (ours, theirs) = (self.ledger.tree().head(), tree.head());
        if ours != theirs {
            return Err(integrity(format!(
                "the store has another log than the one in memory: {theirs:?}, not {ours:?}"
            )));
        }
        let state = self.state();
        let anchor = self
            .ledger
            .board
            .anchor(state.founding.epoch_base)
            .map_err(|error| super::chip_refusal(&error))?;
        if head != Some(anchor.head) {
            return Err(integrity("the chip remembers another head of the log".to_owned()));
        }
        if anchor.epoch != state.epoch {
            return Err(integrity(format!(
                "the chip is at epoch {} and the log at {}",
                anchor.epoch, state.epoch
            )));
        }
        Ok(Reply::AuditVerified { size: tree.size(), root: tree.root().to_string(), epoch: state.epoch })
    }
}
