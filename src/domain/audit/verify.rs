//! Verifying a dump: leaves one after the other, then the head they must give.

use super::entry::{Entry, EntryError};
use super::heads::Heads;
use super::tree::{Head, Tree, TreeHash};
use crate::domain::appliance::State;
use crate::domain::refusal::Refusal;

/// Why a dump is not the log it says it is.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VerifyError {
    /// A leaf does not read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A leaf does not follow from those before it.
    #[error("entry {seq} does not follow from those before it: {why}")]
    Log {
        /// Which leaf.
        seq: u64,
        /// Which rule it breaks.
        why: Refusal,
    },
    /// A leaf is in another epoch than it should be.
    #[error("entry {seq} is in epoch {found}, and {expected} follows")]
    Epoch {
        /// Which leaf.
        seq: u64,
        /// What it says.
        found: u64,
        /// What it should say.
        expected: u64,
    },
    /// Leaves are missing at the end, or there are too many.
    #[error("the dump has {found} entries, and its head says {expected}")]
    Size {
        /// Leaves read.
        found: u64,
        /// By the head.
        expected: u64,
    },
    /// The leaves give another root.
    #[error("the entries give the root {found}, and the head says {expected}")]
    Root {
        /// Of the leaves.
        found: String,
        /// By the head.
        expected: String,
    },
}

/// A log that holds together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// Size and root.
    pub head: Head,
    /// The origin of the log.
    pub origin: String,
    /// The anchored epoch at its end.
    pub epoch: u64,
    /// Whether a software TPM held the keys at any entry.
    pub evaluation: bool,
}

/// A leaf that reads, before it is known whether it follows from those before it. Reading takes
/// longer than all the rest, and can be done for many leaves at once.
#[derive(Debug)]
pub struct Leaf {
    entry: Entry,
    hash: TreeHash,
}

impl Leaf {
    /// Reads leaf number `seq`.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn read(seq: u64, leaf: &[u8]) -> Result<Self, EntryError> {
        Ok(Self { entry: Entry::from_leaf(seq, leaf)?, hash: TreeHash::of_leaf(leaf) })
    }

    /// Reads a leaf whose number is not known yet: [`Verifier::take`] looks at it, and [`EntryError::at`]
    /// says it.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn anywhere(leaf: &[u8]) -> Result<Self, EntryError> {
        Ok(Self { entry: Entry::from_leaf_anywhere(leaf)?, hash: TreeHash::of_leaf(leaf) })
    }

    /// What it says.
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Its hash in the tree.
    pub const fn hash(&self) -> TreeHash {
        self.hash
    }
}

/// Takes leaves in order.
#[derive(Clone, Default)]
pub struct Verifier {
    tree: Tree,
    heads: Heads,
    state: Option<State>,
    evaluation: bool,
}

impl Verifier {
    /// The number of the leaf that it takes next.
    pub const fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Takes the next leaf.
    ///
    /// # Errors
    /// [`VerifyError`] names the entry that is wrong.
    pub fn add(&mut self, leaf: &[u8]) -> Result<(), VerifyError> {
        self.take(&Leaf::read(self.tree.size(), leaf)?)
    }

    /// Takes the next leaf, when it was read elsewhere.
    ///
    /// # Errors
    /// [`VerifyError`] names the entry that is wrong.
    pub fn take(&mut self, leaf: &Leaf) -> Result<(), VerifyError> {
        let Leaf { entry, hash } = leaf;
        let seq = self.tree.size();
        if entry.seq != seq {
            return Err(EntryError::OutOfPlace { seq, claims: entry.seq }.into());
        }
        let wrong = |why| VerifyError::Log { seq, why };
        match self.state.as_mut() {
            None => self.state = Some(State::founded(entry).map_err(wrong)?),
            Some(state) => {
                let expected = state.epoch + u64::from(entry.body.is_anchored());
                if entry.epoch != expected {
                    return Err(VerifyError::Epoch { seq, found: entry.epoch, expected });
                }
                let step = state.step(&entry.body, entry.ts, entry.boot).map_err(wrong)?;
                self.heads.check(&entry.body).map_err(wrong)?;
                state.install(step, entry);
            }
        }
        self.evaluation |= entry.evaluation;
        self.tree.append_hash(*hash);
        self.heads.passed(&entry.body, &self.tree);
        Ok(())
    }

    /// The newest head that was for signing.
    pub const fn heads(&self) -> &Heads {
        &self.heads
    }

    /// The tree over what was taken.
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The fold of what was taken; `None` before the first entry.
    pub const fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// The fold of what was taken, to keep.
    pub fn into_state(self) -> Option<State> {
        self.state
    }

    /// Compares what was read with the head that was published.
    ///
    /// # Errors
    /// [`VerifyError::Size`], [`VerifyError::Root`].
    pub fn finish(self, head: &Head) -> Result<Verified, VerifyError> {
        let ours = self.tree.head();
        if ours.size != head.size {
            return Err(VerifyError::Size { found: ours.size, expected: head.size });
        }
        if ours.root != head.root {
            return Err(VerifyError::Root { found: ours.root, expected: head.root.clone() });
        }
        let (origin, epoch) =
            self.state.map_or_else(Default::default, |state| (state.founding.origin(), state.epoch));
        Ok(Verified { head: ours, origin, epoch, evaluation: self.evaluation })
    }
}
