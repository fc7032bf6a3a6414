//! The public side of the P-256 keys that sign in the chip: their public areas, read strictly, and
//! their signatures, believed only after they were verified here.

use std::fmt;

use sha2::{Digest as _, Sha256};
use tss_esapi::structures::{Public, Signature as ChipSignature};
use tss_esapi::traits::UnMarshall as _;

use crate::crypto::p256::{der_from_scalars, is_p256_key, verify_p256_digest};
use crate::tpm::error::TpmError;

const COORDINATE_LEN: usize = 32;
/// The bytes of an uncompressed point: 04, x, y.
const POINT_LEN: usize = 1 + 2 * COORDINATE_LEN;
const ALG_SHA256: [u8; 2] = [0x00, 0x0b];

/// The attributes that all signing keys here have: fixedTPM, fixedParent, sensitiveDataOrigin,
/// noDA, sign.
pub(super) const SIGNING: u32 = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 10 | 1 << 18;

/// What the public area of one kind of key has to say, besides its point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// TPMA_OBJECT.
    pub attributes: u32,
    /// Whether there is a policy of 32 bytes, or none.
    pub has_policy: bool,
    /// What it is called when it is malformed.
    pub what: &'static str,
}

impl Kind {
    /// No symmetric cipher; ECDSA with SHA-256; NIST P-256; no key derivation.
    const PARAMETERS: [u8; 10] = [0x00, 0x10, 0x00, 0x18, 0x00, 0x0b, 0x00, 0x03, 0x00, 0x10];

    const fn malformed(self) -> TpmError {
        TpmError::Malformed { what: self.what }
    }

    /// TPM_ALG_ECC named by SHA-256, and the attributes.
    fn head(self) -> Vec<u8> {
        [&[0x00, 0x23][..], &ALG_SHA256, &self.attributes.to_be_bytes()].concat()
    }

    /// What the chip is asked to make: the public area with an empty point.
    ///
    /// # Source
    /// TPM 2.0 Library part 2, TPMT_PUBLIC and TPMS_ECC_PARMS.
    pub(super) fn template(self, policy: &[u8]) -> Result<Public, TpmError> {
        let size = (policy.len() as u16).to_be_bytes();
        let area = [&self.head()[..], &size, policy, &Self::PARAMETERS, &[0; 4]].concat();
        Public::unmarshall(&area).map_err(|_| self.malformed())
    }

    /// Reads a TPMT_PUBLIC of this kind; whatever differs from the template is refused.
    pub(super) fn read(self, area: &[u8]) -> Result<SigningArea, TpmError> {
        let (policy, point) = self.split(area).ok_or(self.malformed())?;
        if !is_p256_key(&point) {
            return Err(self.malformed());
        }
        Ok(SigningArea { bytes: area.to_vec(), policy, point })
    }

    fn split(self, area: &[u8]) -> Option<(Vec<u8>, [u8; POINT_LEN])> {
        let rest = area.strip_prefix(self.head().as_slice())?;
        let (policy, rest) = sized(rest)?;
        let fits = policy.len() == if self.has_policy { 32 } else { 0 };
        let rest = rest.strip_prefix(&Self::PARAMETERS).filter(|_| fits)?;
        let (x, rest) = sized(rest)?;
        let (y, rest) = sized(rest)?;
        let (x, y) = (padded(x)?, padded(y)?);
        let mut point = [0x04; POINT_LEN];
        point[1..=COORDINATE_LEN].copy_from_slice(&x);
        point[1 + COORDINATE_LEN..].copy_from_slice(&y);
        rest.is_empty().then(|| (policy.to_vec(), point))
    }
}

/// Splits off what a 16-bit length announces.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

/// A number in 32 bytes: some chips leave leading zeros out.
fn padded(number: &[u8]) -> Option<[u8; COORDINATE_LEN]> {
    let mut padded = [0; COORDINATE_LEN];
    padded.get_mut(COORDINATE_LEN.checked_sub(number.len())?..)?.copy_from_slice(number);
    Some(padded)
}

/// The public area of a signing key, of which every byte but the point is known to be right.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct SigningArea {
    bytes: Vec<u8>,
    policy: Vec<u8>,
    point: [u8; POINT_LEN],
}

impl SigningArea {
    /// TPMT_PUBLIC.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The policy, or nothing.
    pub(super) fn policy(&self) -> &[u8] {
        &self.policy
    }

    /// The public point: 04, x, y.
    pub(super) const fn point(&self) -> &[u8; POINT_LEN] {
        &self.point
    }

    /// The Name: the hash algorithm and the digest of the public area.
    pub(super) fn name(&self) -> [u8; 34] {
        let mut name = [0; 34];
        name[..2].copy_from_slice(&ALG_SHA256);
        name[2..].copy_from_slice(&Sha256::digest(&self.bytes));
        name
    }

    /// Verifies what the chip says is the signature of `digest`, and gives it as DER: nothing that
    /// sits between can make a signature go out that others would refuse.
    ///
    /// # Source
    /// RFC 3279 section 2.2.3: SEQUENCE of r and s.
    pub(super) fn signature(&self, digest: &[u8; 32], signed: &ChipSignature) -> Result<Vec<u8>, TpmError> {
        let unproven = || TpmError::Unproven { what: "a signature" };
        let ChipSignature::EcDsa(signed) = signed else { return Err(unproven()) };
        let der = der_from_scalars(signed.signature_r().value(), signed.signature_s().value());
        let der = der.map_err(|_| unproven())?;
        verify_p256_digest(&self.point, digest, &der).map_err(|_| unproven())?;
        Ok(der)
    }
}

impl fmt::Debug for SigningArea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.name()))
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    use p256::ecdsa::{Signature, SigningKey};
    use tss_esapi::interface_types::algorithm::HashingAlgorithm;
    use tss_esapi::structures::{EccParameter, EccSignature};

    use super::*;

    const KIND: Kind = Kind { attributes: SIGNING, has_policy: false, what: "a key" };

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_slice(&[byte; 32]).expect("a number below the order")
    }

    fn area(key: &SigningKey) -> SigningArea {
        let point = key.verifying_key().to_encoded_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(COORDINATE_LEN);
        let size = [0, COORDINATE_LEN as u8];
        let bytes = [&KIND.head()[..], &[0, 0], &Kind::PARAMETERS, &size, x, &size, y].concat();
        KIND.read(&bytes).expect("a public area")
    }

    fn signed(r: &[u8], s: &[u8]) -> ChipSignature {
        let number = |bytes: &[u8]| EccParameter::try_from(bytes).expect("a number");
        let signature = EccSignature::create(HashingAlgorithm::Sha256, number(r), number(s));
        ChipSignature::EcDsa(signature.expect("a signature"))
    }

    #[test]
    fn only_a_signature_of_this_key_under_this_digest_is_handed_out() {
        let (digest, other) = ([5; 32], [6; 32]);
        let signature: Signature = key(1).sign_prehash(&digest).expect("signed");
        let (r, s) = signature.split_bytes();
        let zero = [0; 32];
        let cases = [
            ("right", key(1), digest, (&r[..], &s[..]), true),
            ("another digest", key(1), other, (&r[..], &s[..]), false),
            ("another key", key(2), digest, (&r[..], &s[..]), false),
            ("exchanged", key(1), digest, (&s[..], &r[..]), false),
            ("zero", key(1), digest, (&zero[..], &zero[..]), false),
            ("empty", key(1), digest, (&[][..], &[][..]), false),
        ];
        for (name, signer, digest, (r, s), right) in cases {
            let expected = right.then(|| signature.to_der().as_bytes().to_vec());
            let given = area(&signer).signature(&digest, &signed(r, s));
            assert_eq!(given, expected.ok_or(TpmError::Unproven { what: "a signature" }), "{name}");
        }
    }

    #[test]
    fn a_number_that_lost_its_leading_zeros_is_read() {
        let signer = key(1);
        let (digest, signature) = (0u32..)
            .map(|count| <[u8; 32]>::from(Sha256::digest(count.to_be_bytes())))
            .map(|digest| (digest, PrehashSigner::<Signature>::sign_prehash(&signer, &digest)))
            .find_map(|(digest, signed)| signed.ok().filter(|s| s.r().to_bytes()[0] == 0).zip(Some(digest)))
            .map(|(signature, digest)| (digest, signature))
            .expect("one in 256");
        let (r, s) = signature.split_bytes();
        let given = area(&signer).signature(&digest, &signed(&r[1..], &s));
        assert_eq!(given, Ok(signature.to_der().as_bytes().to_vec()));
        assert_eq!(padded(&[7; COORDINATE_LEN + 1]), None, "a byte too long");
    }
}
