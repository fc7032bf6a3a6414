//! What the appliance may say under profile U.

use std::fmt;

use super::frame::{Crc, Frame, Seq, write_line};
use super::secret::{index, len};
use super::{DenyCode, Line, Pc1Error};

/// The hex digits of one D line; never printed.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct DataHex<'a>(pub(super) &'a str);

impl fmt::Debug for DataHex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataHex(..)")
    }
}

/// One line of the appliance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ServerMessage<'a> {
    /// `CHAL -`: HELO was taken; there is no challenge, the kernel answered it.
    Challenge,
    /// `OK <n>`: the credential follows, that many bytes.
    Ok {
        /// Bytes of the credential, 1 to 65,536.
        len: u32,
    },
    /// `D <nn> <hex>`: up to 24 bytes of it.
    Data {
        /// 1 to 2731.
        index: u16,
        /// The bytes, in upper-case hex.
        hex: DataHex<'a>,
    },
    /// `END -`: that was all of it.
    End,
    /// `WAIT <seconds>`: the request is pending; the next word comes within that time.
    Wait {
        /// Seconds, at most [`ServerMessage::WAIT_S_MAX`].
        seconds: u8,
    },
    /// `DENY <code>`: no.
    Deny {
        /// Why.
        code: DenyCode,
    },
}

impl<'a> ServerMessage<'a> {
    /// The longest silence that WAIT may announce, in seconds.
    pub const WAIT_S_MAX: u8 = 30;

    /// Reads a line of the appliance; verbs of jobs are refused.
    ///
    /// # Errors
    /// [`Pc1Error`]: what is wrong with the line; a missing check value is.
    pub fn parse(line: &'a Line) -> Result<(Seq, Self), Pc1Error> {
        let frame = Frame::parse(line, Crc::Required)?;
        let message = match frame.verb {
            "CHAL" => {
                dash(frame.args()?)?;
                Self::Challenge
            }
            "OK" => {
                let [n] = frame.args()?;
                Self::Ok { len: len(n)? }
            }
            "D" => {
                let [nn, hex] = frame.args()?;
                Self::Data { index: index(nn).ok_or(Pc1Error::Arguments)?, hex: DataHex(hex) }
            }
            "END" => {
                dash(frame.args()?)?;
                Self::End
            }
            "WAIT" => {
                let [seconds] = frame.args()?;
                Self::Wait { seconds: wait(seconds).ok_or(Pc1Error::Arguments)? }
            }
            "DENY" => {
                let [code] = frame.args()?;
                Self::Deny { code: DenyCode::parse(code).ok_or(Pc1Error::Arguments)? }
            }
            _ => return Err(Pc1Error::Verb),
        };
        Ok((frame.seq, message))
    }

    /// Writes the line with its check value.
    pub fn write(&self, seq: Seq, line: &mut Line) {
        match self {
            Self::Challenge => write_line(line, seq, format_args!("CHAL -")),
            Self::Ok { len } => write_line(line, seq, format_args!("OK {len}")),
            Self::Data { index, hex } => write_line(line, seq, format_args!("D {index:02} {}", hex.0)),
            Self::End => write_line(line, seq, format_args!("END -")),
            Self::Wait { seconds } => {
                let seconds = (*seconds).min(Self::WAIT_S_MAX);
                write_line(line, seq, format_args!("WAIT {seconds}"));
            }
            Self::Deny { code } => write_line(line, seq, format_args!("DENY {code}")),
        }
    }
}

/// The place of the tag, which profile U does not have.
fn dash([tag]: [&str; 1]) -> Result<(), Pc1Error> {
    if tag == "-" { Ok(()) } else { Err(Pc1Error::Arguments) }
}

fn wait(text: &str) -> Option<u8> {
    let seconds = text.parse::<u8>().ok().filter(|s| *s <= ServerMessage::WAIT_S_MAX)?;
    (seconds.to_string() == text).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::with_line;
    use super::*;

    /// Reads `said` in a line of number 02 with a right check value.
    fn refusal_of(said: &str) -> Option<Pc1Error> {
        let mut line = Line::empty();
        write_line(&mut line, Seq::new(2).expect("2"), format_args!("{said}"));
        with_line(line.text(), |line| ServerMessage::parse(line).err())
    }

    #[test]
    fn the_appliance_may_say_six_things() {
        let length = |len| Some(Pc1Error::Length { len });
        let arguments = Some(Pc1Error::Arguments);
        let cases = [
            ("challenge", "CHAL -", None),
            ("challenge with a nonce", "CHAL 00", arguments),
            ("one byte", "OK 1", None),
            ("no byte", "OK 0", length(0)),
            ("most bytes", "OK 65536", None),
            ("one more", "OK 65537", length(65_537)),
            ("leading zero", "OK 01", arguments),
            ("more than a number holds", "OK 4294967296", arguments),
            ("data", "D 01 5333", None),
            ("last data", "D 2731 53", None),
            ("data beyond", "D 2732 53", arguments),
            ("no data", "D 01", arguments),
            ("end", "END -", None),
            ("end with a tag", "END 00", arguments),
            ("wait", "WAIT 30", None),
            ("wait too long", "WAIT 31", arguments),
            ("wait, leading zero", "WAIT 05", arguments),
            ("deny", "DENY NOT-GRANTED", None),
            ("deny for an unknown reason", "DENY WHIM", arguments),
            ("what only a job says", "GET A", Some(Pc1Error::Verb)),
        ];
        for (name, said, refusal) in cases {
            assert_eq!(refusal_of(said), refusal, "{name}");
        }
        let unchecked = with_line("PC1 02 WAIT 30", |line| ServerMessage::parse(line).err());
        assert_eq!(unchecked, Some(Pc1Error::CrcMissing));
    }

    #[test]
    fn what_is_written_reads_back_at_its_longest() {
        let hex = "A".repeat(48);
        let messages = [
            ServerMessage::Challenge,
            ServerMessage::Ok { len: 65_536 },
            ServerMessage::Data { index: 2_731, hex: DataHex(&hex) },
            ServerMessage::End,
            ServerMessage::Wait { seconds: 30 },
        ];
        let denials = DenyCode::ALL.into_iter().map(|code| ServerMessage::Deny { code });
        let mut line = Line::empty();
        for message in messages.into_iter().chain(denials) {
            message.write(Seq::LAST, &mut line);
            with_line(line.text(), |line| assert_eq!(ServerMessage::parse(line), Ok((Seq::LAST, message))));
        }
        messages[2].write(Seq::LAST, &mut line);
        assert_eq!(line.text().len(), super::super::LINE_LEN_MAX);
        assert!(!format!("{:?}", messages[2]).contains("AA"));
    }
}
