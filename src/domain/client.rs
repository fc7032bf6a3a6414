//! The record of a legacy job: who it is, what it may ask for, and who answers for it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::{CredentialName, JobName, OperatorId, TrustDomain};
use super::selector::Selectors;
use super::text::Text;

/// What two operators agreed a job is and may ask for.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientRecord {
    /// The job's name.
    pub job: JobName,
    /// What the kernel must say of the caller.
    pub selectors: Selectors,
    /// The credentials it may ask for; never empty.
    pub grants: Grants,
    /// The standing reason of the requests that its pulls make.
    pub reason: Text,
    /// The person who counts as the requester of its pulls, if it has one.
    pub owner: Option<OperatorId>,
}

impl ClientRecord {
    /// `spiffe://<trust-domain>/job/<name>`.
    pub fn spiffe_id(&self, domain: &TrustDomain) -> String {
        format!("spiffe://{domain}/job/{}", self.job)
    }
}

/// The credentials a job may ask for: 1 to 32 names. An empty list would have to mean nothing or
/// everything, so it cannot be made.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "BTreeSet<CredentialName>", into = "BTreeSet<CredentialName>")]
pub struct Grants(BTreeSet<CredentialName>);

impl Grants {
    const COUNT_MAX: usize = 32;

    /// The only way to make one.
    pub fn new(names: BTreeSet<CredentialName>) -> Result<Self, String> {
        let count = names.len();
        if (1..=Self::COUNT_MAX).contains(&count) {
            Ok(Self(names))
        } else {
            Err(format!("{count} credentials granted, allowed are 1 to {}", Self::COUNT_MAX))
        }
    }

    /// Whether `name` is granted.
    pub fn allows(&self, name: &CredentialName) -> bool {
        self.0.contains(name)
    }

    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &CredentialName> {
        self.0.iter()
    }
}

impl TryFrom<BTreeSet<CredentialName>> for Grants {
    type Error = String;

    fn try_from(names: BTreeSet<CredentialName>) -> Result<Self, String> {
        Self::new(names)
    }
}

impl From<Grants> for BTreeSet<CredentialName> {
    fn from(grants: Grants) -> Self {
        grants.0
    }
}
