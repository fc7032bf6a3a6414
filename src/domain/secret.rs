//! Bytes that must not leak: wiped when dropped, never printed, never compared in variable time.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// A 32-byte key in its own heap allocation, so that a move leaves no copy behind.
///
/// It cannot be cloned and does not print its bytes.
pub struct Key32(Box<Zeroizing<[u8; 32]>>);

impl Key32 {
    /// The length in bytes.
    pub const LEN: usize = 32;

    /// Makes a key and lets `fill` write it in place.
    ///
    /// # Errors
    /// What `fill` returns; nothing is kept then.
    pub fn try_fill<E>(fill: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Box::new(Zeroizing::new([0; 32])));
        fill(&mut key.0)?;
        Ok(key)
    }

    /// Copies a key out of a buffer and wipes that buffer.
    pub fn take(source: &mut [u8; 32]) -> Self {
        let mut key = Self(Box::new(Zeroizing::new([0; 32])));
        key.0.copy_from_slice(source);
        source.zeroize();
        key
    }

    /// The bytes, for the duration of one use.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same key, in constant time.
    pub fn same(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl fmt::Debug for Key32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key32(..)")
    }
}

/// A credential in the clear: 1 to 65,536 bytes, wiped when dropped, never printed.
pub struct Plaintext(Zeroizing<Vec<u8>>);

/// A credential of no bytes, or of more than [`Plaintext::LEN_MAX`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the credential has {len} bytes, allowed are 1 to {max}", max = Plaintext::LEN_MAX)]
pub struct PlaintextLength {
    /// What was offered, in bytes.
    pub len: usize,
}

impl Plaintext {
    /// The largest credential, in bytes.
    pub const LEN_MAX: usize = 65_536;

    /// The only way to make one.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Result<Self, PlaintextLength> {
        let len = bytes.len();
        if (1..=Self::LEN_MAX).contains(&len) { Ok(Self(bytes)) } else { Err(PlaintextLength { len }) }
    }

    /// The bytes, for the duration of one use.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(..)")
    }
}

/// A credential on its way through the Noise channel, to the one person who is shown it: base64 in JSON.
///
/// [`Plaintext`] itself has no written form, so that nothing but a field that names this module is ever
/// written with a credential in it.
pub mod in_the_channel {
    use base64::Engine as _;

    use super::{BASE64, Deserialize, Deserializer, Plaintext, Serializer, Zeroizing};

    /// Writes it.
    ///
    /// # Errors
    /// Those of `serializer`.
    pub fn serialize<S: Serializer>(plaintext: &Plaintext, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64.encode(plaintext.expose())))
    }

    /// Reads it.
    ///
    /// # Errors
    /// Those of `deserializer`; what is not base64, or of another length than a credential's.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Plaintext, D::Error> {
        use serde::de::Error as _;
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        // The decoder's error would name a byte of the text.
        let bytes = BASE64.decode(text.as_bytes()).map_err(|_| D::Error::custom("not base64"))?;
        Plaintext::new(Zeroizing::new(bytes)).map_err(D::Error::custom)
    }
}

/// A few secret bytes on their way through the Noise channel: base64 in JSON, wiped when dropped.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// The longest, in bytes: a share with its context.
    const LEN_MAX: usize = 1_024;

    /// Takes the bytes over.
    pub const fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the duration of one use.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as a key; `None` when there are not 32.
    pub fn to_key(&self) -> Option<Key32> {
        (self.0.len() == Key32::LEN).then(|| {
            let mut key = Key32(Box::new(Zeroizing::new([0; 32])));
            key.0.copy_from_slice(&self.0);
            key
        })
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

impl Serialize for SecretBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64.encode(self.0.as_slice())))
    }
}

impl<'de> Deserialize<'de> for SecretBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        if text.len() > Self::LEN_MAX * 2 {
            return Err(D::Error::custom("secret bytes too long"));
        }
        // The decoder's error would name a byte of the text.
        let bytes = BASE64.decode(text.as_bytes()).map_err(|_| D::Error::custom("not base64"))?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

/// What a person types to open their key file, wiped when dropped, never printed.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes the text over.
    pub const fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text, for the duration of one use.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_has_1_to_65536_bytes() {
        for (len, fits) in [(0, false), (1, true), (65_536, true), (65_537, false)] {
            assert_eq!(Plaintext::new(Zeroizing::new(vec![7; len])).is_ok(), fits, "{len}");
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let key = Key32::take(&mut [0x41; 32]);
        let plaintext = Plaintext::new(Zeroizing::new(b"AAAA".to_vec())).expect("fits");
        let passphrase = Passphrase::new(Zeroizing::new("AAAA".to_owned()));
        let printed = format!("{key:?} {plaintext:?} {passphrase:?}");
        assert!(!printed.contains("AA") && !printed.contains("65"), "{printed}");
    }

    #[test]
    fn taking_a_key_wipes_where_it_came_from() {
        let mut source = [9; 32];
        let key = Key32::take(&mut source);
        assert_eq!(source, [0; 32]);
        assert!(key.same(&Key32::take(&mut [9; 32])));
        assert!(!key.same(&Key32::take(&mut [8; 32])));
    }
}
