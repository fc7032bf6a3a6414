//! The state of the appliance: the fold of the entries of its log.

mod memory;
mod release;
mod reveal;
mod signed;
pub mod step;

use std::collections::{BTreeMap, BTreeSet};

use super::audit::founding::Founding;
use super::client::ClientRecord;
use super::credential::{Deposited, Handed, Seen};
use super::ids::{CredentialName, Generation, JobName, OperatorId, RequestId};
use super::operator::{Roster, SignedRoster};
use super::refusal::Refusal;
use super::request::doc::Requester;
use super::request::quorum::Quorum;
use super::request::state::{Phase, Request};
use super::text::Text;
use super::time::{ChipBoot, Timestamp};

pub use signed::Checkpointed;

/// Everything that decides.
#[derive(Clone, Debug)]
pub struct State {
    /// What set-up fixed.
    pub founding: Founding,
    /// Every roster from set-up to now.
    pub rosters: Vec<SignedRoster>,
    /// The generations of each credential, oldest first.
    pub credentials: BTreeMap<CredentialName, Vec<Deposited>>,
    /// The client records.
    pub clients: BTreeMap<JobName, ClientRecord>,
    /// The requests that are live or still stand in the way of others.
    pub requests: BTreeMap<RequestId, Request>,
    /// Who pulled a credential last, and when.
    pub last_pulls: BTreeMap<CredentialName, (Timestamp, JobName)>,
    /// Which job was handed which generation of a credential.
    pub handed: BTreeMap<CredentialName, Vec<Handed>>,
    /// Who was shown which generation of a credential, oldest first.
    pub seen: BTreeMap<CredentialName, Vec<Seen>>,
    /// Pulls and showings whose outcome is not written down yet, and who was to have them.
    pub unsettled: Vec<(RequestId, Requester)>,
    /// The freeze in force.
    pub frozen: Option<Freeze>,
    /// The newest head that may be signed.
    pub checkpoint: Option<Checkpointed>,
    /// When it was set up.
    pub founded: Timestamp,
    /// Sizes of the heads that were for signing, in order.
    pub checkpoints: Vec<u64>,
    /// The checkpoint that was made for each export that is remembered.
    pub exports: BTreeMap<RequestId, u64>,
    /// Entries that were handed over in bundles: all before this one.
    pub exported: u64,
    /// When the last entry was written.
    pub last_ts: Timestamp,
    /// The chip's clock at the last entry, in milliseconds.
    pub last_mono: u64,
    /// The chip's boot at the last entry.
    pub last_boot: ChipBoot,
    /// The anchored epoch.
    pub epoch: u64,
    /// The requests that have not ended.
    live: BTreeSet<RequestId>,
    /// The ends of those that have, by the time at which they are forgotten.
    ended: BTreeSet<(Timestamp, RequestId)>,
    /// When old ones were last taken away.
    tidied: Timestamp,
}

/// Everything down: who, why and when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Freeze {
    /// Who.
    pub operator: OperatorId,
    /// Why.
    pub reason: Text,
    /// When.
    pub at: Timestamp,
}

impl std::fmt::Display for Freeze {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}: {}", self.operator, self.at, self.reason)
    }
}

impl State {
    /// The roster in force.
    pub fn roster(&self) -> &Roster {
        // Set-up brings the first one, and none is ever taken away.
        &self.rosters.last().expect("set-up brings a roster").roster
    }

    /// Approvals that a request needs: never fewer than two.
    pub fn need(&self) -> usize {
        usize::try_from(self.roster().quorum()).unwrap_or(usize::MAX).max(Quorum::FLOOR)
    }

    /// The newest generation of a credential.
    ///
    /// # Errors
    /// [`Refusal::NoCredential`].
    pub fn current(&self, name: &CredentialName) -> Result<&Deposited, Refusal> {
        let newest = self.credentials.get(name).and_then(|generations| generations.last());
        newest.ok_or_else(|| Refusal::NoCredential { credential: name.clone() })
    }

    /// The generation that a deposit of `name` would make.
    pub fn next_generation(&self, name: &CredentialName) -> Generation {
        self.current(name).map_or(Generation::FIRST, |current| current.generation.next())
    }

    /// One request.
    ///
    /// # Errors
    /// [`Refusal::NoRequest`].
    pub fn request(&self, id: &RequestId) -> Result<&Request, Refusal> {
        self.requests.get(id).ok_or_else(|| Refusal::NoRequest { request: id.clone() })
    }

    /// The requests to release or reveal any generation of `name`.
    pub fn requests_for<'a>(&'a self, name: &'a CredentialName) -> impl Iterator<Item = &'a Request> {
        let is =
            move |request: &&Request| request.doc.subject.opens().is_some_and(|(about, _)| about == name);
        self.requests.values().filter(is)
    }

    /// The requests that anything can still happen to, each as one line of canonical JSON.
    pub fn live_requests(&self) -> Vec<u8> {
        let live = self.requests.values().filter(|request| request.state().is_live());
        live.flat_map(|request| [request.doc.canonical(), b"\n".to_vec()].concat()).collect()
    }

    /// The requests that have not ended.
    pub(super) fn live(&self) -> impl Iterator<Item = &Request> {
        self.live.iter().filter_map(|id| self.requests.get(id))
    }

    /// When the next armed window opens after `since`.
    pub fn next_opening(&self, since: Timestamp) -> Option<Timestamp> {
        let opens = self.requests.values().filter_map(|request| match &request.phase {
            Phase::Armed(armed) => Some(armed.window.opens()),
            _ => None,
        });
        opens.filter(|opens| *opens > since).min()
    }

    /// The next instant at which time alone ends something.
    pub fn next_end(&self) -> Option<Timestamp> {
        self.requests.values().filter_map(Request::ends).min()
    }
}
