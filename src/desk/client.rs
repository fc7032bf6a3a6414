//! One connection to the keeper: a socket, a channel, and questions with their answers.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand_core::OsRng;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use serde::Serialize;
use zeroize::Zeroizing;

use super::error::DeskError;
use crate::crypto::channel::{Channel, Initiator, MESSAGE_LEN_MAX};
use crate::crypto::operator_key::OperatorKey;
use crate::domain::secret::Key32;
use crate::domain::wire::operator::{Ask, Hello, Reply, VERSION};
use crate::domain::wire::record::{Deframer, frame};

/// How long an answer may take: an approval that arms a window is many commands to a slow chip.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// Bytes read from the socket at once.
const READ_LEN: usize = 16 * 1024;

/// A connection to the keeper, as one operator.
#[derive(Debug)]
pub struct Client {
    line: Line,
    channel: Channel,
    changed: bool,
}

impl Client {
    /// Connects, proves both ends, and agrees on the version.
    ///
    /// # Errors
    /// [`DeskError::NotPinned`] for a key that set-up has not bound, [`DeskError::Link`],
    /// [`DeskError::Channel`], [`DeskError::Version`]; [`DeskError::Refused`] when the keeper turns it away.
    pub fn connect(socket: &Path, key: &OperatorKey) -> Result<Self, DeskError> {
        let pin = key.keeper().ok_or_else(|| DeskError::NotPinned { operator: key.id().clone() })?;
        Self::connect_as(socket, key.noise(), &pin.noise, ANSWER_LIMIT)
    }

    /// Connects with any key: the keeper decides what that key may say.
    pub(super) fn connect_as(
        socket: &Path,
        own: &Key32,
        keeper: &[u8; 32],
        limit: Duration,
    ) -> Result<Self, DeskError> {
        let mut line = Line::open(socket, limit)?;
        let (initiator, hello) = Initiator::start(own, keeper, &mut OsRng)?;
        line.send(&hello)?;
        let channel = initiator.finish(&line.record()?)?;
        let mut client = Self { line, channel, changed: false };
        client.greet()?;
        Ok(client)
    }

    /// Asks, and waits for the answer; a refusal is an error.
    ///
    /// # Errors
    /// [`DeskError::Refused`], [`DeskError::Cut`], [`DeskError::Channel`], [`DeskError::Protocol`].
    pub fn ask(&mut self, ask: &Ask) -> Result<Reply, DeskError> {
        const UNASKED: &str = "nothing was done: start again, with `portcullis serve` if the keeper is gone";
        // A message that did not go out whole was never read.
        self.say(ask).map_err(|error| error.cut(UNASKED))?;
        self.answer().map_err(|error| error.cut(look_after(ask)))
    }

    fn answer(&mut self) -> Result<Reply, DeskError> {
        loop {
            match self.reply()? {
                Reply::Changed { .. } => self.changed = true,
                Reply::Refused(refused) => return Err(DeskError::Refused(refused)),
                reply => return Ok(reply),
            }
        }
    }

    /// Waits until the keeper says that something changed; `false` when `timeout` passed first.
    ///
    /// Only after [`Ask::Watch`]. A change that was said while an answer was awaited counts.
    ///
    /// # Errors
    /// [`DeskError::Link`], [`DeskError::Channel`]; [`DeskError::Protocol`] for anything but a change.
    pub fn wait_change(&mut self, timeout: Duration) -> Result<bool, DeskError> {
        while !self.changed {
            let Some(record) = self.line.next_record()? else {
                if self.line.wait(timeout)? {
                    self.line.fill()?;
                    continue;
                }
                return Ok(false);
            };
            let Some(message) = self.channel.open(&record)? else { continue };
            match serde_json::from_slice(&message) {
                Ok(Reply::Changed { .. }) => self.changed = true,
                Ok(Reply::Refused(refused)) => return Err(DeskError::Refused(refused)),
                _ => return Err(DeskError::Protocol { asked: "watch" }),
            }
        }
        self.changed = false;
        Ok(true)
    }

    fn greet(&mut self) -> Result<(), DeskError> {
        self.say(&Hello { v: VERSION })?;
        let message = self.message()?;
        match serde_json::from_slice::<Hello>(&message) {
            Ok(hello) if hello.v == VERSION => Ok(()),
            Ok(hello) => Err(DeskError::Version { theirs: hello.v, ours: VERSION }),
            Err(_) => match serde_json::from_slice(&message) {
                Ok(Reply::Refused(refused)) => Err(DeskError::Refused(refused)),
                _ => Err(DeskError::Protocol { asked: "hello" }),
            },
        }
    }

    fn say(&mut self, value: &impl Serialize) -> Result<(), DeskError> {
        // All the room there may be, so that no growth leaves a copy of a secret behind.
        let mut message = Zeroizing::new(Vec::with_capacity(MESSAGE_LEN_MAX));
        let written = serde_json::to_writer(&mut *message, value);
        written.expect("our own messages encode as JSON, and memory takes every write");
        self.channel.seal(&message)?.iter().try_for_each(|record| self.line.send(record))
    }

    fn reply(&mut self) -> Result<Reply, DeskError> {
        let message = self.message()?;
        serde_json::from_slice(&message).map_err(|_| DeskError::Protocol { asked: "an ask" })
    }

    fn message(&mut self) -> Result<Zeroizing<Vec<u8>>, DeskError> {
        loop {
            let record = self.line.record()?;
            if let Some(message) = self.channel.open(&record)? {
                return Ok(message);
            }
        }
    }
}

impl AsFd for Client {
    /// Readable when something may have come; [`Client::wait_change`] with no time then says what.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.stream.as_fd()
    }
}

/// Records on a socket.
#[derive(Debug)]
struct Line {
    socket: PathBuf,
    stream: UnixStream,
    deframer: Deframer,
    /// Bytes that were read and not yet taken apart.
    ahead: Vec<u8>,
}

impl Line {
    fn open(socket: &Path, limit: Duration) -> Result<Self, DeskError> {
        let socket = socket.to_owned();
        let opened = UnixStream::connect(&socket).and_then(|stream| {
            stream.set_read_timeout(Some(limit))?;
            stream.set_write_timeout(Some(limit))?;
            Ok(stream)
        });
        match opened {
            Ok(stream) => Ok(Self { socket, stream, deframer: Deframer::default(), ahead: Vec::new() }),
            Err(error) => Err(DeskError::Link { socket, error }),
        }
    }

    fn failed(&self, error: io::Error) -> DeskError {
        // What a read that ran into its limit says is of no use to a person.
        let error = match error.kind() {
            io::ErrorKind::WouldBlock => io::Error::new(io::ErrorKind::TimedOut, "no answer in time"),
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection")
            }
            _ => error,
        };
        DeskError::Link { socket: self.socket.clone(), error }
    }

    fn send(&mut self, record: &[u8]) -> Result<(), DeskError> {
        let framed = frame(record)?;
        self.stream.write_all(&framed).map_err(|error| self.failed(error))
    }

    /// The next record, waiting for it.
    fn record(&mut self) -> Result<Vec<u8>, DeskError> {
        loop {
            if let Some(record) = self.next_record()? {
                return Ok(record);
            }
            self.fill()?;
        }
    }

    /// The next record, if all of it has been read.
    fn next_record(&mut self) -> Result<Option<Vec<u8>>, DeskError> {
        let mut input = self.ahead.as_slice();
        let record = self.deframer.take(&mut input)?;
        let taken = self.ahead.len() - input.len();
        self.ahead.drain(..taken);
        Ok(record)
    }

    /// Reads what there is, waiting for at least one byte.
    fn fill(&mut self) -> Result<(), DeskError> {
        let mut bytes = [0; READ_LEN];
        let len = loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(self.failed(io::ErrorKind::UnexpectedEof.into())),
                Ok(len) => break len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        };
        self.ahead.extend_from_slice(&bytes[..len]);
        Ok(())
    }

    /// Whether there is something to read within `timeout`.
    fn wait(&self, timeout: Duration) -> Result<bool, DeskError> {
        let limit = Timespec::try_from(timeout).ok();
        let mut set = [PollFd::new(&self.stream, PollFlags::IN)];
        match rustix::event::poll(&mut set, limit.as_ref()) {
            // An interrupted wait is a short one: who waits asks again.
            Ok(0) | Err(Errno::INTR) => Ok(false),
            Ok(_) => Ok(true),
            Err(error) => Err(self.failed(error.into())),
        }
    }
}

/// How a person finds out whether what they asked for was done, when no answer came.
const fn look_after(ask: &Ask) -> &'static str {
    match ask {
        Ask::Deposit(_) => {
            "it may be there all the same: look with `portcullis list`, and deposit again if it is not"
        }
        Ask::RequestRelease { .. }
        | Ask::RequestReveal { .. }
        | Ask::RequestClient { .. }
        | Ask::RequestThaw { .. }
        | Ask::Audit { .. } => {
            "it may be made all the same: look with `portcullis requests`, and ask again if it is not"
        }
        Ask::Approve { .. } | Ask::Deny { .. } | Ask::Revoke { .. } => {
            "it may count all the same: look with `portcullis requests --all`, and do it again if it does not"
        }
        Ask::Reveal { .. } => {
            "it may be spent all the same: look with `portcullis requests --all`; spent, it must be rotated"
        }
        Ask::Freeze { .. } => "do it again until it is answered: to freeze twice does no harm",
        _ => "nothing was changed: start again, with `portcullis serve` if the keeper is gone",
    }
}
