//! The Merkle tree over the leaves, kept as its right edge only.

use serde::{Deserialize, Serialize};
use tlog_tiles::{node_hash, record_hash};

/// A 32-byte hash of a leaf or a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TreeHash([u8; 32]);

impl TreeHash {
    /// A hash, given its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A hash, given its 64 digits in lower case.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = <[u8; 32]>::try_from(hex::decode(text).ok()?).ok()?;
        (hex::encode(bytes) == text).then_some(Self(bytes))
    }

    /// The hash of a leaf, given its bytes.
    pub fn of_leaf(leaf: &[u8]) -> Self {
        Self(record_hash(leaf).0)
    }

    /// The hash of a node, given those of its two sides.
    ///
    /// # Source
    /// RFC 6962 section 2.1.
    pub fn of_node(left: &Self, right: &Self) -> Self {
        Self(node_hash(tlog_tiles::Hash(left.0), tlog_tiles::Hash(right.0)).0)
    }

    /// The bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for TreeHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

/// Size and root of a tree: what a checkpoint says.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Number of leaves.
    pub size: u64,
    /// Root in hex.
    pub root: String,
}

/// The peaks of the tree, left to right: one perfect subtree for each bit of the size.
///
/// # Source
/// RFC 6962 section 2.1.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    peaks: Vec<TreeHash>,
}

/// Peaks that are those of no tree of that size.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a tree of {size} leaves has {expected} peaks, and {found} are there")]
pub struct PeaksError {
    /// Number of leaves.
    pub size: u64,
    /// How many are there.
    pub found: usize,
    /// How many belong there.
    pub expected: u32,
}

impl Tree {
    /// A tree of which the peaks are known, left to right.
    ///
    /// # Errors
    /// [`PeaksError`] unless there is one for each bit of the size. Whether they are the right ones shows
    /// in the root.
    pub fn from_peaks(size: u64, peaks: Vec<TreeHash>) -> Result<Self, PeaksError> {
        let expected = size.count_ones();
        if peaks.len() != expected as usize {
            return Err(PeaksError { size, found: peaks.len(), expected });
        }
        Ok(Self { size, peaks })
    }

    /// The peaks, left to right.
    pub fn peaks(&self) -> &[TreeHash] {
        &self.peaks
    }

    /// The peak over 2^level leaves, if the tree has one.
    pub(super) fn peak(&self, level: u32) -> Option<TreeHash> {
        let larger = self.size.checked_shr(level + 1).unwrap_or(0).count_ones();
        let is_there = self.size.checked_shr(level).unwrap_or(0) & 1 == 1;
        is_there.then(|| self.peaks[larger as usize])
    }

    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends one leaf, given its bytes.
    pub fn append(&mut self, leaf: &[u8]) {
        self.append_hash(TreeHash::of_leaf(leaf));
    }

    /// Appends one leaf, given its hash.
    pub fn append_hash(&mut self, leaf: TreeHash) {
        let mut hash = leaf;
        let full = self.size.trailing_ones();
        for _ in 0..full {
            // One peak stands for each set bit of the size, so there is one for each trailing one.
            let left = self.peaks.pop().expect("a peak for each bit of the size");
            hash = TreeHash::of_node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root over all leaves; SHA-256 of nothing for an empty tree.
    pub fn root(&self) -> TreeHash {
        use sha2::{Digest, Sha256};
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return TreeHash(Sha256::digest([]).into()) };
        peaks.fold(*last, |right, left| TreeHash::of_node(left, &right))
    }

    /// Size and root.
    pub fn head(&self) -> Head {
        Head { size: self.size, root: self.root().to_string() }
    }
}

/// Leaves under each node that [`Subtrees`] keeps: eight levels, as in a tile of C2SP tlog-tiles.
pub const GROUP: u64 = 256;

/// The nodes over every complete group of 256 leaves, kept while leaves are appended: 32 bytes for
/// each, which is 125 KiB for a million leaves. With the leaves of two groups they prove anything.
#[derive(Clone, Debug, Default)]
pub struct Subtrees {
    groups: Vec<TreeHash>,
    open: Tree,
}

impl Subtrees {
    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.groups.len() as u64 * GROUP + self.open.size()
    }

    /// The nodes over the complete groups, left to right.
    pub fn groups(&self) -> &[TreeHash] {
        &self.groups
    }

    /// Appends one leaf, given its hash.
    pub fn append_hash(&mut self, leaf: TreeHash) {
        self.open.append_hash(leaf);
        if self.open.size() == GROUP {
            self.groups.push(std::mem::take(&mut self.open).root());
        }
    }
}

#[cfg(test)]
mod tests {
    use tlog_tiles::{Hash, HashReader, stored_hashes, tree_hash};

    use super::*;

    struct Stored(Vec<Hash>);

    impl HashReader for Stored {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
            Ok(indexes.iter().map(|i| self.0[usize::try_from(*i).expect("small")]).collect())
        }
    }

    #[test]
    fn every_root_is_the_one_that_another_implementation_gives() {
        let (mut tree, mut stored) = (Tree::default(), Stored(Vec::new()));
        assert_eq!(
            tree.root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for n in 0..130_u64 {
            let leaf = format!("leaf {n}");
            stored.0.extend(stored_hashes(n, leaf.as_bytes(), &stored).expect("hashes"));
            tree.append(leaf.as_bytes());
            assert_eq!(tree.root().0, tree_hash(n + 1, &stored).expect("root").0, "size {}", n + 1);
            assert_eq!(tree.size(), n + 1);
        }
    }

    #[test]
    fn a_tree_goes_on_from_its_peaks() {
        let mut tree = Tree::default();
        for n in 0..40_u64 {
            let mut again = Tree::from_peaks(n, tree.peaks().to_vec()).expect("its own peaks");
            assert_eq!(again.root(), tree.root(), "size {n}");
            let smallest = tree.peak(n.trailing_zeros());
            assert_eq!(smallest, tree.peaks().last().copied(), "size {n}");
            assert_eq!(tree.peak(64), None);
            again.append(b"next");
            tree.append(b"next");
            assert_eq!(again.head(), tree.head(), "size {n}");
        }
    }

    #[test]
    fn a_tree_has_as_many_peaks_as_its_size_has_bits() {
        let peaks = |n: usize| vec![TreeHash([0; 32]); n];
        let cases = [
            (0, 0, true),
            (0, 1, false),
            (1, 0, false),
            (1, 1, true),
            (7, 2, false),
            (7, 3, true),
            (7, 4, false),
            (8, 1, true),
            (u64::MAX, 64, true),
        ];
        for (size, count, fits) in cases {
            let expected = size.count_ones();
            let refused = PeaksError { size, found: count, expected };
            let read = Tree::from_peaks(size, peaks(count)).map(|tree| tree.size());
            assert_eq!(read, if fits { Ok(size) } else { Err(refused) }, "{size} leaves, {count} peaks");
        }
    }

    #[test]
    fn every_complete_group_is_kept_as_one_node() {
        let (mut subtrees, mut tree) = (Subtrees::default(), Tree::default());
        let mut first = None;
        for n in 0..GROUP * 2 + 1 {
            assert_eq!((subtrees.size(), subtrees.groups().len() as u64), (n, n / GROUP));
            let leaf = TreeHash::of_leaf(&n.to_be_bytes());
            subtrees.append_hash(leaf);
            tree.append_hash(leaf);
            if n == GROUP - 1 {
                first = Some(tree.root());
            }
        }
        let [left, right] = subtrees.groups() else { panic!("two groups") };
        assert_eq!(Some(*left), first);
        assert_eq!(TreeHash::of_node(left, right), tree.peaks()[0]);
    }

    #[test]
    fn a_hash_in_hex_has_one_spelling() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(TreeHash::from_hex(text), Some(Tree::default().root()));
        for other in [&text[2..], &format!("{text}00"), &text.to_uppercase(), "", &text.replace('e', "g")] {
            assert_eq!(TreeHash::from_hex(other), None, "{other}");
        }
    }
}
