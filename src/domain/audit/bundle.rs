//! A bundle in the making: the log is read once from its beginning, in as many steps as one likes.
//!
//! Whoever signs a bundle has recomputed all of it, and whoever verifies the whole log comes to the same.

use sha2::{Digest, Sha256};

use super::proof::Growth;
use super::report::Tally;
use super::tree::{Head, Tree, TreeHash};
use super::verify::{Leaf, Verifier, VerifyError};
use crate::domain::appliance::State;

/// What is known where a bundle begins.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The tree of all that is not in it.
    pub tree: Tree,
    /// The requests that were live, each as one line of canonical JSON.
    pub open: Vec<u8>,
}

/// A bundle in the making.
pub struct Making {
    range: (u64, u64),
    verifier: Verifier,
    beginning: Option<Beginning>,
    growth: Growth,
    entries: Sha256,
    tally: Tally,
}

/// All that a bundle has of the log itself.
pub struct Made {
    /// Where it begins.
    pub beginning: Beginning,
    /// Where it ends.
    pub head: Head,
    /// The fold of the log at its end.
    pub state: State,
    /// That the one grew out of the other.
    pub consistency: Vec<TreeHash>,
    /// SHA-256 of its entries, a line each.
    pub entries: [u8; 32],
    /// What was counted in them.
    pub tally: Tally,
}

impl Making {
    /// Begins a bundle of the entries from the first number to before the second.
    pub fn new(range: (u64, u64)) -> Self {
        Self {
            range,
            verifier: Verifier::default(),
            beginning: None,
            growth: Growth::of(Tree::default()),
            entries: Sha256::new(),
            tally: Tally::default(),
        }
    }

    /// The entries in it.
    pub const fn range(&self) -> (u64, u64) {
        self.range
    }

    /// How many leaves were taken.
    pub const fn taken(&self) -> u64 {
        self.verifier.tree().size()
    }

    /// Whether all were.
    pub const fn is_complete(&self) -> bool {
        self.taken() >= self.range.1
    }

    /// Takes the next leaf of the log.
    ///
    /// # Errors
    /// [`VerifyError`] names the entry that is wrong.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), VerifyError> {
        let seq = self.taken();
        if seq == self.range.0 {
            self.begin();
        }
        let leaf = Leaf::read(seq, bytes)?;
        if seq >= self.range.0 {
            self.entries.update(bytes);
            self.entries.update(b"\n");
            self.growth.append_hash(leaf.hash());
            self.tally.add(self.verifier.state(), leaf.entry());
        }
        self.verifier.take(&leaf)
    }

    fn begin(&mut self) {
        let tree = self.verifier.tree().clone();
        let live = self.verifier.state().map(State::live_requests).unwrap_or_default();
        self.growth = Growth::of(tree.clone());
        self.beginning = Some(Beginning { tree, open: live });
    }

    /// All that the leaves give; `None` before all of them were taken.
    pub fn finish(self) -> Option<Made> {
        let complete = self.is_complete();
        let (Some(beginning), Some(state), true) = (self.beginning, self.verifier.into_state(), complete)
        else {
            return None;
        };
        let (consistency, tree) = self.growth.finish();
        let entries = self.entries.finalize().into();
        Some(Made { beginning, head: tree.head(), state, consistency, entries, tally: self.tally })
    }
}
