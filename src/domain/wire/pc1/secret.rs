//! A credential as lines: `OK <n>`, D lines of 24 bytes, `END -`.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::domain::secret::Plaintext;

use super::server::{DataHex, ServerMessage};
use super::{Line, Pc1Error, Seq};

/// Bytes of a credential in one D line.
const CHUNK_LEN: usize = 24;
/// The index of the last D line of the longest credential.
const INDEX_MAX: u16 = 2_731;

const _: () = assert!(Plaintext::LEN_MAX.div_ceil(CHUNK_LEN) == INDEX_MAX as usize);

/// Reads the index of a D line: decimal, at least two digits.
pub(super) fn index(text: &str) -> Option<u16> {
    let index = text.parse().ok().filter(|index| (1..=INDEX_MAX).contains(index))?;
    (format!("{index:02}") == text).then_some(index)
}

/// Reads the length after OK.
pub(super) fn len(text: &str) -> Result<u32, Pc1Error> {
    let len: u32 = text.parse().map_err(|_| Pc1Error::Arguments)?;
    if len.to_string() != text {
        return Err(Pc1Error::Arguments);
    }
    let fits = (1..=Plaintext::LEN_MAX).contains(&(len as usize));
    if fits { Ok(len) } else { Err(Pc1Error::Length { len }) }
}

/// Hands the lines of an answer to `out`, one call a line, end of line included.
///
/// The one buffer that it uses is wiped.
///
/// # Errors
/// What `out` returns; nothing more is handed to it then.
pub fn encode_secret<E>(
    secret: &Plaintext,
    seq: Seq,
    out: &mut impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let bytes = secret.expose();
    let mut line = Line::empty();
    let mut say = |message: ServerMessage<'_>| {
        message.write(seq, &mut line);
        out(line.wire())
    };
    // A plaintext has at most 65,536 bytes, so neither number is cut.
    say(ServerMessage::Ok { len: bytes.len() as u32 })?;
    for (index, chunk) in (1..).zip(bytes.chunks(CHUNK_LEN)) {
        let mut digits = Zeroizing::new([0; 2 * CHUNK_LEN]);
        let digits = upper_hex(chunk, &mut digits);
        say(ServerMessage::Data { index, hex: DataHex(digits) })?;
    }
    say(ServerMessage::End)
}

fn upper_hex<'d>(bytes: &[u8], digits: &'d mut [u8; 2 * CHUNK_LEN]) -> &'d str {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    std::str::from_utf8(&digits[..2 * bytes.len()]).expect("hex digits are ASCII")
}

/// Puts a credential together again; what it holds is wiped when dropped.
pub struct Decoder {
    bytes: Zeroizing<Vec<u8>>,
    len: usize,
}

impl Decoder {
    /// A decoder for as many bytes as `OK` announced.
    ///
    /// # Errors
    /// [`Pc1Error::Length`] for a length that no credential has.
    pub fn new(len: u32) -> Result<Self, Pc1Error> {
        let wanted = len as usize;
        if !(1..=Plaintext::LEN_MAX).contains(&wanted) {
            return Err(Pc1Error::Length { len });
        }
        // All of it at once, so that growing leaves no copy behind.
        Ok(Self { bytes: Zeroizing::new(Vec::with_capacity(wanted)), len: wanted })
    }

    /// Takes the next D line.
    ///
    /// # Errors
    /// [`Pc1Error::Data`] when it is not the one that is due, or not of the length that is due.
    pub fn data(&mut self, index: u16, hex: DataHex<'_>) -> Result<(), Pc1Error> {
        let due_index = self.bytes.len() / CHUNK_LEN + 1;
        let due_len = (self.len - self.bytes.len()).min(CHUNK_LEN);
        if usize::from(index) != due_index || due_len == 0 || hex.0.len() != 2 * due_len {
            return Err(Pc1Error::Data);
        }
        for pair in hex.0.as_bytes().chunks_exact(2) {
            let byte = nibble(pair[0]).zip(nibble(pair[1])).map(|(high, low)| high << 4 | low);
            self.bytes.push(byte.ok_or(Pc1Error::Data)?);
        }
        Ok(())
    }

    /// Takes `END`, and gives the credential.
    ///
    /// # Errors
    /// [`Pc1Error::Data`] when bytes are missing.
    pub fn end(mut self) -> Result<Plaintext, Pc1Error> {
        if self.bytes.len() != self.len {
            self.bytes.zeroize();
            return Err(Pc1Error::Data);
        }
        Plaintext::new(self.bytes).map_err(|_| Pc1Error::Data)
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder({} of {})", self.bytes.len(), self.len)
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::super::LineReader;
    use super::*;

    const SEQ: Seq = Seq::FIRST;

    fn encode(secret: &[u8]) -> Vec<u8> {
        let secret = Plaintext::new(Zeroizing::new(secret.to_vec())).expect("1 to 65536");
        let mut wire = Vec::new();
        let Ok(()) = encode_secret::<Infallible>(&secret, SEQ, &mut |line| {
            wire.extend_from_slice(line);
            Ok(())
        });
        wire
    }

    fn decode(wire: &[u8]) -> Result<Vec<u8>, Pc1Error> {
        let mut reader = LineReader::new();
        let mut decoder = None;
        for byte in wire {
            let Some(line) = reader.push(*byte) else { continue };
            match (ServerMessage::parse(line?)?.1, decoder.as_mut()) {
                (ServerMessage::Ok { len }, None) => decoder = Some(Decoder::new(len)?),
                (ServerMessage::Data { index, hex }, Some(d)) => d.data(index, hex)?,
                (ServerMessage::End, Some(_)) => break,
                _ => return Err(Pc1Error::Data),
            }
        }
        decoder.ok_or(Pc1Error::Data)?.end().map(|secret| secret.expose().to_vec())
    }

    #[test]
    fn a_credential_is_sent_as_printed() {
        let wire = String::from_utf8(encode(b"S3CRET#1")).expect("ASCII");
        let bodies: Vec<_> = wire.split_terminator('\r').filter_map(|l| l.split_once(" *")).collect();
        let said: Vec<_> = bodies.iter().map(|(body, _)| *body).collect();
        assert_eq!(said, ["PC1 01 OK 8", "PC1 01 D 01 5333435245542331", "PC1 01 END -"]);
    }

    #[test]
    fn every_length_comes_back_and_the_longest_has_2731_lines() {
        for len in [1_usize, 23, 24, 25, 48, 65_535, 65_536] {
            let secret: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let wire = encode(&secret);
            assert_eq!(decode(&wire).as_ref(), Ok(&secret), "{len}");
            assert_eq!(wire.iter().filter(|b| **b == b'\r').count(), len.div_ceil(24) + 2, "{len}");
        }
        assert_eq!(Decoder::new(0).err(), Some(Pc1Error::Length { len: 0 }));
        assert_eq!(Decoder::new(65_537).err(), Some(Pc1Error::Length { len: 65_537 }));
    }

    #[test]
    fn data_that_is_not_what_was_announced_is_refused() {
        let full = "41".repeat(24);
        let full = full.as_str();
        let cases = [
            ("as announced", 25, vec![(1, full), (2, "42")], true),
            ("one byte short", 26, vec![(1, full), (2, "42")], false),
            ("one byte over", 24, vec![(1, full), (2, "42")], false),
            ("nothing", 1, Vec::new(), false),
            ("wrong order", 25, vec![(2, "42"), (1, full)], false),
            ("first one twice", 48, vec![(1, full), (1, full)], false),
            ("index 0", 1, vec![(0, "42")], false),
            ("short in the middle", 25, vec![(1, "42"), (2, full)], false),
            ("lower case", 1, vec![(1, "4a")], false),
            ("not hex", 1, vec![(1, "4G")], false),
        ];
        for (name, len, lines, fits) in cases {
            let mut decoder = Decoder::new(len).expect("a length");
            let taken = lines.iter().try_for_each(|(index, hex)| decoder.data(*index, DataHex(hex)));
            assert_eq!(taken.and_then(|()| decoder.end().map(drop)).is_ok(), fits, "{name}");
        }
    }

    #[test]
    fn one_changed_byte_anywhere_is_noticed() {
        let wire = encode(b"S3CRET#1");
        // The check value itself is upper case, so any other character in it is a change too.
        for place in (0..wire.len()).filter(|place| wire[*place] != b'\r') {
            let mut changed = wire.clone();
            changed[place] = if wire[place] == b'0' { b'1' } else { b'0' };
            assert!(decode(&changed).is_err(), "byte {place}");
        }
    }

    #[test]
    fn a_refusing_receiver_ends_the_encoding() {
        let secret = Plaintext::new(Zeroizing::new(vec![1; 100])).expect("fits");
        let mut calls = 0;
        let refused = encode_secret(&secret, SEQ, &mut |_| {
            calls += 1;
            if calls == 2 { Err("gone") } else { Ok(()) }
        });
        assert_eq!((refused, calls), (Err("gone"), 2));
    }

    proptest! {
        #[test]
        fn any_credential_comes_back(secret in prop::collection::vec(any::<u8>(), 1..300)) {
            prop_assert_eq!(decode(&encode(&secret)), Ok(secret));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let _ = decode(&bytes);
        }
    }
}
