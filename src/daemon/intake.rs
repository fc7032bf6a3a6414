//! What the listener remembers of one connection: a line or record in the making, and how long it takes.
//!
//! No socket and no clock here: bytes and the time are arguments, messages for the keeper come out.

use std::time::Duration;

use crate::domain::wire::pc1::{ClientMessage, LineReader, Seq};
use crate::domain::wire::record::Deframer;

use super::message::{Fault, FromListener, LinkKind, Number};

/// A line or record must end this long after its first byte.
pub const UNFINISHED_MAX: Duration = Duration::from_secs(30);
/// A job must have asked, and an operator have spoken, this long after connecting.
pub const SILENT_MAX: Duration = Duration::from_secs(60);
/// All that a job may send on one connection, in bytes: two sessions of 99 of the longest lines.
pub const JOB_BYTES_MAX: usize = 16 << 10;
/// A job that sent this many lines in vain is not listened to any more.
pub const FAULTS_MAX: u8 = 3;

/// One connection, as far as reading goes.
#[derive(Debug)]
pub struct Intake {
    conn: Number,
    state: State,
    opened: Duration,
    /// Since when a line or record is begun and not ended.
    unfinished: Option<Duration>,
    /// Whether it asked for something, and may wait for the answer as long as the keeper lets it.
    settled: bool,
}

#[derive(Debug)]
enum State {
    Pull { reader: LineReader, bytes: usize, faults: u8 },
    Operator { deframer: Deframer },
}

impl Intake {
    /// A connection that was opened at `now`.
    pub fn new(conn: Number, kind: LinkKind, now: Duration) -> Self {
        let state = match kind {
            LinkKind::Pull => State::Pull { reader: LineReader::new(), bytes: 0, faults: 0 },
            LinkKind::Operator => State::Operator { deframer: Deframer::default() },
        };
        Self { conn, state, opened: now, unfinished: None, settled: false }
    }

    /// Takes what was read, and says in `out` what it means; `false` when the connection is to be dropped.
    #[must_use = "a connection that is to be dropped must not be read again"]
    pub fn take(&mut self, bytes: &[u8], now: Duration, out: &mut Vec<FromListener>) -> bool {
        let before = out.len();
        let kept = match &mut self.state {
            State::Pull { reader, bytes: taken, faults } => {
                *taken += bytes.len();
                if *taken > JOB_BYTES_MAX {
                    out.push(FromListener::Malformed { conn: self.conn, fault: Fault::TooMuch });
                    return false;
                }
                read_lines(self.conn, reader, faults, bytes, out)
            }
            State::Operator { deframer } => read_records(self.conn, deframer, bytes, out),
        };
        let finished_one = out.len() > before;
        self.settled |= out[before..].iter().any(is_request);
        self.unfinished = match (self.is_inside(), finished_one) {
            (false, _) => None,
            (true, true) => Some(now),
            (true, false) => self.unfinished.or(Some(now)),
        };
        kept
    }

    /// When it is overdue, unless more comes.
    pub fn deadline(&self) -> Option<Duration> {
        let unfinished = self.unfinished.map(|since| since + UNFINISHED_MAX);
        let silent = (!self.settled).then_some(self.opened + SILENT_MAX);
        unfinished.into_iter().chain(silent).min()
    }

    /// What it did not do in time.
    pub fn overdue(&self, now: Duration) -> Option<Fault> {
        let slow = self.unfinished.is_some_and(|since| now >= since + UNFINISHED_MAX);
        let silent = !self.settled && now >= self.opened + SILENT_MAX;
        if slow { Some(Fault::TooSlow) } else { silent.then_some(Fault::Silent) }
    }

    /// Whether the keeper may still have to answer, now that the peer will not say more.
    pub const fn may_outlive_its_input(&self) -> bool {
        self.settled && matches!(self.state, State::Pull { .. })
    }

    const fn is_inside(&self) -> bool {
        match &self.state {
            State::Pull { reader, .. } => reader.is_inside(),
            State::Operator { deframer } => deframer.is_inside(),
        }
    }
}

const fn is_request(message: &FromListener) -> bool {
    matches!(message, FromListener::Get { .. } | FromListener::Record { .. })
}

fn read_lines(
    conn: Number,
    reader: &mut LineReader,
    faults: &mut u8,
    bytes: &[u8],
    out: &mut Vec<FromListener>,
) -> bool {
    for byte in bytes {
        let Some(line) = reader.push(*byte) else { continue };
        match line.and_then(ClientMessage::parse) {
            Ok((seq, message)) => out.push(typed(conn, seq, message)),
            Err(error) => {
                out.push(FromListener::Malformed { conn, fault: error.into() });
                *faults += 1;
                if *faults == FAULTS_MAX {
                    return false;
                }
            }
        }
    }
    true
}

fn typed(conn: Number, seq: Seq, message: ClientMessage) -> FromListener {
    match message {
        ClientMessage::Hello { job } => FromListener::Hello { conn, job },
        ClientMessage::Get { name } => FromListener::Get { conn, seq, name },
        ClientMessage::Ack { of } => FromListener::Ack { conn, seq, of },
        ClientMessage::Again { index } => FromListener::Again { conn, seq, index },
        ClientMessage::Bye => FromListener::Bye { conn, seq },
    }
}

fn read_records(
    conn: Number,
    deframer: &mut Deframer,
    mut bytes: &[u8],
    out: &mut Vec<FromListener>,
) -> bool {
    loop {
        match deframer.take(&mut bytes) {
            Ok(Some(bytes)) => out.push(FromListener::Record { conn, bytes }),
            Ok(None) => return true,
            Err(_) => {
                out.push(FromListener::Malformed { conn, fault: Fault::Record });
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::wire::record::frame;

    const CONN: Number = 5;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// What a connection of that kind says to the keeper after `bytes`, and whether it stays.
    fn take(kind: LinkKind, bytes: &[u8]) -> (Vec<FromListener>, bool) {
        let mut out = Vec::new();
        let kept = Intake::new(CONN, kind, at(0)).take(bytes, at(0), &mut out);
        (out, kept)
    }

    #[test]
    fn faults_are_named_and_three_of_them_end_it() {
        let fault = |fault| FromListener::Malformed { conn: CONN, fault };
        let cases: [(&str, &str, Vec<Fault>, bool); 10] = [
            ("unknown verb", "PC1 01 FETCH A\r", vec![Fault::Verb], true),
            ("a verb of ours", "PC1 01 OK 8\r", vec![Fault::Verb], true),
            ("check value", "PC1 01 BYE *00000000\r", vec![Fault::Crc], true),
            ("profile", "PC1 01 HELO J CLEAR\r", vec![Fault::Profile], true),
            ("hello too late", "PC1 07 HELO J U\r", vec![Fault::Sequence], true),
            ("no protocol", "GET / HTTP/1.1\r", vec![Fault::Syntax], true),
            ("lower case", "pc1 01 bye\r", vec![Fault::Alphabet], true),
            ("two", "A\rB\r", vec![Fault::Syntax; 2], true),
            ("three", "A\rB\rC\r", vec![Fault::Syntax; 3], false),
            ("nothing after three", "A\rB\rC\rPC1 01 BYE\r", vec![Fault::Syntax; 3], false),
        ];
        for (name, text, faults, kept) in cases {
            let expected: Vec<_> = faults.into_iter().map(fault).collect();
            assert_eq!(take(LinkKind::Pull, text.as_bytes()), (expected, kept), "{name}");
        }
        assert_eq!(take(LinkKind::Operator, &[0, 0]), (vec![fault(Fault::Record)], false));
    }

    #[test]
    fn a_job_may_send_16_kib() {
        let mut out = Vec::new();
        let mut intake = Intake::new(CONN, LinkKind::Pull, at(0));
        assert!(intake.take(&[b'\r'; JOB_BYTES_MAX], at(0), &mut out));
        assert!(!intake.take(b"\r", at(0), &mut out));
        assert_eq!(out, [FromListener::Malformed { conn: CONN, fault: Fault::TooMuch }]);
    }

    #[test]
    fn a_half_line_may_take_30_seconds_however_slowly_it_grows() {
        for (kind, piece) in [(LinkKind::Pull, &b"A"[..]), (LinkKind::Operator, &[1][..])] {
            let mut intake = Intake::new(CONN, kind, at(0));
            for second in 10..=39 {
                assert!(intake.take(piece, at(second), &mut Vec::new()));
                assert_eq!(intake.overdue(at(second)), None, "{kind:?} at {second}");
            }
            assert_eq!(intake.deadline(), Some(at(40)));
            assert_eq!(intake.overdue(at(40)), Some(Fault::TooSlow));
        }
    }

    #[test]
    fn silence_may_last_60_seconds_and_a_waiting_job_for_ever() {
        let record = frame(b"x").expect("fits");
        let cases: [(&str, LinkKind, &[u8], bool); 6] = [
            ("says nothing", LinkKind::Pull, b"", false),
            ("says who it is", LinkKind::Pull, b"PC1 01 HELO J U\r", false),
            ("says nonsense", LinkKind::Pull, b"A\r", false),
            ("asks", LinkKind::Pull, b"PC1 01 HELO J U\rPC1 02 GET A\r", true),
            ("operator says nothing", LinkKind::Operator, b"", false),
            ("operator speaks", LinkKind::Operator, &record, true),
        ];
        for (name, kind, bytes, may_wait) in cases {
            let mut intake = Intake::new(CONN, kind, at(0));
            assert!(intake.take(bytes, at(1), &mut Vec::new()), "{name}");
            assert_eq!(intake.overdue(at(59)), None, "{name}");
            let end = (!may_wait).then_some(Fault::Silent);
            assert_eq!((intake.overdue(at(60)), intake.deadline().is_none()), (end, may_wait), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_mean_the_same(bytes in prop::collection::vec(any::<u8>(), 0..600), cut in 1_usize..40) {
            for kind in [LinkKind::Pull, LinkKind::Operator] {
                let mut out = Vec::new();
                let mut intake = Intake::new(CONN, kind, at(0));
                let kept = bytes.chunks(cut).all(|piece| intake.take(piece, at(0), &mut out));
                prop_assert_eq!(&(out, kept), &take(kind, &bytes));
            }
        }
    }
}
