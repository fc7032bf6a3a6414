//! What keeper and listener say to each other: one message a packet, every field bounded and typed.
//!
//! The keeper believes nothing of it but its form: a listener that was taken over may say anything.

use crate::domain::ids::{CredentialName, JobName};
use crate::domain::wire::pc1::{DenyCode, Pc1Error, Seq};
use crate::domain::wire::record::RECORD_LEN_MAX;

/// The number that the keeper gave a connection.
pub type Number = u32;

/// Who connects there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LinkKind {
    /// A job, which speaks PC1 under profile U.
    Pull,
    /// An operator's console, which sends records.
    Operator,
}

/// What the keeper says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ToListener {
    /// Read from the connection that comes with this message.
    NewConnection {
        /// Its number from now on.
        number: Number,
        /// How to read it.
        kind: LinkKind,
    },
    /// Forget that connection.
    Close {
        /// Its number.
        number: Number,
    },
}

/// What the listener says: what it read, and how connections end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FromListener {
    /// A job said who it is; the number of the line was 01.
    Hello {
        /// The connection.
        conn: Number,
        /// The job.
        job: JobName,
    },
    /// A job asked for a credential.
    Get {
        /// The connection.
        conn: Number,
        /// The number of the line.
        seq: Seq,
        /// The credential.
        name: CredentialName,
    },
    /// A job has the answer to line `of`.
    Ack {
        /// The connection.
        conn: Number,
        /// The number of the line.
        seq: Seq,
        /// The number of the GET.
        of: Seq,
    },
    /// A job wants one D line again.
    Again {
        /// The connection.
        conn: Number,
        /// The number of the line.
        seq: Seq,
        /// The index of the D line.
        index: u16,
    },
    /// A job said good-bye.
    Bye {
        /// The connection.
        conn: Number,
        /// The number of the line.
        seq: Seq,
    },
    /// What came cannot be used.
    Malformed {
        /// The connection.
        conn: Number,
        /// Why.
        fault: Fault,
    },
    /// An operator's record, still encrypted.
    Record {
        /// The connection.
        conn: Number,
        /// 1 to 65,535 bytes.
        bytes: Vec<u8>,
    },
    /// The connection ended, or is not read any more; nothing more comes under this number.
    Closed {
        /// The connection.
        conn: Number,
    },
}

/// What is wrong with what a peer sent, or did not send.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// A line is too long.
    LineTooLong,
    /// A byte outside the alphabet.
    Alphabet,
    /// Not the form of a line, or arguments that do not fit.
    Syntax,
    /// A wrong check value.
    Crc,
    /// A verb that a job does not have.
    Verb,
    /// Another profile.
    Profile,
    /// A HELO that is not number 01.
    Sequence,
    /// An empty record.
    Record,
    /// A line or record that was begun and not ended in time.
    TooSlow,
    /// Nothing was asked in time.
    Silent,
    /// More than one connection may send.
    TooMuch,
    /// More connections than the listener holds.
    Crowded,
}

impl Fault {
    /// Every fault there is, in the order of its number on the channel.
    pub const ALL: [Self; 12] = [
        Self::LineTooLong,
        Self::Alphabet,
        Self::Syntax,
        Self::Crc,
        Self::Verb,
        Self::Profile,
        Self::Sequence,
        Self::Record,
        Self::TooSlow,
        Self::Silent,
        Self::TooMuch,
        Self::Crowded,
    ];

    /// What a job is told.
    pub const fn deny_code(self) -> DenyCode {
        match self {
            Self::Profile => DenyCode::Profile,
            Self::Sequence => DenyCode::Sequence,
            Self::TooMuch | Self::Crowded => DenyCode::Busy,
            _ => DenyCode::Syntax,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::LineTooLong => "the line is too long",
            Self::Alphabet => "a byte is outside the alphabet",
            Self::Syntax => "it has not the form of a line",
            Self::Crc => "the check value is wrong",
            Self::Verb => "no job has this verb",
            Self::Profile => "it is another profile",
            Self::Sequence => "HELO is always number 01",
            Self::Record => "the record is empty",
            Self::TooSlow => "it was begun and not ended in time",
            Self::Silent => "nothing was asked in time",
            Self::TooMuch => "it is more than one connection may send",
            Self::Crowded => "there are too many connections",
        })
    }
}

impl From<Pc1Error> for Fault {
    fn from(error: Pc1Error) -> Self {
        match error {
            Pc1Error::LineTooLong => Self::LineTooLong,
            Pc1Error::Alphabet => Self::Alphabet,
            Pc1Error::Crc => Self::Crc,
            Pc1Error::Verb => Self::Verb,
            Pc1Error::Profile => Self::Profile,
            Pc1Error::OutOfSequence { .. } => Self::Sequence,
            _ => Self::Syntax,
        }
    }
}

/// The longest message, in bytes.
pub const MESSAGE_LEN_MAX: usize = HEADER_LEN + RECORD_LEN_MAX;

/// Kind and number.
const HEADER_LEN: usize = 1 + size_of::<Number>();

impl ToListener {
    /// The message as bytes.
    pub fn encode(self) -> Vec<u8> {
        match self {
            Self::NewConnection { number, kind } => message(1, number, &[kind as u8]),
            Self::Close { number } => message(2, number, &[]),
        }
    }

    /// Reads exactly one message; `None` for anything else.
    pub fn decode(packet: &[u8]) -> Option<Self> {
        let (kind, number, rest) = header(packet)?;
        match (kind, rest) {
            (1, [0]) => Some(Self::NewConnection { number, kind: LinkKind::Pull }),
            (1, [1]) => Some(Self::NewConnection { number, kind: LinkKind::Operator }),
            (2, []) => Some(Self::Close { number }),
            _ => None,
        }
    }
}

impl FromListener {
    /// The message as bytes.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Hello { conn, job } => message(1, *conn, job.as_str().as_bytes()),
            Self::Get { conn, seq, name } => {
                let fields = [&[seq.number()], name.as_str().as_bytes()].concat();
                message(2, *conn, &fields)
            }
            Self::Ack { conn, seq, of } => message(3, *conn, &[seq.number(), of.number()]),
            Self::Again { conn, seq, index } => {
                let [high, low] = index.to_be_bytes();
                message(4, *conn, &[seq.number(), high, low])
            }
            Self::Bye { conn, seq } => message(5, *conn, &[seq.number()]),
            Self::Malformed { conn, fault } => message(6, *conn, &[*fault as u8]),
            Self::Record { conn, bytes } => message(7, *conn, bytes),
            Self::Closed { conn } => message(8, *conn, &[]),
        }
    }

    /// Reads exactly one message in its one form; `None` for anything else.
    pub fn decode(packet: &[u8]) -> Option<Self> {
        let (kind, conn, rest) = header(packet)?;
        match (kind, rest) {
            (1, job) => Some(Self::Hello { conn, job: name(job, JobName::parse, JobName::as_str)? }),
            (2, [seq, credential @ ..]) => {
                let name = name(credential, CredentialName::parse, CredentialName::as_str)?;
                Some(Self::Get { conn, seq: Seq::new(*seq)?, name })
            }
            (3, [seq, of]) => Some(Self::Ack { conn, seq: Seq::new(*seq)?, of: Seq::new(*of)? }),
            (4, [seq, high, low]) => {
                let index = u16::from_be_bytes([*high, *low]);
                let seq = Seq::new(*seq)?;
                (1..=INDEX_MAX).contains(&index).then_some(Self::Again { conn, seq, index })
            }
            (5, [seq]) => Some(Self::Bye { conn, seq: Seq::new(*seq)? }),
            (6, [fault]) => Some(Self::Malformed { conn, fault: *Fault::ALL.get(usize::from(*fault))? }),
            (7, bytes) if (1..=RECORD_LEN_MAX).contains(&bytes.len()) => {
                Some(Self::Record { conn, bytes: bytes.to_vec() })
            }
            (8, []) => Some(Self::Closed { conn }),
            _ => None,
        }
    }
}

/// The last D line of the longest credential.
const INDEX_MAX: u16 = 2_731;

fn message(kind: u8, number: Number, fields: &[u8]) -> Vec<u8> {
    [&[kind], number.to_be_bytes().as_slice(), fields].concat()
}

fn header(packet: &[u8]) -> Option<(u8, Number, &[u8])> {
    let (kind, rest) = packet.split_first()?;
    let (number, rest) = rest.split_first_chunk()?;
    (packet.len() <= MESSAGE_LEN_MAX).then_some((*kind, Number::from_be_bytes(*number), rest))
}

/// A name in the form it is kept in; another spelling of it is refused.
fn name<T, E>(bytes: &[u8], parse: fn(&str) -> Result<T, E>, kept: fn(&T) -> &str) -> Option<T> {
    let text = std::str::from_utf8(bytes).ok()?;
    parse(text).ok().filter(|name| kept(name) == text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn every_message() -> Vec<FromListener> {
        let seq = Seq::LAST;
        let mut all = vec![
            FromListener::Hello { conn: 1, job: JobName::parse("jobx.prod1").expect("job") },
            FromListener::Get {
                conn: 2,
                seq,
                name: CredentialName::parse("racf/prod01").expect("credential"),
            },
            FromListener::Ack { conn: 3, seq, of: Seq::FIRST },
            FromListener::Again { conn: 4, seq, index: INDEX_MAX },
            FromListener::Bye { conn: u32::MAX, seq },
            FromListener::Record { conn: 0, bytes: vec![7; RECORD_LEN_MAX] },
            FromListener::Closed { conn: 9 },
        ];
        all.extend(Fault::ALL.map(|fault| FromListener::Malformed { conn: 5, fault }));
        all
    }

    #[test]
    fn every_message_reads_back() {
        for message in every_message() {
            assert_eq!(FromListener::decode(&message.encode()), Some(message));
        }
        for kind in [LinkKind::Pull, LinkKind::Operator] {
            let message = ToListener::NewConnection { number: 7, kind };
            assert_eq!(ToListener::decode(&message.encode()), Some(message));
        }
        let close = ToListener::Close { number: 7 };
        assert_eq!(ToListener::decode(&close.encode()), Some(close));
    }

    #[test]
    fn a_message_has_one_form_only() {
        let packet = |kind: u8, fields: &[u8]| message(kind, 1, fields);
        let cases = [
            ("nothing", vec![]),
            ("half a number", vec![8, 0, 0, 0]),
            ("kind 0", packet(0, &[])),
            ("kind 9", packet(9, &[])),
            ("no job", packet(1, b"")),
            ("job of 16", packet(1, &[b'a'; 16])),
            ("job in another spelling", packet(1, b"JOBX")),
            ("job that is no text", packet(1, &[0xff])),
            ("get of number 0", packet(2, b"\0a")),
            ("get of number 100", packet(2, b"\x64a")),
            ("get of nothing", packet(2, &[1])),
            ("get from above", packet(2, b"\x01../a")),
            ("ack without what", packet(3, &[1])),
            ("ack with more", packet(3, &[1, 1, 1])),
            ("again, 0", packet(4, &[1, 0, 0])),
            ("again, beyond", packet(4, &[1, 0x0a, 0xac])),
            ("bye without number", packet(5, &[])),
            ("fault beyond", packet(6, &[Fault::ALL.len() as u8])),
            ("record of nothing", packet(7, &[])),
            ("record too long", packet(7, &vec![0; RECORD_LEN_MAX + 1])),
            ("closed with more", packet(8, &[0])),
        ];
        for (name, packet) in cases {
            assert_eq!(FromListener::decode(&packet), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn whatever_decodes_is_the_one_encoding_of_it(kind in 0_u8..10, rest in prop::collection::vec(any::<u8>(), 0..40)) {
            let packet = [vec![kind], rest].concat();
            if let Some(message) = FromListener::decode(&packet) {
                prop_assert_eq!(message.encode(), packet);
            }
        }
    }
}
