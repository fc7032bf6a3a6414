//! What was seen of the chip at set-up and must never differ afterwards. Public data.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tss_esapi::structures::Public;
use tss_esapi::traits::{Marshall, UnMarshall};

use crate::tpm::error::TpmError;
use crate::tpm::nvram::{NvPin, Role, describe};
use crate::tpm::pcr::PcrSelection;
use crate::tpm::policy::PolicyDigest;

/// Where the storage root key is kept, as the TCG provisioning guidance has it.
pub(super) const SRK_HANDLE: u32 = 0x8100_0001;

/// The pinned facts of one chip, kept in a file beside the store and again inside it.
///
/// Reading it checks that every Name is the digest of its public area and that the indices are
/// those that set-up defines; whether they are this chip's is for the chip to prove.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "PinsFile", into = "PinsFile")]
pub struct Pins {
    srk_public: Vec<u8>,
    srk_name: Vec<u8>,
    pcrs: PcrSelection,
    pcr_digest: [u8; 32],
    software: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PinsFile {
    version: u8,
    srk_public: String,
    srk_name: String,
    gate: NvPin,
    epoch: NvPin,
    head: NvPin,
    pcrs: PcrSelection,
    pcr_digest: String,
    is_software: bool,
}

impl Pins {
    const VERSION: u8 = 1;

    /// Pins what set-up made.
    pub(super) fn new(
        srk_public: Vec<u8>,
        pcrs: PcrSelection,
        pcr_digest: [u8; 32],
        software: bool,
    ) -> Result<Self, TpmError> {
        let srk_name = name_of_public(&srk_public)?;
        Ok(Self { srk_public, srk_name, pcrs, pcr_digest, software })
    }

    /// The Name of the storage root key.
    pub fn srk_name(&self) -> &[u8] {
        &self.srk_name
    }

    /// The public area of the storage root key, TPMT_PUBLIC.
    pub fn srk_public(&self) -> &[u8] {
        &self.srk_public
    }

    /// The selection of PCRs in the boot policy.
    pub const fn pcrs(&self) -> PcrSelection {
        self.pcrs
    }

    /// The digest over the selected PCRs at set-up.
    pub const fn pcr_digest(&self) -> &[u8; 32] {
        &self.pcr_digest
    }

    /// Whether the chip is software: the appliance is an EVALUATION then.
    pub const fn is_software(&self) -> bool {
        self.software
    }

    /// The same chip in another measured state, for sealing anew after a planned change.
    #[must_use]
    pub fn with_pcr_digest(&self, pcr_digest: [u8; 32]) -> Self {
        Self { pcr_digest, ..self.clone() }
    }

    /// The policy that only the measured state of set-up meets.
    pub(super) fn boot_policy(&self) -> PolicyDigest {
        PolicyDigest::start().pcr(self.pcrs, &self.pcr_digest)
    }

    /// What libtss2 has to know of the storage root key.
    pub(super) fn srk_description(&self) -> Vec<u8> {
        const KEY_RESOURCE: u32 = 1;
        describe(SRK_HANDLE, &self.srk_name, KEY_RESOURCE, &self.srk_public)
    }
}

/// The Name of a public area that is one, to the last byte.
fn name_of_public(area: &[u8]) -> Result<Vec<u8>, TpmError> {
    const ALG_SHA256: [u8; 2] = [0x00, 0x0b];
    let exact =
        Public::unmarshall(area).and_then(|public| public.marshall()).is_ok_and(|again| again == area);
    let malformed = TpmError::Malformed { what: "the pinned public area of the storage root key" };
    let sha256 = area.get(2..4) == Some(&ALG_SHA256[..]);
    if exact && sha256 { Ok([&ALG_SHA256[..], &Sha256::digest(area)].concat()) } else { Err(malformed) }
}

impl TryFrom<PinsFile> for Pins {
    type Error = TpmError;

    fn try_from(file: PinsFile) -> Result<Self, TpmError> {
        let malformed = |what| TpmError::Malformed { what };
        if file.version != Self::VERSION {
            return Err(malformed("the version of the pins"));
        }
        file.gate.require(Role::Gate)?;
        file.epoch.require(Role::Epoch)?;
        file.head.require(Role::Head)?;
        let public = hex::decode(&file.srk_public).map_err(|_| malformed("the pinned public area"))?;
        let digest = hex::decode(&file.pcr_digest).ok().and_then(|d| d.try_into().ok());
        let digest = digest.ok_or(malformed("the pinned PCR digest"))?;
        let pins = Self::new(public, file.pcrs, digest, file.is_software)?;
        let named = hex::encode(&pins.srk_name) == file.srk_name;
        if named { Ok(pins) } else { Err(malformed("the pinned Name of the storage root key")) }
    }
}

impl From<Pins> for PinsFile {
    fn from(pins: Pins) -> Self {
        Self {
            version: Pins::VERSION,
            srk_public: hex::encode(&pins.srk_public),
            srk_name: hex::encode(&pins.srk_name),
            gate: Role::Gate.pin(),
            epoch: Role::Epoch.pin(),
            head: Role::Head.pin(),
            pcrs: pins.pcrs,
            pcr_digest: hex::encode(pins.pcr_digest),
            is_software: pins.software,
        }
    }
}
