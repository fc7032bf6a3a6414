//! Signatures: every use has its own prefix, so that none can pass for another.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

use crate::domain::secret::Key32;

/// What comes before the canonical request in an approval.
pub const APPROVAL_PREFIX: &[u8] = b"portcullis/approval/v1\n";
/// What comes before the time and the checkpoint in a cosignature.
///
/// # Source
/// C2SP tlog-cosignature v1.
pub const COSIGNATURE_PREFIX: &[u8] = b"cosignature/v1\n";

/// A signature that is not this person's over these bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct SignatureError;

/// Verifies an operator's signature over one canonical request.
///
/// # Errors
/// [`SignatureError`], also for keys of small order and for the other spellings of a signature.
/// # Source
/// RFC 8032 section 5.1.7, with the strict rules of `ed25519-dalek`.
pub fn verify_approval(
    public: &[u8; 32],
    canonical: &[u8],
    signature: &[u8; 64],
) -> Result<(), SignatureError> {
    verify(public, &[APPROVAL_PREFIX, canonical].concat(), signature)
}

/// Verifies an operator's cosignature of a checkpoint.
///
/// # Units
/// `seconds` since 1970-01-01T00:00:00Z; `checkpoint` is the note's text without its signatures.
/// # Errors
/// [`SignatureError`].
pub fn verify_cosignature(
    public: &[u8; 32],
    seconds: u64,
    checkpoint: &[u8],
    signature: &[u8; 64],
) -> Result<(), SignatureError> {
    verify(public, &cosigned(seconds, checkpoint), signature)
}

/// The bytes of a cosignature: prefix, `time <seconds>`, the text of the checkpoint.
pub(super) fn cosigned(seconds: u64, checkpoint: &[u8]) -> Vec<u8> {
    [COSIGNATURE_PREFIX, format!("time {seconds}\n").as_bytes(), checkpoint].concat()
}

/// Signs bytes that already carry their prefix.
pub(super) fn sign(seed: &Key32, prefixed: &[u8]) -> [u8; 64] {
    SigningKey::from_bytes(seed.expose()).sign(prefixed).to_bytes()
}

/// Verifies a signature over bytes that already carry their prefix.
pub(super) fn verify(public: &[u8; 32], prefixed: &[u8], signature: &[u8; 64]) -> Result<(), SignatureError> {
    let key = VerifyingKey::from_bytes(public).map_err(|_| SignatureError)?;
    key.verify_strict(prefixed, &ed25519_dalek::Signature::from_bytes(signature)).map_err(|_| SignatureError)
}

/// The public half of a signing key.
pub fn public_of(seed: &Key32) -> [u8; 32] {
    SigningKey::from_bytes(seed.expose()).verifying_key().to_bytes()
}

/// Whether a person can sign with that key and nobody else.
pub(super) fn is_ed25519_key(public: &[u8; 32]) -> bool {
    VerifyingKey::from_bytes(public).is_ok_and(|key| !key.is_weak())
}

/// Whether a secret can be agreed with that key, and the key is in its only spelling.
///
/// # Source
/// RFC 7748 sections 5 and 6.1: the top bit is ignored, numbers from 2^255 - 19 wrap round, and
/// the points of small order give zeros.
pub(super) fn is_x25519_key(public: &[u8; 32]) -> bool {
    let top = public[31] == 0x7F && public[1..31].iter().all(|b| *b == 0xFF);
    let canonical = public[31] < 0x80 && !(top && public[0] >= 0xED);
    // Any secret tells: clamping clears the cofactor, so a point of small order always gives zeros.
    canonical && x25519_dalek::x25519([0x77; 32], *public) != [0; 32]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::Vector;

    fn seed() -> Key32 {
        Key32::take(&mut [3; 32])
    }

    #[test]
    fn signatures_are_the_ones_that_other_code_makes() {
        let vector = Vector::read(include_str!("../../tests/vectors/crypto/signatures.json"));
        let (public, request) = (vector.array("public"), vector.text("request").as_bytes());
        assert_eq!(verify_approval(&public, request, &vector.array("approval")), Ok(()));
        let (seconds, checkpoint) = (vector.number("seconds").into(), vector.text("checkpoint").as_bytes());
        let cosignature = vector.array("cosignature");
        assert_eq!(verify_cosignature(&public, seconds, checkpoint, &cosignature), Ok(()));
    }

    #[test]
    fn an_approval_verifies_only_as_it_was_signed() {
        let public = public_of(&seed());
        let signature = sign(&seed(), &[APPROVAL_PREFIX, b"{}"].concat());
        assert_eq!(verify_approval(&public, b"{}", &signature), Ok(()));
        assert!(verify_approval(&public, b"{ }", &signature).is_err(), "other bytes");
        assert!(
            verify_approval(&public_of(&Key32::take(&mut [4; 32])), b"{}", &signature).is_err(),
            "other key"
        );
        for at in 0..signature.len() {
            let mut changed = signature;
            changed[at] ^= 0x10;
            assert!(verify_approval(&public, b"{}", &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_signature_of_one_use_is_none_of_another() {
        let public = public_of(&seed());
        let approval = sign(&seed(), &[APPROVAL_PREFIX, b"time 5\nx"].concat());
        let bare = sign(&seed(), b"time 5\nx");
        let cosignature = sign(&seed(), &cosigned(5, b"x"));
        assert_eq!(verify_cosignature(&public, 5, b"x", &cosignature), Ok(()));
        assert!(verify_cosignature(&public, 6, b"x", &cosignature).is_err(), "another time");
        for (name, signature) in [("approval", approval), ("no prefix", bare)] {
            assert!(verify_cosignature(&public, 5, b"x", &signature).is_err(), "{name}");
        }
        for (name, signature) in [("cosignature", cosignature), ("no prefix", bare)] {
            assert!(verify_approval(&public, b"time 5\nx", &signature).is_err(), "{name}");
        }
    }

    #[test]
    fn the_key_of_everybody_signs_for_nobody() {
        // The neutral element: with R neutral and s zero, lax verification accepts any message.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(verify_approval(&neutral, b"anything", &signature).is_err());
        assert!(!is_ed25519_key(&neutral) && is_ed25519_key(&public_of(&seed())));
    }

    #[test]
    fn an_agreement_key_has_one_spelling_and_no_small_order() {
        let base = {
            let mut nine = [0; 32];
            nine[0] = 9;
            nine
        };
        let last = |low: u8, high: u8| {
            let mut p = [0xFF; 32];
            p[0] = low;
            p[31] = high;
            p
        };
        let cases = [
            ("the base point", base, true),
            (
                "its other spelling by the top bit",
                {
                    let mut k = base;
                    k[31] |= 0x80;
                    k
                },
                false,
            ),
            ("2^255 - 19 + 9, its other spelling by wrapping", last(0xF6, 0x7F), false),
            ("2^255 - 19, zero again", last(0xED, 0x7F), false),
            ("2^255 - 21, the last but one below", last(0xEB, 0x7F), true),
            ("2^255 - 20, of small order", last(0xEC, 0x7F), false),
            ("zero", [0; 32], false),
        ];
        for (name, key, fits) in cases {
            assert_eq!(is_x25519_key(&key), fits, "{name}");
        }
    }
}
