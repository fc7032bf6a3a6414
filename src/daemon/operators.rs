//! The connections of operators: a Noise channel each, a queue to write from, and who it is.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rand_core::OsRng;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::crypto::channel::{Channel, ChannelError, MESSAGE_LEN_MAX, Responder};
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::secret::Key32;
use crate::domain::time::{Length, Timestamp};
use crate::domain::wire::operator::{Hello, Reply, VERSION};
use crate::domain::wire::record::frame;
use crate::links::peer::PeerError;

/// One operator's connection.
pub struct OperatorConn {
    /// What the kernel says of the peer, for the log.
    pub uid: u32,
    /// When it came.
    since: Timestamp,
    /// Whether it has proven to be that of somebody on the roster.
    proven: bool,
    stage: Stage,
    queue: SyncSender<Vec<u8>>,
    /// Whether it wants to hear of changes.
    pub watches: bool,
    /// Who is being shown a credential on it, and by which request.
    pub showing: Option<(OperatorId, RequestId)>,
}

/// How far the channel is.
enum Stage {
    /// The first Noise message has to come.
    Handshake,
    /// The first message inside has to be `{"v":1}`.
    Greeting(Channel),
    /// Questions and answers.
    Open(Channel),
    /// An error ended it.
    Broken,
}

/// What a record brought.
pub enum Incoming {
    /// Nothing whole yet.
    Nothing,
    /// One message, and the static key it came under.
    Message([u8; 32], Zeroizing<Vec<u8>>),
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub enum ConnError {
    /// The channel broke.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The other side speaks another version.
    #[error("the other side does not speak version {VERSION}")]
    Version,
    /// The other side does not read.
    #[error("the other side does not read what it asked for")]
    Deaf,
    /// The kernel does not say who connected.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The other side is gone, or there is no thread for it.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

impl OperatorConn {
    /// Messages that may wait to be written.
    const QUEUE_LEN: usize = 64;
    /// Room for most answers, in bytes.
    const ROOM: usize = 1_024;

    /// Takes a connection in that came at `now`, with a thread that writes to it.
    ///
    /// # Errors
    /// [`ConnError::System`].
    pub fn new(stream: UnixStream, uid: u32, now: Timestamp) -> Result<Self, ConnError> {
        const PATIENCE: Duration = Duration::from_secs(10);
        stream.set_write_timeout(Some(PATIENCE))?;
        let (queue, inbox) = sync_channel(Self::QUEUE_LEN);
        let write = move || write_all(stream, &inbox);
        std::thread::Builder::new().name("answer".to_owned()).stack_size(128 * 1024).spawn(write)?;
        Ok(Self {
            uid,
            since: now,
            proven: false,
            stage: Stage::Handshake,
            queue,
            watches: false,
            showing: None,
        })
    }

    /// The key that the other side has proven to hold, as long as nobody has said whose it is. A first
    /// Noise message alone proves nothing: it may be one that somebody else sent before.
    pub const fn unproven_key(&self) -> Option<&[u8; 32]> {
        match &self.stage {
            Stage::Open(channel) if !self.proven => Some(channel.remote()),
            _ => None,
        }
    }

    /// Takes one record.
    ///
    /// # Errors
    /// [`ConnError`]; the connection is to be closed then.
    pub fn take(&mut self, keeper: &Key32, record: &[u8]) -> Result<Incoming, ConnError> {
        match std::mem::replace(&mut self.stage, Stage::Broken) {
            Stage::Handshake => {
                let (channel, answer) = Responder::read(keeper, record, &mut OsRng)?.accept()?;
                self.send_raw(&answer)?;
                self.stage = Stage::Greeting(channel);
                Ok(Incoming::Nothing)
            }
            Stage::Greeting(mut channel) => {
                let Some(message) = channel.open(record)? else {
                    self.stage = Stage::Greeting(channel);
                    return Ok(Incoming::Nothing);
                };
                let hello: Result<Hello, _> = serde_json::from_slice(&message);
                if hello.ok() != Some(Hello { v: VERSION }) {
                    return Err(ConnError::Version);
                }
                self.stage = Stage::Open(channel);
                self.send(&Hello { v: VERSION }, Self::ROOM)?;
                Ok(Incoming::Nothing)
            }
            Stage::Open(mut channel) => {
                let message = channel.open(record)?;
                let remote = *channel.remote();
                self.stage = Stage::Open(channel);
                Ok(message.map_or(Incoming::Nothing, |message| Incoming::Message(remote, message)))
            }
            Stage::Broken => Err(ConnError::Version),
        }
    }

    /// Answers.
    ///
    /// # Errors
    /// [`ConnError`]; the connection is to be closed then.
    pub fn reply(&mut self, reply: &Reply) -> Result<(), ConnError> {
        // All the room there may be, so that no growth leaves a copy of a credential behind.
        let room = if matches!(reply, Reply::Revealed { .. }) { MESSAGE_LEN_MAX } else { Self::ROOM };
        self.send(reply, room)
    }

    fn send<T: Serialize>(&mut self, message: &T, room: usize) -> Result<(), ConnError> {
        let Stage::Open(channel) = &mut self.stage else { return Err(ConnError::Version) };
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        // Messages are our own structs of texts and numbers.
        serde_json::to_writer(&mut *bytes, message).expect("our own messages encode as JSON");
        for record in channel.seal(&bytes)? {
            self.send_raw(&record)?;
        }
        Ok(())
    }

    fn send_raw(&self, record: &[u8]) -> Result<(), ConnError> {
        let framed = frame(record).map_err(|_| ConnError::Version)?;
        self.queue.try_send(framed).map_err(|_| ConnError::Deaf)
    }
}

/// Ends when the connection is let go, or when the peer does not take a record in time.
fn write_all(mut stream: UnixStream, inbox: &Receiver<Vec<u8>>) {
    while let Ok(bytes) = inbox.recv() {
        if stream.write_all(&bytes).is_err() {
            break;
        }
    }
    drop(stream.shutdown(std::net::Shutdown::Both));
}

/// All connections of operators.
#[derive(Default)]
pub struct Operators {
    conns: BTreeMap<u32, OperatorConn>,
}

impl Operators {
    /// The most connections of people on the roster at once.
    pub const COUNT_MAX: usize = 64;
    /// The most connections at once of whoever has not proven to be on the roster.
    pub const UNPROVEN_MAX: usize = 32;
    /// The most of them that are one user's.
    pub const UNPROVEN_OF_USER_MAX: usize = 8;
    /// How long the proof may take.
    const PROOF_MAX: Length = Length::from_seconds(10);

    /// Takes a connection in; gives the one that has to make room, if one does. The oldest has to: a
    /// program of ours proves itself at once, and whoever is still silent has something else in mind.
    #[must_use = "the connection that has to make room is to be closed"]
    pub fn add(&mut self, number: u32, conn: OperatorConn) -> Option<u32> {
        let unproven = || self.conns.iter().filter(|(_, conn)| !conn.proven);
        let of_user = || unproven().filter(|(_, other)| other.uid == conn.uid);
        let oldest = if of_user().count() >= Self::UNPROVEN_OF_USER_MAX {
            of_user().min_by_key(|(number, other)| (other.since, **number))
        } else if unproven().count() >= Self::UNPROVEN_MAX {
            unproven().min_by_key(|(number, other)| (other.since, **number))
        } else {
            None
        };
        let oldest = oldest.map(|(number, _)| *number);
        self.conns.insert(number, conn);
        oldest
    }

    /// Gives a connection one of the places for people on the roster; false when all are taken.
    #[must_use = "a connection without a place is to be closed"]
    pub fn prove(&mut self, number: u32) -> bool {
        let room = self.conns.values().filter(|conn| conn.proven).count() < Self::COUNT_MAX;
        if let Some(conn) = self.conns.get_mut(&number).filter(|_| room) {
            conn.proven = true;
        }
        room
    }

    /// Connections that have had their time to prove themselves.
    pub fn overdue(&self, now: Timestamp) -> Vec<u32> {
        let over = |conn: &OperatorConn| !conn.proven && conn.since.plus(Self::PROOF_MAX) <= now;
        self.conns.iter().filter(|(_, conn)| over(conn)).map(|(number, _)| *number).collect()
    }

    /// When the next connection has had its time.
    pub fn next_due(&self) -> Option<Timestamp> {
        let unproven = self.conns.values().filter(|conn| !conn.proven);
        unproven.map(|conn| conn.since.plus(Self::PROOF_MAX)).min()
    }

    /// One connection.
    pub fn get(&mut self, number: u32) -> Option<&mut OperatorConn> {
        self.conns.get_mut(&number)
    }

    /// Lets a connection go; gives who was being shown a credential on it.
    pub fn remove(&mut self, number: u32) -> Option<(OperatorId, RequestId)> {
        self.conns.remove(&number)?.showing
    }

    /// Lets all of them go; gives who was being shown a credential.
    pub fn clear(&mut self) -> Vec<(OperatorId, RequestId)> {
        std::mem::take(&mut self.conns).into_values().filter_map(|conn| conn.showing).collect()
    }

    /// Tells those that watch; gives those that do not take it.
    pub fn tell_watchers(&mut self, size: u64) -> Vec<u32> {
        let mut deaf = Vec::new();
        for (number, conn) in self.conns.iter_mut().filter(|(_, conn)| conn.watches) {
            if conn.reply(&Reply::Changed { size }).is_err() {
                deaf.push(*number);
            }
        }
        deaf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_000);

    /// A connection of `uid`, with a thread that ends with it.
    fn conn(uid: u32) -> OperatorConn {
        let (ours, _theirs) = UnixStream::pair().expect("a pair");
        OperatorConn::new(ours, uid, NOW).expect("a thread")
    }

    /// Takes one in as the daemon does, and says who had to go.
    fn comes(operators: &mut Operators, number: u32, uid: u32) -> Option<u32> {
        let gone = operators.add(number, conn(uid));
        if let Some(gone) = gone {
            operators.remove(gone);
        }
        gone
    }

    #[test]
    fn whoever_has_not_proven_to_be_an_operator_makes_room_for_the_next() {
        let mut operators = Operators::default();
        for number in 0..8 {
            assert_eq!(comes(&mut operators, number, 7), None, "{number} of one user");
        }
        assert_eq!(comes(&mut operators, 8, 7), Some(0), "the oldest of that user");
        for number in 9..33 {
            assert_eq!(comes(&mut operators, number, number), None, "{number} of all");
        }
        assert_eq!(comes(&mut operators, 33, 99), Some(1), "the oldest of all");
        assert!(operators.prove(33));
        assert_eq!(comes(&mut operators, 34, 98), None, "an operator has another place");
    }

    #[test]
    fn sixty_four_are_for_people_on_the_roster() {
        let mut operators = Operators::default();
        for number in 0..65 {
            assert_eq!(comes(&mut operators, number, 7), None, "{number}");
            assert_eq!(operators.prove(number), number < 64, "{number}");
        }
    }

    #[test]
    fn the_proof_may_take_10_seconds() {
        let mut operators = Operators::default();
        assert_eq!(operators.next_due(), None);
        for number in [1, 2] {
            assert_eq!(comes(&mut operators, number, 7), None);
        }
        assert!(operators.prove(2));
        let end = NOW.plus(Length::from_seconds(10));
        assert_eq!(operators.next_due(), Some(end));
        assert_eq!(operators.overdue(Timestamp::from_ms(end.ms() - 1)), [0; 0]);
        assert_eq!(operators.overdue(end), [1]);
    }
}
