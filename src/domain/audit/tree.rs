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
    peaks: Vec<tlog_tiles::Hash>,
}

impl Tree {
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
        let mut hash = tlog_tiles::Hash(leaf.0);
        let full = self.size.trailing_ones();
        for _ in 0..full {
            // One peak stands for each set bit of the size, so there is one for each trailing one.
            let left = self.peaks.pop().expect("a peak for each bit of the size");
            hash = node_hash(left, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root over all leaves; SHA-256 of nothing for an empty tree.
    pub fn root(&self) -> TreeHash {
        use sha2::{Digest, Sha256};
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return TreeHash(Sha256::digest([]).into()) };
        TreeHash(peaks.fold(*last, |right, left| node_hash(*left, right)).0)
    }

    /// Size and root.
    pub fn head(&self) -> Head {
        Head { size: self.size, root: self.root().to_string() }
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
}
