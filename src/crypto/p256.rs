//! Signatures on P-256, which the chip makes because it knows no Ed25519.

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{DerSignature, Signature, VerifyingKey};

use super::sign::SignatureError;
use crate::domain::audit::spki::Point;

/// Verifies a signature over SHA-256 of a message.
///
/// # Errors
/// [`SignatureError`], also for a point off the curve and for another encoding than strict DER.
/// # Source
/// FIPS 186-5 section 6; the signature is the `Ecdsa-Sig-Value` of RFC 3279 section 2.2.3.
pub fn verify_p256(point: &Point, message: &[u8], der: &[u8]) -> Result<(), SignatureError> {
    let signature = DerSignature::from_bytes(der).map_err(|_| SignatureError)?;
    key(point)?.verify(message, &signature).map_err(|_| SignatureError)
}

/// Verifies a signature over a digest that was made elsewhere.
///
/// # Errors
/// As [`verify_p256`].
pub fn verify_p256_digest(point: &Point, digest: &[u8; 32], der: &[u8]) -> Result<(), SignatureError> {
    let signature = Signature::from_der(der).map_err(|_| SignatureError)?;
    key(point)?.verify_prehash(digest, &signature).map_err(|_| SignatureError)
}

/// The DER of a signature, given its two numbers, most significant byte first and short ones as they come.
///
/// # Errors
/// [`SignatureError`] when one of them is zero or not below the order of the group.
pub fn der_from_scalars(r: &[u8], s: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let signature = Signature::from_scalars(scalar(r)?, scalar(s)?).map_err(|_| SignatureError)?;
    Ok(signature.to_der().as_bytes().to_vec())
}

/// Whether a key lies on the curve.
pub fn is_p256_key(point: &Point) -> bool {
    key(point).is_ok()
}

fn key(point: &Point) -> Result<VerifyingKey, SignatureError> {
    VerifyingKey::from_sec1_bytes(point).map_err(|_| SignatureError)
}

fn scalar(bytes: &[u8]) -> Result<[u8; 32], SignatureError> {
    let mut scalar = [0; 32];
    let start = scalar.len().checked_sub(bytes.len()).ok_or(SignatureError)?;
    scalar[start..].copy_from_slice(bytes);
    Ok(scalar)
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer;
    use sha2::{Digest, Sha256};

    use super::*;

    fn point(key: &SigningKey) -> Point {
        key.verifying_key().to_encoded_point(false).as_bytes().try_into().expect("uncompressed")
    }

    #[test]
    fn a_signature_verifies_under_its_key_over_its_message_only() {
        let [ours, other] = [7, 8].map(|byte| SigningKey::from_slice(&[byte; 32]).expect("a scalar"));
        let signature: DerSignature = ours.sign(b"head");
        let (der, digest) = (signature.as_bytes(), Sha256::digest(b"head").into());
        assert_eq!(verify_p256(&point(&ours), b"head", der), Ok(()));
        assert_eq!(verify_p256_digest(&point(&ours), &digest, der), Ok(()));
        assert!(verify_p256(&point(&ours), b"heap", der).is_err(), "another message");
        assert!(verify_p256(&point(&other), b"head", der).is_err(), "another key");
        assert!(verify_p256_digest(&point(&ours), &[0; 32], der).is_err(), "another digest");
        for at in 0..der.len() {
            let mut changed = der.to_vec();
            changed[at] ^= 0x20;
            assert!(verify_p256(&point(&ours), b"head", &changed).is_err(), "byte {at}");
        }
        for der in [&[], &der[..der.len() - 1], &[der, &[0]].concat()] {
            assert!(verify_p256(&point(&ours), b"head", der).is_err(), "{} bytes", der.len());
            assert!(verify_p256_digest(&point(&ours), &digest, der).is_err(), "{} bytes", der.len());
        }
    }

    #[test]
    fn numbers_become_der_with_as_few_bytes_as_they_need() {
        let full = [0x80; 32];
        let cases: [(&str, &[u8], &[u8], Option<&str>); 7] = [
            ("small", &[1], &[2], Some("3006020101020102")),
            ("zeros in front", &[0, 0, 1], &[0, 2], Some("3006020101020102")),
            ("the top bit set", &[0x80], &[0x7F], Some("3007020200 8002017f")),
            ("zero", &[0], &[1], None),
            ("nothing", &[], &[1], None),
            ("33 bytes", &[0; 33], &[1], None),
            ("the order and more", &[0xFF; 32], &[1], None),
        ];
        for (name, r, s, expected) in cases {
            let expected = expected.map(|digits| digits.replace(' ', ""));
            assert_eq!(der_from_scalars(r, s).ok().map(hex::encode), expected, "{name}");
        }
        assert_eq!(der_from_scalars(&full, &full).expect("below the order").len(), 72);
    }

    #[test]
    fn a_key_lies_on_the_curve() {
        let ours = point(&SigningKey::from_slice(&[7; 32]).expect("a scalar"));
        let mut off = ours;
        off[64] ^= 1;
        assert!(is_p256_key(&ours) && !is_p256_key(&off));
    }
}
