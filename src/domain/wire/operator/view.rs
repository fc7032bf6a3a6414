//! What a screen shows: the appliance, its credentials, its requests and its findings.

use serde::{Deserialize, Serialize};

use crate::domain::client::ClientRecord;
use crate::domain::credential::{Deposited, Handed, Seen};
use crate::domain::ids::{ApplianceName, CredentialName, JobName, OperatorId};
use crate::domain::operator::Role;
use crate::domain::request::doc::RequestDoc;
use crate::domain::request::quorum::Agreed;
use crate::domain::time::{ChipTime, Interval, Length, Timestamp};

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
    /// When it must be rotated: by its own terms, or within a day because somebody has seen it.
    pub rotate_by: Timestamp,
    /// `ok`, `due`, `overdue` or `past-sunset`.
    pub standing: Standing,
    /// Older generations, newest first.
    pub older: Vec<Deposited>,
    /// Jobs that may ask for it.
    pub jobs: Vec<JobName>,
    /// When it last left, and to whom.
    pub last_pull: Option<(Timestamp, JobName)>,
    /// Which job was handed which generation.
    pub handed: Vec<Handed>,
    /// Who was shown which generation, the last one first; at most a hundred.
    pub seen: Vec<Seen>,
}

/// A client in a list.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientView {
    /// What two operators agreed it is.
    pub record: ClientRecord,
    /// When it was last handed a credential, and which.
    pub last_pull: Option<(Timestamp, CredentialName)>,
    /// Its connections that wait.
    pub waiting: u32,
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
    /// How long before its deadline a rotation is due.
    const DUE: Length = Length::from_minutes(7 * 24 * 60);

    /// How a generation that must be rotated by `rotate_by` stands at `now`.
    pub fn of(current: &Deposited, rotate_by: Timestamp, now: Timestamp) -> Self {
        if current.terms.is_past_sunset(now) {
            Self::PastSunset
        } else if now >= rotate_by {
            Self::Overdue
        } else if now.plus(Self::DUE) >= rotate_by {
            Self::Due
        } else {
            Self::Ok
        }
    }

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
    /// A kind that arms no window took effect.
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
    /// What everybody agreed to so far, which may be less than was asked for; while it collects approvals.
    pub agreed: Option<Agreed>,
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
