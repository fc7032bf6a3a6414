//! Checkpoints: whose tree, its size and its root, in three lines.

use std::fmt;

use super::lines;
use super::note::{Note, NoteError};
use super::tree::{Head, Tree, TreeHash};
use super::vkey::is_name;

/// Why a text is no checkpoint.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not three lines.
    #[error("a checkpoint has three lines, and this has {found}")]
    Lines {
        /// How many.
        found: usize,
    },
    /// The first line names no log.
    #[error("the first line of the checkpoint is no origin: {origin:?}")]
    Origin {
        /// The line.
        origin: String,
    },
    /// The second line is no number, or in another spelling.
    #[error("the second line of the checkpoint is no size of a tree: {size:?}")]
    Size {
        /// The line.
        size: String,
    },
    /// The third line is no hash, or in another spelling, or not that of an empty tree.
    #[error("the third line of the checkpoint is no root of such a tree: {root:?}")]
    Root {
        /// The line.
        root: String,
    },
}

/// Whose tree, its size and its root.
///
/// # Source
/// C2SP tlog-checkpoint, without extension lines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: TreeHash,
}

impl Checkpoint {
    /// A checkpoint of the log `origin`.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`], [`CheckpointError::Size`] from 2^63 on, [`CheckpointError::Root`] for an
    /// empty tree with another root than the one that it has.
    pub fn new(origin: &str, size: u64, root: TreeHash) -> Result<Self, CheckpointError> {
        if !is_name(origin) {
            return Err(CheckpointError::Origin { origin: origin.to_owned() });
        }
        if size > lines::SIZE_MAX {
            return Err(CheckpointError::Size { size: size.to_string() });
        }
        if size == 0 && root != Tree::default().root() {
            return Err(CheckpointError::Root { root: lines::hash_text(&root) });
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// A checkpoint of what the log publishes of itself.
    ///
    /// # Errors
    /// As [`Self::new`]; [`CheckpointError::Root`] also when the root is no hex of 32 bytes.
    pub fn of_head(origin: &str, head: &Head) -> Result<Self, CheckpointError> {
        let refused = || CheckpointError::Root { root: head.root.clone() };
        Self::new(origin, head.size, TreeHash::from_hex(&head.root).ok_or_else(refused)?)
    }

    /// Reads the text of a checkpoint: exactly three lines, each in its one spelling.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn read(text: &str) -> Result<Self, CheckpointError> {
        let refused = || CheckpointError::Lines { found: text.split('\n').count() - 1 };
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or_else(refused)?.split('\n').collect();
        let [origin, size, root] = lines[..] else { return Err(refused()) };
        let size = lines::decimal(size).ok_or_else(|| CheckpointError::Size { size: size.to_owned() })?;
        let root = lines::hash(root).ok_or_else(|| CheckpointError::Root { root: root.to_owned() })?;
        Self::new(origin, size, root)
    }

    /// Whose tree.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root.
    pub const fn root(&self) -> TreeHash {
        self.root
    }

    /// Size and root as the log publishes them of itself.
    pub fn head(&self) -> Head {
        Head { size: self.size, root: self.root.to_string() }
    }
}

impl fmt::Display for Checkpoint {
    /// The text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, lines::hash_text(&self.root))
    }
}

/// A checkpoint with the signatures under it, none of them verified yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Reads a signed checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn read(bytes: &[u8]) -> Result<Self, CheckpointError> {
        Self::of_note(Note::read(bytes)?)
    }

    /// What a note says, if it is that of a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn of_note(note: Note) -> Result<Self, CheckpointError> {
        Ok(Self { checkpoint: Checkpoint::read(note.text())?, note })
    }

    /// What is signed.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The text and its signatures.
    pub const fn note(&self) -> &Note {
        &self.note
    }
}

impl fmt::Display for SignedCheckpoint {
    /// The bytes of the note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
