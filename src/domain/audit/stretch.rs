//! A stretch of a log whose beginning is not at hand: what can be checked of it without.

use super::entry::{Body, EntryError};
use super::heads::Heads;
use super::tree::Tree;
use super::verify::{Leaf, VerifyError};
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::RequestDoc;
use crate::domain::time::Timestamp;

/// Takes the leaves of a stretch in order: their numbers, times, epochs, and what checkpoints say of those
/// before them. Whether a step follows from the state is not known here.
#[derive(Clone, Debug)]
pub struct Stretch {
    tree: Tree,
    heads: Heads,
    last: Option<(u64, Timestamp)>,
}

impl Stretch {
    /// A stretch that goes on from `tree`, which ends with a checkpoint.
    pub fn after(tree: Tree) -> Self {
        Self { heads: Heads::after(&tree), tree, last: None }
    }

    /// The tree over what was taken and what comes before it.
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The newest head that was for signing.
    pub const fn heads(&self) -> &Heads {
        &self.heads
    }

    /// Takes the next leaf.
    ///
    /// # Errors
    /// [`VerifyError`] names the entry that is wrong.
    pub fn take(&mut self, leaf: &Leaf) -> Result<(), VerifyError> {
        let (entry, seq) = (leaf.entry(), self.tree.size());
        if entry.seq != seq {
            return Err(EntryError::OutOfPlace { seq, claims: entry.seq }.into());
        }
        let wrong = |why| VerifyError::Log { seq, why };
        if matches!(entry.body, Body::Setup(_)) {
            return Err(wrong(Refusal::Impossible { why: "an appliance is set up once" }));
        }
        if let Some((epoch, ts)) = self.last {
            let expected = epoch + u64::from(entry.body.is_anchored());
            if entry.epoch != expected {
                return Err(VerifyError::Epoch { seq, found: entry.epoch, expected });
            }
            if entry.ts < ts {
                let why = format!("it says {}, and the log already says {ts}", entry.ts);
                return Err(wrong(Refusal::Clock { why }));
            }
        }
        if let Body::Requested { doc } = &entry.body
            && (doc.made != entry.ts || doc.decision_ends > doc.made.plus(RequestDoc::DECISION_LENGTH))
        {
            return Err(wrong(Refusal::BadWindow { why: "for deciding starts when the request is made" }));
        }
        self.heads.check(&entry.body).map_err(wrong)?;
        if let Body::Cosigned { size, .. } = &entry.body
            && self.heads.last().is_none_or(|head| head.size != *size)
        {
            return Err(wrong(Refusal::StaleCheckpoint { size: *size }));
        }
        self.last = Some((entry.epoch, entry.ts));
        self.tree.append_hash(leaf.hash());
        self.heads.passed(&entry.body, &self.tree);
        Ok(())
    }
}
