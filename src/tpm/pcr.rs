//! Which PCRs the boot policy measures, and what they hold.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tss_esapi::Context;
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::structures::{PcrSelectionList, PcrSlot};
use tss_esapi::tss2_esys::{TPML_PCR_SELECTION, TPMS_PCR_SELECTION};

use crate::tpm::connect::{Chip, library};
use crate::tpm::error::TpmError;

/// At least one of the PCRs 0 to 23 of the SHA-256 bank.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct PcrSelection(u32);

/// The measured state now and at set-up, for `doctor`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PcrStatus {
    /// The digest over the selected PCRs now.
    pub now: [u8; 32],
    /// The same digest at set-up.
    pub pinned: [u8; 32],
}

impl PcrStatus {
    /// Whether the boot policy holds.
    pub fn holds(&self) -> bool {
        self.now == self.pinned
    }
}

impl PcrSelection {
    /// Firmware, its option ROMs, the boot loader and the secure-boot state.
    pub const DEFAULT: Self = Self(1 << 0 | 1 << 2 | 1 << 4 | 1 << 7);
    const COUNT: u32 = 24;
    const BANK: &'static str = "sha256:";
    const ALG_SHA256: u16 = 0x000b;

    /// The numbers, in order.
    pub fn numbers(self) -> impl Iterator<Item = u32> {
        (0..Self::COUNT).filter(move |number| self.0 >> number & 1 == 1)
    }

    /// The three bytes of TPMS_PCR_SELECTION.
    pub(super) const fn bits(self) -> [u8; 3] {
        let [low, middle, high, _] = self.0.to_le_bytes();
        [low, middle, high]
    }

    /// TPML_PCR_SELECTION in wire form.
    pub(super) fn wire(self) -> Vec<u8> {
        const SELECT_LEN: u8 = 3;
        let mut bytes = 1u32.to_be_bytes().to_vec();
        bytes.extend(Self::ALG_SHA256.to_be_bytes());
        bytes.push(SELECT_LEN);
        bytes.extend(self.bits());
        bytes
    }

    /// TPML_PCR_SELECTION for the library.
    pub(super) fn list(self) -> TPML_PCR_SELECTION {
        let mut list = TPML_PCR_SELECTION { count: 1, ..Default::default() };
        let [low, middle, high] = self.bits();
        list.pcrSelections[0] =
            TPMS_PCR_SELECTION { hash: Self::ALG_SHA256, sizeofSelect: 3, pcrSelect: [low, middle, high, 0] };
        list
    }
}

impl FromStr for PcrSelection {
    type Err = TpmError;

    fn from_str(text: &str) -> Result<Self, TpmError> {
        let wrong = || TpmError::Pcrs { text: text.chars().take(60).collect() };
        let mut mask = 0;
        for number in text.strip_prefix(Self::BANK).ok_or_else(wrong)?.split(',') {
            let plain = (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
            let number: u32 = if plain { number.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
            let bit = if number < Self::COUNT { 1 << number } else { return Err(wrong()) };
            if mask & bit != 0 {
                return Err(wrong());
            }
            mask |= bit;
        }
        Ok(Self(mask))
    }
}

impl fmt::Display for PcrSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.numbers().map(|number| number.to_string()).collect();
        f.pad(&format!("{}{}", Self::BANK, numbers.join(",")))
    }
}

impl TryFrom<String> for PcrSelection {
    type Error = TpmError;

    fn try_from(text: String) -> Result<Self, TpmError> {
        text.parse()
    }
}

impl From<PcrSelection> for String {
    fn from(pcrs: PcrSelection) -> Self {
        pcrs.to_string()
    }
}

/// The digest that TPM2_PolicyPCR compares: over the values of the selected PCRs, in order.
pub(super) fn digest(context: &mut Context, pcrs: PcrSelection) -> Result<[u8; 32], TpmError> {
    values(context, pcrs).map(|values| digest_of(&values))
}

/// The same of values that were read.
pub(super) fn digest_of(values: &[[u8; 32]]) -> [u8; 32] {
    Sha256::digest(values.concat()).into()
}

/// The values of the selected PCRs, in order.
///
/// A chip may answer for fewer PCRs than it was asked for, so each is read by itself, and all
/// again when one was extended meanwhile.
pub(super) fn values(context: &mut Context, pcrs: PcrSelection) -> Result<Vec<[u8; 32]>, TpmError> {
    const ATTEMPTS_MAX: u32 = 4;
    let malformed = TpmError::Malformed { what: "an answer to TPM2_PCR_Read" };
    for _ in 0..ATTEMPTS_MAX {
        let mut found = Vec::new();
        let mut updates = Vec::new();
        for number in pcrs.numbers() {
            let slot = PcrSlot::try_from(1u32 << number).map_err(library("TPM2_PCR_Read"))?;
            let one = PcrSelectionList::builder().with_selection(HashingAlgorithm::Sha256, &[slot]).build();
            let read = one.and_then(|one| context.pcr_read(one));
            let (update, _, values) = read.map_err(library("TPM2_PCR_Read"))?;
            let [value] = values.value() else { return Err(malformed) };
            found.push(<[u8; 32]>::try_from(value.value()).map_err(|_| malformed.clone())?);
            updates.push(update);
        }
        if updates.iter().all(|update| Some(update) == updates.first()) {
            return Ok(found);
        }
    }
    Err(malformed)
}

impl Chip {
    /// Compares the measured state with that of set-up.
    ///
    /// # Errors
    /// [`TpmError::Unreachable`], [`TpmError::Silent`] or [`TpmError::Library`].
    pub fn pcr_status(&self) -> Result<PcrStatus, TpmError> {
        let pcrs = self.pins().pcrs();
        let now = self.on_context(move |context| digest(context, pcrs))?;
        Ok(PcrStatus { now, pinned: *self.pins().pcr_digest() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_names_pcrs_of_the_sha256_bank_once_each() {
        let cases = [
            ("default", "sha256:0,2,4,7", Some("sha256:0,2,4,7")),
            ("sorted on reading", "sha256:7,0", Some("sha256:0,7")),
            ("last", "sha256:23", Some("sha256:23")),
            ("one too many", "sha256:24", None),
            ("none", "sha256:", None),
            ("twice", "sha256:7,7", None),
            ("sign", "sha256:+7", None),
            ("space", "sha256:0, 7", None),
            ("other bank", "sha1:0", None),
            ("no bank", "0,2", None),
        ];
        for (name, text, expected) in cases {
            let read = text.parse::<PcrSelection>().ok().map(|pcrs| pcrs.to_string());
            assert_eq!(read.as_deref(), expected, "{name}");
        }
        assert_eq!(PcrSelection::DEFAULT.to_string(), "sha256:0,2,4,7");
    }

    #[test]
    fn a_selection_has_the_bits_of_part_2() {
        let pcrs: PcrSelection = "sha256:0,9,23".parse().expect("a selection");
        assert_eq!(hex::encode(pcrs.wire()), "00000001000b03010280");
    }
}
