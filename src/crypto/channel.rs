//! The channel between an operator and the keeper: Noise IK, both static keys pinned, no sockets.
//!
//! `snow` does not wipe the keys it holds; the process that holds a channel keeps its memory to itself.

use std::fmt;

use rand_core::{CryptoRng, RngCore};
use snow::params::{CipherChoice, DHChoice, HashChoice, NoiseParams};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, HandshakeState, TransportState};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::operator_key::random_key;
use super::shamir::copy;
use crate::domain::secret::Key32;

/// The Noise protocol that both ends speak.
///
/// # Source
/// The Noise Protocol Framework, revision 34, section 7.5.
pub const PROTOCOL: &str = "Noise_IK_25519_ChaChaPoly_SHA256";
/// What both ends mix in first.
pub const PROLOGUE: &[u8] = b"portcullis/operator/v1";
/// The longest message, in bytes.
pub const MESSAGE_LEN_MAX: usize = 256 * 1024;
/// The longest record, in bytes, its tag included.
pub const RECORD_LEN_MAX: usize = 65_535;
/// The shortest record: a tag and one byte.
pub const RECORD_LEN_MIN: usize = TAG_LEN + 1;

const TAG_LEN: usize = 16;
/// What a record carries at most; every record of a message but its last carries that much.
const CONTENT_LEN_MAX: usize = RECORD_LEN_MAX - TAG_LEN;
const HEADER_LEN: usize = 4;
const HELLO_LEN: usize = 96;
const REPLY_LEN: usize = 48;

/// Why a channel was not opened, or is no longer of use.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The other end has not the expected key, or something on the way changed a byte.
    #[error("the other end did not prove its key")]
    Handshake,
    /// A record was changed, repeated, dropped or put in another order.
    #[error("a record of the channel does not verify")]
    Record,
    /// A record that does not fill its place in a message.
    #[error("a record of the channel has a wrong content length of {len} bytes")]
    Content {
        /// What it carries.
        len: usize,
    },
    /// A record shorter or longer than any.
    #[error("a record of {len} bytes, allowed are {min} to {max}", min = RECORD_LEN_MIN, max = RECORD_LEN_MAX)]
    RecordLength {
        /// Its length in bytes.
        len: usize,
    },
    /// An empty message, or one that is too long.
    #[error("a message of {len} bytes, allowed are 1 to {max}", max = MESSAGE_LEN_MAX)]
    MessageLength {
        /// Its length in bytes.
        len: usize,
    },
    /// An error came before; nothing more goes through.
    #[error("the channel was closed by an earlier error")]
    Closed,
}

/// The public half of a static key.
pub fn public_of(secret: &Key32) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(*secret.expose())).to_bytes()
}

/// The operator's end, waiting for the keeper's reply.
pub struct Initiator(HandshakeState);

impl Initiator {
    /// Begins: gives what to send first, 96 bytes, which say who is there to the keeper alone.
    ///
    /// # Errors
    /// [`ChannelError::Handshake`] when the pinned key is no key.
    pub fn start(
        own: &Key32,
        keeper: &[u8; 32],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Self, Vec<u8>), ChannelError> {
        if !super::sign::is_x25519_key(keeper) {
            return Err(ChannelError::Handshake);
        }
        let draw = OneDraw(random_key(rng));
        let built = builder(own, draw).and_then(|b| b.remote_public_key(keeper)?.build_initiator());
        let mut state = built.map_err(|_| ChannelError::Handshake)?;
        let hello = write::<HELLO_LEN>(&mut state)?;
        Ok((Self(state), hello))
    }

    /// Takes the keeper's reply, which only the holder of the pinned key can make.
    ///
    /// # Errors
    /// [`ChannelError::Handshake`].
    pub fn finish(mut self, reply: &[u8]) -> Result<Channel, ChannelError> {
        read::<REPLY_LEN>(&mut self.0, reply)?;
        Channel::of(self.0)
    }
}

/// The keeper's end, knowing who asks and not having answered yet.
pub struct Responder {
    state: HandshakeState,
    remote: [u8; 32],
}

impl Responder {
    /// Reads the first message.
    ///
    /// Somebody may have recorded and repeated it: who asks is proven by the first record that opens.
    ///
    /// # Errors
    /// [`ChannelError::Handshake`].
    pub fn read(
        own: &Key32,
        hello: &[u8],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, ChannelError> {
        let built = builder(own, OneDraw(random_key(rng))).and_then(Builder::build_responder);
        let mut state = built.map_err(|_| ChannelError::Handshake)?;
        read::<HELLO_LEN>(&mut state, hello)?;
        let remote = remote_of(state.get_remote_static())?;
        Ok(Self { state, remote })
    }

    /// The static key of who asks, to be looked up in the roster before any answer.
    pub const fn remote(&self) -> &[u8; 32] {
        &self.remote
    }

    /// Answers: gives the channel and what to send, 48 bytes.
    ///
    /// # Errors
    /// [`ChannelError::Handshake`].
    pub fn accept(mut self) -> Result<(Channel, Vec<u8>), ChannelError> {
        let reply = write::<REPLY_LEN>(&mut self.state)?;
        Ok((Channel::of(self.state)?, reply))
    }
}

fn write<const LEN: usize>(state: &mut HandshakeState) -> Result<Vec<u8>, ChannelError> {
    let mut message = vec![0; LEN];
    match state.write_message(&[], &mut message) {
        Ok(len) if len == LEN => Ok(message),
        _ => Err(ChannelError::Handshake),
    }
}

fn read<const LEN: usize>(state: &mut HandshakeState, message: &[u8]) -> Result<(), ChannelError> {
    if message.len() != LEN {
        return Err(ChannelError::Handshake);
    }
    state.read_message(message, &mut []).map(|_| ()).map_err(|_| ChannelError::Handshake)
}

fn remote_of(key: Option<&[u8]>) -> Result<[u8; 32], ChannelError> {
    key.and_then(|key| key.try_into().ok()).ok_or(ChannelError::Handshake)
}

/// An open channel: messages in, records out, and back. Any error closes it.
pub struct Channel {
    transport: TransportState,
    remote: [u8; 32],
    partial: Option<Partial>,
    closed: bool,
}

/// A message of which some records came.
struct Partial {
    message: Zeroizing<Vec<u8>>,
    missing: usize,
}

impl Channel {
    fn of(state: HandshakeState) -> Result<Self, ChannelError> {
        let transport = state.into_transport_mode().map_err(|_| ChannelError::Handshake)?;
        let remote = remote_of(transport.get_remote_static())?;
        Ok(Self { transport, remote, partial: None, closed: false })
    }

    /// The static key of the other end.
    pub const fn remote(&self) -> &[u8; 32] {
        &self.remote
    }

    /// Encrypts one message into the records to send, in order.
    ///
    /// # Errors
    /// [`ChannelError::MessageLength`], [`ChannelError::Closed`].
    pub fn seal(&mut self, message: &[u8]) -> Result<Vec<Vec<u8>>, ChannelError> {
        self.unless_closed(|channel| channel.write(message))
    }

    /// Decrypts the next record; gives the message when it is the last of one.
    ///
    /// # Errors
    /// [`ChannelError`], but [`ChannelError::Handshake`].
    pub fn open(&mut self, record: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, ChannelError> {
        self.unless_closed(|channel| channel.read(record))
    }

    fn unless_closed<T>(
        &mut self,
        verb: impl FnOnce(&mut Self) -> Result<T, ChannelError>,
    ) -> Result<T, ChannelError> {
        if self.closed {
            return Err(ChannelError::Closed);
        }
        let outcome = verb(self);
        if outcome.is_err() {
            self.closed = true;
            self.partial = None;
        }
        outcome
    }

    fn write(&mut self, message: &[u8]) -> Result<Vec<Vec<u8>>, ChannelError> {
        let header = checked_len(message.len())?.to_be_bytes();
        let mut content = Zeroizing::new(Vec::with_capacity(HEADER_LEN + message.len()));
        content.extend_from_slice(&header);
        content.extend_from_slice(message);
        let record = |part: &[u8]| {
            let mut record = vec![0; part.len() + TAG_LEN];
            self.transport.write_message(part, &mut record).map(|_| record).map_err(|_| ChannelError::Record)
        };
        content.chunks(CONTENT_LEN_MAX).map(record).collect()
    }

    fn read(&mut self, record: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, ChannelError> {
        check_record_len(record.len())?;
        let mut content = Zeroizing::new(vec![0; record.len() - TAG_LEN]);
        self.transport.read_message(record, &mut content).map_err(|_| ChannelError::Record)?;
        let wrong = ChannelError::Content { len: content.len() };
        let (mut partial, body) = match self.partial.take() {
            Some(partial) => (partial, &content[..]),
            None => {
                let (header, body) = content.split_first_chunk::<HEADER_LEN>().ok_or(wrong)?;
                let len = u32::from_be_bytes(*header) as usize;
                checked_len(len)?;
                (Partial { message: Zeroizing::new(Vec::with_capacity(len)), missing: len }, body)
            }
        };
        // Every record but the last is full: a message is cut in one way only.
        let full = CONTENT_LEN_MAX - (content.len() - body.len());
        if body.len() != partial.missing.min(full) {
            return Err(wrong);
        }
        partial.message.extend_from_slice(body);
        partial.missing -= body.len();
        if partial.missing == 0 {
            return Ok(Some(partial.message));
        }
        self.partial = Some(partial);
        Ok(None)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({})", hex::encode(self.remote))
    }
}

fn checked_len(len: usize) -> Result<u32, ChannelError> {
    let fits = (1..=MESSAGE_LEN_MAX).contains(&len);
    u32::try_from(len).ok().filter(|_| fits).ok_or(ChannelError::MessageLength { len })
}

/// Whether a record may have that length.
fn check_record_len(len: usize) -> Result<(), ChannelError> {
    let fits = (RECORD_LEN_MIN..=RECORD_LEN_MAX).contains(&len);
    if fits { Ok(()) } else { Err(ChannelError::RecordLength { len }) }
}

fn builder(own: &Key32, draw: OneDraw) -> Result<Builder<'_>, snow::Error> {
    let params: NoiseParams = PROTOCOL.parse()?;
    Builder::with_resolver(params, Box::new(draw)).prologue(PROLOGUE)?.local_private_key(own.expose())
}

/// The default algorithms, and the caller's randomness for the one key that a handshake draws.
struct OneDraw(Key32);

impl CryptoResolver for OneDraw {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Drawn(Some(copy(self.0.expose())))))
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

/// Gives its 32 bytes once and never again.
struct Drawn(Option<Key32>);

impl Random for Drawn {
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), snow::Error> {
        let drawn = self.0.take().filter(|key| key.expose().len() == to.len()).ok_or(snow::Error::Rng)?;
        to.copy_from_slice(drawn.expose());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
