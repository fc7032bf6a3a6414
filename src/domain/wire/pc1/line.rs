//! Bytes in, lines out, in the memory of one line.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Pc1Error;

/// The longest line, in characters before its end: what a card, a 3270 field and a paper log hold.
pub const LINE_LEN_MAX: usize = 72;

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// One line without its end; wiped when dropped, because a line may carry a credential.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Line {
    /// One place more, for the end of the line.
    bytes: [u8; LINE_LEN_MAX + 1],
    len: usize,
}

impl Line {
    /// A line of no characters.
    pub const fn empty() -> Self {
        Self { bytes: [0; LINE_LEN_MAX + 1], len: 0 }
    }

    /// The characters before the end.
    pub fn text(&self) -> &str {
        // `push` lets only ASCII in.
        std::str::from_utf8(&self.bytes[..self.len]).expect("a line is ASCII")
    }

    /// The characters and a CR, as they are sent.
    pub fn wire(&mut self) -> &[u8] {
        self.bytes[self.len] = CR;
        &self.bytes[..=self.len]
    }

    fn push(&mut self, byte: u8) -> Result<(), Pc1Error> {
        if !is_allowed(byte) {
            return Err(Pc1Error::Alphabet);
        }
        if self.len == LINE_LEN_MAX {
            return Err(Pc1Error::LineTooLong);
        }
        self.bytes[self.len] = byte;
        self.len += 1;
        Ok(())
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().try_for_each(|byte| self.push(byte)).map_err(|_| fmt::Error)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line(of {})", self.len)
    }
}

const fn is_allowed(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'.' | b'/' | b'-' | b'_' | b'*')
}

/// Where the reader is in the stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// Inside a line that is good so far, or before its first character.
    Inside,
    /// A line was handed out and is still in the buffer.
    Ended,
    /// In a line that was refused: everything up to its end is dropped.
    Skipping,
}

/// Cuts a stream of bytes into lines that end with CR, LF or CRLF; empty lines are noise and dropped.
#[derive(Debug)]
pub struct LineReader {
    line: Line,
    place: Place,
}

impl LineReader {
    /// A reader at the start of a line.
    pub const fn new() -> Self {
        Self { line: Line::empty(), place: Place::Inside }
    }

    /// Takes one byte, and returns a line or a refusal when there is one.
    ///
    /// A refused line is reported once, where it goes wrong, and the reader is in step again after its end.
    ///
    /// # Errors
    /// [`Pc1Error::LineTooLong`] and [`Pc1Error::Alphabet`].
    pub fn push(&mut self, byte: u8) -> Option<Result<&Line, Pc1Error>> {
        if self.place == Place::Ended {
            self.start();
        }
        if matches!(byte, CR | LF) {
            return self.end();
        }
        if self.place == Place::Skipping {
            return None;
        }
        let refusal = self.line.push(byte).err()?;
        self.line.zeroize();
        self.place = Place::Skipping;
        Some(Err(refusal))
    }

    /// Whether a line has begun and not ended.
    pub const fn is_inside(&self) -> bool {
        match self.place {
            Place::Inside => self.line.len > 0,
            Place::Ended => false,
            Place::Skipping => true,
        }
    }

    fn start(&mut self) {
        self.line.zeroize();
        self.place = Place::Inside;
    }

    fn end(&mut self) -> Option<Result<&Line, Pc1Error>> {
        if self.place == Place::Skipping || self.line.len == 0 {
            self.start();
            return None;
        }
        self.place = Place::Ended;
        Some(Ok(&self.line))
    }
}

impl Default for LineReader {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Result<String, Pc1Error>> {
        let mut reader = LineReader::new();
        let lines = bytes.iter().filter_map(|b| reader.push(*b).map(|l| l.map(|l| l.text().to_owned())));
        lines.collect()
    }

    #[test]
    fn a_line_ends_with_cr_lf_or_both_and_has_at_most_72_characters() {
        let long = |n: usize| [vec![b'A'; n], b"\rB\r".to_vec()].concat();
        let ok = |texts: &[&str]| texts.iter().map(|t| Ok((*t).to_owned())).collect::<Vec<_>>();
        let cases = [
            ("CR", b"A B\rC\r".to_vec(), ok(&["A B", "C"])),
            ("LF", b"A\nB\n".to_vec(), ok(&["A", "B"])),
            ("CRLF", b"A\r\nB\r\n".to_vec(), ok(&["A", "B"])),
            ("noise before", b"\r\r\nA\r".to_vec(), ok(&["A"])),
            ("no end yet", b"A".to_vec(), vec![]),
            ("72", long(72), ok(&[&"A".repeat(72), "B"])),
            ("73", long(73), vec![Err(Pc1Error::LineTooLong), Ok("B".into())]),
            ("a million", long(1_000_000), vec![Err(Pc1Error::LineTooLong), Ok("B".into())]),
            ("lower case", b"Abc\rB\r".to_vec(), vec![Err(Pc1Error::Alphabet), Ok("B".into())]),
            ("NUL", b"A\0\0C\rB\r".to_vec(), vec![Err(Pc1Error::Alphabet), Ok("B".into())]),
            ("UTF-8", "Ä\rB\r".as_bytes().to_vec(), vec![Err(Pc1Error::Alphabet), Ok("B".into())]),
            ("whole alphabet", b"AZ09 ./-_*\r".to_vec(), ok(&["AZ09 ./-_*"])),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(read(&bytes), expected, "{name}");
        }
    }

    #[test]
    fn every_other_byte_value_is_refused() {
        for byte in 0..=u8::MAX {
            let allowed = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ./-_*".contains(&byte);
            let lines = read(&[b'A', byte, b'\r']);
            let end = matches!(byte, CR | LF);
            assert_eq!(lines.iter().all(Result::is_ok), allowed || end, "{byte:#04x}");
        }
    }

    #[test]
    fn a_finished_line_is_wiped_before_the_next() {
        let mut reader = LineReader::new();
        for byte in *b"D 01 53\r" {
            let _ = reader.push(byte);
        }
        let _ = reader.push(b'A');
        assert_eq!(&reader.line.bytes[..8], b"A\0\0\0\0\0\0\0");
        assert!(!format!("{reader:?}").contains('D'));
    }

    proptest! {
        #[test]
        fn any_bytes_give_lines_within_the_limits(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            for line in read(&bytes).into_iter().flatten() {
                prop_assert!((1..=LINE_LEN_MAX).contains(&line.len()));
                prop_assert!(line.bytes().all(is_allowed));
            }
        }
    }
}
