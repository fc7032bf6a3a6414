//! The envelope: one credential under its data key, which takes both halves to make.

use std::fmt;

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use rand_core::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::codec::{Fields, base64_bytes};
use crate::domain::ids::{CredentialName, Generation};
use crate::domain::secret::{Key32, Plaintext};

/// The first bytes of the `info` of every data key.
pub const DATA_KEY_INFO: &[u8] = b"portcullis/v1/credential";
/// The first bytes of the associated data of every envelope.
pub const ENVELOPE_PREFIX: &[u8] = b"portcullis/envelope/v1\n";

/// The key of one generation of one credential, which is never stored.
pub struct DataKey(Key32);

impl DataKey {
    /// Takes over a key that a window gave back.
    pub const fn from_key(key: Key32) -> Self {
        Self(key)
    }

    /// The key, for the window that is sealed with it.
    pub const fn key(&self) -> &Key32 {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Derives the data key from the half of the chip and the half of the operators.
///
/// The input key is `t`, then `q`, 64 bytes. The info is, with nothing between:
/// the 24 bytes `portcullis/v1/credential`; the length of the name in bytes, as 8 bytes, most
/// significant first; the name in UTF-8; the generation as 4 bytes, most significant first.
///
/// # Source
/// RFC 5869 with SHA-256, 32 bytes of output.
pub fn derive_data_key(
    t: &Key32,
    q: &Key32,
    salt: &[u8; 32],
    id: &CredentialName,
    generation: Generation,
) -> DataKey {
    let mut halves = Zeroizing::new([0; 2 * Key32::LEN]);
    halves[..Key32::LEN].copy_from_slice(t.expose());
    halves[Key32::LEN..].copy_from_slice(q.expose());
    let info = Fields::new(DATA_KEY_INFO).text(id.as_str()).generation(generation).done();
    let derived = Key32::try_fill(|key| Hkdf::<Sha256>::new(Some(salt), &halves[..]).expand(&info, key));
    DataKey(derived.expect("HKDF gives up to 8160 bytes, and this is 32"))
}

/// What an envelope is of; it opens as nothing else.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeSubject<'a> {
    /// Whose envelope it is.
    pub credential: &'a CredentialName,
    /// Which of its values.
    pub generation: Generation,
    /// What kind of credential it is, as the record says.
    pub kind: &'a str,
}

impl EnvelopeSubject<'_> {
    /// [`ENVELOPE_PREFIX`], name and kind each with its length before it, and the generation.
    fn associated(&self) -> Zeroizing<Vec<u8>> {
        let prefixed = Fields::new(ENVELOPE_PREFIX).text(self.credential.as_str());
        prefixed.generation(self.generation).text(self.kind).done()
    }
}

/// Why an envelope gave nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Another key, another credential, or a damaged envelope.
    #[error("the envelope does not open: wrong key, wrong credential or damaged")]
    Refused,
    /// Shorter or longer than any credential's envelope.
    #[error("an envelope of {len} bytes is no credential's")]
    Length {
        /// The bytes of the ciphertext.
        len: usize,
    },
}

/// One credential, encrypted and authenticated.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    #[serde(with = "base64_bytes")]
    nonce: [u8; 24],
    #[serde(with = "base64_bytes")]
    ciphertext: Vec<u8>,
}

impl Envelope {
    const TAG_LEN: usize = 16;

    /// Encrypts `plaintext` as the value of `subject`, under a nonce from `rng`.
    ///
    /// # Source
    /// draft-irtf-cfrg-xchacha-03.
    pub fn seal(
        key: &DataKey,
        subject: &EnvelopeSubject<'_>,
        plaintext: &Plaintext,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Self {
        let mut nonce = [0; 24];
        rng.fill_bytes(&mut nonce);
        // Room for the tag, so that no growth leaves a copy of the plaintext behind.
        let mut buffer = Vec::with_capacity(plaintext.expose().len() + Self::TAG_LEN);
        buffer.extend_from_slice(plaintext.expose());
        let sealed =
            cipher(key).encrypt_in_place(XNonce::from_slice(&nonce), &subject.associated(), &mut buffer);
        sealed.expect("a credential is far below the 256 GiB that the cipher takes");
        Self { nonce, ciphertext: buffer }
    }

    /// Decrypts the value of `subject`.
    ///
    /// # Errors
    /// [`EnvelopeError`]; which of key, subject and bytes was wrong cannot be told.
    pub fn open(&self, key: &DataKey, subject: &EnvelopeSubject<'_>) -> Result<Plaintext, EnvelopeError> {
        let len = self.ciphertext.len();
        if !(1 + Self::TAG_LEN..=Plaintext::LEN_MAX + Self::TAG_LEN).contains(&len) {
            return Err(EnvelopeError::Length { len });
        }
        let mut buffer = Zeroizing::new(self.ciphertext.clone());
        let nonce = XNonce::from_slice(&self.nonce);
        let opened = cipher(key).decrypt_in_place(nonce, &subject.associated(), &mut *buffer);
        opened.map_err(|_| EnvelopeError::Refused)?;
        Plaintext::new(buffer).map_err(|_| EnvelopeError::Length { len })
    }
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.0.expose().into())
}

#[cfg(test)]
mod tests;
