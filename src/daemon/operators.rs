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
use crate::domain::wire::operator::{Hello, Reply, VERSION};
use crate::domain::wire::record::frame;

/// One operator's connection.
pub struct OperatorConn {
    /// What the kernel says of the peer, for the log.
    pub uid: u32,
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
    /// The other side is gone, or there is no thread for it.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

impl OperatorConn {
    /// Messages that may wait to be written.
    const QUEUE_LEN: usize = 64;
    /// Room for most answers, in bytes.
    const ROOM: usize = 1_024;

    /// Takes a connection in, with a thread that writes to it.
    ///
    /// # Errors
    /// [`ConnError::System`].
    pub fn new(stream: UnixStream, uid: u32) -> Result<Self, ConnError> {
        const PATIENCE: Duration = Duration::from_secs(10);
        stream.set_write_timeout(Some(PATIENCE))?;
        let (queue, inbox) = sync_channel(Self::QUEUE_LEN);
        let write = move || write_all(stream, &inbox);
        std::thread::Builder::new().name("answer".to_owned()).stack_size(128 * 1024).spawn(write)?;
        Ok(Self { uid, stage: Stage::Handshake, queue, watches: false, showing: None })
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
    /// The most connections at once.
    pub const COUNT_MAX: usize = 64;

    /// Takes a connection in; false when there are too many.
    pub fn add(&mut self, number: u32, conn: OperatorConn) -> bool {
        let fits = self.conns.len() < Self::COUNT_MAX;
        if fits {
            self.conns.insert(number, conn);
        }
        fits
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
