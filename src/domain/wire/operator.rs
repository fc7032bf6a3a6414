//! What consoles and command lines say to the keeper inside the Noise channel, and what it answers.
//!
//! Each message is one JSON value of at most 256 KiB. The first from each side is [`Hello`].
//! `Changed` may arrive at any time after a `Watch`; every other answer follows its question.

use serde::{Deserialize, Serialize};

use crate::domain::client::ClientRecord;
use crate::domain::credential::{Deposited, Terms};
use crate::domain::ids::{ApplianceName, CredentialName, Generation, JobName, OperatorId, RequestId};
use crate::domain::operator::{Role, SignedRoster};
use crate::domain::request::doc::{ReleaseWindow, RequestDoc};
use crate::domain::secret::SecretBytes;
use crate::domain::text::Text;
use crate::domain::time::{ChipTime, Interval, Timestamp};

/// The version of this vocabulary.
pub const VERSION: u32 = 1;

/// The first message of either side: `{"v":1}`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// [`VERSION`] of the sender.
    pub v: u32,
}

/// What an operator's side asks.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// How the appliance is.
    Status,
    /// Every credential, without values.
    Credentials,
    /// One credential.
    Credential {
        /// Its name.
        name: CredentialName,
    },
    /// Every client record.
    Clients,
    /// The requests, newest first.
    Requests {
        /// Ended ones too.
        all: bool,
    },
    /// One request with the asker's own sealed share.
    Request {
        /// Its id.
        id: RequestId,
    },
    /// What a custodian must know before wrapping a credential.
    DepositContext {
        /// The credential.
        name: CredentialName,
        /// Whether an existing one gets its next generation.
        next: bool,
    },
    /// A credential, wrapped on the custodian's side.
    Deposit(Box<Deposit>),
    /// A request to release.
    RequestRelease {
        /// The credential.
        credential: CredentialName,
        /// The job that will pull.
        job: JobName,
        /// When the gate may be up.
        window: ReleaseWindow,
        /// How often.
        pulls: u32,
        /// Why.
        reason: Text,
        /// Reference in the ticket system.
        ticket: Text,
    },
    /// A request to add or replace a client.
    RequestClient {
        /// The record.
        client: Box<ClientRecord>,
        /// Why.
        reason: Text,
        /// Reference in the ticket system.
        ticket: Text,
    },
    /// A request to thaw.
    RequestThaw {
        /// Why.
        reason: Text,
        /// Reference in the ticket system.
        ticket: Text,
    },
    /// A signed yes.
    Approve {
        /// Which request.
        id: RequestId,
        /// The canonical bytes of the `ApprovalStatement`, as text.
        statement: String,
        /// Ed25519 signature of it, in hex.
        signature: String,
        /// The operator's share of `Q`; only for a release.
        share: Option<SecretBytes>,
    },
    /// A no.
    Deny {
        /// Which request.
        id: RequestId,
        /// Why.
        reason: Text,
    },
    /// Withdraw a request or close its window.
    Revoke {
        /// Which request.
        id: RequestId,
        /// Why.
        reason: Text,
    },
    /// Everything down, at once.
    Freeze {
        /// Why.
        reason: Text,
    },
    /// Leaves of the log.
    Entries {
        /// The first index.
        from: u64,
        /// At most this many; the keeper may send fewer.
        count: u32,
    },
    /// Read every leaf back from the store and compare with tree and chip.
    AuditVerify,
    /// Look at TPM, clock, store, permissions and quorum.
    Doctor,
    /// Say [`Reply::Changed`] whenever something that a screen shows has changed.
    Watch,
    /// The only thing a key that is not on the roster may say: a key file was not opened.
    PassphraseFailed {
        /// Whose key file.
        operator: OperatorId,
    },
}

/// A credential generation, wrapped where the custodian sits: the keeper never has its plaintext or `Q`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Deposit {
    /// The credential.
    pub name: CredentialName,
    /// The generation that the context named.
    pub generation: Generation,
    /// Why it exists, for how long, and who answers for it.
    pub terms: Terms,
    /// The chip's half of the key, to be sealed and forgotten.
    pub t: SecretBytes,
    /// The wrapped parts.
    pub record: WrappedRecord,
}

/// What the store keeps of one generation, beside the sealed `T`: ciphertext only.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedRecord {
    /// Salt of the data key, 32 bytes in hex.
    pub salt: String,
    /// The envelope, as the crypto room writes it.
    pub envelope: String,
    /// One share of `Q` for each operator, as the crypto room writes them.
    pub shares: Vec<String>,
    /// How many shares join.
    pub k: u32,
    /// `T` wrapped to the recovery recipient, base64 of an age file.
    pub recovery: String,
    /// Digest in hex of the roster the shares were made for.
    pub roster: String,
}

/// What the keeper answers.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "reply", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reply {
    /// To `Status`.
    Status(Box<Status>),
    /// To `Credentials`.
    Credentials {
        /// In order of name.
        credentials: Vec<CredentialView>,
    },
    /// To `Credential`.
    Credential(Box<CredentialView>),
    /// To `Clients`.
    Clients {
        /// In order of name.
        clients: Vec<ClientRecord>,
    },
    /// To `Requests`.
    Requests {
        /// Newest first.
        requests: Vec<RequestView>,
    },
    /// To `Request`.
    Request {
        /// The request.
        view: Box<RequestView>,
        /// The asker's own sealed share of it, as the crypto room writes it.
        share: Option<String>,
    },
    /// To `DepositContext`.
    DepositContext {
        /// For the context of shares.
        appliance: ApplianceName,
        /// The generation to wrap.
        generation: Generation,
        /// Every roster from set-up to now, to be checked before its keys are used.
        rosters: Vec<SignedRoster>,
        /// The age recipient that `T` is wrapped to.
        recovery: String,
    },
    /// A request was made, or its state changed.
    Done {
        /// The request, if one is concerned.
        request: Option<Box<RequestView>>,
        /// What happened, for a person.
        message: String,
    },
    /// To `Entries`.
    Entries {
        /// Canonical leaves from the index asked for.
        leaves: Vec<String>,
        /// Leaves in the tree.
        size: u64,
        /// RFC 6962 root over all of them, in hex.
        root: String,
    },
    /// To `AuditVerify`.
    AuditVerified {
        /// Leaves read back.
        size: u64,
        /// Their root in hex.
        root: String,
        /// The anchored epoch.
        epoch: u64,
    },
    /// To `Doctor`.
    Doctor {
        /// One finding a line.
        findings: Vec<Finding>,
    },
    /// Something changed; pushed after `Watch`.
    Changed {
        /// Leaves in the tree now.
        size: u64,
    },
    /// To `Watch`.
    Watching,
    /// No.
    Refused(Refused),
}

/// A refusal: two lines for a person and a code for a program.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// Stable, in kebab case.
    pub code: String,
    /// The exit code of section 7 of the design.
    pub exit: u8,
    /// What happened.
    pub what: String,
    /// What to do next.
    pub advice: String,
}

/// How the appliance is.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Its name.
    pub appliance: ApplianceName,
    /// `<trust domain>/<appliance>`.
    pub origin: String,
    /// Whether a software TPM holds its keys.
    pub evaluation: bool,
    /// Who asks, as the keeper knows them.
    pub operator: OperatorId,
    /// What they may do.
    pub roles: Vec<Role>,
    /// The appliance's clock.
    pub now: Timestamp,
    /// The chip's clock.
    pub chip: ChipTime,
    /// Empty when the clocks agree, else what is wrong.
    pub clock_alarm: Option<String>,
    /// Who froze it, and why.
    pub frozen: Option<String>,
    /// Leaves in the log.
    pub log_size: u64,
    /// The anchored epoch.
    pub epoch: u64,
    /// Approvals needed.
    pub quorum: u32,
    /// People on the roster who may approve.
    pub approvers: Vec<OperatorId>,
    /// Jobs connected and waiting.
    pub waiting: u32,
    /// Version of the program that keeps the gate.
    pub version: String,
}

/// A credential in a list; never its value.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialView {
    /// Its name.
    pub name: CredentialName,
    /// Its newest generation.
    pub current: Deposited,
    /// When it must be rotated.
    pub rotate_by: Timestamp,
    /// `ok`, `due`, `overdue` or `past-sunset`.
    pub standing: Standing,
    /// Older generations, newest first.
    pub older: Vec<Deposited>,
    /// Jobs that may ask for it.
    pub jobs: Vec<JobName>,
    /// When it last left, and to whom.
    pub last_pull: Option<(Timestamp, JobName)>,
}

/// How a credential stands against its dates.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing is due within a week.
    Ok,
    /// Rotation is due within a week.
    Due,
    /// Rotation is overdue.
    Overdue,
    /// It is refused.
    PastSunset,
}

impl Standing {
    /// The word a screen shows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Due => "DUE",
            Self::Overdue => "OVERDUE",
            Self::PastSunset => "PAST SUNSET",
        }
    }
}

/// The word for the state of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateName {
    /// Collecting approvals.
    Requested,
    /// The quorum is there; the chip is at work.
    Arming,
    /// The window is sealed into the chip.
    Armed,
    /// No pull is left.
    Spent,
    /// A kind other than release took effect.
    Granted,
    /// An operator said no.
    Denied,
    /// Time ended it.
    Expired,
    /// An operator, a freeze or a reboot ended it.
    Revoked,
}

impl StateName {
    /// The word a screen shows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::Arming => "ARMING",
            Self::Armed => "ARMED",
            Self::Spent => "SPENT",
            Self::Granted => "GRANTED",
            Self::Denied => "DENIED",
            Self::Expired => "EXPIRED",
            Self::Revoked => "REVOKED",
        }
    }

    /// Whether anything can still happen to it.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Requested | Self::Arming | Self::Armed)
    }
}

/// A request as a screen shows it.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestView {
    /// What was asked; its canonical bytes give the fingerprint, which the reader computes.
    pub doc: RequestDoc,
    /// Where it stands.
    pub state: StateName,
    /// Who has approved.
    pub approvals: Vec<OperatorId>,
    /// Approvals needed.
    pub need: u32,
    /// The window in force, once armed.
    pub window: Option<Interval>,
    /// Pulls left, once armed.
    pub pulls_left: Option<u32>,
    /// The appliance's clock when this was written.
    pub now: Timestamp,
    /// Jobs connected and waiting for it.
    pub waiting: u32,
    /// How it ended or what last went wrong, for a person.
    pub note: Option<String>,
}

impl RequestView {
    /// The instant that ends the state it is in; `None` when it has ended.
    pub fn ends(&self) -> Option<Timestamp> {
        match self.state {
            StateName::Requested | StateName::Arming => Some(self.doc.decision_ends),
            StateName::Armed => self.window.map(Interval::closes),
            _ => None,
        }
    }

    /// `1/2` while it collects approvals, else the word for its state.
    pub fn state_text(&self) -> String {
        match self.state {
            StateName::Requested => format!("{}/{}", self.approvals.len(), self.need),
            other => other.word().to_owned(),
        }
    }
}

/// One line of `doctor`.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// Whether it is as it should be.
    pub level: Level,
    /// What was seen.
    pub seen: String,
    /// What to do, unless it is well.
    pub advice: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and somebody should look.
    Warn,
    /// It does not work.
    Fail,
}
