//! The common form of all lines: number, verb, arguments, check value.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use super::{Line, Pc1Error};

/// The number of a line in its session: 01 to 99.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Seq(u8);

impl Seq {
    /// The number of HELO.
    pub const FIRST: Self = Self(1);
    /// The number after which a session ends.
    pub const LAST: Self = Self(99);

    /// The only way to make one from a number.
    pub const fn new(number: u8) -> Option<Self> {
        if number >= Self::FIRST.0 && number <= Self::LAST.0 { Some(Self(number)) } else { None }
    }

    /// The number itself.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The one after this; none after 99.
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }

    /// Reads exactly two digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        if plain { text.parse().ok().and_then(Self::new) } else { None }
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

impl TryFrom<u8> for Seq {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("the number of a line is 1 to 99")
    }
}

impl From<Seq> for u8 {
    fn from(seq: Seq) -> Self {
        seq.0
    }
}

/// What the next line of a session must be numbered: one more than the last, never a number twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sequence(Seq);

impl Sequence {
    /// A session whose HELO was taken.
    pub const fn begun() -> Self {
        Self(Seq::FIRST)
    }

    /// Takes the next line of the session.
    ///
    /// # Errors
    /// [`Pc1Error::OutOfSequence`]; after 99 no number fits but that of a new HELO.
    pub fn accept(&mut self, got: Seq) -> Result<(), Pc1Error> {
        let due = self.0.next();
        if due != Some(got) {
            return Err(Pc1Error::OutOfSequence { got, due: due.unwrap_or(Seq::FIRST) });
        }
        self.0 = got;
        Ok(())
    }
}

/// Whether a line must have a check value; one that is there is always checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Crc {
    /// Lines of the server.
    Required,
    /// Lines of a client, which may be a shell script.
    Optional,
}

/// A line that has the common form.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Its number.
    pub seq: Seq,
    /// What it says.
    pub verb: &'a str,
    args: &'a str,
}

impl<'a> Frame<'a> {
    const PREFIX: &'static str = "PC1 ";
    const CRC_LEN: usize = 8;

    /// Takes a line apart.
    ///
    /// # Errors
    /// [`Pc1Error::Syntax`], [`Pc1Error::Crc`] and [`Pc1Error::CrcMissing`].
    pub fn parse(line: &'a Line, crc: Crc) -> Result<Self, Pc1Error> {
        let body = checked_body(line.text(), crc)?;
        let rest = body.strip_prefix(Self::PREFIX).ok_or(Pc1Error::Syntax)?;
        let (number, said) = rest.split_once(' ').ok_or(Pc1Error::Syntax)?;
        let seq = Seq::parse(number).ok_or(Pc1Error::Syntax)?;
        if said.contains('*') || said.split(' ').any(str::is_empty) {
            return Err(Pc1Error::Syntax);
        }
        let (verb, args) = said.split_once(' ').unwrap_or((said, ""));
        Ok(Self { seq, verb, args })
    }

    /// The arguments, which must be `N` in number.
    pub(super) fn args<const N: usize>(&self) -> Result<[&'a str; N], Pc1Error> {
        let mut words = self.args.split(' ').filter(|word| !word.is_empty());
        let mut args = [""; N];
        for arg in &mut args {
            *arg = words.next().ok_or(Pc1Error::Arguments)?;
        }
        if words.next().is_none() { Ok(args) } else { Err(Pc1Error::Arguments) }
    }
}

/// The text before the check value, once that is found right.
fn checked_body(text: &str, crc: Crc) -> Result<&str, Pc1Error> {
    let Some((body, claimed)) = text.split_once(" *") else {
        return if crc == Crc::Required { Err(Pc1Error::CrcMissing) } else { Ok(text) };
    };
    let upper_hex = |b: u8| matches!(b, b'0'..=b'9' | b'A'..=b'F');
    if claimed.len() != Frame::CRC_LEN || !claimed.bytes().all(upper_hex) {
        return Err(Pc1Error::Syntax);
    }
    let right = u32::from_str_radix(claimed, 16) == Ok(crc32fast::hash(body.as_bytes()));
    if right { Ok(body) } else { Err(Pc1Error::Crc) }
}

/// Writes a whole line: `said` is the verb and its arguments.
///
/// # Source
/// CRC-32/ISO-HDLC, the one of zlib.
pub(super) fn write_line(line: &mut Line, seq: Seq, said: fmt::Arguments<'_>) {
    *line = Line::empty();
    let written = write!(line, "{}{seq} {said}", Frame::PREFIX);
    let crc = crc32fast::hash(line.text().as_bytes());
    // The types of the messages bound every argument, and the longest line is in the tests.
    written.and_then(|()| write!(line, " *{crc:08X}")).expect("every message fits a line");
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::LineReader;
    use super::*;

    /// Hands one line to `check`.
    pub fn with_line<T>(text: &str, check: impl FnOnce(&Line) -> T) -> T {
        let mut reader = LineReader::new();
        for byte in text.bytes() {
            assert!(reader.push(byte).is_none(), "{text} has no end inside");
        }
        check(reader.push(b'\r').expect("a line").expect("within the limits"))
    }

    #[test]
    fn the_printed_check_values_are_ours() {
        let lines = [
            "PC1 01 HELO JOBX.PROD1 H 00112233445566778899AABBCCDDEEFF *F22D1443",
            "PC1 01 CHAL FFEEDDCCBBAA99887766554433221100 *E896107C",
            "PC1 02 GET RACF/PROD01 A12F3859DC0CE98A248A3BB0FD2BDF73 *2E528909",
            "PC1 02 OK 8 *84A6FC2A",
            "PC1 02 D 01 AA093D7584DBFE55 *BA1728B5",
            "PC1 02 END A74CD612A95448A791E738098B2217B3 *4BF0F491",
            "PC1 03 ACK 02 67DB4988EC38BE34E9916CBC4E2D1507 *411605DF",
            "PC1 02 OK 24 *D2669C98",
            "PC1 02 D 01 F93D2D1482DD9830AC3829B3391BC5AE5A7D2D1E6D2EF2CC *693959F6",
            "PC1 02 END E6F9FDD207F9B39A14E0320EA4FED43F *12B8151E",
            "PC1 02 WAIT 30 7BD3009401E558CB6EE1E9A56DFA0F54 *CC5EE9FA",
        ];
        for text in lines {
            let (body, _) = text.split_once(" *").expect("a check value");
            let said = &body["PC1 01 ".len()..];
            let seq = with_line(text, |line| Frame::parse(line, Crc::Required).map(|f| f.seq)).expect(text);
            let mut line = Line::empty();
            write_line(&mut line, seq, format_args!("{said}"));
            assert_eq!(line.text(), text);
        }
    }

    #[test]
    fn a_frame_has_one_form_only() {
        use Pc1Error::{Crc as WrongCrc, CrcMissing, Syntax};
        let cases = [
            ("with its check value", "PC1 02 OK 8 *84A6FC2A", Crc::Required, None),
            ("none where it is optional", "PC1 02 OK 8", Crc::Optional, None),
            ("none where it is required", "PC1 02 OK 8", Crc::Required, Some(CrcMissing)),
            ("a wrong one where it is optional", "PC1 02 OK 9 *84A6FC2A", Crc::Optional, Some(WrongCrc)),
            ("one digit short", "PC1 02 OK 8 *84A6FC2", Crc::Optional, Some(Syntax)),
            ("a sign in it", "PC1 02 OK 8 *-4A6FC2A", Crc::Optional, Some(Syntax)),
            ("twice", "PC1 02 OK 8 *84A6FC2A *84A6FC2A", Crc::Optional, Some(Syntax)),
            ("a star in an argument", "PC1 02 OK 8*", Crc::Optional, Some(Syntax)),
            ("another protocol", "PC2 02 OK 8", Crc::Optional, Some(Syntax)),
            ("nothing but the name", "PC1", Crc::Optional, Some(Syntax)),
            ("no verb", "PC1 02", Crc::Optional, Some(Syntax)),
            ("no verb but a blank", "PC1 02 ", Crc::Optional, Some(Syntax)),
            ("number 00", "PC1 00 BYE", Crc::Optional, Some(Syntax)),
            ("number 01", "PC1 01 BYE", Crc::Optional, None),
            ("number 99", "PC1 99 BYE", Crc::Optional, None),
            ("number 100", "PC1 100 BYE", Crc::Optional, Some(Syntax)),
            ("number of one digit", "PC1 1 BYE", Crc::Optional, Some(Syntax)),
            ("two blanks", "PC1 01  BYE", Crc::Optional, Some(Syntax)),
            ("blank at the end", "PC1 01 BYE ", Crc::Optional, Some(Syntax)),
            ("blank before", " PC1 01 BYE", Crc::Optional, Some(Syntax)),
        ];
        for (name, text, crc, refusal) in cases {
            assert_eq!(with_line(text, |line| Frame::parse(line, crc).err()), refusal, "{name}");
        }
    }

    #[test]
    fn numbers_rise_by_one_and_end_at_99() {
        let seq = |n| Seq::new(n).expect("1 to 99");
        let mut sequence = Sequence::begun();
        assert_eq!(sequence.accept(seq(1)), Err(Pc1Error::OutOfSequence { got: seq(1), due: seq(2) }));
        assert_eq!(sequence.accept(seq(3)), Err(Pc1Error::OutOfSequence { got: seq(3), due: seq(2) }));
        for number in 2..=99 {
            assert_eq!(sequence.accept(seq(number)), Ok(()), "{number}");
        }
        assert_eq!(sequence.accept(seq(1)), Err(Pc1Error::OutOfSequence { got: seq(1), due: seq(1) }));
        assert_eq!((Seq::new(0), Seq::new(100), Seq::LAST.next()), (None, None, None));
    }

    proptest! {
        #[test]
        fn any_line_is_a_frame_or_a_refusal(text in "[A-Z0-9 ./_*-]{1,72}", framed in any::<bool>()) {
            let text = if framed { format!("PC1 02 {}", &text[..text.len().min(60)]) } else { text };
            with_line(&text, |line| {
                for crc in [Crc::Required, Crc::Optional] {
                    let _ = Frame::parse(line, crc).map(|frame| frame.args::<2>());
                }
            });
        }
    }
}
