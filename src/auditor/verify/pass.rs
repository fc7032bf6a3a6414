//! The entries of one bundle, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::operators::{Batch, Claim, What};
use super::people::People;
use super::refused::Fault;
use crate::domain::appliance::State;
use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::audit::entry::{Body, Entry};
use crate::domain::audit::heads::Heads;
use crate::domain::audit::manifest::{Member, Range};
use crate::domain::audit::report::Tally;
use crate::domain::audit::stretch::Stretch;
use crate::domain::audit::tree::{Tree, TreeHash};
use crate::domain::audit::verify::{Leaf, Verifier};
use crate::domain::ids::RequestId;
use crate::domain::request::doc::{RequestDoc, Subject};
use crate::domain::time::{ChipBoot, Timestamp};

/// What the entries follow from.
pub(super) enum Steps {
    /// Everything before them: each step is checked.
    Whole(Box<Verifier>),
    /// Only the tree before them.
    Stretch(Box<Stretch>),
}

impl Steps {
    pub(super) const fn tree(&self) -> &Tree {
        match self {
            Self::Whole(verifier) => verifier.tree(),
            Self::Stretch(stretch) => stretch.tree(),
        }
    }

    const fn heads(&self) -> &Heads {
        match self {
            Self::Whole(verifier) => verifier.heads(),
            Self::Stretch(stretch) => stretch.heads(),
        }
    }

    pub(super) const fn state(&self) -> Option<&State> {
        match self {
            Self::Whole(verifier) => verifier.state(),
            Self::Stretch(_) => None,
        }
    }

    fn take(&mut self, leaf: &Leaf) -> Result<(), Fault> {
        let taken = match self {
            Self::Whole(verifier) => verifier.take(leaf),
            Self::Stretch(stretch) => stretch.take(leaf),
        };
        Ok(taken?)
    }
}

/// When an entry was written: by the appliance's clock, and by the chip's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) ts: Timestamp,
    pub(super) mono: u64,
    pub(super) boot: ChipBoot,
}

/// What is known before the entries are looked at.
pub(super) struct Start<'a> {
    pub(super) origin: &'a str,
    pub(super) range: Range,
    pub(super) people: &'a People,
    pub(super) steps: Steps,
    /// The requests that were live before.
    pub(super) open: Vec<RequestDoc>,
    /// Sizes at which other bundles begin or end.
    pub(super) marks: &'a BTreeSet<u64>,
    /// Those at which later ones begin.
    pub(super) starts: &'a BTreeSet<u64>,
    /// The stamp of the entries before, where they are known.
    pub(super) evaluation: Option<bool>,
    pub(super) clock: &'a dyn Fn() -> Duration,
    /// SHA-256 in hex of the policy that came with the bundle.
    pub(super) policy: &'a str,
}

/// The entries so far.
pub(super) struct Pass<'a> {
    origin: &'a str,
    range: Range,
    people: &'a People,
    marks: &'a BTreeSet<u64>,
    starts: &'a BTreeSet<u64>,
    pub(super) steps: Steps,
    docs: BTreeMap<RequestId, Arc<RequestDoc>>,
    /// Whether each export was asked for under the policy of the bundle.
    exports: BTreeMap<RequestId, bool>,
    policy: &'a str,
    pub(super) batch: Batch<'a>,
    pub(super) tally: Tally,
    pub(super) evaluation: Option<bool>,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Written>,
    /// The export that the last entry, if it is a checkpoint, is made for.
    checkpoint: Option<Option<RequestId>>,
    /// How many requests name another policy.
    pub(super) other_policies: u64,
    /// The roots at the marks, and what goes on from there.
    pub(super) crossed: Vec<(u64, TreeHash)>,
    pub(super) standing: BTreeMap<u64, Verifier>,
}

impl<'a> Pass<'a> {
    pub(super) fn begin(start: Start<'a>) -> Self {
        let Start { origin, range, people, steps, open, marks, starts, evaluation, clock, policy } = start;
        let docs = open.into_iter().map(|doc| (doc.id.clone(), Arc::new(doc))).collect();
        Self {
            origin,
            range,
            people,
            marks,
            starts,
            steps,
            docs,
            exports: BTreeMap::new(),
            policy,
            batch: Batch::new(clock),
            tally: Tally::default(),
            evaluation,
            first: None,
            last: None,
            checkpoint: None,
            other_policies: 0,
            crossed: Vec::new(),
            standing: BTreeMap::new(),
        }
    }

    /// Takes the next entry.
    pub(super) fn take(&mut self, leaf: &Leaf) -> Result<(), Fault> {
        let (entry, seq) = (leaf.entry(), self.steps.tree().size());
        if seq == self.range.new_size() {
            let expected = self.range.count();
            return Err(Fault::Count { found: expected + 1, expected });
        }
        if entry.v != 1 {
            return Err(Fault::Version { seq, found: entry.v });
        }
        let claim = self.claim(seq, entry);
        self.tally.add(self.steps.state(), entry);
        self.steps.take(leaf)?;
        self.stamps(seq, entry)?;
        if let Some(claim) = claim {
            self.batch.add(claim?)?;
        }
        self.note(entry);
        let size = seq + 1;
        if self.marks.contains(&size) {
            self.crossed.push((size, self.steps.tree().root()));
        }
        if self.starts.contains(&size)
            && let Steps::Whole(verifier) = &self.steps
        {
            self.standing.insert(size, (**verifier).clone());
        }
        Ok(())
    }

    /// What stays the same over a log, or only grows.
    fn stamps(&mut self, seq: u64, entry: &Entry) -> Result<(), Fault> {
        if *self.evaluation.get_or_insert(entry.evaluation) != entry.evaluation {
            let what = if entry.evaluation { "of an EVALUATION appliance" } else { "of none in EVALUATION" };
            return Err(Fault::Stamp { seq, what });
        }
        let to = entry.boot.reset_count;
        if let Some(from) = self.last.map(|last| last.boot.reset_count).filter(|from| *from > to) {
            return Err(Fault::BootBack { seq, from, to });
        }
        self.first.get_or_insert(entry.ts);
        self.last = Some(Written { ts: entry.ts, mono: entry.mono, boot: entry.boot });
        Ok(())
    }

    /// What an operator is said to have signed with this entry.
    fn claim(&self, seq: u64, entry: &Entry) -> Option<Result<Claim, Fault>> {
        match &entry.body {
            Body::Approved { request, operator, window, pulls, signature } => {
                let why = "there is no such request, in the entries before it or in open-requests.ndjson";
                let (operator, signature) = (operator.clone(), signature.clone());
                let Some(doc) = self.doc(request) else {
                    return Some(Err(Fault::Approval { seq, operator, request: request.clone(), why }));
                };
                let key = self.people.operator(&doc.roster, &operator).map(|person| person.approval);
                let what = What::Approval { doc, window: *window, pulls: *pulls };
                Some(keyed(Claim { seq, operator, key: [0; 32], signature, what }, key))
            }
            Body::Cosigned { size, operator, time, signature } => {
                // One of another size does not follow, and is refused for that.
                let head = self.steps.heads().last().filter(|head| head.size == *size)?;
                let checkpoint = Checkpoint::of_head(self.origin, head).ok()?.to_string();
                let key = self.people.newest(operator).map(|person| person.cosign);
                let what = What::Cosignature { seconds: *time, checkpoint };
                let (operator, signature) = (operator.clone(), signature.clone());
                Some(keyed(Claim { seq, operator, key: [0; 32], signature, what }, key))
            }
            _ => None,
        }
    }

    /// A request as it stands.
    fn doc(&self, id: &RequestId) -> Option<Arc<RequestDoc>> {
        match self.steps.state() {
            Some(state) => state.request(id).ok().map(|request| Arc::new((*request.doc).clone())),
            None => self.docs.get(id).cloned(),
        }
    }

    /// Keeps what later entries need.
    fn note(&mut self, entry: &Entry) {
        self.checkpoint = match &entry.body {
            Body::Checkpoint { request, .. } => Some(request.clone()),
            _ => None,
        };
        match &entry.body {
            Body::Requested { doc } => self.requested(doc, entry.ts),
            Body::Started { voided, .. } => {
                voided.iter().for_each(|(request, nonce)| self.voided(request, nonce));
            }
            Body::ArmFailed { request, nonce, .. } => self.voided(request, nonce),
            _ => {}
        }
    }

    fn requested(&mut self, doc: &RequestDoc, now: Timestamp) {
        let is_ours = doc.policy == self.policy;
        self.other_policies += u64::from(!is_ours);
        if matches!(doc.subject, Subject::Export { .. }) {
            self.exports.insert(doc.id.clone(), is_ours);
        }
        if self.steps.state().is_none() {
            // Approvals come before the decision ends, or not at all.
            self.docs.retain(|_, doc| doc.decision_ends > now);
            self.docs.insert(doc.id.clone(), Arc::new(doc.clone()));
        }
    }

    fn voided(&mut self, request: &RequestId, nonce: &str) {
        if let Some(doc) = self.docs.get_mut(request) {
            Arc::make_mut(doc).nonce = nonce.to_owned();
        }
    }

    /// The end: as many entries as there should be, the last a checkpoint, and their root the signed one.
    pub(super) fn end(&mut self, signed: &Checkpoint) -> Result<(), Fault> {
        let (size, expected) = (self.steps.tree().size(), self.range.count());
        if size != self.range.new_size() {
            return Err(Fault::Count { found: size - self.range.old(), expected });
        }
        let root = self.steps.tree().root();
        if root != signed.root() {
            return Err(Fault::Root { found: root.to_string(), expected: signed.root().to_string() });
        }
        let request = self.checkpoint.take().ok_or(Fault::NoCheckpoint { seq: size - 1 })?;
        self.batch.verify()?;
        if request.and_then(|id| self.exports.get(&id).copied()) == Some(false) {
            let what = "it is not the policy that the export was asked for under";
            return Err(Fault::differs(Member::Policy, what));
        }
        Ok(())
    }
}

fn keyed(claim: Claim, key: Option<[u8; 32]>) -> Result<Claim, Fault> {
    match key {
        Some(key) => Ok(Claim { key, ..claim }),
        None => Err(claim.refused("the roster has no such operator")),
    }
}
