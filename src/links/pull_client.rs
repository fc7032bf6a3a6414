//! The job's side of the pull socket: ask for one credential, wait, take it.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send,
    socket_with,
};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use zeroize::Zeroizing;

use crate::domain::ids::{CredentialName, JobName};
use crate::domain::secret::Plaintext;
use crate::domain::wire::pc1::{
    ClientMessage, Decoder, DenyCode, Line, LineReader, Pc1Error, Seq, ServerMessage,
};

/// Why a pull brought nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// The appliance said no.
    #[error("{}", .0.what())]
    Denied(DenyCode),
    /// The appliance did not decide in time; the request may still be approved.
    #[error("the time to wait is over and the request is not decided")]
    TimedOut,
    /// The connection could not be made.
    #[error("cannot {doing} the appliance: {cause}")]
    Link {
        /// What was tried.
        doing: &'static str,
        /// The system's answer.
        cause: io::Error,
    },
    /// The appliance went away before it handed anything over, as far as one can see from here.
    #[error("the appliance went away while the pull waited for its answer: {cause}")]
    CutOff {
        /// The system's answer.
        cause: io::Error,
    },
    /// It went away while it handed the credential over, so a pull is spent.
    #[error("the appliance went away in the middle of the credential: {cause}")]
    CutShort {
        /// The system's answer.
        cause: io::Error,
    },
    /// What came is not what an appliance says.
    #[error("the answer is not one of the PC1 protocol: {0}")]
    Protocol(#[from] Pc1Error),
}

const HELLO: Seq = Seq::FIRST;

/// Pulls one credential, and waits for its approval as long as it takes or `timeout` allows.
///
/// `on_wait` is told how many seconds may pass until the appliance speaks again.
///
/// # Errors
/// [`PullError`]; nothing of a credential that did not come whole is kept.
pub fn pull(
    socket: &Path,
    job: &JobName,
    name: &CredentialName,
    timeout: Option<Duration>,
    on_wait: impl FnMut(u32),
) -> Result<Plaintext, PullError> {
    let link = Link::open(socket, timeout)?;
    let get = next(HELLO)?;
    let hello = ClientMessage::Hello { job: job.clone() };
    let asked = link.say(&[(HELLO, hello), (get, ClientMessage::Get { name: name.clone() })]);
    let answer = Answer { get, greeted: false, decoder: None };
    let secret = match (link.listen(answer, on_wait), asked) {
        // A refusal may be on its way although the appliance did not take what we said.
        (Err(PullError::CutOff { .. }), Err(cause)) => return Err(cause),
        (outcome, _) => outcome?,
    };
    let ack = next(get)?;
    // It is here; whether the appliance hears of that changes its record, not ours.
    let _ = link.say(&[(ack, ClientMessage::Ack { of: get }), (next(ack)?, ClientMessage::Bye)]);
    Ok(secret)
}

fn next(seq: Seq) -> Result<Seq, PullError> {
    let out_of = PullError::Protocol(Pc1Error::OutOfSequence { got: seq, due: seq });
    seq.next().ok_or(out_of)
}

/// What was heard so far.
struct Answer {
    get: Seq,
    greeted: bool,
    decoder: Option<Decoder>,
}

impl Answer {
    /// What it means that nothing comes any more.
    fn cut(&self, cause: io::Error) -> PullError {
        match self.decoder {
            None => PullError::CutOff { cause },
            Some(_) => PullError::CutShort { cause },
        }
    }

    /// Takes one line; the credential when it is whole.
    fn take(&mut self, line: &Line, on_wait: &mut impl FnMut(u32)) -> Result<Option<Plaintext>, PullError> {
        let (got, message) = ServerMessage::parse(line)?;
        if let ServerMessage::Deny { code } = message {
            return Err(PullError::Denied(code));
        }
        let due = if self.greeted { self.get } else { HELLO };
        if got != due {
            return Err(Pc1Error::OutOfSequence { got, due }.into());
        }
        match (message, &mut self.decoder) {
            (ServerMessage::Challenge, None) if !self.greeted => self.greeted = true,
            (ServerMessage::Wait { seconds }, None) if self.greeted => on_wait(seconds.into()),
            (ServerMessage::Ok { len }, None) if self.greeted => self.decoder = Some(Decoder::new(len)?),
            (ServerMessage::Data { index, hex }, Some(decoder)) => decoder.data(index, hex)?,
            (ServerMessage::End, decoder @ Some(_)) => {
                return decoder.take().map(Decoder::end).transpose().map_err(PullError::from);
            }
            _ => return Err(Pc1Error::Verb.into()),
        }
        Ok(None)
    }
}

/// The connection and the end of our patience.
struct Link {
    stream: OwnedFd,
    /// Readable when time is up.
    timer: Option<OwnedFd>,
}

impl Link {
    fn open(socket: &Path, timeout: Option<Duration>) -> Result<Self, PullError> {
        let failed = |cause| failure("connect to", cause);
        let timer = timeout.map(start_timer).transpose().map_err(|cause| failure("wait for", cause))?;
        let stream = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None);
        let stream = stream.map_err(failed)?;
        // A full backlog makes connect wait, and this bounds it.
        set_socket_timeout(&stream, Timeout::Send, timeout.filter(|t| !t.is_zero())).map_err(failed)?;
        match SocketAddrUnix::new(socket).and_then(|address| connect(&stream, &address)) {
            Ok(()) => Ok(Self { stream, timer }),
            Err(Errno::AGAIN) => Err(PullError::TimedOut),
            Err(cause) => Err(failed(cause)),
        }
    }

    fn say(&self, messages: &[(Seq, ClientMessage)]) -> Result<(), PullError> {
        let mut wire = Vec::new();
        for (seq, message) in messages {
            let mut line = Line::empty();
            message.write(*seq, &mut line);
            wire.extend_from_slice(line.wire());
        }
        let mut left = wire.as_slice();
        while !left.is_empty() {
            match send(&self.stream, left, SendFlags::NOSIGNAL) {
                Ok(sent) => left = &left[sent..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(PullError::TimedOut),
                Err(cause) => return Err(PullError::CutOff { cause: cause.into() }),
            }
        }
        Ok(())
    }

    fn listen(&self, mut answer: Answer, mut on_wait: impl FnMut(u32)) -> Result<Plaintext, PullError> {
        let mut reader = LineReader::new();
        let mut buffer = Zeroizing::new([0; 4_096]);
        loop {
            self.wait()?;
            let len = match recv(&self.stream, buffer.as_mut_slice(), RecvFlags::DONTWAIT) {
                Ok((0, _)) => {
                    let closed = "it closed the connection";
                    return Err(answer.cut(io::Error::new(io::ErrorKind::UnexpectedEof, closed)));
                }
                Ok((len, _)) => len,
                Err(Errno::AGAIN | Errno::INTR) => continue,
                Err(cause) => return Err(answer.cut(cause.into())),
            };
            for byte in &buffer[..len] {
                let Some(line) = reader.push(*byte) else { continue };
                if let Some(secret) = answer.take(line?, &mut on_wait)? {
                    return Ok(secret);
                }
            }
        }
    }

    fn wait(&self) -> Result<(), PullError> {
        let mut ready = vec![PollFd::new(&self.stream, PollFlags::IN)];
        ready.extend(self.timer.iter().map(|timer| PollFd::new(timer, PollFlags::IN)));
        match poll(&mut ready, None) {
            Ok(_) if ready.get(1).is_some_and(|timer| !timer.revents().is_empty()) => {
                Err(PullError::TimedOut)
            }
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(cause) => Err(failure("wait for", cause)),
        }
    }
}

fn failure(doing: &'static str, cause: Errno) -> PullError {
    PullError::Link { doing, cause: cause.into() }
}

fn start_timer(timeout: Duration) -> Result<OwnedFd, Errno> {
    // A timer of zero would never fire.
    let timeout = timeout.max(Duration::from_nanos(1));
    let it_value = Timespec::try_from(timeout).map_err(|_| Errno::INVAL)?;
    let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
    let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::CLOEXEC)?;
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &once)?;
    Ok(timer)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    const CHALLENGE: &str = "PC1 01 CHAL -";

    fn with_crc(said: &str) -> String {
        format!("{said} *{:08X}\r", crc32fast::hash(said.as_bytes()))
    }

    /// What a job gets, and how often it was told to wait, from an appliance that says `lines` and hangs up.
    fn pull_from(
        lines: &[&str],
        timeout: Option<Duration>,
    ) -> (Result<Vec<u8>, PullError>, Vec<u32>, Vec<String>) {
        let home = tempfile::tempdir().expect("directory");
        let socket = home.path().join("pull.sock");
        let listener = UnixListener::bind(&socket).expect("bound");
        let mut waits = Vec::new();
        thread::scope(|scope| {
            let appliance = scope.spawn(|| {
                let (mut stream, _) = listener.accept().expect("accepted");
                let mut heard = BufReader::new(stream.try_clone().expect("cloned"));
                let mut read = || {
                    let mut line = Vec::new();
                    heard.read_until(b'\r', &mut line).expect("a line");
                    String::from_utf8(line).expect("ASCII")
                };
                let mut asked = vec![read(), read()];
                // A job that has heard enough hangs up, and then none of these succeeds.
                let _ = lines.iter().try_for_each(|line| stream.write_all(with_crc(line).as_bytes()));
                if timeout.is_none() {
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                }
                let mut rest = String::new();
                let _ = heard.read_to_string(&mut rest);
                asked.extend(rest.split_inclusive('\r').map(str::to_owned));
                asked
            });
            let job = JobName::parse("jobx.prod1").expect("job");
            let name = CredentialName::parse("racf/prod01").expect("credential");
            let secret = pull(&socket, &job, &name, timeout, |seconds| waits.push(seconds));
            (secret.map(|s| s.expose().to_vec()), waits, appliance.join().expect("no panic"))
        })
    }

    #[test]
    fn a_job_asks_waits_takes_and_acknowledges() {
        let answer = [
            CHALLENGE,
            "PC1 02 WAIT 30",
            "PC1 02 WAIT 7",
            "PC1 02 OK 8",
            "PC1 02 D 01 5333435245542331",
            "PC1 02 END -",
        ];
        let (secret, waits, asked) = pull_from(&answer, None);
        assert_eq!((secret.expect("the credential"), waits), (b"S3CRET#1".to_vec(), vec![30, 7]));
        let said = ["PC1 01 HELO JOBX.PROD1 U", "PC1 02 GET RACF/PROD01", "PC1 03 ACK 02", "PC1 04 BYE"];
        assert_eq!(asked, said.map(with_crc));
    }

    #[test]
    fn a_refusal_is_a_refusal_wherever_it_comes() {
        let cases: [(&str, &[&str]); 3] = [
            ("at once", &["PC1 01 DENY FROZEN"]),
            ("to the question", &[CHALLENGE, "PC1 02 DENY FROZEN"]),
            ("after waiting", &[CHALLENGE, "PC1 02 WAIT 30", "PC1 02 DENY FROZEN"]),
        ];
        for (name, lines) in cases {
            let (refusal, _, asked) = pull_from(lines, None);
            assert!(matches!(refusal, Err(PullError::Denied(DenyCode::Frozen))), "{name}: {refusal:?}");
            assert_eq!(asked.len(), 2, "{name}: nothing is acknowledged");
        }
    }

    #[test]
    fn what_no_appliance_says_is_not_a_credential() {
        let end = "PC1 02 END -";
        let cases: [(&str, &[&str]); 8] = [
            ("no greeting", &["PC1 02 OK 1", "PC1 02 D 01 41", end]),
            ("two greetings", &[CHALLENGE, CHALLENGE]),
            ("another number", &[CHALLENGE, "PC1 03 OK 1", "PC1 03 D 01 41", "PC1 03 END -"]),
            ("data unasked for", &[CHALLENGE, "PC1 02 D 01 41", end]),
            ("too little", &[CHALLENGE, "PC1 02 OK 2", "PC1 02 D 01 41", end]),
            ("too much", &[CHALLENGE, "PC1 02 OK 1", "PC1 02 D 01 41", "PC1 02 D 02 41", end]),
            ("announced twice", &[CHALLENGE, "PC1 02 OK 1", "PC1 02 OK 1"]),
            ("not an appliance", &["PC1 01 HELO JOBX U"]),
        ];
        for (name, lines) in cases {
            let (refusal, ..) = pull_from(lines, None);
            assert!(matches!(refusal, Err(PullError::Protocol(_))), "{name}: {refusal:?}");
        }
    }

    #[test]
    fn an_appliance_that_goes_away_is_told_apart_by_what_it_had_handed_over() {
        let cases: [(&str, &[&str], bool); 5] = [
            ("at once", &[], false),
            ("greeted", &[CHALLENGE], false),
            ("waiting", &[CHALLENGE, "PC1 02 WAIT 30"], false),
            ("announced", &[CHALLENGE, "PC1 02 OK 1"], true),
            ("all but the end", &[CHALLENGE, "PC1 02 OK 1", "PC1 02 D 01 41"], true),
        ];
        for (name, lines, is_short) in cases {
            match pull_from(lines, None).0 {
                Err(PullError::CutOff { .. }) => assert!(!is_short, "{name}"),
                Err(PullError::CutShort { .. }) => assert!(is_short, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn patience_ends_whatever_the_appliance_says_meanwhile() {
        for lines in [&[][..], &[CHALLENGE, "PC1 02 WAIT 30"]] {
            let (refusal, ..) = pull_from(lines, Some(Duration::from_millis(50)));
            assert!(matches!(refusal, Err(PullError::TimedOut)), "{refusal:?}");
        }
    }

    #[test]
    fn a_refusal_is_heard_even_if_the_appliance_hung_up_first() {
        let home = tempfile::tempdir().expect("directory");
        let socket = home.path().join("pull.sock");
        let listener = UnixListener::bind(&socket).expect("bound");
        let link = Link::open(&socket, None).expect("connected");
        let (mut stream, _) = listener.accept().expect("accepted");
        stream.write_all(with_crc("PC1 01 DENY BUSY").as_bytes()).expect("said");
        drop(stream);
        assert!(link.say(&[(HELLO, ClientMessage::Bye)]).is_err());
        let outcome = link.listen(Answer { get: HELLO, greeted: false, decoder: None }, |_| ());
        assert!(matches!(outcome, Err(PullError::Denied(DenyCode::Busy))));
        let job = JobName::parse("jobx").expect("job");
        let name = CredentialName::parse("a").expect("credential");
        drop(listener);
        let nobody = pull(&socket, &job, &name, None, |_| ());
        assert!(matches!(nobody, Err(PullError::Link { .. })), "nobody listens: {nobody:?}");
    }
}
