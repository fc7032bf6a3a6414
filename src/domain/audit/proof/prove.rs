//! Making proofs from what is at hand: peaks, nodes over groups of leaves, the leaves of a group or two.

use std::ops::Range;

use super::super::tree::{GROUP, Tree, TreeHash};

/// Why a proof cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError<E> {
    /// The leaf lies behind the end of the tree.
    #[error("a tree of {size} leaves has no leaf {index}")]
    NoSuchLeaf {
        /// Which leaf.
        index: u64,
        /// Number of leaves.
        size: u64,
    },
    /// The older tree is the larger one.
    #[error("a tree of {new} leaves has not grown from one of {old}")]
    Shrunk {
        /// Leaves of the older one.
        old: u64,
        /// Leaves of the newer one.
        new: u64,
    },
    /// Fewer nodes over groups than the tree has complete groups.
    #[error("{found} groups of leaves are known, and {expected} are complete in a tree of {size} leaves")]
    Groups {
        /// How many are known.
        found: usize,
        /// How many belong there.
        expected: u64,
        /// Number of leaves.
        size: u64,
    },
    /// Other leaves came than were asked for.
    #[error("{found} leaves came for the {} from {} on", range.end - range.start, range.start)]
    Leaves {
        /// How many came.
        found: usize,
        /// Which were asked for.
        range: Range<u64>,
    },
    /// Who keeps the leaves could not give them.
    #[error(transparent)]
    Source(E),
}

/// Proves that leaf number `index` is in the tree of the first `size` leaves.
///
/// `groups` are the nodes over all complete groups of that tree, or of a larger one; `leaves` is asked
/// for the hashes of at most two ranges of at most 256 leaves. Of work it takes one hash for each group.
///
/// # Errors
/// [`ProveError`].
/// # Source
/// RFC 6962 section 2.1.1, hashes from the leaf upwards.
pub fn prove_inclusion<E>(
    index: u64,
    size: u64,
    groups: &[TreeHash],
    leaves: impl FnMut(Range<u64>) -> Result<Vec<TreeHash>, E>,
) -> Result<Vec<TreeHash>, ProveError<E>> {
    if index >= size {
        return Err(ProveError::NoSuchLeaf { index, size });
    }
    let nodes = Nodes::gather(size, &[index / GROUP], groups, leaves)?;
    let (mut range, mut proof) = (0..size, Vec::new());
    while range.end - range.start > 1 {
        let (left, right) = halves(&range);
        let (inside, sibling) = if index < left.end { (left, right) } else { (right, left) };
        proof.push(nodes.hash(sibling));
        range = inside;
    }
    proof.reverse();
    Ok(proof)
}

/// Proves that the tree of the first `new` leaves begins with that of the first `old`.
///
/// What it takes is what [`prove_inclusion`] takes, for the tree `new`.
///
/// # Errors
/// [`ProveError`].
/// # Source
/// RFC 6962 section 2.1.2; no hash at all for `old` zero or equal to `new`.
pub fn prove_consistency<E>(
    old: u64,
    new: u64,
    groups: &[TreeHash],
    leaves: impl FnMut(Range<u64>) -> Result<Vec<TreeHash>, E>,
) -> Result<Vec<TreeHash>, ProveError<E>> {
    if old > new {
        return Err(ProveError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let cut: &[u64] = if old.is_multiple_of(GROUP) { &[] } else { &[old / GROUP] };
    let nodes = Nodes::gather(new, cut, groups, leaves)?;
    let (mut range, mut proof) = (0..new, Vec::new());
    while range.end != old {
        let (left, right) = halves(&range);
        let (inside, sibling) = if old <= left.end { (left, right) } else { (right, left) };
        proof.push(nodes.hash(sibling));
        range = inside;
    }
    // The root of the older tree is known to whoever verifies; any other node is not.
    if range.start > 0 {
        proof.push(nodes.hash(range));
    }
    proof.reverse();
    Ok(proof)
}

/// Both sides of the node over that range: the left one is the largest power of two that leaves some.
fn halves(range: &Range<u64>) -> (Range<u64>, Range<u64>) {
    let middle = range.start + (1 << (range.end - range.start - 1).ilog2());
    (range.start..middle, middle..range.end)
}

/// The nodes over groups, and the leaves of the groups that a proof cuts.
struct Nodes<'a> {
    groups: &'a [TreeHash],
    opened: Vec<(u64, Vec<TreeHash>)>,
}

impl<'a> Nodes<'a> {
    fn gather<E>(
        size: u64,
        cut: &[u64],
        groups: &'a [TreeHash],
        mut leaves: impl FnMut(Range<u64>) -> Result<Vec<TreeHash>, E>,
    ) -> Result<Self, ProveError<E>> {
        let complete = size / GROUP;
        if (groups.len() as u64) < complete {
            return Err(ProveError::Groups { found: groups.len(), expected: complete, size });
        }
        let last = (!size.is_multiple_of(GROUP)).then_some(complete);
        let mut wanted: Vec<u64> = cut.iter().copied().chain(last).collect();
        wanted.dedup();
        let mut opened = Vec::new();
        for group in wanted {
            let range = group * GROUP..size.min((group + 1) * GROUP);
            let hashes = leaves(range.clone()).map_err(ProveError::Source)?;
            if hashes.len() as u64 != range.end - range.start {
                return Err(ProveError::Leaves { found: hashes.len(), range });
            }
            opened.push((range.start, hashes));
        }
        Ok(Self { groups, opened })
    }

    /// The hash over a range that is a node of the tree.
    fn hash(&self, range: Range<u64>) -> TreeHash {
        let index = |n: u64| usize::try_from(n).expect("a place in memory");
        if range.end - range.start <= GROUP {
            if range.end - range.start == GROUP {
                return self.groups[index(range.start / GROUP)];
            }
            let holds = |(start, hashes): &&(u64, Vec<TreeHash>)| {
                *start <= range.start && range.end <= start + hashes.len() as u64
            };
            // A node of less than a group lies in a group that is cut, or in the incomplete one at the end.
            let (start, hashes) = self.opened.iter().find(holds).expect("the leaves were gathered");
            let mut tree = Tree::default();
            let inside = &hashes[index(range.start - start)..index(range.end - start)];
            inside.iter().for_each(|hash| tree.append_hash(*hash));
            return tree.root();
        }
        let (left, right) = halves(&range);
        TreeHash::of_node(&self.hash(left), &self.hash(right))
    }
}

/// Proves that a tree has grown out of an older one, while the new leaves pass by.
///
/// It keeps the peaks of three trees and one proof: at most 4 times 63 hashes, 8 KiB, however many
/// leaves there are.
#[derive(Clone, Debug)]
pub struct Growth {
    old: Tree,
    new: Tree,
    proof: Vec<TreeHash>,
    /// Level and place of the node whose sibling is being collected, `None` when nothing is to be proved.
    node: Option<(u32, u64)>,
    sibling: Tree,
}

impl Growth {
    /// Begins with the older tree.
    pub fn of(old: Tree) -> Self {
        let mut growth =
            Self { new: old.clone(), proof: Vec::new(), node: None, sibling: Tree::default(), old };
        let size = growth.old.size();
        if size > 0 {
            let level = size.trailing_zeros();
            if !size.is_power_of_two() {
                growth.proof.extend(growth.old.peak(level));
            }
            growth.climb(level, (size >> level) - 1);
        }
        growth
    }

    /// Goes up as far as everything on the left is in the older tree.
    fn climb(&mut self, mut level: u32, mut place: u64) {
        while place & 1 == 1 {
            self.proof.extend(self.old.peak(level));
            level += 1;
            place >>= 1;
        }
        self.node = Some((level, place));
    }

    /// Takes the hash of the next leaf.
    pub fn append_hash(&mut self, leaf: TreeHash) {
        self.new.append_hash(leaf);
        let Some((level, place)) = self.node else { return };
        self.sibling.append_hash(leaf);
        if self.sibling.size() == 1 << level {
            self.proof.push(std::mem::take(&mut self.sibling).root());
            self.climb(level + 1, place >> 1);
        }
    }

    /// The tree that has grown so far.
    pub const fn tree(&self) -> &Tree {
        &self.new
    }

    /// The proof, and the tree that has grown.
    pub fn finish(mut self) -> (Vec<TreeHash>, Tree) {
        if self.new.size() == self.old.size() {
            return (Vec::new(), self.new);
        }
        if let Some((mut level, mut place)) = self.node {
            if self.sibling.size() > 0 {
                self.proof.push(self.sibling.root());
            }
            // Right of the end is nothing; what is left of it belongs to the proof.
            while place > 0 {
                level += 1;
                place >>= 1;
                if place & 1 == 1 {
                    self.proof.extend(self.old.peak(level));
                }
            }
        }
        (self.proof, self.new)
    }
}
