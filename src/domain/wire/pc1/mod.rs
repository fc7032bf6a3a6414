//! PC1, the line protocol of legacy jobs: printable lines with a check value, on sockets and serial lines.
//!
//! `PC1 <seq> <VERB> [args] *<CRC>` and an end of line; the text, the profiles and the vectors are in
//! `docs/formats.md`. Here is the part that has no secret state: lines, frames, the messages of profile U
//! (Unix socket, evidence of the kernel instead of a tag), and what a refusal is called.

mod client;
mod deny;
mod frame;
mod line;
mod secret;
mod server;

pub use client::ClientMessage;
pub use deny::DenyCode;
pub use frame::{Crc, Frame, Seq, Sequence};
pub use line::{LINE_LEN_MAX, Line, LineReader};
pub use secret::{Decoder, encode_secret};
pub use server::{DataHex, ServerMessage};

/// Why bytes are not a line, a line not a message, or messages not a credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Pc1Error {
    /// More characters than a line may have came without its end.
    #[error("a line is longer than {LINE_LEN_MAX} characters")]
    LineTooLong,
    /// A byte that not every code page has.
    #[error("a line holds a byte outside A-Z, 0-9, blank, '.', '/', '-', '_' and '*'")]
    Alphabet,
    /// The line is not `PC1 <seq> <VERB> [args] [*<CRC>]` with single blanks.
    #[error("a line is not of the form PC1 <seq> <VERB> [arguments] *<CRC>")]
    Syntax,
    /// The check value is not that of the line.
    #[error("the check value of a line is wrong")]
    Crc,
    /// The check value is missing where it is required.
    #[error("a line has no check value")]
    CrcMissing,
    /// The verb is unknown, or only the other side may say it.
    #[error("a line has a verb that has no meaning here")]
    Verb,
    /// The arguments do not fit the verb.
    #[error("the arguments of a line do not fit its verb")]
    Arguments,
    /// The profile is not the one of this link.
    #[error("this link speaks profile U only")]
    Profile,
    /// The number is not the one that is due.
    #[error("a line has number {got}, due was {due}")]
    OutOfSequence {
        /// The number of the line.
        got: Seq,
        /// What it should have been; 01 when only HELO may follow.
        due: Seq,
    },
    /// The announced length is one that no credential has.
    #[error("{len} bytes were announced, allowed are 1 to 65536")]
    Length {
        /// The announced length in bytes.
        len: u32,
    },
    /// Data came out of order, too long, too short, or unasked for.
    #[error("the data is not what was announced")]
    Data,
}

impl Pc1Error {
    /// What the peer is told.
    pub const fn deny_code(self) -> DenyCode {
        match self {
            Self::OutOfSequence { .. } => DenyCode::Sequence,
            Self::Profile => DenyCode::Profile,
            _ => DenyCode::Syntax,
        }
    }
}
