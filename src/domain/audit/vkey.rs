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

#[cfg(test)]
mod tests {
    use super::super::spki::point_from_pem;
    use super::*;

    /// Of the specification and of the Go library's documentation.
    const THEIRS: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
        6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n\
        -----END PUBLIC KEY-----\n";

    fn keys() -> [NoteKey; 3] {
        [
            NoteKey::Ed25519([9; 32]),
            NoteKey::P256(point_from_pem(PEM).expect("a key")),
            NoteKey::Cosignature([9; 32]),
        ]
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let theirs = Vkey::parse(THEIRS).expect("a key");
        assert_eq!((theirs.name(), theirs.id(), theirs.key().kind()), ("PeterNeumann", 0xc74f_20a3, 1));
        assert_eq!(theirs.to_string(), THEIRS);
        for key in keys() {
            let vkey = Vkey::new("bank.example/keeper-1", key).expect("a name");
            assert_eq!(Vkey::parse(&vkey.to_string()), Ok(vkey));
        }
    }

    #[test]
    fn the_name_is_part_of_every_id_but_that_of_ecdsa() {
        let ids = |name| keys().map(|key| Vkey::new(name, key).expect("a name").id());
        let ([log, chip, person], [other_log, other_chip, other_person]) = (ids("a"), ids("b"));
        assert!(log != other_log && person != other_person && log != person);
        assert_eq!(chip, other_chip);
        let spki = Sha256::digest(keys()[1].bytes());
        assert_eq!(chip.to_be_bytes(), spki[..4]);
        // What the recommended formula gives, which other verifiers have taken for that of all types.
        let recommended = signed_note::key_id("a", &[&[ECDSA][..], &keys()[1].bytes()].concat());
        assert_ne!(chip, recommended);
        assert_eq!(log, signed_note::key_id("a", &[&[ED25519][..], &keys()[0].bytes()].concat()));
    }

    #[test]
    fn a_key_has_one_spelling() {
        let bytes = |kind: u8, length: usize| {
            let bytes = [&[kind][..], &vec![7; length]].concat();
            format!("n+{:08x}+{}", signed_note::key_id("n", &bytes), BASE64_STANDARD.encode(bytes))
        };
        let name = |name: &str| THEIRS.replace("PeterNeumann", name);
        let refused = |name: &str| VkeyError::Name { name: name.to_owned() };
        let cases = [
            ("nothing", String::new(), VkeyError::Form),
            ("no id", THEIRS.replace("+c74f20a3", ""), VkeyError::Form),
            ("an id in upper case", THEIRS.replace("c74f20a3", "C74F20A3"), VkeyError::Form),
            ("an id of 7 digits", THEIRS.replace("+c7", "+7"), VkeyError::Form),
            ("a sign in the id", THEIRS.replace("+c7", "++7"), VkeyError::Form),
            ("no base64", "n+00000000+0x0".to_owned(), VkeyError::Form),
            ("no key", "n+00000000+".to_owned(), VkeyError::Form),
            ("a line feed", format!("{THEIRS}\n"), VkeyError::Form),
            ("no name", name(""), refused("")),
            ("a blank", name("Peter Neumann"), refused("Peter Neumann")),
            ("a blank of Unicode", name("Peter\u{2003}N"), refused("Peter\u{2003}N")),
            ("a control character", name("Peter\u{1b}"), refused("Peter\u{1b}")),
            ("another name", name("n"), VkeyError::Id { found: 0xc74f_20a3, expected: 0x021b_e7f4 }),
            ("31 bytes", bytes(ED25519, 31), VkeyError::Key { kind: ED25519 }),
            ("33 bytes", bytes(ED25519, 33), VkeyError::Key { kind: ED25519 }),
            ("a point", bytes(ECDSA, 65), VkeyError::Key { kind: ECDSA }),
            ("a person's of 31 bytes", bytes(COSIGNATURE, 31), VkeyError::Key { kind: COSIGNATURE }),
            ("RFC 6962", bytes(5, 32), VkeyError::Kind { kind: 5 }),
            ("ML-DSA", bytes(6, 32), VkeyError::Kind { kind: 6 }),
            ("too long a name", format!("{}{THEIRS}", "x".repeat(VKEY_LENGTH_MAX)), VkeyError::Form),
        ];
        for (name, text, expected) in cases {
            assert_eq!(Vkey::parse(&text), Err(expected), "{name}");
        }
    }

    #[test]
    fn a_key_has_a_length() {
        let rest = Vkey::new("", keys()[0]).expect_err("no name");
        assert_eq!(rest, VkeyError::Name { name: String::new() });
        // A plus, 8 digits, a plus and 44 digits of base64 for 33 bytes.
        let room = VKEY_LENGTH_MAX - 54;
        for (length, fits) in [(room, true), (room + 1, false)] {
            let made = Vkey::new(&"x".repeat(length), keys()[0]);
            assert_eq!(made.is_ok(), fits, "{length}");
            let read = made.map(|vkey| Vkey::parse(&vkey.to_string()).is_ok());
            assert_eq!(read, if fits { Ok(true) } else { Err(VkeyError::Form) }, "{length}");
        }
    }
}
