//! What the chip remembers of the log, and whether a store still agrees with it.

use sha2::{Digest, Sha256};

use super::tree::TreeHash;

/// What the chip holds: a counter that only grows, and a digest of the last anchored head.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Anchor {
    /// Value of the epoch counter, less its value at set-up.
    pub epoch: u64,
    /// Content of the head index.
    pub head: [u8; 32],
}

/// What the head index holds for one epoch: SHA-256 of the epoch (8 bytes, big-endian) and the root.
pub fn anchor_digest(epoch: u64, root: &TreeHash) -> [u8; 32] {
    Sha256::new().chain_update(epoch.to_be_bytes()).chain_update(root.bytes()).finalize().into()
}

/// One anchored commit as the store has it: the epoch and the root over all leaves up to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Anchored {
    /// The epoch that commit brought about.
    pub epoch: u64,
    /// The root when it was made.
    pub root: TreeHash,
}

impl Anchored {
    fn digest(&self) -> [u8; 32] {
        anchor_digest(self.epoch, &self.root)
    }
}

/// What the store says of its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StoreEnd {
    /// The last anchored commit.
    pub last: Anchored,
    /// The one before it; `None` after set-up alone.
    pub before: Option<Anchored>,
    /// Whether the last anchored commit is the last leaf of all.
    pub is_last_leaf: bool,
}

/// How to go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Start {
    /// Store and chip agree.
    Equal,
    /// The last commit was not anchored: write this head, then increment.
    FinishBoth {
        /// For the head index.
        head: [u8; 32],
    },
    /// The head was written and the counter not incremented.
    FinishEpoch,
}

/// The store is not the one this chip last saw.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rollback {
    /// The store is older than the chip.
    #[error("the store ends at epoch {store}, and the chip is at epoch {chip}: this is an old copy")]
    Older {
        /// By the store.
        store: u64,
        /// By the chip.
        chip: u64,
    },
    /// The store is more than one commit ahead of the chip.
    #[error("the store ends at epoch {store}, and the chip is at epoch {chip}: this chip never saw that")]
    Ahead {
        /// By the store.
        store: u64,
        /// By the chip.
        chip: u64,
    },
    /// Same epoch, other content.
    #[error(
        "the store and the chip are both at epoch {epoch}, and their log heads differ: this is a fork or an altered copy"
    )]
    Forked {
        /// Of both.
        epoch: u64,
    },
}

/// Compares a store with its chip: anything but equal or one leaf ahead is refused.
///
/// # Errors
/// [`Rollback`] says which way they differ.
pub fn compare(store: &StoreEnd, chip: &Anchor) -> Result<Start, Rollback> {
    let (ours, theirs) = (store.last.epoch, chip.epoch);
    let mismatch = || {
        if ours < theirs {
            Rollback::Older { store: ours, chip: theirs }
        } else if ours > theirs + 1 {
            Rollback::Ahead { store: ours, chip: theirs }
        } else {
            Rollback::Forked { epoch: ours }
        }
    };
    if ours == theirs {
        return if chip.head == store.last.digest() { Ok(Start::Equal) } else { Err(mismatch()) };
    }
    if ours != theirs + 1 || !store.is_last_leaf {
        return Err(mismatch());
    }
    if chip.head == store.last.digest() {
        return Ok(Start::FinishEpoch);
    }
    match store.before {
        Some(before) if before.epoch == theirs && chip.head == before.digest() => {
            Ok(Start::FinishBoth { head: store.last.digest() })
        }
        _ => Err(mismatch()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    fn anchored(epoch: u64, content: &str) -> Anchored {
        let mut tree = Tree::default();
        tree.append(content.as_bytes());
        Anchored { epoch, root: tree.root() }
    }

    fn chip(at: Anchored) -> Anchor {
        Anchor { epoch: at.epoch, head: at.digest() }
    }

    #[test]
    fn only_equal_or_one_leaf_ahead_may_start() {
        let (four, five, other_five) = (anchored(4, "a"), anchored(5, "b"), anchored(5, "c"));
        let end = |last, before, is_last_leaf| StoreEnd { last, before: Some(before), is_last_leaf };
        let half = Anchor { epoch: 4, head: five.digest() };
        let cases = [
            ("equal", end(five, four, true), chip(five), Ok(Start::Equal)),
            ("equal, refusals after it", end(five, four, false), chip(five), Ok(Start::Equal)),
            ("one ahead", end(five, four, true), chip(four), Ok(Start::FinishBoth { head: five.digest() })),
            ("head written", end(five, four, true), half, Ok(Start::FinishEpoch)),
            (
                "one ahead, leaves after it",
                end(five, four, false),
                chip(four),
                Err(Rollback::Forked { epoch: 5 }),
            ),
            (
                "one behind",
                end(four, anchored(3, "z"), true),
                chip(five),
                Err(Rollback::Older { store: 4, chip: 5 }),
            ),
            (
                "behind, head of the next written",
                end(four, anchored(3, "z"), true),
                half,
                Err(Rollback::Forked { epoch: 4 }),
            ),
            ("fork", end(other_five, four, true), chip(five), Err(Rollback::Forked { epoch: 5 })),
            ("fork of an ahead leaf", end(other_five, four, true), half, Err(Rollback::Forked { epoch: 5 })),
            (
                "one ahead of another past",
                end(five, anchored(4, "x"), true),
                chip(four),
                Err(Rollback::Forked { epoch: 5 }),
            ),
            (
                "two ahead",
                end(anchored(6, "d"), five, true),
                chip(four),
                Err(Rollback::Ahead { store: 6, chip: 4 }),
            ),
        ];
        for (name, store, chip, expected) in cases {
            let got = compare(&store, &chip);
            assert_eq!(got, expected, "{name}");
        }
    }
}
