//! Platform registers: which, and what they hold.

use sha2::{Digest, Sha256};

use super::QuoteError;
use super::reader::Reader;

/// Registers of the bank of SHA-256.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PcrSelection {
    mask: [u8; 3],
}

impl PcrSelection {
    /// A selection of these registers; those above 23 do not exist.
    pub fn of(registers: &[u8]) -> Self {
        let mut mask = [0; 3];
        for register in registers {
            if let Some(byte) = mask.get_mut(usize::from(register / 8)) {
                *byte |= 1 << (register % 8);
            }
        }
        Self { mask }
    }

    /// The registers in order.
    pub fn registers(self) -> impl Iterator<Item = u8> {
        (0..24).filter(move |register| self.mask[usize::from(register / 8)] >> (register % 8) & 1 == 1)
    }

    /// A TPML_PCR_SELECTION of one bank.
    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, QuoteError> {
        let banks = from.u32("the number of banks")?;
        if banks != 1 {
            let what = "the number of banks";
            return Err(QuoteError::Field { what, found: banks.into(), wanted: "1" });
        }
        from.u16_is(0x000b, "the bank", "SHA-256")?;
        let size = from.u8("the size of the selection")?;
        if size != 3 {
            let what = "the size of the selection";
            return Err(QuoteError::Field { what, found: size.into(), wanted: "3 bytes" });
        }
        Ok(Self { mask: from.array("the selection")? })
    }
}

/// Registers and their values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PcrValues {
    selection: PcrSelection,
    values: Vec<[u8; 32]>,
}

/// Values in one list of the chip.
const VALUES_MAX: usize = 8;
/// Bytes for one value in a file of tpm2-tools: the longest hash.
const VALUE_LEN: usize = 64;

impl PcrValues {
    /// Values of the selected registers, in their order.
    ///
    /// # Errors
    /// [`QuoteError::Values`] when they are not as many.
    pub fn new(selection: PcrSelection, values: Vec<[u8; 32]>) -> Result<Self, QuoteError> {
        let (selected, found) = (selection.registers().count(), values.len());
        if selected == found {
            Ok(Self { selection, values })
        } else {
            Err(QuoteError::Values { found, selected })
        }
    }

    /// Reads what `tpm2_quote --pcr` writes: the structures of the C library, little-endian, with all
    /// unused places. Those must be zero.
    ///
    /// # Errors
    /// [`QuoteError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, QuoteError> {
        let mut from = Reader::new(bytes);
        little(&mut from, "the number of banks", 1, 1)?;
        let [low, high, size] = from.array("the bank")?;
        if (low, high, size) != (0x0b, 0, 3) {
            let found = u64::from(u32::from_be_bytes([0, size, high, low]));
            return Err(QuoteError::Field {
                what: "the bank",
                found,
                wanted: "SHA-256 with a selection of 3 bytes",
            });
        }
        let selection = PcrSelection { mask: from.array("the selection")? };
        // A fourth byte, one of alignment, and fifteen more banks.
        zero(&mut from, 2 + 15 * 8, "an unused bank")?;
        let selected = selection.registers().count();
        let lists_max = selected.div_ceil(VALUES_MAX).max(1);
        let lists = little(&mut from, "the number of lists", 0, lists_max)?;
        let mut values = Vec::with_capacity(selected);
        for _ in 0..lists {
            let used = little(&mut from, "the number of values", 1, VALUES_MAX)?;
            for _ in 0..used {
                let len = u16::from_le_bytes(from.array("the length of a value")?);
                if len != 32 {
                    let what = "the length of a value";
                    return Err(QuoteError::Field { what, found: len.into(), wanted: "32" });
                }
                values.push(from.array("a value")?);
                zero(&mut from, VALUE_LEN - 32, "the rest of a value")?;
            }
            zero(&mut from, (VALUES_MAX - used) * (2 + VALUE_LEN), "an unused value")?;
        }
        from.end()?;
        Self::new(selection, values)
    }

    /// Writes them as `tpm2_checkquote --pcr` reads them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
        let mut bytes = [&count(1)[..], &[0x0b, 0, 3], &self.selection.mask, &[0; 2 + 15 * 8]].concat();
        bytes.extend(count(self.values.len().div_ceil(VALUES_MAX)));
        for list in self.values.chunks(VALUES_MAX) {
            bytes.extend(count(list.len()));
            for value in list {
                bytes.extend([&[32, 0][..], value, &[0; VALUE_LEN - 32]].concat());
            }
            bytes.resize(bytes.len() + (VALUES_MAX - list.len()) * (2 + VALUE_LEN), 0);
        }
        bytes
    }

    /// Which registers.
    pub const fn selection(&self) -> PcrSelection {
        self.selection
    }

    /// Each register and its value.
    pub fn values(&self) -> impl Iterator<Item = (u8, &[u8; 32])> {
        self.selection.registers().zip(&self.values)
    }

    /// What a quote says of them: SHA-256 over all values in order.
    ///
    /// # Source
    /// TPM 2.0 Library part 2, section 10.12.1 (TPMS_QUOTE_INFO).
    pub fn digest(&self) -> [u8; 32] {
        self.values.iter().fold(Sha256::new(), |hash, value| hash.chain_update(value)).finalize().into()
    }
}

/// A little-endian number from `least` to `most`.
fn little(from: &mut Reader<'_>, what: &'static str, least: usize, most: usize) -> Result<usize, QuoteError> {
    let found = u32::from_le_bytes(from.array(what)?);
    let number = usize::try_from(found).ok().filter(|number| (least..=most).contains(number));
    number.ok_or(QuoteError::Field { what, found: found.into(), wanted: "as many as the selection has" })
}

fn zero(from: &mut Reader<'_>, len: usize, what: &'static str) -> Result<(), QuoteError> {
    let stray = from.take(len, what)?.iter().find(|byte| **byte != 0);
    stray.map_or(Ok(()), |found| Err(QuoteError::Field { what, found: (*found).into(), wanted: "0" }))
}
