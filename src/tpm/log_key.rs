//! The log's key in the chip: it cannot leave it, and signs in the measured state of set-up only.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tss_esapi::Error;
use tss_esapi::constants::{SessionType, Tss2ResponseCodeKind};
use tss_esapi::handles::KeyHandle;
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::session_handles::{AuthSession, PolicySession};
use tss_esapi::structures::{
    Digest, HashScheme, HashcheckTicket, PcrSelectionList, Private, Public, SignatureScheme,
};
use tss_esapi::traits::{Marshall as _, UnMarshall as _};
use tss_esapi::tss2_esys::TPMT_TK_HASHCHECK;

use crate::tpm::connect::{Chip, library};
use crate::tpm::error::{PolicyStep, TpmError};
use crate::tpm::policy::PolicyDigest;
use crate::tpm::salted::Salted;
use crate::tpm::signing::{Kind, SIGNING, SigningArea};

const WHAT: &str = "the log key of the TPM";
const MALFORMED: TpmError = TpmError::Malformed { what: WHAT };

/// userWithAuth is clear, so that nothing but the policy lets it sign.
///
/// adminWithPolicy is clear too, and the authorisation value is empty: what takes the ADMIN role
/// is anybody's. That is TPM2_Certify, whose statement is true whoever asks for it, and
/// TPM2_ObjectChangeAuth, which gives a copy with another value that still signs nothing without
/// the policy. TPM2_Duplicate takes a policy of its own, which this key lacks, and is forbidden by
/// fixedTPM and fixedParent besides. With the bit set, certifying would need a second branch of
/// the policy, and the key could do nothing less.
const KIND: Kind = Kind { attributes: SIGNING, has_policy: true, what: WHAT };

/// The P-256 key of the log as the chip encrypted it, a child of the storage root key: worth
/// nothing without the chip and the boot policy.
#[derive(Clone, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "LogKeyFile", into = "LogKeyFile")]
pub struct LogKey {
    /// TPM2B_PRIVATE without its length.
    private: Vec<u8>,
    area: SigningArea,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LogKeyFile {
    private: String,
    public: String,
}

impl LogKey {
    /// An encrypted P-256 key has well under this.
    const PRIVATE_MAX: usize = 512;

    /// Reads what [`LogKey::private_bytes`] and [`LogKey::public_bytes`] gave.
    ///
    /// # Errors
    /// [`TpmError::Malformed`] for anything but a key of exactly our attributes, scheme and curve.
    pub fn parse(private: &[u8], public: &[u8]) -> Result<Self, TpmError> {
        let (private, area) = (sized(private)?, sized(public)?);
        let fits = (1..=Self::PRIVATE_MAX).contains(&private.len());
        let area = KIND.read(area)?;
        if fits { Ok(Self { private: private.to_vec(), area }) } else { Err(MALFORMED) }
    }

    /// TPM2B_PRIVATE, as `tpm2_load -r` takes it.
    pub fn private_bytes(&self) -> Vec<u8> {
        with_size(&self.private)
    }

    /// TPM2B_PUBLIC, as `tpm2_load -u` takes it.
    pub fn public_bytes(&self) -> Vec<u8> {
        with_size(self.public_area())
    }

    /// TPMT_PUBLIC: [`LogKey::public_bytes`] without the length. Its digest is in the Name.
    pub fn public_area(&self) -> &[u8] {
        self.area.bytes()
    }

    /// The Name that a certification gives: 00 0b and the SHA-256 of the public area.
    pub fn name(&self) -> [u8; 34] {
        self.area.name()
    }

    /// The public point, uncompressed: 04, x, y.
    pub const fn point(&self) -> &[u8; 65] {
        self.area.point()
    }

    /// Refuses a key that is bound to another policy than `expected`.
    fn require(&self, expected: PolicyDigest) -> Result<(), TpmError> {
        let what = "the policy of the TPM's log key";
        if self.area.policy() == expected.bytes() { Ok(()) } else { Err(TpmError::Malformed { what }) }
    }
}

fn with_size(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

/// Splits a length off that must be exact.
fn sized(bytes: &[u8]) -> Result<&[u8], TpmError> {
    let (len, rest) = bytes.split_first_chunk::<2>().ok_or(MALFORMED)?;
    if usize::from(u16::from_be_bytes(*len)) == rest.len() { Ok(rest) } else { Err(MALFORMED) }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({:?})", self.area)
    }
}

impl TryFrom<LogKeyFile> for LogKey {
    type Error = TpmError;

    fn try_from(file: LogKeyFile) -> Result<Self, TpmError> {
        let read = |text: &str| STANDARD.decode(text).map_err(|_| MALFORMED);
        Self::parse(&read(&file.private)?, &read(&file.public)?)
    }
}

impl From<LogKey> for LogKeyFile {
    fn from(key: LogKey) -> Self {
        Self { private: STANDARD.encode(key.private_bytes()), public: STANDARD.encode(key.public_bytes()) }
    }
}

/// No signature scheme but the key's own.
pub(super) const fn own_scheme() -> SignatureScheme {
    SignatureScheme::EcDsa { hash_scheme: HashScheme::new(HashingAlgorithm::Sha256) }
}

/// Says that the chip did not hash what is signed: it need not, for a key that is not restricted.
fn no_ticket() -> tss_esapi::Result<HashcheckTicket> {
    const ST_HASHCHECK: u16 = 0x8024;
    const RH_NULL: u32 = 0x4000_0007;
    TPMT_TK_HASHCHECK { tag: ST_HASHCHECK, hierarchy: RH_NULL, ..Default::default() }.try_into()
}

fn digest_of(bytes: &[u8; 32]) -> tss_esapi::Result<Digest> {
    Digest::try_from(bytes.as_slice())
}

impl Salted<'_> {
    fn create_log_key(&mut self) -> Result<LogKey, TpmError> {
        let policy = self.pins.boot_policy();
        let template = KIND.template(policy.bytes())?;
        let (hmac, srk) = (self.start(SessionType::Hmac)?, self.srk);
        let made =
            self.run(hmac, "TPM2_Create", |context| context.create(srk, template, None, None, None, None))?;
        let area = made.out_public.marshall().map_err(library("TPM2_Create"))?;
        let key = LogKey::parse(&with_size(made.out_private.value()), &with_size(&area))?;
        key.require(policy)?;
        Ok(key)
    }

    /// Loads the log key under the storage root key.
    pub(super) fn load_log_key(&mut self, key: &LogKey) -> Result<KeyHandle, TpmError> {
        let private = Private::try_from(key.private.clone()).map_err(|_| MALFORMED)?;
        let public = Public::unmarshall(key.public_area()).map_err(|_| MALFORMED)?;
        let (hmac, srk) = (self.start(SessionType::Hmac)?, self.srk);
        let loaded = self.run(hmac, "TPM2_Load", |context| context.load(srk, private, public))?;
        self.end(hmac)?;
        Ok(loaded)
    }

    /// A session that meets the boot policy, or the chip's word that the PCRs do not.
    fn boot_session(&mut self) -> Result<AuthSession, TpmError> {
        /// TPM_RC_VALUE for parameter 1: the digest that was given is not that of the PCRs. The
        /// wrapper keeps the number for itself and names the kind.
        const RC_VALUE_1: u32 = 0x1c4;
        let session = self.start(SessionType::Policy)?;
        let failed = library("TPM2_PolicyPCR");
        let policy = PolicySession::try_from(session).map_err(&failed)?;
        let expected = digest_of(self.pins.pcr_digest()).map_err(&failed)?;
        let pcrs = PcrSelectionList::try_from(self.pins.pcrs().list()).map_err(&failed)?;
        match self.context.policy_pcr(policy, expected, pcrs) {
            Ok(()) => Ok(session),
            Err(Error::Tss2Error(rc)) if rc.kind() == Some(Tss2ResponseCodeKind::Value) => {
                Err(TpmError::PolicyRefused { step: PolicyStep::Pcr, rc: RC_VALUE_1 })
            }
            Err(other) => Err(failed(other)),
        }
    }

    fn sign(&mut self, key: &LogKey, digest: &[u8; 32]) -> Result<Vec<u8>, TpmError> {
        let policy = self.boot_session()?;
        let loaded = self.load_log_key(key)?;
        let signed = self.run(policy, "TPM2_Sign", |context| {
            context.sign(loaded, digest_of(digest)?, own_scheme(), no_ticket()?)
        })?;
        key.area.signature(digest, &signed)
    }
}

impl Chip {
    /// Makes the log's key in the chip, bound to the boot policy of set-up.
    ///
    /// # Errors
    /// [`TpmError::NotOurs`], [`TpmError::Unreachable`], [`TpmError::Silent`],
    /// [`TpmError::Library`] and [`TpmError::Malformed`].
    pub fn make_log_key(&self) -> Result<LogKey, TpmError> {
        self.on_salted(|salted| salted.create_log_key())
    }

    /// Signs a SHA-256 digest with the log's key: ECDSA as DER, verified before it is handed out.
    ///
    /// # Errors
    /// [`TpmError::PolicyRefused`] when the PCRs are others; nothing was signed then.
    /// [`TpmError::Unproven`] for a signature that does not verify. As [`Chip::make_log_key`].
    pub fn sign_digest(&self, key: &LogKey, digest: &[u8; 32]) -> Result<Vec<u8>, TpmError> {
        key.require(self.pins().boot_policy())?;
        let (key, digest) = (key.clone(), *digest);
        self.on_salted(move |salted| salted.sign(&key, &digest))
    }
}
