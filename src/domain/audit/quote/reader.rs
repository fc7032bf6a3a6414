//! Reading of structures whose fields follow one another.

use super::QuoteError;

/// What is left of some bytes.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn take(&mut self, len: usize, what: &'static str) -> Result<&'a [u8], QuoteError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(QuoteError::Short { what })?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], QuoteError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(QuoteError::Short { what })?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self, what: &'static str) -> Result<u8, QuoteError> {
        Ok(u8::from_be_bytes(self.array(what)?))
    }

    pub(super) fn u16(&mut self, what: &'static str) -> Result<u16, QuoteError> {
        Ok(u16::from_be_bytes(self.array(what)?))
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, QuoteError> {
        Ok(u32::from_be_bytes(self.array(what)?))
    }

    pub(super) fn u64(&mut self, what: &'static str) -> Result<u64, QuoteError> {
        Ok(u64::from_be_bytes(self.array(what)?))
    }

    /// A TPM2B: a length in two bytes, and as many bytes, at most `max`.
    pub(super) fn sized(&mut self, max: usize, what: &'static str) -> Result<&'a [u8], QuoteError> {
        let len = self.u16(what)?;
        if usize::from(len) > max {
            return Err(QuoteError::Field { what, found: len.into(), wanted: "a length that it may have" });
        }
        self.take(len.into(), what)
    }

    /// A field that can have one value only.
    pub(super) fn u16_is(
        &mut self,
        value: u16,
        what: &'static str,
        wanted: &'static str,
    ) -> Result<(), QuoteError> {
        let found = self.u16(what)?;
        if found == value { Ok(()) } else { Err(QuoteError::Field { what, found: found.into(), wanted }) }
    }

    /// Nothing may be left.
    pub(super) const fn end(self) -> Result<(), QuoteError> {
        if self.0.is_empty() { Ok(()) } else { Err(QuoteError::Long { extra: self.0.len() }) }
    }
}
