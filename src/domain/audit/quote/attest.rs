//! What the chip attests.

use super::reader::Reader;
use super::{Name, PcrSelection, QuoteError};
use crate::domain::time::{ChipBoot, ChipTime};

/// An attestation: who signs, over what, and when by the chip's clock.
///
/// # Source
/// TPM 2.0 Library part 2, section 10.12.12 (TPMS_ATTEST).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attest {
    /// The qualified name of the key that signs.
    pub signer: Name,
    /// What the caller had bound into it, at most 66 bytes.
    pub extra: Vec<u8>,
    /// The chip's clock, hidden from nobody: the key is of the endorsement hierarchy.
    pub time: ChipTime,
    /// The version of the chip's firmware.
    pub firmware: u64,
    /// What it says.
    pub what: Attested,
}

/// What an attestation is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Attested {
    /// Values of platform registers.
    Quote {
        /// Which registers.
        selection: PcrSelection,
        /// SHA-256 of their values.
        digest: [u8; 32],
    },
    /// That a key is in the chip.
    Certify {
        /// Its name.
        name: Name,
        /// Its name and those of all above it.
        qualified: Name,
    },
}

impl Attest {
    const MAGIC: u32 = 0xff54_4347;
    const QUOTE: u16 = 0x8018;
    const CERTIFY: u16 = 0x8017;
    /// The longest that a caller may have bound into it.
    const EXTRA_LEN_MAX: usize = 66;

    /// Reads an attestation of SHA-256 registers, or of a key.
    ///
    /// # Errors
    /// [`QuoteError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, QuoteError> {
        let mut from = Reader::new(bytes);
        let magic = from.u32("the magic number")?;
        if magic != Self::MAGIC {
            let (what, found) = ("the magic number", magic.into());
            return Err(QuoteError::Field { what, found, wanted: "0xff544347: the chip did not make it" });
        }
        let kind = from.u16("the type")?;
        let signer = Name::read(&mut from, "the signer's name")?;
        let extra = from.sized(Self::EXTRA_LEN_MAX, "the qualifying data")?.to_vec();
        let clock_ms = from.u64("the clock")?;
        let reset_count = from.u32("the reset count")?;
        let restart_count = from.u32("the restart count")?;
        let safe = match from.u8("the safe flag")? {
            0 => false,
            1 => true,
            found => {
                let (what, found) = ("the safe flag", found.into());
                return Err(QuoteError::Field { what, found, wanted: "0 or 1" });
            }
        };
        let firmware = from.u64("the firmware version")?;
        let what = match kind {
            Self::QUOTE => {
                let selection = PcrSelection::read(&mut from)?;
                from.u16_is(32, "the length of the registers' digest", "32")?;
                Attested::Quote { selection, digest: from.array("the registers' digest")? }
            }
            Self::CERTIFY => {
                let name = Name::read(&mut from, "the certified name")?;
                Attested::Certify { name, qualified: Name::read(&mut from, "the certified qualified name")? }
            }
            other => {
                let wanted = "that of a quote or of a certificate";
                return Err(QuoteError::Field { what: "the type", found: other.into(), wanted });
            }
        };
        from.end()?;
        let time = ChipTime { clock_ms, boot: ChipBoot { reset_count, restart_count }, safe };
        Ok(Self { signer, extra, time, firmware, what })
    }
}
