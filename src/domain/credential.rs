//! What is said of a credential; never the credential itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{Generation, JobName, OperatorId, RequestId};
use super::text::Text;
use super::time::{Day, Length, Timestamp};

/// What sort of secret it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// A password or passphrase.
    #[default]
    Password,
    /// A number typed at a device.
    Pin,
    /// A symmetric or private key.
    Key,
}

impl CredentialKind {
    /// The word for it, as it is stored and bound into the envelope.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Pin => "pin",
            Self::Key => "key",
        }
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl std::str::FromStr for CredentialKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Password, Self::Pin, Self::Key]
            .into_iter()
            .find(|kind| kind.word() == text)
            .ok_or_else(|| format!("{text:?} is not password, pin or key"))
    }
}

/// Days between two rotations: 1 to 1,096, three years.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct RotationDays(u32);

impl RotationDays {
    const DAYS_MAX: u32 = 1_096;

    /// The only way to make one; `None` outside the range.
    pub fn new(days: u32) -> Option<Self> {
        (1..=Self::DAYS_MAX).contains(&days).then_some(Self(days))
    }

    /// The number of days.
    pub const fn days(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for RotationDays {
    type Error = String;

    fn try_from(days: u32) -> Result<Self, String> {
        Self::new(days)
            .ok_or_else(|| format!("{days} is not a rotation interval: write 1 to {} days", Self::DAYS_MAX))
    }
}

impl From<RotationDays> for u32 {
    fn from(days: RotationDays) -> Self {
        days.0
    }
}

/// Why this credential may exist, for how long, and who answers for it.
///
/// Every field is required: a credential without them cannot be deposited.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The person or team that answers for it.
    pub owner: Text,
    /// Why it cannot federate.
    pub reason: Text,
    /// How often it must change.
    pub rotation_days: RotationDays,
    /// The last day it may be released on.
    pub sunset: Day,
    /// What sort of secret it is.
    pub kind: CredentialKind,
}

impl Terms {
    /// Whether the sunset has passed at `now`.
    pub fn is_past_sunset(&self, now: Timestamp) -> bool {
        now >= self.sunset.end()
    }
}

/// One deposited value of a credential.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Deposited {
    /// Which value it is.
    pub generation: Generation,
    /// The terms it was deposited under.
    pub terms: Terms,
    /// Who deposited it, and may therefore not approve its release.
    pub depositor: OperatorId,
    /// When.
    pub at: Timestamp,
    /// SHA-256 of the wrapped record in the store, in hex; the record is random to whoever lacks the key.
    pub record: String,
}

/// That a job was handed a value of a credential.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Handed {
    /// Which value.
    pub generation: Generation,
    /// The job.
    pub job: JobName,
    /// How often.
    pub count: u32,
    /// When last.
    pub last: Timestamp,
}

impl Deposited {
    /// When it must be rotated.
    pub fn rotate_by(&self) -> Timestamp {
        self.at.plus(Length::from_seconds(u64::from(self.terms.rotation_days.days()) * 86_400))
    }
}

/// How soon a credential must be rotated once a person has seen it: what is in a head, on paper or in a
/// photograph cannot be called back.
pub const ROTATE_WHEN_SEEN: Length = Length::from_minutes(24 * 60);

/// A person has seen a credential.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Who.
    pub operator: OperatorId,
    /// Which value of it.
    pub generation: Generation,
    /// When the showing was spent: nobody can say how long they looked.
    pub at: Timestamp,
    /// The request that allowed it.
    pub request: RequestId,
}
