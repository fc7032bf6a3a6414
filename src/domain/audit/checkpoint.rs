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

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    #[test]
    fn a_checkpoint_is_read_as_it_is_written() {
        let text = format!("example.com/behind-the-sofa\n20852163\n{ROOT}\n");
        let checkpoint = Checkpoint::read(&text).expect("the example of the specification");
        assert_eq!(checkpoint.to_string(), text);
        assert_eq!((checkpoint.origin(), checkpoint.size()), ("example.com/behind-the-sofa", 20_852_163));
        let again = Checkpoint::of_head(checkpoint.origin(), &checkpoint.head());
        assert_eq!(again, Ok(checkpoint));
        let empty = Checkpoint::of_head("o", &Tree::default().head()).expect("an empty tree");
        assert_eq!(empty.to_string(), format!("o\n0\n{EMPTY}\n"));
        // Other code that reads checkpoints reads this one.
        let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).expect("a checkpoint");
        assert_eq!((theirs.size(), theirs.hash().0), (20_852_163, *again.expect("as above").root().bytes()));
    }

    #[test]
    fn a_checkpoint_has_one_spelling() {
        let of = |origin: &str, size: &str, root: &str| format!("{origin}\n{size}\n{root}\n");
        let lines = |found| CheckpointError::Lines { found };
        let origin = |origin: &str| CheckpointError::Origin { origin: origin.to_owned() };
        let size = |size: &str| CheckpointError::Size { size: size.to_owned() };
        let root = |root: &str| CheckpointError::Root { root: root.to_owned() };
        let cases = [
            ("nothing", String::new(), lines(0)),
            ("two lines", "o\n1\n".to_owned(), lines(2)),
            ("no line feed at the end", format!("o\n1\n{ROOT}"), lines(2)),
            ("an extension", of("o", "1", ROOT) + "x\n", lines(4)),
            ("an empty line", of("o", "1", ROOT) + "\n", lines(4)),
            ("no origin", of("", "1", ROOT), origin("")),
            ("a blank in the origin", of("a b", "1", ROOT), origin("a b")),
            ("a plus in the origin", of("a+b", "1", ROOT), origin("a+b")),
            ("a carriage return", of("o\r", "1", ROOT), origin("o\r")),
            ("leading zeros", of("o", "01", ROOT), size("01")),
            ("a sign", of("o", "+1", ROOT), size("+1")),
            ("2^63", of("o", "9223372036854775808", ROOT), size("9223372036854775808")),
            ("31 bytes", of("o", "1", &ROOT[4..]), root(&ROOT[4..])),
            ("no padding", of("o", "1", &ROOT[..43]), root(&ROOT[..43])),
            ("in hex", of("o", "1", &"0".repeat(64)), root(&"0".repeat(64))),
            ("an empty tree with a root", of("o", "0", ROOT), root(ROOT)),
        ];
        for (name, text, expected) in cases {
            assert_eq!(Checkpoint::read(&text), Err(expected), "{name}");
        }
        let largest = of("o", "9223372036854775807", ROOT);
        assert_eq!(Checkpoint::read(&largest).map(|it| it.to_string()), Ok(largest));
        assert_eq!(Checkpoint::read(&of("o", "0", EMPTY)).map(|it| it.size()), Ok(0));
        let head = Head { size: 1, root: "00".to_owned() };
        assert_eq!(Checkpoint::of_head("o", &head), Err(root("00")));
    }

    #[test]
    fn a_signed_checkpoint_is_a_note_of_one() {
        let good = format!("o\n1\n{ROOT}\n\n\u{2014} n AAAAAQA=\n");
        let read = SignedCheckpoint::read(good.as_bytes()).expect("a checkpoint");
        assert_eq!((read.to_string(), read.checkpoint().size()), (good, 1));
        let other = "words\n\n\u{2014} n AAAAAQA=\n";
        assert_eq!(SignedCheckpoint::read(other.as_bytes()), Err(CheckpointError::Lines { found: 1 }));
        let unsigned = format!("o\n1\n{ROOT}\n");
        assert_eq!(SignedCheckpoint::read(unsigned.as_bytes()), Err(NoteError::NoBlankLine.into()));
    }
}
