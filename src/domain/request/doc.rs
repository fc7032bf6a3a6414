//! The canonical request: the bytes that a screen is rendered from and an operator signs.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::canonical;
use crate::domain::client::ClientRecord;
use crate::domain::ids::{CredentialName, Generation, JobName, OperatorId, RequestId};
use crate::domain::operator::AgeRecipient;
use crate::domain::refusal::Refusal;
use crate::domain::text::Text;
use crate::domain::time::{Interval, Length, Timestamp};

/// Who asked.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Requester {
    /// A person on the roster.
    Operator(OperatorId),
    /// A legacy job.
    Job(JobName),
}

impl std::fmt::Display for Requester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Operator(id) => f.pad(&format!("operator:{id}")),
            Self::Job(name) => f.pad(&format!("job:{name}")),
        }
    }
}

impl TryFrom<String> for Requester {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is neither operator:<id> nor job:<name>");
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        match kind {
            "operator" => OperatorId::parse(name).map(Self::Operator).map_err(|e| e.to_string()),
            "job" => JobName::parse(name).map(Self::Job).map_err(|e| e.to_string()),
            _ => Err(wrong()),
        }
    }
}

impl From<Requester> for String {
    fn from(requester: Requester) -> Self {
        requester.to_string()
    }
}

/// The channel a credential will leave by.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// The local socket `pull.sock`, profile U of PC1.
    Unix,
}

/// When the gate may be up.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ReleaseWindow {
    /// From the moment the last approval arms it, for this long.
    FromArming {
        /// In milliseconds.
        length_ms: Length,
    },
    /// A fixed interval, possibly ahead.
    Fixed {
        /// Half-open, in milliseconds since the epoch.
        interval: Interval,
    },
}

impl ReleaseWindow {
    /// The longest a gate may be up.
    pub const LENGTH_MAX: Length = Length::from_minutes(24 * 60);
    /// What a request gets that asks for nothing.
    pub const LENGTH_DEFAULT: Length = Length::from_minutes(15);
    /// The longest in which a person may be shown a credential: somebody sits and waits for it.
    pub const REVEAL_LENGTH_MAX: Length = Length::from_minutes(15);

    /// Its length.
    pub const fn length(self) -> Length {
        match self {
            Self::FromArming { length_ms } => length_ms,
            Self::Fixed { interval } => interval.length(),
        }
    }

    /// What both allow; `None` when that is nothing, or when one is fixed and the other is not.
    pub fn intersect(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::FromArming { length_ms: a }, Self::FromArming { length_ms: b }) => {
                Some(Self::FromArming { length_ms: a.min(b) })
            }
            (Self::Fixed { interval: a }, Self::Fixed { interval: b }) => {
                a.intersect(b).map(|interval| Self::Fixed { interval })
            }
            _ => None,
        }
    }

    /// Whether `self` lies within `other`: an approver may shorten, never lengthen.
    pub fn is_within(self, other: Self) -> bool {
        self.length() > Length::ZERO && self.intersect(other) == Some(self)
    }

    /// The interval the chip will hold when armed at `now`; `None` when nothing of it is left.
    pub fn armed_at(self, now: Timestamp) -> Option<Interval> {
        match self {
            Self::FromArming { length_ms } => Interval::new(now, now.plus(length_ms)),
            Self::Fixed { interval } => (now < interval.closes()).then_some(interval),
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Subject {
    /// To release one generation of a credential to a job.
    Release {
        /// The credential.
        credential: CredentialName,
        /// Which value of it.
        generation: Generation,
        /// The job that will pull it.
        job: JobName,
        /// By what it will leave.
        channel: Channel,
        /// When.
        window: ReleaseWindow,
        /// How often, 1 to 100.
        pulls: u32,
    },
    /// To show one generation of a credential once, to the person who asks: the exception.
    Reveal {
        /// The credential.
        credential: CredentialName,
        /// Which value of it.
        generation: Generation,
        /// When.
        window: ReleaseWindow,
    },
    /// To add or replace a client record.
    Client {
        /// The whole record.
        client: ClientRecord,
    },
    /// To hand a part of the log over to auditors.
    Export {
        /// The first entry; it goes up to the checkpoint that is made for it.
        from: u64,
        /// Onto which medium, or to whom.
        medium: Text,
        /// The number of the seal that the medium is put under.
        seal: Option<Text>,
        /// Whom the bundle is encrypted to; nobody when it leaves in the clear.
        recipients: Vec<AgeRecipient>,
    },
    /// To lift a freeze.
    Thaw,
}

impl Subject {
    /// The most pulls one window may have.
    pub const PULLS_MAX: u32 = 100;
    /// The most people that one bundle is encrypted to.
    pub const RECIPIENTS_MAX: usize = 16;

    /// The word for the kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Release { .. } => "release",
            Self::Reveal { .. } => "reveal",
            Self::Client { .. } => "client",
            Self::Export { .. } => "export",
            Self::Thaw => "thaw",
        }
    }

    /// What a list shows: the credential, or what the request would change.
    pub fn title(&self) -> String {
        match self {
            Self::Release { credential, .. } => credential.to_string(),
            Self::Reveal { credential, .. } => format!("show {credential}"),
            Self::Client { client } => format!("client {}", client.job),
            Self::Export { from, .. } => format!("export from {from}"),
            Self::Thaw => "thaw".to_owned(),
        }
    }

    /// The generation of a credential whose window it arms; `None` for a kind that arms none.
    pub const fn opens(&self) -> Option<(&CredentialName, Generation)> {
        match self {
            Self::Release { credential, generation, .. } | Self::Reveal { credential, generation, .. } => {
                Some((credential, *generation))
            }
            Self::Client { .. } | Self::Export { .. } | Self::Thaw => None,
        }
    }

    /// The window asked for; `None` for a kind that arms none.
    pub const fn window(&self) -> Option<ReleaseWindow> {
        match self {
            Self::Release { window, .. } | Self::Reveal { window, .. } => Some(*window),
            Self::Client { .. } | Self::Export { .. } | Self::Thaw => None,
        }
    }

    /// How often its window may be opened; `None` for a kind that arms none.
    pub const fn pulls(&self) -> Option<u32> {
        match self {
            Self::Release { pulls, .. } => Some(*pulls),
            Self::Reveal { .. } => Some(1),
            Self::Client { .. } | Self::Export { .. } | Self::Thaw => None,
        }
    }
}

/// One operator's answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Yes.
    Approve,
}

/// The whole request: what both operators read, and what each signs.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestDoc {
    /// Format of these bytes: 1.
    pub v: u32,
    /// `<trust domain>/<appliance>`, the origin of the log.
    pub origin: String,
    /// The short id that an approver types.
    pub id: RequestId,
    /// What is asked for.
    pub subject: Subject,
    /// Who asked.
    pub requester: Requester,
    /// The owner of the asking client, who counts as the requester.
    pub on_behalf_of: Option<OperatorId>,
    /// SHA-256 in hex of the evidence the kernel gave of the caller, when a job asked.
    pub evidence: Option<String>,
    /// When it was asked.
    pub made: Timestamp,
    /// When an approval comes too late.
    pub decision_ends: Timestamp,
    /// Why.
    pub reason: Text,
    /// Reference in the ticket system; `-` when the standing reason of a client has none.
    pub ticket: Text,
    /// SHA-256 in hex of the policy in force.
    pub policy: String,
    /// SHA-256 in hex of the roster in force.
    pub roster: String,
    /// 16 random bytes of the keeper in hex; drawn anew when approvals are voided.
    pub nonce: String,
}

impl RequestDoc {
    /// How long operators have to decide unless policy says less.
    pub const DECISION_LENGTH: Length = Length::from_minutes(30);

    /// RFC 8785 bytes.
    pub fn canonical(&self) -> Vec<u8> {
        canonical::to_vec(self)
    }

    /// SHA-256 of `portcullis/request/v1`, NUL and the canonical bytes.
    pub fn fingerprint(&self) -> Fingerprint {
        let hash = Sha256::new().chain_update(b"portcullis/request/v1\0").chain_update(self.canonical());
        Fingerprint(hash.finalize().into())
    }

    /// The people who may not approve it because they asked.
    pub fn is_asked_by(&self, operator: &OperatorId) -> bool {
        self.on_behalf_of.as_ref() == Some(operator)
            || matches!(&self.requester, Requester::Operator(id) if id == operator)
    }

    /// Refuses whoever is not the one person whom this request would show a credential.
    ///
    /// # Errors
    /// [`Refusal::NotShown`] for another kind of request, [`Refusal::NotRequester`].
    pub fn check_shown_to(&self, operator: &OperatorId) -> Result<(), Refusal> {
        if !matches!(self.subject, Subject::Reveal { .. }) {
            return Err(Refusal::NotShown { request: self.id.clone(), kind: self.subject.kind() });
        }
        match &self.requester {
            Requester::Operator(asked) if asked == operator => Ok(()),
            _ => Err(Refusal::NotRequester { request: self.id.clone(), operator: operator.clone() }),
        }
    }
}

/// What two approvers read to each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// All 32 bytes in hex.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

impl std::fmt::Display for Fingerprint {
    /// The first 20 hex digits in 5 groups of 4.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let groups: Vec<String> = self.0[..10].chunks(2).map(hex::encode).collect();
        f.pad(&groups.join(" "))
    }
}

/// What one approver signs: the request, the verdict, and the window and pulls they agree to.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStatement {
    /// Who signs.
    pub operator: OperatorId,
    /// Their answer.
    pub verdict: Verdict,
    /// The request as it was shown.
    pub request: RequestDoc,
    /// The window they agree to, within the one asked for; none where the kind has none.
    pub window: Option<ReleaseWindow>,
    /// The pulls they agree to, at most those asked for; none where the kind has none.
    pub pulls: Option<u32>,
}

impl ApprovalStatement {
    /// The statement that agrees to everything as it was asked.
    pub fn as_asked(operator: OperatorId, request: RequestDoc) -> Self {
        let (window, pulls) = (request.subject.window(), request.subject.pulls());
        Self { operator, verdict: Verdict::Approve, request, window, pulls }
    }

    /// RFC 8785 bytes; signed behind the prefix `portcullis/approval/v1` and LF.
    pub fn canonical(&self) -> Vec<u8> {
        canonical::to_vec(self)
    }
}
