//! What a job may say under profile U.

use crate::domain::ids::{CredentialName, JobName};

use super::frame::{Crc, Frame, Seq, write_line};
use super::secret::index;
use super::{Line, Pc1Error};

/// One line of a job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClientMessage {
    /// `HELO <job> U`, always number 01: who it says it is; the kernel's evidence decides.
    Hello {
        /// The job of a client record.
        job: JobName,
    },
    /// `GET <name>`: the credential it asks for.
    Get {
        /// The credential.
        name: CredentialName,
    },
    /// `ACK <seq>`: it has all of the answer to that line.
    Ack {
        /// The number of the GET.
        of: Seq,
    },
    /// `AGAIN <nn>`: one D line was damaged.
    Again {
        /// The index of the D line, 1 to 2731.
        index: u16,
    },
    /// `BYE`: the session is over.
    Bye,
}

impl ClientMessage {
    const PROFILE: &'static str = "U";

    /// Reads a line of a job; verbs of the server are refused.
    ///
    /// # Errors
    /// [`Pc1Error`]: what is wrong with the line.
    pub fn parse(line: &Line) -> Result<(Seq, Self), Pc1Error> {
        let frame = Frame::parse(line, Crc::Optional)?;
        let message = match frame.verb {
            "HELO" => Self::parse_hello(&frame)?,
            "GET" => {
                let [name] = frame.args()?;
                Self::Get { name: CredentialName::parse(name).map_err(|_| Pc1Error::Arguments)? }
            }
            "ACK" => {
                let [of] = frame.args()?;
                Self::Ack { of: Seq::parse(of).ok_or(Pc1Error::Arguments)? }
            }
            "AGAIN" => {
                let [nn] = frame.args()?;
                Self::Again { index: index(nn).ok_or(Pc1Error::Arguments)? }
            }
            "BYE" => {
                let [] = frame.args()?;
                Self::Bye
            }
            _ => return Err(Pc1Error::Verb),
        };
        Ok((frame.seq, message))
    }

    fn parse_hello(frame: &Frame<'_>) -> Result<Self, Pc1Error> {
        if frame.seq != Seq::FIRST {
            return Err(Pc1Error::OutOfSequence { got: frame.seq, due: Seq::FIRST });
        }
        // The other profiles bring a nonce, and are told that they are on the wrong link.
        if frame.args::<3>().is_ok() {
            return Err(Pc1Error::Profile);
        }
        let [job, profile] = frame.args()?;
        let job = JobName::parse(job).map_err(|_| Pc1Error::Arguments)?;
        if profile == Self::PROFILE { Ok(Self::Hello { job }) } else { Err(Pc1Error::Profile) }
    }

    /// Writes the line with its check value.
    pub fn write(&self, seq: Seq, line: &mut Line) {
        match self {
            Self::Hello { job } => {
                let job = job.as_str().to_ascii_uppercase();
                write_line(line, seq, format_args!("HELO {job} {}", Self::PROFILE));
            }
            Self::Get { name } => {
                let name = name.as_str().to_ascii_uppercase();
                write_line(line, seq, format_args!("GET {name}"));
            }
            Self::Ack { of } => write_line(line, seq, format_args!("ACK {of}")),
            Self::Again { index } => write_line(line, seq, format_args!("AGAIN {index:02}")),
            Self::Bye => write_line(line, seq, format_args!("BYE")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::frame::tests::with_line;
    use super::*;

    fn parse(text: &str) -> Result<(Seq, ClientMessage), Pc1Error> {
        with_line(text, ClientMessage::parse)
    }

    #[test]
    fn a_job_may_say_five_things() {
        use Pc1Error::{Arguments, Profile, Verb};
        let late = Pc1Error::OutOfSequence { got: Seq::new(2).expect("2"), due: Seq::FIRST };
        let cases = [
            ("hello", "PC1 01 HELO JOBX.PROD1 U", None),
            ("hello, longest name", "PC1 01 HELO ABCDEFGHIJKLMNO U", None),
            ("hello, name too long", "PC1 01 HELO ABCDEFGHIJKLMNOP U", Some(Arguments)),
            ("hello, no profile", "PC1 01 HELO JOBX", Some(Arguments)),
            ("hello, profile H", "PC1 01 HELO JOBX H 00112233445566778899AABBCCDDEEFF", Some(Profile)),
            ("hello, profile CLEAR", "PC1 01 HELO JOBX CLEAR", Some(Profile)),
            ("hello, four words", "PC1 01 HELO JOBX U A B", Some(Arguments)),
            ("hello in the middle", "PC1 02 HELO JOBX U", Some(late)),
            ("get", "PC1 02 GET RACF/PROD01", None),
            ("get, 18", "PC1 02 GET ABCDEFGHIJKLMNO/AB", None),
            ("get, 19", "PC1 02 GET ABCDEFGHIJKLMNO/ABC", Some(Arguments)),
            ("get, dot dot", "PC1 02 GET ../A", Some(Arguments)),
            ("get nothing", "PC1 02 GET", Some(Arguments)),
            ("get two", "PC1 02 GET A B", Some(Arguments)),
            ("ack", "PC1 03 ACK 02", None),
            ("ack of 00", "PC1 03 ACK 00", Some(Arguments)),
            ("ack of a word", "PC1 03 ACK AA", Some(Arguments)),
            ("again, first", "PC1 03 AGAIN 01", None),
            ("again, last", "PC1 03 AGAIN 2731", None),
            ("again, 00", "PC1 03 AGAIN 00", Some(Arguments)),
            ("again, beyond", "PC1 03 AGAIN 2732", Some(Arguments)),
            ("again, one digit", "PC1 03 AGAIN 1", Some(Arguments)),
            ("again, leading zero", "PC1 03 AGAIN 012", Some(Arguments)),
            ("bye", "PC1 04 BYE", None),
            ("bye with more", "PC1 04 BYE NOW", Some(Arguments)),
            ("what only we say", "PC1 02 OK 8", Some(Verb)),
            ("what only we say", "PC1 02 DENY FROZEN", Some(Verb)),
            ("nothing known", "PC1 02 FETCH A", Some(Verb)),
        ];
        for (name, text, refusal) in cases {
            assert_eq!(parse(text).err(), refusal, "{name}");
        }
    }

    #[test]
    fn what_is_written_reads_back_at_its_longest() {
        let messages = [
            ClientMessage::Hello { job: JobName::parse(&"j".repeat(15)).expect("15") },
            ClientMessage::Get { name: CredentialName::parse("abcdefghijklmno/ab").expect("18") },
            ClientMessage::Ack { of: Seq::LAST },
            ClientMessage::Again { index: 2_731 },
            ClientMessage::Bye,
        ];
        let mut line = Line::empty();
        for message in messages {
            message.write(Seq::FIRST, &mut line);
            assert_eq!(parse(line.text()), Ok((Seq::FIRST, message)));
        }
    }

    proptest! {
        #[test]
        fn any_words_are_a_message_or_a_refusal(
            verb in "HELO|GET|ACK|AGAIN|BYE|[A-Z]{1,5}", args in "( [A-Z0-9./_*-]{0,10}){0,4}",
        ) {
            if let Ok((seq, message)) = parse(&format!("PC1 01 {verb}{args}")) {
                let mut line = Line::empty();
                message.write(seq, &mut line);
                prop_assert_eq!(parse(line.text()), Ok((seq, message)));
            }
        }
    }
}
