//! What set-up fixed, and the keys that sign the log.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ApplianceName, TrustDomain};
use crate::domain::operator::{SignedRoster, hex_bytes};
use crate::domain::time::Day;

/// What set-up fixed.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// Name of the appliance.
    pub appliance: ApplianceName,
    /// SPIFFE trust domain of its jobs.
    pub trust_domain: TrustDomain,
    /// The first roster, signed by everybody on it.
    pub roster: SignedRoster,
    /// SHA-256 in hex of the policy.
    pub policy: String,
    /// The age recipient of the recovery identity.
    pub recovery: String,
    /// How many recovery shares there are, and how many join.
    pub recovery_shares: (u32, u32),
    /// The keeper's X25519 public key in hex.
    pub keeper: String,
    /// SHA-256 in hex of what was pinned of the chip.
    pub chip: String,
    /// Value of the epoch counter at set-up.
    pub epoch_base: u64,
    /// Version of the program.
    pub version: String,
    /// SHA-256 of the program's file in hex.
    pub program: String,
    /// The measured state: which PCRs, as `sha256:0,2,4,7`.
    pub pcrs: String,
    /// SHA-256 in hex over their values at set-up.
    pub pcr_digest: String,
    /// What signs the log.
    pub keys: LogKeys,
}

/// The public halves of what signs the log, and what binds them to the chip.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogKeys {
    /// Ed25519, for checkpoints.
    #[serde(with = "hex_bytes")]
    pub log: [u8; 32],
    /// Ed25519, for the MANIFEST of a bundle.
    #[serde(with = "hex_bytes")]
    pub bundle: [u8; 32],
    /// ECDSA P-256 in the chip, for checkpoints: its public area, TPMT_PUBLIC in hex.
    pub tpm: String,
    /// The attestation key: its public area, TPMT_PUBLIC in hex.
    pub attestation: String,
    /// What the attestation key says of the one in the chip: TPMS_ATTEST in hex.
    pub certified: String,
    /// The attestation key's signature of that, DER in hex.
    pub certificate: String,
    /// The day on which they stop to be good for signing.
    pub expires: Day,
}

impl Founding {
    /// The origin of the log.
    pub fn origin(&self) -> String {
        format!("{}/{}", self.trust_domain, self.appliance)
    }
}
