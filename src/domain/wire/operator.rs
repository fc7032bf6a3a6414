//! What consoles and command lines say to the keeper inside the Noise channel, and what it answers.
//!
//! Each message is one JSON value of at most 256 KiB. The first from each side is [`Hello`].
//! `Changed` may arrive at any time after a `Watch`; every other answer follows its question.

use serde::{Deserialize, Serialize};

use crate::domain::client::ClientRecord;
use crate::domain::credential::Terms;
use crate::domain::ids::{ApplianceName, CredentialName, Generation, JobName, OperatorId, RequestId};
use crate::domain::operator::{Roster, SignedRoster};
use crate::domain::request::doc::ReleaseWindow;
use crate::domain::secret::{Plaintext, SecretBytes};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

pub mod audit;
mod view;

pub use view::{ClientView, CredentialView, Finding, Level, RequestView, Standing, StateName, Status};

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
    /// Credentials in order of name, without values.
    Credentials {
        /// The last one that is known already; none to begin.
        after: Option<CredentialName>,
    },
    /// One credential.
    Credential {
        /// Its name.
        name: CredentialName,
    },
    /// Client records in order of the job's name.
    Clients {
        /// The last one that is known already; none to begin.
        after: Option<JobName>,
    },
    /// The people, their roles and public keys.
    Roster,
    /// The requests, newest first.
    Requests {
        /// Ended ones too.
        all: bool,
        /// When the last one that is known already was made, and its id; none to begin.
        after: Option<(Timestamp, RequestId)>,
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
    /// A request to be shown a credential oneself, once.
    RequestReveal {
        /// The credential.
        credential: CredentialName,
        /// When, at most 15 minutes long; 15 from the last approval when it is not said.
        window: Option<ReleaseWindow>,
        /// Why.
        reason: Text,
        /// Reference in the ticket system.
        ticket: Text,
    },
    /// Show it: spends the showing. Only who made the request is answered.
    Reveal {
        /// Which request.
        id: RequestId,
    },
    /// What [`Ask::Reveal`] brought has come.
    Received {
        /// Which request.
        id: RequestId,
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
        /// The operator's share of `Q`; only for what opens a credential.
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
    /// Checkpoints, proofs and bundles.
    Audit {
        /// What exactly.
        question: Box<audit::AuditAsk>,
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
        /// In order of name, as many as fit.
        credentials: Vec<CredentialView>,
        /// Whether there are more behind the last.
        more: bool,
    },
    /// To `Credential`.
    Credential(Box<CredentialView>),
    /// To `Clients`.
    Clients {
        /// In order of the job's name, as many as fit.
        clients: Vec<ClientView>,
        /// Whether there are more behind the last.
        more: bool,
    },
    /// To `Roster`.
    Roster {
        /// The one in force.
        roster: Roster,
    },
    /// To `Requests`.
    Requests {
        /// Newest first, as many as fit.
        requests: Vec<RequestView>,
        /// Whether there are more behind the last.
        more: bool,
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
    /// To `Reveal`, and to nothing else: the one message with a credential in it.
    Revealed {
        /// The credential.
        credential: CredentialName,
        /// Which value of it.
        generation: Generation,
        /// The value.
        #[serde(with = "crate::domain::secret::in_the_channel")]
        plaintext: Plaintext,
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
    /// To `Audit`.
    Audit {
        /// To its question.
        answer: audit::AuditReply,
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
