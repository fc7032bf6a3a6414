//! The other end of the operators' socket, saying what a test lets it say.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread::JoinHandle;

use portcullis::crypto::channel::{Channel, Responder, public_of};
use portcullis::crypto::key_file::{KdfCost, KeyFile};
use portcullis::crypto::operator_key::{KeeperPin, OperatorKey, random_key};
use portcullis::domain::ids::{ApplianceName, OperatorId};
use portcullis::domain::secret::{Key32, Passphrase};
use portcullis::domain::wire::operator::{Ask, Hello, Reply};
use portcullis::domain::wire::record::{Deframer, frame};
use rand_core::OsRng;
use tempfile::TempDir;
use zeroize::Zeroizing;

/// What the other end of one connection heard.
#[derive(Debug)]
pub struct Heard {
    /// The static key that it was spoken to with.
    pub remote: [u8; 32],
    /// Every question, as JSON.
    pub asks: Vec<serde_json::Value>,
}

/// A socket, a key, and a thread that answers one connection.
pub struct Keeper {
    home: TempDir,
    key: Key32,
}

impl Keeper {
    /// One whose key is always the same, so that a key file is bound to it once and not in every test.
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a folder"), key: Key32::take(&mut [7; 32]) }
    }

    /// One with a key of its own.
    pub fn other() -> Self {
        Self { key: random_key(&mut OsRng), ..Self::new() }
    }

    pub fn socket(&self) -> PathBuf {
        self.home.path().join("operator.sock")
    }

    pub fn dir(&self) -> &Path {
        self.home.path()
    }

    /// What a key file of this appliance pins, with `roster` as the digest of the first roster.
    pub fn pin(&self, roster: [u8; 32]) -> KeeperPin {
        let appliance = ApplianceName::parse("vault-1").expect("a name");
        KeeperPin { appliance, noise: public_of(&self.key), roster }
    }

    /// Listens; answers each question of the one connection with what `answer` gives.
    pub fn serve(
        &self,
        hello: u32,
        mut answer: impl FnMut(Ask) -> Vec<Reply> + Send + 'static,
    ) -> JoinHandle<Heard> {
        let listener = UnixListener::bind(self.socket()).expect("bound");
        let key = Key32::take(&mut self.key.expose().to_owned());
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("accepted");
            let Some(mut end) = End::shake(stream, &key) else {
                return Heard { remote: [0; 32], asks: Vec::new() };
            };
            let remote = *end.channel.remote();
            let _: Hello =
                end.hear().map(|bytes| serde_json::from_slice(&bytes).expect("a greeting")).expect("said");
            end.say(&Hello { v: hello });
            let mut asks = Vec::new();
            while let Some(bytes) = end.hear() {
                asks.push(serde_json::from_slice(&bytes).expect("JSON"));
                let ask = serde_json::from_slice(&bytes).expect("a question");
                answer(ask).iter().for_each(|reply| end.say(reply));
            }
            Heard { remote, asks }
        })
    }
}

struct End {
    stream: UnixStream,
    channel: Channel,
    deframer: Deframer,
    ahead: Vec<u8>,
}

impl End {
    fn shake(mut stream: UnixStream, key: &Key32) -> Option<Self> {
        let mut hello = vec![0; 2 + 96];
        stream.read_exact(&mut hello).expect("a first message");
        let responder = Responder::read(key, &hello[2..], &mut OsRng).ok()?;
        let (channel, reply) = responder.accept().expect("accepted");
        stream.write_all(&frame(&reply).expect("frames")).expect("sent");
        Some(Self { stream, channel, deframer: Deframer::default(), ahead: Vec::new() })
    }

    fn say(&mut self, value: &impl serde::Serialize) {
        let message = serde_json::to_vec(value).expect("JSON");
        for record in self.channel.seal(&message).expect("sealed") {
            // The other side may be gone, having refused what came before.
            let _ = self.stream.write_all(&frame(&record).expect("frames"));
        }
    }

    fn hear(&mut self) -> Option<Vec<u8>> {
        loop {
            let mut input = self.ahead.as_slice();
            let record = self.deframer.take(&mut input).expect("records");
            let taken = self.ahead.len() - input.len();
            self.ahead.drain(..taken);
            if let Some(record) = record {
                if let Some(message) = self.channel.open(&record).expect("opens") {
                    return Some(message.to_vec());
                }
                continue;
            }
            let mut bytes = [0; 1_000];
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return None,
                Ok(len) => self.ahead.extend_from_slice(&bytes[..len]),
            }
        }
    }
}

pub fn id(text: &str) -> OperatorId {
    OperatorId::parse(text).expect("an id")
}

pub fn passphrase() -> Passphrase {
    Passphrase::new(Zeroizing::new("correct horse battery".to_owned()))
}

/// The operator `al`, bound to the keeper of most tests.
pub fn al() -> &'static OperatorKey {
    static AL: OnceLock<OperatorKey> = OnceLock::new();
    AL.get_or_init(|| bound(&OperatorKey::generate(id("al"), &mut OsRng), Keeper::new().pin([0; 32])))
}

/// A person's key, as it is after set-up bound it to an appliance.
pub fn bound(key: &OperatorKey, pin: KeeperPin) -> OperatorKey {
    let file = KeyFile::seal(key, &passphrase(), KdfCost::Standard, &mut OsRng).expect("sealed");
    file.with_keeper(pin, &passphrase(), &mut OsRng).and_then(|file| file.open(&passphrase())).expect("opens")
}
