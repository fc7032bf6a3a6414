//! The public area of a key in the chip, and the names that the chip gives it.

use sha2::{Digest, Sha256};

use super::QuoteError;
use super::reader::Reader;
use crate::domain::audit::spki::{Point, point_from_coordinates};

/// What the chip calls a key: the algorithm of its hash, and the hash of its public area.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Name([u8; 34]);

/// What the chip calls the endorsement hierarchy: its handle.
pub const ENDORSEMENT: [u8; 4] = [0x40, 0x00, 0x00, 0x0b];

const SHA256: u16 = 0x000b;

impl Name {
    /// The name of a public area.
    ///
    /// # Source
    /// TPM 2.0 Library part 1, section 16 (Names).
    pub fn of(public: &[u8]) -> Self {
        Self::hash(&[public])
    }

    /// The qualified name of a key: `above` is the qualified name of its parent, or the handle of its
    /// hierarchy when it has none.
    pub fn below(&self, above: &[u8]) -> Self {
        Self::hash(&[above, &self.0])
    }

    /// The 34 bytes.
    pub const fn bytes(&self) -> &[u8; 34] {
        &self.0
    }

    fn hash(parts: &[&[u8]]) -> Self {
        let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize();
        let mut name = [0; 34];
        name[..2].copy_from_slice(&SHA256.to_be_bytes());
        name[2..].copy_from_slice(&hash);
        Self(name)
    }

    pub(super) fn read(from: &mut Reader<'_>, what: &'static str) -> Result<Self, QuoteError> {
        from.u16_is(34, what, "34 bytes long")?;
        let name: [u8; 34] = from.array(what)?;
        let hash = u16::from_be_bytes([name[0], name[1]]);
        let wanted = "a name by SHA-256";
        if hash == SHA256 {
            Ok(Self(name))
        } else {
            Err(QuoteError::Field { what, found: hash.into(), wanted })
        }
    }
}

/// The public area of a key that signs with ECDSA over P-256 and SHA-256.
///
/// # Source
/// TPM 2.0 Library part 2, section 12.2.4 (TPMT_PUBLIC).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningKey {
    attributes: u32,
    policy: Vec<u8>,
    x: [u8; 32],
    y: [u8; 32],
    name: Name,
}

/// TPM 2.0 Library part 2, section 8.3 (TPMA_OBJECT).
mod bit {
    pub(super) const FIXED_TPM: u32 = 1 << 1;
    pub(super) const FIXED_PARENT: u32 = 1 << 4;
    pub(super) const SENSITIVE_DATA_ORIGIN: u32 = 1 << 5;
    pub(super) const USER_WITH_AUTH: u32 = 1 << 6;
    pub(super) const RESTRICTED: u32 = 1 << 16;
    pub(super) const DECRYPT: u32 = 1 << 17;
    pub(super) const SIGN: u32 = 1 << 18;
    /// All that have a meaning.
    pub(super) const KNOWN: u32 = 0x000f_0cf6;
}

impl SigningKey {
    /// Reads a public area: a TPMT_PUBLIC.
    ///
    /// # Errors
    /// [`QuoteError`].
    pub fn parse(public: &[u8]) -> Result<Self, QuoteError> {
        let mut from = Reader::new(public);
        from.u16_is(0x0023, "the key's type", "ECC")?;
        from.u16_is(SHA256, "the hash of the key's name", "SHA-256")?;
        let attributes = from.u32("the key's attributes")?;
        if attributes & !bit::KNOWN != 0 {
            let (what, found) = ("the key's attributes", attributes.into());
            return Err(QuoteError::Field { what, found, wanted: "known attributes alone" });
        }
        let policy = from.sized(32, "the key's policy")?.to_vec();
        from.u16_is(0x0010, "the key's symmetric algorithm", "none: it signs")?;
        from.u16_is(0x0018, "the key's scheme", "ECDSA")?;
        from.u16_is(SHA256, "the hash of the key's scheme", "SHA-256")?;
        from.u16_is(0x0003, "the key's curve", "P-256")?;
        from.u16_is(0x0010, "the key's derivation", "none")?;
        let (x, y) = (coordinate(&mut from, "x of the key")?, coordinate(&mut from, "y of the key")?);
        from.end()?;
        Ok(Self { attributes, policy, x, y, name: Name::of(public) })
    }

    /// What the chip calls it.
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// Made in this chip and bound to it: no other chip has it, nor any file.
    pub const fn never_leaves(&self) -> bool {
        let all = bit::FIXED_TPM | bit::FIXED_PARENT | bit::SENSITIVE_DATA_ORIGIN;
        self.attributes & all == all
    }

    /// Whether it signs, and does nothing else.
    pub const fn only_signs(&self) -> bool {
        self.attributes & bit::SIGN != 0 && self.attributes & bit::DECRYPT == 0
    }

    /// Whether it signs nothing that the chip did not make itself.
    pub const fn is_restricted(&self) -> bool {
        self.attributes & bit::RESTRICTED != 0
    }

    /// The digest of the policy that alone lets it be used; `None` when a password does.
    pub fn policy(&self) -> Option<&[u8]> {
        let by_policy = self.attributes & bit::USER_WITH_AUTH == 0 && !self.policy.is_empty();
        by_policy.then_some(self.policy.as_slice())
    }

    /// The public point, uncompressed. Whether it is on the curve, its user says.
    pub fn point(&self) -> Point {
        point_from_coordinates(&self.x, &self.y)
    }
}

fn coordinate(from: &mut Reader<'_>, what: &'static str) -> Result<[u8; 32], QuoteError> {
    let bytes = from.sized(32, what)?;
    let mut padded = [0; 32];
    padded[32 - bytes.len()..].copy_from_slice(bytes);
    Ok(padded)
}
