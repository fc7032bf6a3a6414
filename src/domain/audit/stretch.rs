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

#[cfg(test)]
mod tests {
    use super::super::entry::{ClockTrust, Entry};
    use super::super::tree::Head;
    use super::*;
    use crate::domain::ids::OperatorId;
    use crate::domain::time::ChipBoot;

    fn leaf(seq: u64, ts: u64, epoch: u64, body: Body) -> Leaf {
        let entry = Entry {
            v: 1,
            seq,
            ts: Timestamp::from_ms(ts),
            mono: 0,
            boot: ChipBoot { reset_count: 1, restart_count: 0 },
            clock: ClockTrust::Agrees,
            epoch,
            evaluation: false,
            actor: vec!["keeper".to_owned()],
            body,
        };
        Leaf::read(seq, &entry.to_leaf().expect("a leaf")).expect("an entry")
    }

    fn before() -> Tree {
        let mut tree = Tree::default();
        (0..5_u8).for_each(|n| tree.append(&[n]));
        tree
    }

    fn checkpoint(previous: Option<Head>) -> Body {
        Body::Checkpoint { request: None, previous }
    }

    fn cosigned(size: u64) -> Body {
        let operator = OperatorId::parse("al").expect("a person");
        Body::Cosigned { size, operator, time: 7, signature: String::new() }
    }

    #[test]
    fn a_stretch_goes_on_from_what_is_known_of_its_beginning() {
        let ours = before().head();
        let head = |size| Head { size, ..before().head() };
        let place = |claims| VerifyError::Entry(EntryError::OutOfPlace { seq: 6, claims });
        let epoch = |found, expected| VerifyError::Epoch { seq: 6, found, expected };
        let log = |why| VerifyError::Log { seq: 6, why };
        let checkpoints = Refusal::Impossible { why: "a checkpoint names the head of the one before it" };
        let clock = Refusal::Clock {
            why: "it says 1970-01-01T00:00:08Z, and the log already says 1970-01-01T00:00:09Z".to_owned(),
        };
        let cases = [
            ("the next", leaf(6, 9_000, 3, Body::Stopped), None),
            ("an anchored one", leaf(6, 9_000, 4, checkpoint(Some(ours))), None),
            ("a cosignature of the head before", leaf(6, 9_000, 3, cosigned(5)), None),
            ("another number", leaf(7, 9_000, 3, Body::Stopped), Some(place(7))),
            ("an epoch too far", leaf(6, 9_000, 4, Body::Stopped), Some(epoch(4, 3))),
            ("no epoch further", leaf(6, 9_000, 3, checkpoint(Some(head(5)))), Some(epoch(3, 4))),
            ("an earlier time", leaf(6, 8_000, 3, Body::Stopped), Some(log(clock))),
            (
                "another head before",
                leaf(6, 9_000, 4, checkpoint(Some(head(4)))),
                Some(log(checkpoints.clone())),
            ),
            ("no head before", leaf(6, 9_000, 4, checkpoint(None)), Some(log(checkpoints))),
            (
                "a cosignature of another head",
                leaf(6, 9_000, 3, cosigned(4)),
                Some(log(Refusal::StaleCheckpoint { size: 4 })),
            ),
        ];
        for (name, next, expected) in cases {
            let mut stretch = Stretch::after(before());
            stretch.take(&leaf(5, 9_000, 3, Body::Stopped)).expect("any epoch may be the first");
            assert_eq!(stretch.take(&next).err(), expected, "{name}");
        }
    }
}
