//! A signature of the chip, and how other tools want it.

use super::QuoteError;
use super::reader::Reader;

/// An ECDSA signature over P-256 and SHA-256.
///
/// # Source
/// TPM 2.0 Library part 2, section 11.3.4 (TPMT_SIGNATURE).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EcdsaSignature {
    r: [u8; 32],
    s: [u8; 32],
}

impl EcdsaSignature {
    /// Reads a signature as the chip gives it. Some chips leave out leading zeros.
    ///
    /// # Errors
    /// [`QuoteError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, QuoteError> {
        let mut from = Reader::new(bytes);
        from.u16_is(0x0018, "the signature's scheme", "ECDSA")?;
        from.u16_is(0x000b, "the signature's hash", "SHA-256")?;
        let signature = Self { r: number(&mut from, "r")?, s: number(&mut from, "s")? };
        from.end()?;
        Ok(signature)
    }

    /// The two numbers, 32 bytes each.
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut both = [0; 64];
        both[..32].copy_from_slice(&self.r);
        both[32..].copy_from_slice(&self.s);
        both
    }

    /// As OpenSSL and signed notes want it: two integers in DER, 8 to 72 bytes.
    ///
    /// # Source
    /// RFC 3279 section 2.2.3.
    pub fn to_der(&self) -> Vec<u8> {
        let content = [integer(&self.r), integer(&self.s)].concat();
        [vec![0x30, short(content.len())], content].concat()
    }
}

fn number(from: &mut Reader<'_>, what: &'static str) -> Result<[u8; 32], QuoteError> {
    let bytes = from.sized(32, what)?;
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(QuoteError::Field { what, found: 0, wanted: "a number above 0" });
    }
    let mut number = [0; 32];
    number[32 - bytes.len()..].copy_from_slice(bytes);
    Ok(number)
}

fn integer(number: &[u8; 32]) -> Vec<u8> {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(31);
    let digits = &number[first..];
    // A leading one would make it negative.
    let zero = if digits[0] & 0x80 == 0 { &[][..] } else { &[0][..] };
    [&[0x02, short(zero.len() + digits.len())][..], zero, digits].concat()
}

/// A length below 128, in one byte.
fn short(len: usize) -> u8 {
    u8::try_from(len).expect("two numbers of 33 bytes and their heads are below 128 bytes")
}
