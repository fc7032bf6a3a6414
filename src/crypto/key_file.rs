//! The operator's key file: what stands on the person's own medium, under a passphrase.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand_core::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use zeroize::{Zeroize, Zeroizing};

use super::codec::base64_bytes;
use super::operator_key::{KeeperPin, OperatorKey, Secrets};
use super::shamir::copy;
use crate::domain::ids::{ApplianceName, OperatorId};
use crate::domain::operator::{AgeRecipient, OperatorPublic, hex_bytes};
use crate::domain::secret::{Key32, Passphrase};

/// The first bytes of the associated data of every key file.
pub const KEY_FILE_PREFIX: &[u8] = b"portcullis/key-file/v1\n";

/// Why a key file was not read, opened or written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Not JSON, or not with exactly the fields of a key file.
    #[error("not a key file: line {line}, column {column}")]
    Malformed {
        /// Where reading stopped, counted from 1; 0 when the whole is wrong.
        line: usize,
        /// Where in that line.
        column: usize,
    },
    /// Larger than any key file.
    #[error("not a key file: {len} bytes are more than {max}", max = KeyFile::TEXT_LEN_MAX)]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// Made by a later program.
    #[error("key file version {version}, known is {known}", known = KeyFile::VERSION)]
    UnknownVersion {
        /// What it says.
        version: u32,
    },
    /// Some of the three that belong to an appliance, but not all.
    #[error("the key file names its appliance, its keeper's key and the first roster together, or none")]
    HalfAKeeper,
    /// A passphrase is guessed too fast with these parameters.
    #[error("the key file is too weak to open: Argon2id m={m_kib} KiB t={t} p={p} is below the floor")]
    Weak {
        /// Memory in KiB.
        m_kib: u32,
        /// Passes.
        t: u32,
        /// Lanes.
        p: u32,
    },
    /// These parameters would stop the machine.
    #[error("the key file asks for too much: Argon2id m={m_kib} KiB t={t} p={p} is above the cap")]
    Heavy {
        /// Memory in KiB.
        m_kib: u32,
        /// Passes.
        t: u32,
        /// Lanes.
        p: u32,
    },
    /// The machine has not enough memory for these parameters.
    #[error("not enough memory to open the key file: it takes {m_kib} KiB")]
    Memory {
        /// What it takes, in KiB.
        m_kib: u32,
    },
    /// Which of the two cannot be told.
    #[error("wrong passphrase or damaged key file")]
    Refused,
}

/// How hard guessing the passphrase is made.
///
/// # Source
/// RFC 9106 section 4: the second and the first recommended choice.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum KdfCost {
    /// 64 MiB, 3 passes, 4 lanes: default and floor.
    #[default]
    Standard,
    /// 2 GiB, 1 pass, 4 lanes.
    High,
}

/// Argon2id with its parameters, as the file says them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: KdfName,
    m_kib: u32,
    t: u32,
    p: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum KdfName {
    Argon2id,
}

impl Kdf {
    const LANES: u32 = 4;
    const STANDARD_M_KIB: u32 = 64 << 10;
    const STANDARD_T: u32 = 3;
    const HIGH_M_KIB: u32 = 2 << 20;
    const HIGH_T: u32 = 1;
    const M_KIB_MAX: u32 = 4 << 20;
    const T_MAX: u32 = 16;
    const P_MAX: u32 = 16;

    const fn of(cost: KdfCost) -> Self {
        let (m_kib, t) = match cost {
            KdfCost::Standard => (Self::STANDARD_M_KIB, Self::STANDARD_T),
            KdfCost::High => (Self::HIGH_M_KIB, Self::HIGH_T),
        };
        Self { name: KdfName::Argon2id, m_kib, t, p: Self::LANES }
    }

    /// Neither weaker than the standard choice nor more than any machine should be asked for.
    const fn check(self) -> Result<(), KeyFileError> {
        let Self { m_kib, t, p, .. } = self;
        let standard = m_kib >= Self::STANDARD_M_KIB && t >= Self::STANDARD_T;
        let high = m_kib >= Self::HIGH_M_KIB && t >= Self::HIGH_T;
        if p < Self::LANES || !(standard || high) {
            return Err(KeyFileError::Weak { m_kib, t, p });
        }
        if m_kib > Self::M_KIB_MAX || t > Self::T_MAX || p > Self::P_MAX {
            return Err(KeyFileError::Heavy { m_kib, t, p });
        }
        Ok(())
    }

    fn derive(self, passphrase: &Passphrase, salt: &[u8; 16]) -> Result<Key32, KeyFileError> {
        self.check()?;
        let Self { m_kib, t, p, .. } = self;
        let params =
            Params::new(m_kib, t, p, Some(Key32::LEN)).map_err(|_| KeyFileError::Heavy { m_kib, t, p })?;
        let count = params.block_count();
        let mut blocks: Vec<Block> = Vec::new();
        blocks.try_reserve_exact(count).map_err(|_| KeyFileError::Memory { m_kib })?;
        blocks.resize(count, Block::new());
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let typed = passphrase.expose().as_bytes();
        let key = Key32::try_fill(|key| argon.hash_password_into_with_memory(typed, salt, key, &mut blocks));
        blocks.zeroize();
        key.map_err(|_| KeyFileError::Refused)
    }
}

#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PublicKeys {
    age: AgeRecipient,
    #[serde(with = "hex_bytes")]
    noise: [u8; 32],
    #[serde(with = "hex_bytes")]
    approval: [u8; 32],
    #[serde(with = "hex_bytes")]
    cosign: [u8; 32],
}

impl PublicKeys {
    fn of(key: &OperatorKey) -> Self {
        let OperatorPublic { age, noise, approval, cosign, .. } = key.public(BTreeSet::new());
        Self { age, noise, approval, cosign }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(transparent)]
struct HexKey(#[serde(with = "hex_bytes")] [u8; 32]);

/// One person's keys at rest: JSON, the secret ones in `box` under the passphrase.
///
/// All other fields are associated data of the box, so none of them can be changed.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    version: u32,
    id: OperatorId,
    kdf: Kdf,
    #[serde(with = "base64_bytes")]
    salt: [u8; 16],
    #[serde(with = "base64_bytes")]
    nonce: [u8; 24],
    public: PublicKeys,
    keeper: Option<HexKey>,
    appliance: Option<ApplianceName>,
    roster: Option<HexKey>,
    #[serde(rename = "box", with = "base64_bytes")]
    boxed: [u8; Self::BOX_LEN],
}

impl KeyFile {
    const VERSION: u32 = 1;
    const TEXT_LEN_MAX: usize = 16 * 1024;
    const SECRETS_LEN: usize = 4 * Key32::LEN;
    const BOX_LEN: usize = Self::SECRETS_LEN + 16;

    /// Reads a file without opening it.
    ///
    /// # Errors
    /// [`KeyFileError`] of every kind but [`KeyFileError::Memory`] and [`KeyFileError::Refused`].
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        if text.len() > Self::TEXT_LEN_MAX {
            return Err(KeyFileError::TooLong { len: text.len() });
        }
        let read: Result<Self, _> = serde_json::from_str(text);
        let file = read.map_err(|e| KeyFileError::Malformed { line: e.line(), column: e.column() })?;
        if file.version != Self::VERSION {
            return Err(KeyFileError::UnknownVersion { version: file.version });
        }
        let bound = file.keeper.is_some();
        if file.appliance.is_some() != bound || file.roster.is_some() != bound {
            return Err(KeyFileError::HalfAKeeper);
        }
        file.kdf.check()?;
        Ok(file)
    }

    /// The text to keep.
    pub fn to_text(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("texts and small numbers always have a JSON form") + "\n"
    }

    /// Whose keys are inside.
    pub const fn id(&self) -> &OperatorId {
        &self.id
    }

    /// The appliance they are for, as the file says; proven only by opening it.
    pub fn keeper(&self) -> Option<KeeperPin> {
        let (HexKey(noise), HexKey(roster)) = self.keeper.zip(self.roster)?;
        Some(KeeperPin { appliance: self.appliance.clone()?, noise, roster })
    }

    /// Puts keys under a passphrase, with a salt and a nonce from `rng`.
    ///
    /// # Errors
    /// [`KeyFileError::Memory`] when the machine has not what `cost` takes.
    /// # Source
    /// RFC 9106 (Argon2id), draft-irtf-cfrg-xchacha-03.
    pub fn seal(
        key: &OperatorKey,
        passphrase: &Passphrase,
        cost: KdfCost,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, KeyFileError> {
        Self::seal_with(key, passphrase, Kdf::of(cost), rng)
    }

    fn seal_with(
        key: &OperatorKey,
        passphrase: &Passphrase,
        kdf: Kdf,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, KeyFileError> {
        let pin = key.keeper();
        let mut file = Self {
            version: Self::VERSION,
            id: key.id.clone(),
            kdf,
            salt: [0; 16],
            nonce: [0; 24],
            public: PublicKeys::of(key),
            keeper: pin.map(|pin| HexKey(pin.noise)),
            appliance: pin.map(|pin| pin.appliance.clone()),
            roster: pin.map(|pin| HexKey(pin.roster)),
            boxed: [0; Self::BOX_LEN],
        };
        rng.fill_bytes(&mut file.salt);
        rng.fill_bytes(&mut file.nonce);
        let under = kdf.derive(passphrase, &file.salt)?;
        file.boxed = file.close(&key.secrets, &under);
        Ok(file)
    }

    /// Opens the file.
    ///
    /// # Errors
    /// [`KeyFileError::Refused`] for a wrong passphrase and for a changed file alike;
    /// [`KeyFileError::Memory`] when the machine has not what the file asks for.
    pub fn open(&self, passphrase: &Passphrase) -> Result<OperatorKey, KeyFileError> {
        self.open_under(&self.kdf.derive(passphrase, &self.salt)?)
    }

    /// Makes the file of the same keys for an appliance and its keeper, after set-up.
    ///
    /// # Errors
    /// Those of [`KeyFile::open`].
    pub fn with_keeper(
        &self,
        pin: KeeperPin,
        passphrase: &Passphrase,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, KeyFileError> {
        let mut key = self.open(passphrase)?;
        key.keeper = Some(pin);
        Self::seal_with(&key, passphrase, self.kdf, rng)
    }

    /// Makes the file of the same keys under another passphrase.
    ///
    /// # Errors
    /// Those of [`KeyFile::open`], for the old passphrase.
    pub fn with_passphrase(
        &self,
        old: &Passphrase,
        new: &Passphrase,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, KeyFileError> {
        Self::seal_with(&self.open(old)?, new, self.kdf, rng)
    }

    /// [`KEY_FILE_PREFIX`] and the canonical JSON of all fields but the box.
    fn associated(&self) -> Vec<u8> {
        let mut fields = serde_json::to_value(self).expect("texts and small numbers always have a JSON form");
        if let Some(object) = fields.as_object_mut() {
            object.remove("box");
        }
        let json = serde_json_canonicalizer::to_vec(&fields);
        [KEY_FILE_PREFIX, &json.expect("JSON always has a canonical form")].concat()
    }

    fn close(&self, secrets: &Secrets, under: &Key32) -> [u8; Self::BOX_LEN] {
        let mut boxed = [0; Self::BOX_LEN];
        let (content, tag) = boxed.split_at_mut(Self::SECRETS_LEN);
        let Secrets { age, noise, approval, cosign } = secrets;
        for (place, key) in content.chunks_exact_mut(Key32::LEN).zip([age, noise, approval, cosign]) {
            place.copy_from_slice(key.expose());
        }
        let cipher = XChaCha20Poly1305::new(under.expose().into());
        let closed =
            cipher.encrypt_in_place_detached(XNonce::from_slice(&self.nonce), &self.associated(), content);
        tag.copy_from_slice(&closed.expect("128 bytes are far below the 256 GiB that the cipher takes"));
        boxed
    }

    fn open_under(&self, under: &Key32) -> Result<OperatorKey, KeyFileError> {
        let (content, tag) = self.boxed.split_at(Self::SECRETS_LEN);
        let mut content = Zeroizing::new(content.to_vec());
        let cipher = XChaCha20Poly1305::new(under.expose().into());
        let nonce = XNonce::from_slice(&self.nonce);
        let opened = cipher.decrypt_in_place_detached(nonce, &self.associated(), &mut content, tag.into());
        opened.map_err(|_| KeyFileError::Refused)?;
        let (keys, _) = content.as_chunks::<{ Key32::LEN }>();
        let [age, noise, approval, cosign] = keys else { return Err(KeyFileError::Refused) };
        let [age, noise, approval, cosign] = [age, noise, approval, cosign].map(copy);
        let secrets = Secrets { age, noise, approval, cosign };
        let key = OperatorKey { id: self.id.clone(), keeper: self.keeper(), secrets };
        if PublicKeys::of(&key) == self.public { Ok(key) } else { Err(KeyFileError::Refused) }
    }
}

#[cfg(test)]
mod tests;
