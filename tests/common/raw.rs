//! Clients that are not ours: bytes on the sockets, as anybody on the host may send them.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use portcullis::crypto::channel::{PROLOGUE, PROTOCOL};
use portcullis::crypto::key_file::KeyFile;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};

/// How long the appliance may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A job on the pull socket.
pub struct Job {
    /// The connection.
    pub stream: UnixStream,
    ahead: Vec<u8>,
}

impl Job {
    /// Connects to the appliance in `home`.
    pub fn connect(home: &Path) -> Self {
        let stream = UnixStream::connect(home.join("run/pull.sock")).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        Self { stream, ahead: Vec::new() }
    }

    /// A job that has said who it is and asked, and waits for the answer.
    pub fn asking(home: &Path, job: &str, credential: &str) -> Self {
        let mut client = Self::connect(home);
        let (job, credential) = (job.to_uppercase(), credential.to_uppercase());
        client.send(format!("PC1 01 HELO {job} U\rPC1 02 GET {credential}\r").as_bytes());
        client
    }

    /// Sends bytes; a peer that hung up does not matter here.
    pub fn send(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes));
    }

    /// The next line without its check value; `None` at the end of the connection.
    pub fn hear(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.ahead.iter().position(|byte| *byte == b'\r') {
                let line: Vec<u8> = self.ahead.drain(..=end).collect();
                let line = String::from_utf8(line).expect("ASCII");
                return line.split(" *").next().map(str::to_owned);
            }
            let mut bytes = [0; 4_096];
            match self.stream.read(&mut bytes) {
                Ok(0) => return None,
                Ok(len) => self.ahead.extend_from_slice(&bytes[..len]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    /// Everything that is said until the appliance hangs up.
    pub fn hear_all(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.hear()).collect()
    }

    /// The first line that is neither a greeting nor a word that it still waits.
    pub fn verdict(&mut self) -> Option<String> {
        loop {
            let line = self.hear()?;
            if !line.contains(" CHAL ") && !line.contains(" WAIT ") {
                return Some(line);
            }
        }
    }
}

/// A stranger on the operators' socket, who speaks Noise with a key of their own.
pub struct Stranger {
    /// The connection.
    pub stream: UnixStream,
    noise: snow::TransportState,
}

impl Stranger {
    /// Shakes hands with the keeper that `key_file` names.
    pub fn connect(home: &Path, key_file: &Path) -> Self {
        let text = std::fs::read_to_string(key_file).expect("a key file");
        let keeper = KeyFile::parse(&text).expect("a key file").keeper().expect("a keeper").noise;
        let protocol = PROTOCOL.parse().expect("a protocol");
        let builder = snow::Builder::with_resolver(protocol, Box::new(SystemRandom));
        let mut own = [0; 32];
        rand_core::RngCore::fill_bytes(&mut rand_core::OsRng, &mut own);
        let built = builder.prologue(PROLOGUE).and_then(|b| b.local_private_key(&own));
        let mut noise = built
            .and_then(|b| b.remote_public_key(&keeper))
            .and_then(snow::Builder::build_initiator)
            .expect("a handshake");
        let mut stream = operator_socket(home);
        let (mut record, mut empty) = ([0; 1_024], [0; 1_024]);
        let len = noise.write_message(&[], &mut record).expect("written");
        send_record(&mut stream, &record[..len]);
        let reply = receive_record(&mut stream).expect("the keeper's part of the handshake");
        noise.read_message(&reply, &mut empty).expect("it is the keeper");
        Self { stream, noise: noise.into_transport_mode().expect("a channel") }
    }

    /// Sends one record with this content.
    pub fn send(&mut self, content: &[u8]) {
        let mut record = vec![0; content.len() + 16];
        let len = self.noise.write_message(content, &mut record).expect("encrypted");
        send_record(&mut self.stream, &record[..len]);
    }

    /// Sends one message that says how long it is.
    pub fn say(&mut self, message: &str) {
        let len = u32::try_from(message.len()).expect("short").to_be_bytes();
        self.send(&[&len, message.as_bytes()].concat());
    }

    /// The next message; `None` when the keeper hung up.
    pub fn hear(&mut self) -> Option<serde_json::Value> {
        let record = receive_record(&mut self.stream)?;
        let mut content = vec![0; record.len()];
        let len = self.noise.read_message(&record, &mut content).expect("from the keeper");
        Some(serde_json::from_slice(&content[4..len]).expect("JSON"))
    }
}

/// The default algorithms with the system's randomness.
struct SystemRandom;

impl CryptoResolver for SystemRandom {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Self))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

impl Random for SystemRandom {
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), snow::Error> {
        rand_core::RngCore::fill_bytes(&mut rand_core::OsRng, to);
        Ok(())
    }
}

/// A connection to the operators' socket.
pub fn operator_socket(home: &Path) -> UnixStream {
    let stream = UnixStream::connect(home.join("run/operator.sock")).expect("somebody listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    stream
}

/// Sends one record.
pub fn send_record(stream: &mut UnixStream, record: &[u8]) {
    let len = u16::try_from(record.len()).expect("a record").to_be_bytes();
    drop(stream.write_all(&[&len, record].concat()));
}

/// The next record; `None` when the other side hung up.
pub fn receive_record(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut len = [0; 2];
    match stream.read_exact(&mut len) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("no answer"),
        Err(_) => return None,
    }
    let mut record = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut record).ok()?;
    Some(record)
}
