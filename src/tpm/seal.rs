//! One 32-byte key, bound to this chip and a policy.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tss_esapi::structures::Public;
use tss_esapi::traits::{Marshall, UnMarshall};
use tss_esapi::tss2_esys::{TPM2B_PRIVATE, TPM2B_PUBLIC};

use crate::domain::request::permit::{ArmPermit, SignPermit};
use crate::domain::secret::Key32;
use crate::tpm::buffers::Then;
use crate::tpm::connect::{Chip, Link};
use crate::tpm::error::{PolicyStep, TpmError};
use crate::tpm::nvram::copy;
use crate::tpm::policy::PolicyDigest;
use crate::tpm::timed::Tr;

const SEALED: TpmError = TpmError::Malformed { what: "a sealed key" };

/// A key as the chip encrypted it: worth nothing without the chip and the policy.
#[derive(Clone, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "SealedFile", into = "SealedFile")]
pub struct SealedKey {
    /// TPM2B_PRIVATE without its length.
    private: Vec<u8>,
    policy: [u8; 32],
    /// What binds the public area to the encrypted part.
    unique: [u8; 32],
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SealedFile {
    private: String,
    public: String,
}

impl SealedKey {
    /// An encrypted 32-byte key has well under this.
    const PRIVATE_MAX: usize = 512;
    /// TPM_ALG_KEYEDHASH named by SHA-256; fixedTPM, fixedParent, adminWithPolicy, noDA; a policy.
    /// userWithAuth is clear: without that, an empty authorisation value would do instead of the
    /// policy. There is no value to guess, so a lockout that root provokes must not count here.
    const HEAD: [u8; 10] = [0x00, 0x08, 0x00, 0x0b, 0x00, 0x00, 0x04, 0x92, 0x00, 0x20];
    /// No scheme, and 32 bytes follow.
    const MIDDLE: [u8; 4] = [0x00, 0x10, 0x00, 0x20];

    /// Reads what [`SealedKey::private_bytes`] and [`SealedKey::public_bytes`] gave.
    ///
    /// # Errors
    /// [`TpmError::Malformed`] for anything but a sealed key of exactly our attributes.
    pub fn parse(private: &[u8], public: &[u8]) -> Result<Self, TpmError> {
        let (private, area) = (sized(private)?, sized(public)?);
        let (head, rest) = area.split_first_chunk::<10>().ok_or(SEALED)?;
        let (policy, rest) = rest.split_first_chunk::<32>().ok_or(SEALED)?;
        let (middle, rest) = rest.split_first_chunk::<4>().ok_or(SEALED)?;
        let unique: [u8; 32] = rest.try_into().map_err(|_| SEALED)?;
        let fits = (1..=Self::PRIVATE_MAX).contains(&private.len());
        let ours = *head == Self::HEAD && *middle == Self::MIDDLE && fits;
        if ours { Ok(Self { private: private.to_vec(), policy: *policy, unique }) } else { Err(SEALED) }
    }

    /// TPM2B_PRIVATE, as `tpm2_load -r` takes it.
    pub fn private_bytes(&self) -> Vec<u8> {
        with_size(&self.private)
    }

    /// TPM2B_PUBLIC, as `tpm2_load -u` takes it.
    pub fn public_bytes(&self) -> Vec<u8> {
        with_size(&self.area())
    }

    fn area(&self) -> Vec<u8> {
        [&Self::HEAD[..], &self.policy, &Self::MIDDLE, &self.unique].concat()
    }

    /// Refuses a sealed key that is bound to another policy than `expected`.
    pub(super) fn require(&self, expected: PolicyDigest) -> Result<(), TpmError> {
        let what = "the policy of a sealed key";
        if self.policy == *expected.bytes() { Ok(()) } else { Err(TpmError::Malformed { what }) }
    }

    /// What TPM2_Create is given: the public area before the chip fills in the last field.
    fn template(policy: PolicyDigest) -> Result<TPM2B_PUBLIC, TpmError> {
        let empty: [u8; 4] = [0x00, 0x10, 0x00, 0x00];
        public_of(&[&Self::HEAD[..], policy.bytes(), &empty].concat())
    }

    fn private_of(&self) -> TPM2B_PRIVATE {
        let mut private = TPM2B_PRIVATE { size: self.private.len() as u16, ..Default::default() };
        private.buffer[..self.private.len()].copy_from_slice(&self.private);
        private
    }
}

fn public_of(area: &[u8]) -> Result<TPM2B_PUBLIC, TpmError> {
    Public::unmarshall(area).and_then(TPM2B_PUBLIC::try_from).map_err(|_| SEALED)
}

fn with_size(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

/// Splits a length off that must be exact.
fn sized(bytes: &[u8]) -> Result<&[u8], TpmError> {
    let (len, rest) = bytes.split_first_chunk::<2>().ok_or(SEALED)?;
    if usize::from(u16::from_be_bytes(*len)) == rest.len() { Ok(rest) } else { Err(SEALED) }
}

impl fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedKey({} bytes)", self.private.len())
    }
}

impl TryFrom<SealedFile> for SealedKey {
    type Error = TpmError;

    fn try_from(file: SealedFile) -> Result<Self, TpmError> {
        let read = |text: &str| STANDARD.decode(text).map_err(|_| SEALED);
        Self::parse(&read(&file.private)?, &read(&file.public)?)
    }
}

impl From<SealedKey> for SealedFile {
    fn from(sealed: SealedKey) -> Self {
        Self {
            private: STANDARD.encode(sealed.private_bytes()),
            public: STANDARD.encode(sealed.public_bytes()),
        }
    }
}

impl Link<'_> {
    /// Seals `key` under the storage root key and `policy`.
    pub(super) fn create(&mut self, key: &Key32, policy: PolicyDigest) -> Result<SealedKey, TpmError> {
        let hmac = self.hmac()?;
        let template = SealedKey::template(policy)?;
        let created = self.esys.create((self.srk, hmac), key, &template, Then::End)?;
        let area =
            Public::try_from(created.public).and_then(|public| public.marshall()).map_err(|_| SEALED)?;
        let sealed = SealedKey::parse(&with_size(&created.private), &with_size(&area))?;
        sealed.require(policy)?;
        Ok(sealed)
    }

    /// Loads a sealed key under the storage root key; `hmac` ends with it.
    pub(super) fn load(&mut self, sealed: &SealedKey, hmac: Tr) -> Result<Tr, TpmError> {
        let public = public_of(&sealed.area())?;
        self.esys.load((self.srk, hmac), (&sealed.private_of(), &public), Then::End)
    }

    /// Meets the boot policy in `policy`, or says that the PCRs do not.
    pub(super) fn policy_pcr(&mut self, policy: Tr) -> Result<(), TpmError> {
        /// TPM_RC_VALUE for parameter 1: the digest that was given is not that of the PCRs.
        const RC_VALUE_1: u32 = 0x1c4;
        let asked = self.esys.policy_pcr(policy, self.pins.pcr_digest(), &self.pins.pcrs().list());
        asked.map_err(|error| match error {
            TpmError::Rc { rc: rc @ RC_VALUE_1, .. } => TpmError::PolicyRefused { step: PolicyStep::Pcr, rc },
            other => other,
        })
    }
}

impl Chip {
    /// Seals one key under the storage root key and the boot policy of set-up.
    ///
    /// # Errors
    /// As every verb of the room.
    pub fn seal(&self, key: &Key32) -> Result<SealedKey, TpmError> {
        let (key, policy) = (copy(key), self.pins().boot_policy());
        self.on_link(move |link| link.create(&key, policy))
    }

    /// Recovers the store key: the chip in its measured state is all that it takes.
    ///
    /// # Errors
    /// [`TpmError::PolicyRefused`] when the PCRs are others; nothing was unsealed then.
    pub fn open_store(&self, sealed: &SealedKey) -> Result<Key32, TpmError> {
        self.open(sealed)
    }

    /// Recovers a seed that signs the log, for one signature over a head that may be signed.
    ///
    /// # Errors
    /// [`TpmError::PolicyRefused`] when the PCRs are others; nothing was unsealed then.
    pub fn open_seed(&self, sealed: &SealedKey, permit: &SignPermit) -> Result<Key32, TpmError> {
        let _shown = permit;
        self.open(sealed)
    }

    /// Recovers the sealed half of a credential's key, at the price of a full quorum.
    ///
    /// # Errors
    /// [`TpmError::PolicyRefused`] when the PCRs are others; nothing was unsealed then.
    pub fn open_half(&self, sealed: &SealedKey, permit: ArmPermit) -> Result<Key32, TpmError> {
        let _spent = permit;
        self.open(sealed)
    }

    fn open(&self, sealed: &SealedKey) -> Result<Key32, TpmError> {
        sealed.require(self.pins().boot_policy())?;
        let sealed = sealed.clone();
        self.on_link(move |link| {
            let policy = link.policy()?;
            link.policy_pcr(policy)?;
            let hmac = link.hmac()?;
            let item = link.load(&sealed, hmac)?;
            let key = link.esys.unseal(item, policy);
            link.esys.flush(item)?;
            key
        })
    }
}
