//! What happened: one variant for each type of entry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::founding::Founding;
use super::tree::Head;
use crate::domain::credential::Deposited;
use crate::domain::ids::{CredentialName, JobName, OperatorId, RequestId};
use crate::domain::request::doc::{ReleaseWindow, RequestDoc};
use crate::domain::selector::Evidence;
use crate::domain::text::Text;
use crate::domain::time::Interval;

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
        /// SHA-256 of the program's file in hex.
        program: String,
    },
    /// The keeper was told to stop.
    Stopped,
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
        /// The same in fields.
        caller: Box<Caller>,
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
    /// The head that ends with this entry may be signed, and no other.
    Checkpoint {
        /// The export that it is made for; none for the daily one.
        request: Option<RequestId>,
        /// The head before it that could be signed.
        previous: Option<Head>,
    },
    /// An operator cosigned a checkpoint.
    Cosigned {
        /// Entries under the checkpoint.
        size: u64,
        /// Who.
        operator: OperatorId,
        /// When, in seconds since 1970-01-01T00:00:00Z, as it was signed.
        time: u64,
        /// Ed25519 signature in hex, as C2SP tlog-cosignature has it.
        signature: String,
    },
    /// A bundle was written where its request said.
    Exported {
        /// By which request.
        request: RequestId,
        /// Who has it.
        operator: OperatorId,
        /// The entries in it: from the first number to before the second.
        range: (u64, u64),
        /// SHA-256 of its MANIFEST in hex.
        manifest: String,
    },
}

/// What the kernel said of the process that pulled. Its names and its path may tell more of a host than a
/// bundle should, and are keyed hashes.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Process number.
    pub pid: u32,
    /// Keyed hash of the name of `uid`, where it has one.
    pub user: Option<String>,
    /// Keyed hash of the path of the executable, where it could be read.
    pub path: Option<String>,
    /// SHA-256 of the executable in hex, where it was read.
    pub sha256: Option<String>,
}

impl Caller {
    /// What the log says of `evidence`, with names and paths as `hashed` has them.
    pub fn of(evidence: &Evidence, hashed: impl Fn(&str) -> String) -> Self {
        let Evidence { uid, gid, user, group: _, pid, path, sha256, kernel: _ } = evidence;
        let hashed = |text: &Option<String>| text.as_deref().map(&hashed);
        Self {
            uid: *uid,
            gid: *gid,
            pid: *pid,
            user: hashed(user),
            path: hashed(path),
            sha256: sha256.clone(),
        }
    }
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
                | Self::Cosigned { .. }
                | Self::Stopped
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
            Self::Stopped => "stopped",
            Self::Checkpoint { .. } => "checkpoint",
            Self::Cosigned { .. } => "cosigned",
            Self::Exported { .. } => "exported",
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
            | Self::ChipSays { request, .. }
            | Self::Checkpoint { request: Some(request), .. }
            | Self::Exported { request, .. } => Some(request),
            _ => None,
        }
    }
}
