//! Public keys that sign notes, with the name each signs under.

use std::fmt;

use base64::prelude::*;
use sha2::{Digest, Sha256};
use signed_note::is_key_name_valid;

use super::spki::{Point, point_from_spki, spki_from_point};

/// Characters of a vkey at most: the longest key of ours is 123 digits of base64.
pub const VKEY_LENGTH_MAX: usize = 1024;

const ED25519: u8 = 0x01;
const ECDSA: u8 = 0x02;
const COSIGNATURE: u8 = 0x04;

/// A public key and what its signatures are over.
///
/// # Source
/// C2SP signed-note, "Signature types"; C2SP tlog-cosignature v1.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum NoteKey {
    /// Type 0x01: Ed25519 over the text.
    Ed25519([u8; 32]),
    /// Type 0x02: ECDSA on P-256 over SHA-256 of the text.
    P256(Point),
    /// Type 0x04: Ed25519 over a prefix, a time and the text.
    Cosignature([u8; 32]),
}

impl NoteKey {
    /// The byte that stands for the type.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Ed25519(_) => ED25519,
            Self::P256(_) => ECDSA,
            Self::Cosignature(_) => COSIGNATURE,
        }
    }

    /// The bytes of the key, whatever it is used for.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) | Self::Cosignature(key) => key.to_vec(),
            Self::P256(point) => spki_from_point(point).to_vec(),
        }
    }
}

/// Why a line is no key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VkeyError {
    /// It is not `name+hex+base64`, or too long.
    #[error("a key is written `name+8 hex digits+base64`, and this is not")]
    Form,
    /// The name is empty, or has a blank or a plus in it.
    #[error("a key has a name without blanks and plus signs, and {name:?} is none")]
    Name {
        /// The name.
        name: String,
    },
    /// The type of signature is not one of ours.
    #[error("a key of type {kind:#04x} is none that this program verifies with")]
    Kind {
        /// The type.
        kind: u8,
    },
    /// The bytes are no key of that type.
    #[error("the bytes of the key are none of type {kind:#04x}")]
    Key {
        /// The type.
        kind: u8,
    },
    /// The digits after the name belong to another key.
    #[error("the key has the id {found:08x}, and its bytes give {expected:08x}")]
    Id {
        /// As written.
        found: u32,
        /// As computed.
        expected: u32,
    },
}

/// A public key under its name, written `name+hex+base64`.
///
/// # Source
/// C2SP signed-note, "Verifier keys".
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Vkey {
    name: String,
    key: NoteKey,
}

impl Vkey {
    /// A key under a name.
    ///
    /// # Errors
    /// [`VkeyError::Name`], [`VkeyError::Form`] for a name that is too long.
    pub fn new(name: &str, key: NoteKey) -> Result<Self, VkeyError> {
        if !is_name(name) {
            return Err(VkeyError::Name { name: name.to_owned() });
        }
        let vkey = Self { name: name.to_owned(), key };
        if vkey.to_string().len() > VKEY_LENGTH_MAX {
            return Err(VkeyError::Form);
        }
        Ok(vkey)
    }

    /// Reads a key, without a line feed.
    ///
    /// # Errors
    /// [`VkeyError`].
    pub fn parse(text: &str) -> Result<Self, VkeyError> {
        if text.len() > VKEY_LENGTH_MAX {
            return Err(VkeyError::Form);
        }
        let (name, rest) = text.split_once('+').ok_or(VkeyError::Form)?;
        // A digit of base64 may be a plus, so only the first two of them divide.
        let (id, bytes) = rest.split_once('+').ok_or(VkeyError::Form)?;
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if id.len() != 8 || !id.bytes().all(is_hex) {
            return Err(VkeyError::Form);
        }
        let found = u32::from_str_radix(id, 16).map_err(|_| VkeyError::Form)?;
        let bytes = BASE64_STANDARD.decode(bytes).map_err(|_| VkeyError::Form)?;
        let (&kind, bytes) = bytes.split_first().ok_or(VkeyError::Form)?;
        let array = || bytes.try_into().map_err(|_| VkeyError::Key { kind });
        let key = match kind {
            ED25519 => NoteKey::Ed25519(array()?),
            ECDSA => NoteKey::P256(point_from_spki(bytes).ok_or(VkeyError::Key { kind })?),
            COSIGNATURE => NoteKey::Cosignature(array()?),
            _ => return Err(VkeyError::Kind { kind }),
        };
        let vkey = Self::new(name, key)?;
        let expected = vkey.id();
        if found != expected {
            return Err(VkeyError::Id { found, expected });
        }
        Ok(vkey)
    }

    /// The name it signs under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    pub const fn key(&self) -> &NoteKey {
        &self.key
    }

    /// The id that stands in front of its signatures, and means no more than that.
    ///
    /// # Source
    /// C2SP signed-note: over name, type and key; for type 0x02 over the key alone.
    pub fn id(&self) -> u32 {
        let mut hash = Sha256::new();
        if self.key.kind() != ECDSA {
            hash.update(self.name.as_bytes());
            hash.update([b'\n', self.key.kind()]);
        }
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.chain_update(self.key.bytes()).finalize());
        u32::from_be_bytes([a, b, c, d])
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.key.kind()], self.key.bytes().as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), BASE64_STANDARD.encode(bytes))
    }
}

/// Whether a key or a log may have that name.
pub(super) fn is_name(name: &str) -> bool {
    is_key_name_valid(name) && !name.chars().any(char::is_control)
}
