//! One entry of the log: a header, and what happened. Written once as canonical JSON, never again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::leaf;
use crate::domain::canonical;
use crate::domain::credential::Deposited;
use crate::domain::ids::{ApplianceName, CredentialName, JobName, OperatorId, RequestId, TrustDomain};
use crate::domain::operator::SignedRoster;
use crate::domain::request::doc::{ReleaseWindow, RequestDoc};
use crate::domain::text::Text;
use crate::domain::time::{ChipBoot, Interval, Timestamp};

/// The longest entry, in bytes of its canonical form.
///
/// # Source
/// C2SP tlog-tiles: entries have a 16-bit length prefix.
pub const ENTRY_LEN_MAX: usize = 65_535;

/// One entry.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Entry {
    /// Format of these bytes: 1.
    pub v: u32,
    /// Index of the leaf, from 0.
    pub seq: u64,
    /// When, on the appliance's clock.
    pub ts: Timestamp,
    /// When, on the chip's clock, in milliseconds.
    pub mono: u64,
    /// The boot of the chip.
    pub boot: ChipBoot,
    /// The anchored epoch: the one this entry brings about, or the one it was written in.
    pub epoch: u64,
    /// Whether a software TPM held the keys.
    pub evaluation: bool,
    /// Who did it: `operator:<id>`, `job:<name>`, `uid:<n>` or `keeper`.
    pub actor: Vec<String>,
    /// What happened.
    #[serde(flatten)]
    pub body: Body,
}

/// Why bytes are not an entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EntryError {
    /// Over [`ENTRY_LEN_MAX`].
    #[error("the entry has {len} bytes, allowed are {ENTRY_LEN_MAX}")]
    TooLong {
        /// What it would have.
        len: usize,
    },
    /// Not JSON, or not of a known type, or not canonical.
    #[error("entry {seq} is not canonical JSON of a known type: {why}")]
    Malformed {
        /// Where it stands.
        seq: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A leaf in another's place.
    #[error("entry {seq} says that it is entry {claims}")]
    OutOfPlace {
        /// Where it stands.
        seq: u64,
        /// What it says.
        claims: u64,
    },
}

impl Entry {
    /// The leaf: RFC 8785 bytes.
    ///
    /// # Errors
    /// [`EntryError::TooLong`].
    pub fn to_leaf(&self) -> Result<Vec<u8>, EntryError> {
        let leaf = leaf::write(self);
        if leaf.len() > ENTRY_LEN_MAX { Err(EntryError::TooLong { len: leaf.len() }) } else { Ok(leaf) }
    }

    /// Reads leaf number `seq`. What is read is what would be written: unknown fields, another
    /// order or another spelling are refused.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn from_leaf(seq: u64, leaf: &[u8]) -> Result<Self, EntryError> {
        if leaf.len() > ENTRY_LEN_MAX {
            return Err(EntryError::TooLong { len: leaf.len() });
        }
        let entry = leaf::read(leaf).map_or_else(|| Self::from_any_json(seq, leaf), Ok)?;
        if entry.seq != seq {
            return Err(EntryError::OutOfPlace { seq, claims: entry.seq });
        }
        Ok(entry)
    }

    /// The same in the derived way, which also says what is wrong.
    pub(super) fn from_any_json(seq: u64, leaf: &[u8]) -> Result<Self, EntryError> {
        let malformed = |why: String| EntryError::Malformed { seq, why };
        let entry: Self = serde_json::from_slice(leaf).map_err(|error| malformed(error.to_string()))?;
        if canonical::to_vec(&entry) != leaf {
            return Err(malformed("it reads, and would be written otherwise".to_owned()));
        }
        Ok(entry)
    }
}

/// How a hand-over ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// The peer said that it has it.
    Acknowledged,
    /// The kernel took every byte for the peer.
    Written,
    /// Nobody can say.
    Unknown,
}

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
}

impl Founding {
    /// The origin of the log.
    pub fn origin(&self) -> String {
        format!("{}/{}", self.trust_domain, self.appliance)
    }
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type", content = "detail", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Body {
    /// The appliance was set up.
    Setup(Box<Founding>),
    /// The keeper started.
    Started {
        /// Requests whose approvals a restart voided, with their new nonces.
        voided: BTreeMap<RequestId, String>,
        /// Windows that a reboot or a moved gate had ended on the chip.
        ended: Vec<RequestId>,
        /// Version of the program.
        version: String,
    },
    /// A generation was deposited.
    Deposited {
        /// The credential.
        credential: CredentialName,
        /// The generation, its terms and depositor.
        deposited: Box<Deposited>,
    },
    /// A request was made.
    Requested {
        /// All of it.
        doc: Box<RequestDoc>,
    },
    /// An operator approved.
    Approved {
        /// Which request.
        request: RequestId,
        /// Who.
        operator: OperatorId,
        /// The window they agreed to.
        window: Option<ReleaseWindow>,
        /// The pulls they agreed to.
        pulls: Option<u32>,
        /// Ed25519 signature of the `ApprovalStatement`, in hex.
        signature: String,
    },
    /// The window was sealed into the chip.
    Armed {
        /// Which request.
        request: RequestId,
        /// The interval on the appliance's clock.
        window: Interval,
        /// The same on the chip's clock, in milliseconds.
        chip: (u64, u64),
        /// The gate counter it is bound to.
        gate: u64,
        /// SHA-256 in hex of the sealed window object.
        sealed: String,
    },
    /// Arming failed; the approvals are void.
    ArmFailed {
        /// Which request.
        request: RequestId,
        /// Why.
        why: String,
        /// The new nonce.
        nonce: String,
    },
    /// An operator said no.
    Denied {
        /// Which request.
        request: RequestId,
        /// Who.
        operator: OperatorId,
        /// Why.
        reason: Text,
    },
    /// An operator withdrew it, or closed its window.
    Revoked {
        /// Which request.
        request: RequestId,
        /// Who.
        operator: OperatorId,
        /// Why.
        reason: Text,
    },
    /// Time ended it.
    Expired {
        /// Which request.
        request: RequestId,
    },
    /// Everything down.
    Frozen {
        /// Who.
        operator: OperatorId,
        /// Why.
        reason: Text,
    },
    /// One pull is spent, before the chip is asked.
    Pulled {
        /// Which request.
        request: RequestId,
        /// Who pulled.
        job: JobName,
        /// SHA-256 in hex of what the kernel said of the caller.
        evidence: String,
    },
    /// The one showing is spent, before the chip is asked.
    Revealed {
        /// Which request.
        request: RequestId,
        /// Who asked, and is shown it.
        operator: OperatorId,
    },
    /// The failure came before any plaintext existed: the pull or the showing is given back.
    PullReturned {
        /// Which request.
        request: RequestId,
        /// Why.
        why: String,
    },
    /// How a hand-over ended.
    Delivered {
        /// Which request.
        request: RequestId,
        /// To whom.
        job: JobName,
        /// How.
        delivered: Delivery,
    },
    /// How a showing ended: `acknowledged` by the person's own side, or `unknown`.
    Shown {
        /// Which request.
        request: RequestId,
        /// To whom.
        operator: OperatorId,
        /// How.
        delivered: Delivery,
    },
    /// What the chip says of a window that has ended.
    ChipSays {
        /// Which request.
        request: RequestId,
        /// `closed` or `open`, the TPM response code and the policy command that gave it.
        answer: String,
    },
    /// Somebody was refused.
    Refused {
        /// What they wanted.
        wanted: String,
        /// The code of the refusal.
        code: String,
        /// What happened.
        what: String,
    },
    /// A key file was not opened.
    PassphraseFailed {
        /// Whose.
        operator: OperatorId,
    },
}

impl Body {
    /// Whether it changes what decides, or releases: then it is anchored before anything follows
    /// from it. The others are written at once and anchored with the next that does.
    pub const fn is_anchored(&self) -> bool {
        !matches!(
            self,
            Self::Delivered { .. }
                | Self::Shown { .. }
                | Self::ChipSays { .. }
                | Self::Refused { .. }
                | Self::PassphraseFailed { .. }
        )
    }

    /// The word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Setup(_) => "setup",
            Self::Started { .. } => "started",
            Self::Deposited { .. } => "deposited",
            Self::Requested { .. } => "requested",
            Self::Approved { .. } => "approved",
            Self::Armed { .. } => "armed",
            Self::ArmFailed { .. } => "arm-failed",
            Self::Denied { .. } => "denied",
            Self::Revoked { .. } => "revoked",
            Self::Expired { .. } => "expired",
            Self::Frozen { .. } => "frozen",
            Self::Pulled { .. } => "pulled",
            Self::Revealed { .. } => "revealed",
            Self::PullReturned { .. } => "pull-returned",
            Self::Delivered { .. } => "delivered",
            Self::Shown { .. } => "shown",
            Self::ChipSays { .. } => "chip-says",
            Self::Refused { .. } => "refused",
            Self::PassphraseFailed { .. } => "passphrase-failed",
        }
    }

    /// The request it is about.
    pub const fn request(&self) -> Option<&RequestId> {
        match self {
            Self::Requested { doc } => Some(&doc.id),
            Self::Approved { request, .. }
            | Self::Armed { request, .. }
            | Self::ArmFailed { request, .. }
            | Self::Denied { request, .. }
            | Self::Revoked { request, .. }
            | Self::Expired { request }
            | Self::Pulled { request, .. }
            | Self::Revealed { request, .. }
            | Self::PullReturned { request, .. }
            | Self::Delivered { request, .. }
            | Self::Shown { request, .. }
            | Self::ChipSays { request, .. } => Some(request),
            _ => None,
        }
    }
}
