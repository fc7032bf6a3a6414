//! Signatures under notes: made with a seed, and verified against the keys that somebody relies on.

use super::operator_key::OperatorKey;
use super::p256::{is_p256_key, verify_p256};
use super::sign::{self, SignatureError};
use crate::domain::audit::note::{Note, NoteSignature};
use crate::domain::audit::vkey::{NoteKey, Vkey, VkeyError};
use crate::domain::secret::Key32;

/// Bytes of the time in front of a cosignature.
const TIME_LENGTH: usize = 8;
/// The latest time that a cosignature may have, in seconds since 1970-01-01T00:00:00Z.
const SECONDS_MAX: u64 = i64::MAX as u64;

/// Why a note is not believed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Two of the keys to rely on have one name and one id.
    #[error("two of the keys to verify with are both named {name} with the id {id:08x}")]
    Ambiguous {
        /// Their name.
        name: String,
        /// Their id.
        id: u32,
    },
    /// A key that anybody, or nobody, can sign with.
    #[error("the key {name} with the id {id:08x} is not usable")]
    UnusableKey {
        /// Its name.
        name: String,
        /// Its id.
        id: u32,
    },
    /// A known key is said to have signed and has not.
    #[error("the signature of {name} (key {id:08x}) does not verify")]
    Signature {
        /// Whose.
        name: String,
        /// Which key.
        id: u32,
    },
    /// None of the known keys has signed.
    #[error("no key that is relied on has signed this")]
    NobodyKnown,
}

/// A signature that verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignedBy<'a> {
    /// By which of the known keys.
    pub key: &'a Vkey,
    /// When, in seconds since 1970-01-01T00:00:00Z; only cosignatures say so.
    pub seconds: Option<u64>,
}

/// Verifies a note against known keys and tells which of them signed, in the order of the lines.
/// Signatures by other keys are passed over. A key that signed twice stands there twice.
///
/// # Errors
/// [`OpenError`].
/// # Source
/// C2SP signed-note, "Signatures".
pub fn open<'a>(note: &Note, known: &'a [Vkey]) -> Result<Vec<SignedBy<'a>>, OpenError> {
    for (at, key) in known.iter().enumerate() {
        let (name, id) = (key.name().to_owned(), key.id());
        if known[..at].iter().any(|other| other.id() == id && other.name() == name) {
            return Err(OpenError::Ambiguous { name, id });
        }
        if !is_usable(key.key()) {
            return Err(OpenError::UnusableKey { name, id });
        }
    }
    let mut signed = Vec::new();
    for signature in note.signatures() {
        let Some(key) = known.iter().find(|key| signature.is_by(key)) else { continue };
        let refused = |_| OpenError::Signature { name: key.name().to_owned(), id: key.id() };
        signed.push(SignedBy { key, seconds: verify(key, note.text(), signature.blob()).map_err(refused)? });
    }
    if signed.is_empty() { Err(OpenError::NobodyKnown) } else { Ok(signed) }
}

/// Verifies what follows the id of one signature; gives the time of a cosignature.
fn verify(key: &Vkey, text: &str, blob: &[u8]) -> Result<Option<u64>, SignatureError> {
    let array = |bytes: &[u8]| <[u8; 64]>::try_from(bytes).map_err(|_| SignatureError);
    match key.key() {
        NoteKey::Ed25519(public) => {
            sign::verify(public, text.as_bytes(), &array(blob)?)?;
            Ok(None)
        }
        NoteKey::P256(point) => {
            verify_p256(point, text.as_bytes(), blob)?;
            Ok(None)
        }
        NoteKey::Cosignature(public) => {
            let (time, signature) = blob.split_first_chunk::<TIME_LENGTH>().ok_or(SignatureError)?;
            let seconds = u64::from_be_bytes(*time);
            if seconds > SECONDS_MAX {
                return Err(SignatureError);
            }
            sign::verify_cosignature(public, seconds, text.as_bytes(), &array(signature)?)?;
            Ok(Some(seconds))
        }
    }
}

/// Whether somebody can sign with a key and nobody else.
pub fn is_usable(key: &NoteKey) -> bool {
    match key {
        NoteKey::Ed25519(public) | NoteKey::Cosignature(public) => sign::is_ed25519_key(public),
        NoteKey::P256(point) => is_p256_key(point),
    }
}

/// The key of type 0x01 that a seed signs with.
///
/// # Errors
/// [`VkeyError`] for a name that no key may have.
pub fn vkey_of(seed: &Key32, name: &str) -> Result<Vkey, VkeyError> {
    Vkey::new(name, NoteKey::Ed25519(sign::public_of(seed)))
}

/// Signs the text of a note with a key of type 0x01.
///
/// # Errors
/// [`VkeyError`] for a name that no key may have.
pub fn sign_note(seed: &Key32, name: &str, text: &str) -> Result<NoteSignature, VkeyError> {
    Ok(NoteSignature::new(&vkey_of(seed, name)?, &sign::sign(seed, text.as_bytes())))
}

/// The name that an operator cosigns the checkpoints of a log under.
pub fn operator_key_name(origin: &str, operator: &str) -> String {
    format!("{origin}/operators/{operator}")
}

/// Cosigns the text of a checkpoint with a person's key of type 0x04.
///
/// # Units
/// `seconds` since 1970-01-01T00:00:00Z.
/// # Errors
/// [`VkeyError`] for a log whose name no key may begin with.
/// # Source
/// C2SP tlog-cosignature v1.
pub fn cosign(key: &OperatorKey, origin: &str, seconds: u64, text: &str) -> Result<NoteSignature, VkeyError> {
    let cosign = key.public(Default::default()).cosign;
    let name = operator_key_name(origin, key.id().as_str());
    let vkey = Vkey::new(&name, NoteKey::Cosignature(cosign))?;
    let signature = key.sign_cosignature(seconds, text.as_bytes());
    Ok(NoteSignature::new(&vkey, &[seconds.to_be_bytes().as_slice(), &signature].concat()))
}

#[cfg(test)]
mod tests;
