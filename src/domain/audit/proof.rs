//! Proofs that a leaf is in a tree, and that one tree is the beginning of another.

mod prove;

use tlog_tiles::{Hash, check_record, check_tree};

pub use prove::{Growth, ProveError, prove_consistency, prove_inclusion};

use super::tree::{Tree, TreeHash};

/// Hashes in a proof at most: one for each level of a tree whose size is below 2^63.
pub const PROOF_HASHES_MAX: usize = 63;

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
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
    /// The hashes do not lead to the root.
    #[error("the proof does not show that leaf {index} is in the tree of {size} leaves")]
    Inclusion {
        /// Which leaf.
        index: u64,
        /// Number of leaves.
        size: u64,
    },
    /// The hashes do not lead to both roots.
    #[error("the proof does not show that the tree of {new} leaves begins with that of {old}")]
    Consistency {
        /// Leaves of the older one.
        old: u64,
        /// Leaves of the newer one.
        new: u64,
    },
}

/// Verifies that leaf number `index` of the tree with that size and root has that hash.
///
/// # Errors
/// [`ProofError::NoSuchLeaf`], [`ProofError::Inclusion`].
/// # Source
/// RFC 6962 section 2.1.1.
pub fn verify_inclusion(
    proof: &[TreeHash],
    index: u64,
    leaf: TreeHash,
    size: u64,
    root: TreeHash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::NoSuchLeaf { index, size });
    }
    let refused = ProofError::Inclusion { index, size };
    if proof.len() > PROOF_HASHES_MAX {
        return Err(refused);
    }
    check_record(&hashes(proof), size, hash(&root), index, hash(&leaf)).map_err(|_| refused)
}

/// Verifies that the tree `new` begins with all leaves of the tree `old`, each given by size and root.
///
/// # Errors
/// [`ProofError::Shrunk`], [`ProofError::Consistency`].
/// # Source
/// RFC 6962 section 2.1.2. Every tree begins with the empty one, which takes no hash to prove.
pub fn verify_consistency(
    proof: &[TreeHash],
    old: (u64, TreeHash),
    new: (u64, TreeHash),
) -> Result<(), ProofError> {
    let refused = ProofError::Consistency { old: old.0, new: new.0 };
    if old.0 > new.0 {
        return Err(ProofError::Shrunk { old: old.0, new: new.0 });
    }
    if old.0 == 0 {
        let empty = Tree::default().root();
        let holds = proof.is_empty() && old.1 == empty && (new.0 > 0 || new.1 == empty);
        return if holds { Ok(()) } else { Err(refused) };
    }
    if proof.len() > PROOF_HASHES_MAX {
        return Err(refused);
    }
    check_tree(&hashes(proof), new.0, hash(&new.1), old.0, hash(&old.1)).map_err(|_| refused)
}

fn hash(hash: &TreeHash) -> Hash {
    Hash(*hash.bytes())
}

fn hashes(proof: &[TreeHash]) -> Vec<Hash> {
    proof.iter().map(hash).collect()
}

#[cfg(test)]
mod tests;
