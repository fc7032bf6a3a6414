//! What is known of bundles that verified.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::domain::audit::tree::TreeHash;

/// Everything that was given, verified. There is no such value of anything less.
#[derive(Debug, Serialize)]
pub struct Verified {
    pub(super) bundles: Vec<VerifiedBundle>,
    pub(super) proofs: Vec<VerifiedProof>,
    /// Whether somebody else than the bundles themselves vouches for the keys.
    pub(super) pinned: bool,
    pub(super) evaluation: bool,
    /// Whether every step was checked from set-up on.
    pub(super) complete: bool,
    /// Whether the witnesses of the policy were enough; none without a policy.
    pub(super) quorum: Option<bool>,
    /// How long the operators' signatures took, in milliseconds.
    #[serde(rename = "operator_signatures_ms", serialize_with = "in_ms")]
    pub(super) signatures_took: Duration,
}

impl Verified {
    /// The bundles, in the order of the log.
    pub fn bundles(&self) -> &[VerifiedBundle] {
        &self.bundles
    }

    /// The proofs of single entries.
    pub fn proofs(&self) -> &[VerifiedProof] {
        &self.proofs
    }

    /// Whether somebody else than the bundles themselves vouches for the keys.
    pub const fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// Whether a software TPM held the keys.
    pub const fn is_evaluation(&self) -> bool {
        self.evaluation
    }

    /// Whether every step of every bundle was checked from set-up on.
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether a witness policy was given, and met.
    pub const fn has_quorum(&self) -> bool {
        matches!(self.quorum, Some(true))
    }

    /// How long the operators' signatures took.
    pub const fn signatures_took(&self) -> Duration {
        self.signatures_took
    }
}

fn in_hex<S: Serializer>(root: &TreeHash, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(root)
}

fn in_ms<S: Serializer>(took: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

/// One bundle.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct VerifiedBundle {
    /// Its file or folder.
    pub file: PathBuf,
    /// The origin of the log.
    pub origin: String,
    /// The first entry.
    pub from: u64,
    /// Entries under its checkpoint: the last entry, and one.
    pub size: u64,
    /// The root in hex.
    pub root: String,
    /// When it was made, as it says.
    pub created: String,
    /// When its first entry was written.
    pub first: String,
    /// When its last one was.
    pub last: String,
    /// The last day of the keys.
    pub expires: String,
    /// Which of its keys the list of keys has.
    pub pinned_keys: Vec<&'static str>,
    /// The operators' keys that cosigned its checkpoint.
    pub cosigned: Vec<String>,
    /// How many signatures of operators are in its entries, all verified.
    pub operator_signatures: u64,
    /// How many versions the roster has.
    pub rosters: usize,
    /// Whether a software TPM held the keys.
    pub evaluation: bool,
    /// Whether each step was checked, which takes the log from its beginning.
    pub steps_checked: bool,
    /// How many of its six reports were computed again.
    pub reports_checked: usize,
    /// How many requests name another policy than the one in it.
    pub other_policies: u64,
    /// What the chip said.
    pub quote: QuoteFacts,
}

/// What the chip said when it was told a checkpoint.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct QuoteFacts {
    /// The registers, whose values are those of set-up.
    pub pcrs: Vec<u8>,
    /// The chip's clock in milliseconds.
    pub clock_ms: u64,
    /// How often it was reset.
    pub resets: u32,
    /// How often it was resumed since.
    pub restarts: u32,
    /// Whether the clock is known not to have been reported before.
    pub safe: bool,
    /// The version of its firmware.
    pub firmware: u64,
    /// Whether its maker's certificate came with it. It is not verified.
    pub certificate: bool,
}

/// One entry that is in the log.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct VerifiedProof {
    /// The file of the proof.
    pub file: PathBuf,
    /// The origin of the log.
    pub origin: String,
    /// Which entry.
    pub entry: u64,
    /// What it is.
    pub kind: &'static str,
    /// When it was written.
    pub at: String,
    /// Entries under the checkpoint that it is in.
    pub size: u64,
    /// The root in hex.
    #[serde(serialize_with = "in_hex")]
    pub root: TreeHash,
    /// Whether a software TPM held the keys.
    pub evaluation: bool,
}
