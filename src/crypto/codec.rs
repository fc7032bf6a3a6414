//! How fields become bytes, in one way only, and how bytes become text in JSON.

use zeroize::Zeroizing;

use crate::domain::ids::Generation;

/// Bytes made of a prefix and fields, so that no two lists of fields give the same bytes.
///
/// A text is its length in bytes as 8 bytes, most significant first, and then its UTF-8; a number
/// is 4 bytes, most significant first; everything else has a fixed length.
pub(super) struct Fields(Zeroizing<Vec<u8>>);

impl Fields {
    /// Above the longest list of fields of this room, so that no growth leaves a copy behind.
    const CAPACITY: usize = 512;

    pub(super) fn new(prefix: &[u8]) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(Self::CAPACITY))).raw(prefix)
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        let len = text.len() as u64;
        self.raw(&len.to_be_bytes()).raw(text.as_bytes())
    }

    pub(super) fn number(self, number: u32) -> Self {
        self.raw(&number.to_be_bytes())
    }

    pub(super) fn generation(self, generation: Generation) -> Self {
        self.number(generation.number())
    }

    pub(super) fn done(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// Reads what [`Fields`] wrote; every verb is `None` when the bytes are not that.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(prefix: &[u8], bytes: &'a [u8]) -> Option<Self> {
        bytes.strip_prefix(prefix).map(Self)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(u64::from_be_bytes(*self.array()?)).ok()?;
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        std::str::from_utf8(head).ok()
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    pub(super) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

/// Public bytes as standard base64 in JSON.
pub(super) mod base64_bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::crypto) fn serialize<S, B>(bytes: &B, to: S) -> Result<S::Ok, S::Error>
    where
        S: Serializer,
        B: AsRef<[u8]>,
    {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(in crate::crypto) fn deserialize<'de, D, B>(from: D) -> Result<B, D::Error>
    where
        D: Deserializer<'de>,
        B: TryFrom<Vec<u8>>,
    {
        let text = String::deserialize(from)?;
        let bytes = STANDARD.decode(text).map_err(|_| D::Error::custom("not base64"))?;
        B::try_from(bytes).map_err(|_| D::Error::custom("base64 of a wrong length"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_back_and_nothing_else_does() {
        let bytes = Fields::new(b"p\n").text("ab").number(7).raw(&[1, 2]).text("").done();
        assert_eq!(bytes[..], *b"p\n\0\0\0\0\0\0\0\x02ab\0\0\0\x07\x01\x02\0\0\0\0\0\0\0\0");
        let read = |bytes: &[u8]| {
            let mut reader = Reader::new(b"p\n", bytes)?;
            let fields =
                (reader.text()?.to_owned(), reader.number()?, *reader.array::<2>()?, reader.text()?.len());
            reader.is_done().then_some(fields)
        };
        assert_eq!(read(&bytes), Some(("ab".to_owned(), 7, [1, 2], 0)));
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), None, "{end} bytes");
        }
        assert_eq!(read(&[&bytes[..], &[0]].concat()), None, "one byte more");
        let huge = [b"p\n", &u64::MAX.to_be_bytes()[..], b"ab"].concat();
        assert_eq!(read(&huge), None, "a length beyond the bytes");
    }
}
