//! One step: what an entry changes, and what it allows.
//!
//! Who may do it was decided by policy before; here it is checked that it follows from the state.
//! The same function runs when an entry is written and when the log is read back at the start, so a
//! log that holds a step the machine does not have is refused.

use super::{Freeze, State};
use crate::domain::audit::entry::{Body, Entry};
use crate::domain::audit::founding::Founding;
use crate::domain::client::ClientRecord;
use crate::domain::credential::{Deposited, Seen};
use crate::domain::ids::{CredentialName, JobName, OperatorId, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::{RequestDoc, Requester, Subject};
use crate::domain::request::permit::{ArmPermit, ReleasePermit};
use crate::domain::request::quorum::Agreed;
use crate::domain::request::state::{Approved, Phase, Request, Requested};
use crate::domain::text::Text;
use crate::domain::time::{ChipBoot, Timestamp};

/// What a step changes and what it allows once it is anchored.
pub struct Step {
    pub(super) changes: Vec<Change>,
    /// Leave to ask the chip; only [`State::install`] gives it out, after the entry is anchored.
    pub(super) permit: Option<Permit>,
}

/// Leave that one step gives.
#[derive(Debug)]
pub enum Permit {
    /// To open the sealed half of a credential's key.
    Arm(ArmPermit),
    /// To open a window once.
    Release(ReleasePermit),
}

/// One thing that a step changes.
pub(super) enum Change {
    /// A new request, or one whose document changed.
    Request(Box<Request>),
    Moved(Moved),
    Credential(CredentialName, Box<Deposited>),
    Client(Box<ClientRecord>),
    Frozen(Option<Freeze>),
    Pulled(CredentialName, RequestId, JobName),
    /// A credential was handed over, as far as anybody can say.
    Handed(RequestId, JobName),
    /// A person was shown it.
    Seen(CredentialName, Seen),
    /// The showing of this request did not come about.
    Unseen(CredentialName, RequestId),
    /// A pull or a showing has its outcome.
    Settled(RequestId),
    /// The head that ends with this entry may be signed, for an export or because it was time.
    Checkpoint(Option<RequestId>),
    /// An operator cosigned the newest of them.
    Cosigned(OperatorId, u64, String),
    /// Everything before this entry is in bundles.
    Exported(u64),
}

/// A request that goes on to another phase.
pub(super) struct Moved {
    pub request: RequestId,
    pub phase: Phase,
    pub touched: Timestamp,
    pub note: Option<String>,
}

impl Step {
    pub(super) fn of(changes: Vec<Change>) -> Self {
        Self { changes, permit: None }
    }

    pub(super) fn request(request: Request) -> Self {
        Self::of(vec![Change::Request(Box::new(request))])
    }

    pub(super) fn moved(id: &RequestId, phase: Phase, touched: Timestamp, note: Option<String>) -> Self {
        Self::of(vec![Change::moved(id, phase, touched, note)])
    }
}

impl Change {
    pub(super) fn moved(id: &RequestId, phase: Phase, touched: Timestamp, note: Option<String>) -> Self {
        Self::Moved(Moved { request: id.clone(), phase, touched, note })
    }
}

impl State {
    /// The state after set-up, which is the first entry of every log.
    ///
    /// # Errors
    /// [`Refusal::Impossible`] when it is not a set-up.
    pub fn founded(entry: &Entry) -> Result<Self, Refusal> {
        let Body::Setup(founding) = &entry.body else {
            return Err(Refusal::Impossible { why: "the first entry is the set-up" });
        };
        let founding: Founding = (**founding).clone();
        Ok(Self {
            rosters: vec![founding.roster.clone()],
            founding,
            credentials: Default::default(),
            clients: Default::default(),
            requests: Default::default(),
            last_pulls: Default::default(),
            handed: Default::default(),
            seen: Default::default(),
            unsettled: Default::default(),
            frozen: None,
            checkpoint: None,
            founded: entry.ts,
            checkpoints: Vec::new(),
            exports: Default::default(),
            exported: 0,
            last_ts: entry.ts,
            last_mono: entry.mono,
            last_boot: entry.boot,
            epoch: entry.epoch,
            live: Default::default(),
            ended: Default::default(),
            tidied: entry.ts,
        })
    }

    /// What `body` would do at `now` in `boot`. Changes nothing.
    ///
    /// # Errors
    /// A [`Refusal`] when it does not follow from this state.
    pub fn step(&self, body: &Body, now: Timestamp, boot: ChipBoot) -> Result<Step, Refusal> {
        if now < self.last_ts {
            return Err(Refusal::Clock {
                why: format!("it says {now}, and the log already says {}", self.last_ts),
            });
        }
        match body {
            Body::Setup(_) => Err(Refusal::Impossible { why: "an appliance is set up once" }),
            Body::Started { voided, ended, .. } => self.started(voided, ended, now),
            Body::Deposited { credential, deposited } => self.deposited(credential, deposited, now),
            Body::Requested { doc } => self.requested(doc, now),
            Body::Approved { request, operator, window, pulls, .. } => {
                self.approved(request, operator, Agreed { window: *window, pulls: *pulls }, now)
            }
            Body::Armed { request, window, chip, gate, sealed } => {
                self.armed(request, *window, (*chip, boot, *gate), sealed, now)
            }
            Body::ArmFailed { request, why, nonce } => self.arm_failed(request, why, nonce, now),
            Body::Denied { request, operator, reason } => self.denied(request, operator, reason, now),
            Body::Revoked { request, operator, reason } => self.revoked(request, operator, reason, now),
            Body::Expired { request } => self.expired(request, now),
            Body::Frozen { operator, reason } => Ok(self.frozen(operator, reason, now)),
            Body::Pulled { request, job, .. } => self.pulled(request, job, now),
            Body::PullReturned { request, why } => self.pull_returned(request, why, now),
            Body::Revealed { request, operator } => self.revealed(request, operator, now),
            Body::Shown { request, .. } => Ok(Step::of(vec![Change::Settled(request.clone())])),
            Body::Delivered { request, job, .. } => {
                let handed = Change::Handed(request.clone(), job.clone());
                Ok(Step::of(vec![handed, Change::Settled(request.clone())]))
            }
            Body::ChipSays { .. } | Body::Refused { .. } | Body::PassphraseFailed { .. } | Body::Stopped => {
                Ok(Step::of(Vec::new()))
            }
            Body::Checkpoint { request, previous } => self.checkpointed(request.as_ref(), previous.as_ref()),
            Body::Cosigned { size, operator, time, signature } => {
                self.cosigned(*size, operator, (*time, signature))
            }
            Body::Exported { request, operator, range, .. } => self.exported(request, operator, *range),
        }
    }

    /// Makes a step of this state, once its entry is in the log.
    pub fn install(&mut self, step: Step, entry: &Entry) -> Option<Permit> {
        self.last_ts = entry.ts;
        self.last_mono = entry.mono;
        self.last_boot = entry.boot;
        self.epoch = entry.epoch;
        for change in step.changes {
            match change {
                Change::Request(request) => {
                    let (id, forgotten) = (request.doc.id.clone(), request.forgotten_at());
                    self.requests.insert(id.clone(), *request);
                    self.note_phase(id, forgotten);
                }
                Change::Moved(Moved { request: id, phase, touched, note }) => {
                    if let Some(request) = self.requests.get_mut(&id) {
                        (request.phase, request.touched, request.note) = (phase, touched, note);
                        let forgotten = request.forgotten_at();
                        self.note_phase(id, forgotten);
                    }
                }
                Change::Credential(name, deposited) => {
                    self.credentials.entry(name).or_default().push(*deposited);
                }
                Change::Client(client) => {
                    self.clients.insert(client.job.clone(), *client);
                }
                Change::Frozen(freeze) => self.frozen = freeze,
                Change::Pulled(name, request, job) => {
                    self.last_pulls.insert(name, (entry.ts, job.clone()));
                    self.unsettled.push((request, Requester::Job(job)));
                }
                Change::Seen(name, seen) => {
                    self.unsettled.push((seen.request.clone(), Requester::Operator(seen.operator.clone())));
                    self.seen.entry(name).or_default().push(seen);
                }
                Change::Unseen(name, request) => {
                    self.seen.entry(name).or_default().retain(|seen| seen.request != request);
                }
                Change::Handed(request, job) => self.note_handed(&request, job, entry.ts),
                Change::Settled(request) => {
                    let place = self.unsettled.iter().position(|(one, _)| *one == request);
                    place.map(|place| self.unsettled.remove(place));
                }
                Change::Checkpoint(request) => self.note_checkpoint(request, entry),
                Change::Cosigned(operator, time, signature) => {
                    if let Some(last) = &mut self.checkpoint {
                        last.cosigned.insert(operator, (time, signature));
                    }
                }
                Change::Exported(size) => self.exported = self.exported.max(size),
            }
        }
        self.forget_old(entry.ts);
        step.permit
    }

    fn started(
        &self,
        voided: &std::collections::BTreeMap<RequestId, String>,
        ended: &[RequestId],
        now: Timestamp,
    ) -> Result<Step, Refusal> {
        let mut changes = Vec::new();
        for (id, nonce) in voided {
            let request = self.request(id)?;
            if !matches!(request.phase, Phase::Requested(_) | Phase::Arming(_)) {
                return Err(request.wrong_state("voided"));
            }
            let mut next = request.clone();
            next.doc.nonce.clone_from(nonce);
            next.touched = now;
            next.phase = Phase::Requested(Requested::default());
            next.note =
                Some("the daemon was restarted: approvals so far are void, please approve again".to_owned());
            changes.push(Change::Request(Box::new(next)));
        }
        for id in ended {
            let request = self.request(id)?;
            let Phase::Armed(armed) = &request.phase else { return Err(request.wrong_state("ended")) };
            let mut next = request.clone();
            next.touched = now;
            next.phase = Phase::Revoked(Some(armed.window));
            next.note = Some("a reboot of the board or a freeze ended the window on the chip".to_owned());
            changes.push(Change::Request(Box::new(next)));
        }
        Ok(Step::of(changes))
    }

    fn deposited(
        &self,
        name: &CredentialName,
        deposited: &Deposited,
        now: Timestamp,
    ) -> Result<Step, Refusal> {
        if deposited.generation != self.next_generation(name) || deposited.at != now {
            return Err(Refusal::StaleDeposit { credential: name.clone() });
        }
        let mut changes = vec![Change::Credential(name.clone(), Box::new(deposited.clone()))];
        let opens = |request: &&Request| request.doc.subject.opens().is_some_and(|(about, _)| about == name);
        for request in self.live().filter(opens) {
            let note = format!("{} deposited generation {}", deposited.depositor, deposited.generation);
            changes.push(revoke(request, note, now));
        }
        Ok(Step::of(changes))
    }

    fn requested(&self, doc: &RequestDoc, now: Timestamp) -> Result<Step, Refusal> {
        if self.requests.contains_key(&doc.id) {
            return Err(Refusal::Impossible { why: "two requests have two ids" });
        }
        if doc.made != now
            || doc.decision_ends <= now
            || doc.decision_ends > now.plus(RequestDoc::DECISION_LENGTH)
        {
            return Err(Refusal::BadWindow { why: "for deciding starts when the request is made" });
        }
        if let Some((window, pulls)) = doc.subject.window().zip(doc.subject.pulls()) {
            super::release::check_window(window, now)?;
            super::release::check_pulls(pulls)?;
        }
        super::reveal::check_asked(doc)?;
        super::signed::check_export(doc, self)?;
        let phase = Phase::Requested(Requested::default());
        Ok(Step::request(Request { doc: Box::new(doc.clone()), phase, touched: now, note: None }))
    }

    fn approved(
        &self,
        id: &RequestId,
        operator: &OperatorId,
        agreed: Agreed,
        now: Timestamp,
    ) -> Result<Step, Refusal> {
        let request = self.request(id)?;
        request.check_not_over(now)?;
        let Phase::Requested(requested) = &request.phase else { return Err(request.wrong_state("approved")) };
        let (mut changes, mut permit) = (Vec::new(), None);
        let phase = match requested.clone().approve(&request.doc, operator.clone(), agreed, self.need())? {
            Approved::Waiting(requested) => Phase::Requested(requested),
            Approved::Arming(arming, leave) => {
                permit = Some(Permit::Arm(leave));
                Phase::Arming(arming)
            }
            Approved::Granted(quorum) => {
                changes.extend(self.effect_of(&request.doc.subject));
                Phase::Granted(quorum)
            }
        };
        changes.push(Change::moved(id, phase, now, None));
        Ok(Step { changes, permit })
    }

    /// What a request that arms no window does when it is granted.
    fn effect_of(&self, subject: &Subject) -> Option<Change> {
        match subject {
            Subject::Release { .. } | Subject::Reveal { .. } | Subject::Export { .. } => None,
            Subject::Client { client } => Some(Change::Client(Box::new(client.clone()))),
            Subject::Thaw => Some(Change::Frozen(None)),
        }
    }

    fn denied(
        &self,
        id: &RequestId,
        operator: &OperatorId,
        reason: &Text,
        now: Timestamp,
    ) -> Result<Step, Refusal> {
        let request = self.request(id)?;
        request.check_not_over(now)?;
        let Phase::Requested(_) = &request.phase else { return Err(request.wrong_state("denied")) };
        let note = Some(format!("{operator}: {reason}"));
        Ok(Step::moved(id, Phase::Denied, now, note))
    }

    fn revoked(
        &self,
        id: &RequestId,
        operator: &OperatorId,
        reason: &Text,
        now: Timestamp,
    ) -> Result<Step, Refusal> {
        let request = self.request(id)?;
        request.check_not_over(now)?;
        if !matches!(request.phase, Phase::Requested(_) | Phase::Armed(_)) {
            return Err(request.wrong_state("revoked"));
        }
        Ok(Step::of(vec![revoke(request, format!("{operator}: {reason}"), now)]))
    }

    fn expired(&self, id: &RequestId, now: Timestamp) -> Result<Step, Refusal> {
        let request = self.request(id)?;
        let ends = request.ends().ok_or_else(|| request.wrong_state("expired"))?;
        if now < ends {
            return Err(Refusal::NotExpired { request: id.clone(), ends });
        }
        let note = Some(match request.phase {
            Phase::Armed(_) => "the window closed".to_owned(),
            _ => "not enough approvals in time".to_owned(),
        });
        Ok(Step::moved(id, Phase::Expired, now, note))
    }

    fn frozen(&self, operator: &OperatorId, reason: &Text, now: Timestamp) -> Step {
        let freeze = Freeze { operator: operator.clone(), reason: reason.clone(), at: now };
        let mut changes = vec![Change::Frozen(Some(freeze))];
        for request in self.live().filter(|request| request.doc.subject != Subject::Thaw) {
            changes.push(revoke(request, format!("{operator} froze the appliance"), now));
        }
        Step::of(changes)
    }
}

fn revoke(request: &Request, note: String, now: Timestamp) -> Change {
    let window = match &request.phase {
        Phase::Armed(armed) => Some(armed.window),
        _ => None,
    };
    Change::moved(&request.doc.id, Phase::Revoked(window), now, Some(note))
}
