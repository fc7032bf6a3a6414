//! Proofs as files: a few lines of numbers and hashes, a blank line, and a signed checkpoint.

use std::fmt;

use base64::prelude::*;

use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::lines;
use super::proof::{PROOF_HASHES_MAX, ProofError, verify_consistency, verify_inclusion};
use super::tree::TreeHash;

/// What a `.tlog-proof` begins with.
const PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Bytes of extra data in a proof at most.
pub const EXTRA_LENGTH_MAX: usize = 65_536;

/// Why some bytes are no proof in a file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// No UTF-8, or no blank line before the checkpoint.
    #[error("no blank line stands between the proof and the checkpoint")]
    NoBlankLine,
    /// A line says something else than belongs there.
    #[error("line {line} of the proof is not {expected}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// More hashes than a tree has levels.
    #[error("the proof has {found} hashes, at most are {PROOF_HASHES_MAX}")]
    TooMany {
        /// How many.
        found: usize,
    },
    /// The numbers do not go with the checkpoint.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The checkpoint at the end.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// A proof that the tree of a checkpoint begins with an older one.
///
/// # Source
/// C2SP tlog-witness, the body of `add-checkpoint`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConsistencyFile {
    old: u64,
    hashes: Vec<TreeHash>,
    checkpoint: SignedCheckpoint,
}

impl ConsistencyFile {
    /// A proof, with the number of leaves of the older tree.
    ///
    /// # Errors
    /// [`FileError::TooMany`]; [`FileError::Proof`] when the older tree is larger, and for hashes where
    /// none are needed.
    pub fn new(old: u64, hashes: Vec<TreeHash>, checkpoint: SignedCheckpoint) -> Result<Self, FileError> {
        let new = checkpoint.checkpoint().size();
        if old > new {
            return Err(ProofError::Shrunk { old, new }.into());
        }
        if hashes.len() > PROOF_HASHES_MAX {
            return Err(FileError::TooMany { found: hashes.len() });
        }
        if (old == 0 || old == new) && !hashes.is_empty() {
            return Err(ProofError::Consistency { old, new }.into());
        }
        Ok(Self { old, hashes, checkpoint })
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(bytes: &[u8]) -> Result<Self, FileError> {
        let (head, checkpoint) = halves(bytes)?;
        let mut lines = head.split('\n').enumerate();
        let old = lines.next().and_then(|(_, line)| line.strip_prefix("old ")).and_then(lines::decimal);
        let old = old.ok_or(FileError::Line { line: 1, expected: "`old` and a size" })?;
        Self::new(old, hashes(lines)?, SignedCheckpoint::read(checkpoint)?)
    }

    /// Leaves of the older tree.
    pub const fn old(&self) -> u64 {
        self.old
    }

    /// The hashes.
    pub fn hashes(&self) -> &[TreeHash] {
        &self.hashes
    }

    /// The checkpoint of the newer tree, whose signatures are to be verified by the caller.
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Verifies the proof, given the root of the older tree.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(&self, old_root: TreeHash) -> Result<(), ProofError> {
        let new = self.checkpoint.checkpoint();
        verify_consistency(&self.hashes, (self.old, old_root), (new.size(), new.root()))
    }
}

impl fmt::Display for ConsistencyFile {
    /// The bytes of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", lines::hash_text(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// A proof that one entry is in the tree of a checkpoint.
///
/// # Source
/// C2SP tlog-proof.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InclusionFile {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<TreeHash>,
    checkpoint: SignedCheckpoint,
}

impl InclusionFile {
    /// A proof for the leaf of that index.
    ///
    /// # Errors
    /// [`FileError::TooMany`], [`FileError::Proof`] when the tree has no such leaf.
    pub fn new(index: u64, hashes: Vec<TreeHash>, checkpoint: SignedCheckpoint) -> Result<Self, FileError> {
        let size = checkpoint.checkpoint().size();
        if index >= size {
            return Err(ProofError::NoSuchLeaf { index, size }.into());
        }
        if hashes.len() > PROOF_HASHES_MAX {
            return Err(FileError::TooMany { found: hashes.len() });
        }
        Ok(Self { extra: None, index, hashes, checkpoint })
    }

    /// The same with data that nothing vouches for; empty data is no data.
    ///
    /// # Errors
    /// [`FileError::Line`] for more than 64 KiB.
    pub fn with_extra(self, extra: &[u8]) -> Result<Self, FileError> {
        if extra.len() > EXTRA_LENGTH_MAX {
            return Err(FileError::Line { line: 2, expected: "`extra` and at most 64 KiB in base64" });
        }
        Ok(Self { extra: (!extra.is_empty()).then(|| extra.to_owned()), ..self })
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(bytes: &[u8]) -> Result<Self, FileError> {
        let (head, checkpoint) = halves(bytes)?;
        let mut lines = head.split('\n').enumerate().peekable();
        if lines.next().is_none_or(|(_, line)| line != PROOF_HEADER) {
            return Err(FileError::Line { line: 1, expected: PROOF_HEADER });
        }
        let extra = match lines.next_if(|(_, line)| line.starts_with("extra")) {
            None => None,
            Some((_, line)) => {
                let extra = line.strip_prefix("extra ").and_then(|text| BASE64_STANDARD.decode(text).ok());
                let refused = FileError::Line { line: 2, expected: "`extra` and base64" };
                Some(extra.filter(|extra| !extra.is_empty()).ok_or(refused)?)
            }
        };
        let line = if extra.is_some() { 3 } else { 2 };
        let index = lines.next().and_then(|(_, line)| line.strip_prefix("index ")).and_then(lines::decimal);
        let index = index.ok_or(FileError::Line { line, expected: "`index` and a number" })?;
        let read = Self::new(index, hashes(lines)?, SignedCheckpoint::read(checkpoint)?)?;
        read.with_extra(&extra.unwrap_or_default())
    }

    /// What the file carries besides; nothing vouches for it.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Which leaf.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The hashes.
    pub fn hashes(&self) -> &[TreeHash] {
        &self.hashes
    }

    /// The checkpoint, whose signatures are to be verified by the caller.
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Verifies the proof, given the hash of the leaf.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(&self, leaf: TreeHash) -> Result<(), ProofError> {
        let tree = self.checkpoint.checkpoint();
        verify_inclusion(&self.hashes, self.index, leaf, tree.size(), tree.root())
    }
}

impl fmt::Display for InclusionFile {
    /// The bytes of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{PROOF_HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", lines::hash_text(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// What stands before the first blank line, and the bytes behind it.
fn halves(bytes: &[u8]) -> Result<(&str, &[u8]), FileError> {
    let blank = bytes.windows(2).position(|pair| pair == b"\n\n").ok_or(FileError::NoBlankLine)?;
    let head = std::str::from_utf8(&bytes[..blank]).map_err(|_| FileError::NoBlankLine)?;
    Ok((head, &bytes[blank + 2..]))
}

fn hashes<'a>(numbered: impl Iterator<Item = (usize, &'a str)>) -> Result<Vec<TreeHash>, FileError> {
    let mut hashes = Vec::new();
    for (at, line) in numbered {
        if hashes.len() == PROOF_HASHES_MAX {
            return Err(FileError::TooMany { found: PROOF_HASHES_MAX + 1 });
        }
        let refused = FileError::Line { line: at + 1, expected: "a hash in base64" };
        hashes.push(lines::hash(line).ok_or(refused)?);
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests;
