//! Why bundles are not believed: which file, which member, and what of it.

use std::io;
use std::path::{Path, PathBuf};

use crate::auditor::error::BundleError;
use crate::auditor::leaves::TakeError;
use crate::crypto::note::OpenError;
use crate::crypto::roster::RosterChainError;
use crate::domain::audit::checkpoint::CheckpointError;
use crate::domain::audit::entry::EntryError;
use crate::domain::audit::files::FileError;
use crate::domain::audit::frontier::FrontierError;
use crate::domain::audit::manifest::Member;
use crate::domain::audit::note::NoteError;
use crate::domain::audit::proof::ProofError;
use crate::domain::audit::quote::QuoteError;
use crate::domain::audit::verify::VerifyError;
use crate::domain::ids::{OperatorId, RequestId};

/// A file that was refused, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", .file.display())]
pub struct Refused {
    /// Which file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub fault: Box<Fault>,
}

impl Refused {
    pub(super) fn at<F: Into<Fault>>(file: &Path) -> impl Fn(F) -> Self + use<'_, F> {
        move |fault| Self { file: file.to_owned(), fault: Box::new(fault.into()) }
    }
}

/// What kind of refusal it is, for exit codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It cannot be read at all.
    Unreadable,
    /// It holds together, and is less than what was asked for.
    NotEnough,
    /// It is not what it says it is.
    Integrity,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file, or one of its members as such.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Something beside bundles.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A bundle that was encrypted to somebody.
    #[error("it is encrypted: decrypt it first, with `age --decrypt`")]
    Encrypted,
    /// A member is no signed note.
    #[error("{member}: {why}")]
    Note {
        /// Which member.
        member: Member,
        /// Why not.
        why: NoteError,
    },
    /// A member is not signed as it says.
    #[error("{member}: {why}")]
    Signature {
        /// Which member.
        member: Member,
        /// Why not.
        why: OpenError,
    },
    /// A key that must have signed has not.
    #[error("{member}: {who} has not signed it")]
    NotSigned {
        /// Which member.
        member: Member,
        /// Whose key.
        who: &'static str,
    },
    /// A key that is relied on is another.
    #[error("{member}: {what} is not the one in the list of keys: {found}")]
    UnknownKey {
        /// Which member.
        member: Member,
        /// Which key.
        what: &'static str,
        /// The key that came with the bundle.
        found: String,
    },
    /// Nothing in the list of keys is of this log.
    #[error("it is of the log {origin}, and the list of keys has no key of that log")]
    Foreign {
        /// Which log.
        origin: String,
    },
    /// The keys were past their day.
    #[error("checkpoint: the last entry is of {last}, and its keys were good until {expires}: expired keys")]
    Expired {
        /// When the last entry was written.
        last: String,
        /// The last day of the keys.
        expires: String,
    },
    /// A member says something else than another one.
    #[error("{member}: {what}")]
    Differs {
        /// Which member.
        member: Member,
        /// What of it, and what it should be.
        what: String,
    },
    /// A checkpoint that is none.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A frontier that is none.
    #[error("frontier: {0}")]
    Frontier(#[from] FrontierError),
    /// A consistency proof that is none, or proves nothing.
    #[error("consistency: {0}")]
    Consistency(FileError),
    /// An entry is wrong.
    #[error("entries.ndjson: {0}")]
    Entry(VerifyError),
    /// The lines of the entries cannot be taken apart.
    #[error("entries.ndjson: {0}")]
    Lines(io::Error),
    /// An entry is of another version of the format.
    #[error("entries.ndjson: entry {seq} is of version {found}, and 1 is the only one there is")]
    Version {
        /// Which entry.
        seq: u64,
        /// What it says.
        found: u32,
    },
    /// An entry is stamped otherwise than those before it.
    #[error("entries.ndjson: entry {seq} is {what}, and those before it are not")]
    Stamp {
        /// Which entry.
        seq: u64,
        /// As what it is stamped.
        what: &'static str,
    },
    /// The chip's counters went back.
    #[error("entries.ndjson: entry {seq}: the chip's count of resets went back from {from} to {to}")]
    BootBack {
        /// Which entry.
        seq: u64,
        /// Before.
        from: u32,
        /// In it.
        to: u32,
    },
    /// More entries or fewer than there should be.
    #[error("entries.ndjson: {found} entries, and MANIFEST says {expected}")]
    Count {
        /// At least so many.
        found: u64,
        /// By MANIFEST.
        expected: u64,
    },
    /// The entries are others than those that were signed.
    #[error("entries.ndjson: the entries give the root {found}, and the signed checkpoint says {expected}")]
    Root {
        /// Of the entries.
        found: String,
        /// By the checkpoint.
        expected: String,
    },
    /// The last entry is not the checkpoint that the bundle is made with.
    #[error("entries.ndjson: entry {seq}, the last, is no checkpoint: such a head is never signed")]
    NoCheckpoint {
        /// Which entry.
        seq: u64,
    },
    /// An approval that its operator did not give.
    #[error("entries.ndjson: entry {seq}: {operator} did not sign this approval of {request}: {why}")]
    Approval {
        /// Which entry.
        seq: u64,
        /// Who is said to have signed.
        operator: OperatorId,
        /// Which request.
        request: RequestId,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A cosignature that its operator did not give.
    #[error("entries.ndjson: entry {seq}: {operator} did not sign this cosignature: {why}")]
    Cosignature {
        /// Which entry.
        seq: u64,
        /// Who is said to have signed.
        operator: OperatorId,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The rosters do not follow from one another.
    #[error("rosters.json: {0}")]
    Rosters(#[from] RosterChainError),
    /// What the chip said does not read.
    #[error("{member}: {why}")]
    Chip {
        /// Which member.
        member: Member,
        /// Why not.
        why: QuoteError,
    },
    /// What the chip said is not what it must say.
    #[error("{member}: {what}")]
    Attested {
        /// Which member.
        member: Member,
        /// What of it.
        what: String,
    },
    /// The chip was in another state.
    #[error("quote/quote.pcrs: the PCRs differ from set-up: {what}")]
    Pcrs {
        /// In what.
        what: String,
    },
    /// The chip's counters went back.
    #[error("quote/quote.msg: {what}: the chip was cleared (TPM2_Clear), or it is another or a copy")]
    Counters {
        /// Which, and from where to where.
        what: String,
    },
    /// The log goes on otherwise in another file.
    #[error("{0}")]
    Contradiction(#[from] Contradiction),
    /// Entries are missing between two files.
    #[error("entries {from} to {to} are missing: they are in none of the bundles that were given")]
    Gap {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// Two files are of two logs, or of two sets of keys.
    #[error("{what}, and {} {than}: bundles of one log are verified together", .other.display())]
    TwoLogs {
        /// What this one is.
        what: String,
        /// The other file.
        other: PathBuf,
        /// What that one is.
        than: String,
    },
    /// A proof of one entry.
    #[error("{0}")]
    Proof(FileError),
    /// The entry beside a proof.
    #[error("{} beside it: {why}", .entry.display())]
    ProvenEntry {
        /// Its file.
        entry: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A proof brings no keys.
    #[error("a proof of one entry brings no keys of its own, and no list of keys was given")]
    KeysNeeded,
    /// A software TPM held the keys.
    #[error("the log is of an EVALUATION appliance, whose software TPM proves nothing")]
    Evaluation,
    /// Not enough of those who the policy names have cosigned.
    #[error("checkpoint: {cosigned} of the witnesses of the policy have cosigned it, which are not enough")]
    Quorum {
        /// How many have.
        cosigned: usize,
    },
    /// The policy names other logs.
    #[error("checkpoint: none of the logs of the policy has signed it")]
    PolicyLog,
}

/// Two files say two things of one log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "it contradicts {}: of {size} entries the roots are {ours} here and {theirs} there{}. \
     The log was restored from an older copy and continued, or rewritten",
    .other.display(), first(*.differs)
)]
pub struct Contradiction {
    /// The other file.
    pub other: PathBuf,
    /// Of so many entries.
    pub size: u64,
    /// The root here.
    pub ours: String,
    /// The root there.
    pub theirs: String,
    /// The first entry that is another, where both files have it.
    pub differs: Option<u64>,
}

fn first(differs: Option<u64>) -> String {
    differs.map_or_else(String::new, |seq| format!("; entry {seq} is the first that differs"))
}

impl Fault {
    pub(super) fn differs(member: Member, what: impl Into<String>) -> Self {
        Self::Differs { member, what: what.into() }
    }

    pub(super) fn attested(member: Member, what: impl Into<String>) -> Self {
        Self::Attested { member, what: what.into() }
    }

    /// What kind of refusal it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Bundle(BundleError::Io { .. } | BundleError::NotABundle { .. })
            | Self::Io(_)
            | Self::Encrypted => Kind::Unreadable,
            Self::Evaluation | Self::Quorum { .. } | Self::PolicyLog | Self::KeysNeeded => Kind::NotEnough,
            _ => Kind::Integrity,
        }
    }

    /// A word for it that does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Bundle(BundleError::Io { .. } | BundleError::NotABundle { .. })
            | Self::Io(_)
            | Self::Encrypted => "unreadable",
            Self::Bundle(_) | Self::Lines(_) => "bundle",
            Self::Note { .. } | Self::Signature { .. } | Self::NotSigned { .. } => "signature",
            Self::UnknownKey { .. } | Self::KeysNeeded => "unknown-key",
            Self::Foreign { .. } | Self::TwoLogs { .. } => "foreign",
            Self::Expired { .. } => "expired-key",
            Self::Differs { .. } => "differs",
            Self::Checkpoint(_) | Self::NoCheckpoint { .. } => "checkpoint",
            Self::Frontier(_) | Self::Consistency(_) => "consistency",
            Self::Entry(_) | Self::Version { .. } | Self::Stamp { .. } | Self::BootBack { .. } => "entries",
            Self::Count { .. } | Self::Root { .. } => "entries",
            Self::Approval { .. } | Self::Cosignature { .. } => "operator-signature",
            Self::Rosters(_) => "roster",
            Self::Chip { .. } | Self::Attested { .. } => "attestation",
            Self::Pcrs { .. } => "pcrs",
            Self::Counters { .. } => "counters",
            Self::Contradiction(_) => "contradiction",
            Self::Gap { .. } => "gap",
            Self::Proof(_) | Self::ProvenEntry { .. } => "proof",
            Self::Evaluation => "evaluation",
            Self::Quorum { .. } | Self::PolicyLog => "quorum",
        }
    }
}

impl From<VerifyError> for Fault {
    fn from(error: VerifyError) -> Self {
        Self::Entry(error)
    }
}

impl From<TakeError> for Fault {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Input(error) if error.kind() == io::ErrorKind::InvalidData => Self::Lines(error),
            TakeError::Input(error) => Self::Io(error),
            TakeError::Log(error) => Self::Entry(error),
        }
    }
}

impl From<EntryError> for Fault {
    fn from(error: EntryError) -> Self {
        Self::Entry(error.into())
    }
}

impl From<ProofError> for Fault {
    fn from(error: ProofError) -> Self {
        Self::Consistency(error.into())
    }
}
