//! Signed notes: a text, a blank line, and a line for each signature.

use std::fmt;

use super::vkey::Vkey;

/// Bytes of a note at most, signatures included.
pub const NOTE_SIZE_MAX: usize = 131_072;
/// Signatures on a note at most.
pub const NOTE_SIGNATURES_MAX: usize = 100;

/// Why some bytes are no signed note.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Too many bytes.
    #[error("a note of {found} bytes is too large, at most are {NOTE_SIZE_MAX}")]
    TooLarge {
        /// How many.
        found: usize,
    },
    /// The text is no UTF-8, has a control character, or does not end in a line feed.
    #[error("the text of a note is UTF-8 in whole lines without control characters, and this is not")]
    Text,
    /// No blank line stands before the signatures.
    #[error("the note has no blank line before its signatures")]
    NoBlankLine,
    /// After the last blank line stands something else.
    #[error("line {line} after the text of the note is no signature")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// No signatures, or too many.
    #[error("the note has {found} signatures, and 1 to {NOTE_SIGNATURES_MAX} belong there")]
    Count {
        /// How many.
        found: usize,
    },
}

/// One signature, not verified yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoteSignature {
    name: String,
    id: u32,
    blob: Vec<u8>,
}

impl NoteSignature {
    /// What a key has signed, as its type says: a signature, or a time and a signature.
    pub fn new(key: &Vkey, blob: &[u8]) -> Self {
        Self { name: key.name().to_owned(), id: key.id(), blob: blob.to_owned() }
    }

    /// Reads a signature line, without its line feed.
    ///
    /// # Errors
    /// [`NoteError::Line`], as the first.
    pub fn read(line: &str) -> Result<Self, NoteError> {
        Self::of_line(1, line)
    }

    fn of_line(line: usize, text: &str) -> Result<Self, NoteError> {
        let refused = |_| NoteError::Line { line };
        let read = signed_note::Signature::from_bytes(text.as_bytes()).map_err(refused)?;
        let (name, blob) = (read.name().to_owned(), read.signature().to_owned());
        let signature = Self { name, id: read.id(), blob };
        if text.chars().any(char::is_control) || signature.to_string() != text {
            return Err(NoteError::Line { line });
        }
        Ok(signature)
    }

    /// The name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of that key.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What follows the id.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// Whether that key is said to have signed.
    pub fn is_by(&self, key: &Vkey) -> bool {
        self.id == key.id() && self.name == key.name()
    }
}

impl fmt::Display for NoteSignature {
    /// The line without its line feed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use base64::prelude::*;
        let bytes = [self.id.to_be_bytes().as_slice(), &self.blob].concat();
        write!(f, "\u{2014} {} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}

/// A text and the signatures under it, none of them verified yet.
///
/// # Source
/// C2SP signed-note, "Format".
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A text with signatures; it may get them later.
    ///
    /// # Errors
    /// [`NoteError::Text`], [`NoteError::TooLarge`], [`NoteError::Count`].
    pub fn new(text: &str, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        if !is_text(text) || !text.ends_with('\n') {
            return Err(NoteError::Text);
        }
        if signatures.len() > NOTE_SIGNATURES_MAX {
            return Err(NoteError::Count { found: signatures.len() });
        }
        let note = Self { text: text.to_owned(), signatures };
        let found = note.to_string().len();
        if found > NOTE_SIZE_MAX { Err(NoteError::TooLarge { found }) } else { Ok(note) }
    }

    /// Reads a note; what is read is, byte for byte, what would be written.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn read(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_SIZE_MAX {
            return Err(NoteError::TooLarge { found: bytes.len() });
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::Text)?;
        if !is_text(whole) || !whole.ends_with('\n') {
            return Err(NoteError::Text);
        }
        // The last one: the text may have blank lines of its own.
        let blank = whole.rfind("\n\n").ok_or(NoteError::NoBlankLine)?;
        let (text, lines) = (&whole[..=blank], &whole[blank + 2..]);
        let found = lines.lines().count();
        if !(1..=NOTE_SIGNATURES_MAX).contains(&found) {
            return Err(NoteError::Count { found });
        }
        let signatures = lines.split_terminator('\n').enumerate();
        let signatures = signatures.map(|(at, line)| NoteSignature::of_line(at + 1, line));
        Self::new(text, signatures.collect::<Result<_, _>>()?)
    }

    /// The text, which ends in a line feed; the signatures are over it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in their order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The same with one signature more, at the end. One by the same key is replaced.
    ///
    /// # Errors
    /// [`NoteError::Count`], [`NoteError::TooLarge`].
    pub fn with(&self, signature: NoteSignature) -> Result<Self, NoteError> {
        let others = |s: &&NoteSignature| (s.id, &s.name) != (signature.id, &signature.name);
        let mut signatures: Vec<_> = self.signatures.iter().filter(others).cloned().collect();
        signatures.push(signature);
        Self::new(&self.text, signatures)
    }
}

impl fmt::Display for Note {
    /// The bytes of the note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// Whether there is no control character but line feeds.
fn is_text(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20 || byte == b'\n')
}

#[cfg(test)]
mod tests;
