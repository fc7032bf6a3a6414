//! Reads canonical JSON of our own types, and nothing else.
//!
//! What has one spelling needs no search for its members, and need not be written again to be
//! compared: members are read in the order in which they stand. `None` says only that a text is not
//! plainly ours. The derived way then decides, and says what is wrong.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value that is read from its canonical form; `None` from anything that may be another.
pub trait Canonical: Sized {
    /// Reads one value.
    fn read(from: &mut Reader<'_>) -> Option<Self>;
}

/// A text, and how far it was read.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// Reads the members of a struct or a variant, which are named in the order of their names.
macro_rules! members {
    ($from:ident, $($path:ident)::+ { $first:ident $(, $rest:ident)* }) => {{
        $from.word(concat!("{\"", stringify!($first), "\":"))?;
        let $first = $from.value()?;
        $(
            $from.word(concat!(",\"", stringify!($rest), "\":"))?;
            let $rest = $from.value()?;
        )*
        $from.word("}")?;
        $($path)::+ { $first $(, $rest)* }
    }};
}
pub(crate) use members;

impl<'a> Reader<'a> {
    /// At the start of `text`.
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Goes on behind `word`, which must be next.
    #[inline(always)]
    pub fn word(&mut self, word: &str) -> Option<()> {
        let found = self.text.as_bytes().get(self.at..)?.starts_with(word.as_bytes());
        found.then(|| self.at += word.len())
    }

    /// The next value.
    #[inline]
    pub fn value<T: Canonical>(&mut self) -> Option<T> {
        T::read(self)
    }

    /// That nothing is left.
    pub fn end(&self) -> Option<()> {
        (self.at == self.text.len()).then_some(())
    }

    /// A string that has no escapes.
    pub fn plain(&mut self) -> Option<&'a str> {
        self.word("\"")?;
        let rest = self.text.get(self.at..)?;
        let len = plain_len(rest.as_bytes());
        let text = rest.get(..len)?;
        self.at += len;
        self.word("\"")?;
        Some(text)
    }

    /// An integer that a double holds exactly and writes the same way.
    pub fn number(&mut self) -> Option<u64> {
        const DIGITS_MAX: usize = 15;
        let rest = self.text.as_bytes().get(self.at..)?;
        let (mut number, mut len) = (0_u64, 0);
        for byte in rest.iter().take(DIGITS_MAX) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            // So few digits never overflow.
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
            len += 1;
        }
        self.at += len;
        let is_canonical = len == 1 || (len > 1 && rest[0] != b'0');
        is_canonical.then_some(number)
    }

    /// A value that is read, written again and compared.
    pub fn derived<T: DeserializeOwned + Serialize>(&mut self) -> Option<T> {
        let text = self.span()?;
        let value = serde_json::from_str(text).ok()?;
        (super::to_vec(&value) == text.as_bytes()).then_some(value)
    }

    /// A value that is read by `plain`, or else as it can be.
    pub fn either<T: DeserializeOwned + Serialize>(
        &mut self,
        plain: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let start = self.at;
        plain(self).or_else(|| {
            self.at = start;
            self.derived()
        })
    }

    /// The text of the next value, without any judgement of it.
    fn span(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let bytes = rest.as_bytes();
        let (mut depth, mut len) = (0_usize, 0);
        loop {
            match bytes.get(len)? {
                b'"' => len += string_len(&bytes[len..])? - 1,
                b'{' | b'[' => depth += 1,
                b',' if depth == 0 => break,
                b'}' | b']' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            len += 1;
        }
        self.at += len;
        rest.get(..len)
    }
}

/// How many bytes come before the end of a string or anything that must be escaped in one.
fn plain_len(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut len = 0;
    for word in words {
        let found = special(u64::from_le_bytes(*word));
        if found != 0 {
            return len + (found.trailing_zeros() / 8) as usize;
        }
        len += word.len();
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    len + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// The highest bit of each byte of `word` that ends a plain text: quotes, backslashes and control
/// characters. The lowest of these bits is always right; a borrow may set others above it.
const fn special(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    const fn below(word: u64, limit: u64) -> u64 {
        word.wrapping_sub(ONES * limit) & !word
    }
    let (quotes, backslashes) = (word ^ (ONES * b'"' as u64), word ^ (ONES * b'\\' as u64));
    (below(quotes, 1) | below(backslashes, 1) | below(word, 0x20)) & HIGH
}

/// The length of the string that `bytes` begin with, with its quotes.
fn string_len(bytes: &[u8]) -> Option<usize> {
    let mut len = 1;
    loop {
        match bytes.get(len)? {
            b'"' => return Some(len + 1),
            b'\\' => len += 2,
            _ => len += 1,
        }
    }
}

impl Canonical for u64 {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.number()
    }
}

impl Canonical for u32 {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.number()?.try_into().ok()
    }
}

impl Canonical for bool {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        if from.word("true").is_some() { Some(true) } else { from.word("false").map(|()| false) }
    }
}

impl Canonical for String {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.either(|from| from.plain().map(str::to_owned))
    }
}

impl<T: Canonical> Canonical for Box<T> {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.value().map(Self::new)
    }
}

impl<T: Canonical> Canonical for Option<T> {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        if from.word("null").is_some() { Some(None) } else { from.value().map(Some) }
    }
}

impl<T: Canonical> Canonical for Vec<T> {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.word("[")?;
        let mut list = Self::new();
        while from.word("]").is_none() {
            if !list.is_empty() {
                from.word(",")?;
            }
            list.push(from.value()?);
        }
        Some(list)
    }
}

impl<T: Canonical, U: Canonical> Canonical for (T, U) {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.word("[")?;
        let first = from.value()?;
        from.word(",")?;
        let second = from.value()?;
        from.word("]")?;
        Some((first, second))
    }
}

impl<K: DeserializeOwned + Serialize + Ord, V: DeserializeOwned + Serialize> Canonical for BTreeMap<K, V> {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.derived()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_text_ends_where_the_first_byte_is_that_ends_it() {
        for before in 0..20 {
            for byte in 0..=0xff_u8 {
                let text = [vec![b'x'; before], vec![byte, b'"', b'\\', b'x', 0], vec![b'"'; 9]].concat();
                let ends = matches!(byte, b'"' | b'\\' | 0..0x20);
                assert_eq!(plain_len(&text), if ends { before } else { before + 1 }, "{byte} at {before}");
            }
            assert_eq!(plain_len(&vec![b'x'; before]), before, "nothing ends it");
        }
    }
}
