//! A pull: evidence, policy, quorum, commit, anchor, unseal. Delivery and its outcome follow. Showing a
//! credential to a person goes the same way.

use super::arm::envelope;
use super::ledger::digest;
use super::{Appliance, Moment, chip_refusal};
use crate::crypto::envelope::{DataKey, Envelope, EnvelopeSubject};
use crate::crypto::keyed_hash::keyed_hash;
use crate::domain::audit::entry::{Body, Caller, Delivery};
use crate::domain::credential::CredentialKind;
use crate::domain::ids::{CredentialName, Generation, JobName, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::Requester;
use crate::domain::request::state::Phase;
use crate::domain::secret::Plaintext;
use crate::domain::selector::Evidence;
use crate::policy::{self, Pull};
use crate::tpm::{PolicyStep, SealedWindow, TpmError, WindowProbe};

/// Who pulls what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Puller {
    /// The job, as it says.
    pub job: JobName,
    /// What it asks for.
    pub credential: CredentialName,
    /// What the kernel says of it.
    pub evidence: Evidence,
}

/// What a pull that is not refused leads to.
#[derive(Debug)]
pub enum Pulled {
    /// Keep the line: this request has to be approved, or its window has to open.
    Wait(RequestId),
    /// Hand this over, then say how it went.
    Deliver(RequestId, Plaintext),
}

/// Everything a release needs, read and checked before a pull is spent for it.
struct Prepared {
    window: SealedWindow,
    envelope: Envelope,
    credential: CredentialName,
    generation: Generation,
    kind: CredentialKind,
}

impl Appliance {
    /// Answers a pull.
    ///
    /// # Errors
    /// A [`Refusal`]; unless it says otherwise the chip was asked nothing and no pull is spent.
    pub fn pull(&mut self, at: &Moment, puller: &Puller) -> Result<Pulled, Refusal> {
        let (job, credential) = (&puller.job, &puller.credential);
        match policy::decide_pull(&self.facts(at), job, credential, &puller.evidence)? {
            Pull::Serve(request) => self.release(at, &request, puller),
            Pull::Wait(request) => Ok(Pulled::Wait(request)),
            Pull::Ask(generation) => {
                self.request_for_job(at, (job, credential, generation), &puller.evidence).map(Pulled::Wait)
            }
        }
    }

    /// Writes down how a hand-over ended, unless that is written down already. Never refuses: what happened
    /// has happened.
    pub fn delivered(&mut self, at: &Moment, request: &RequestId, job: &JobName, delivered: Delivery) {
        let owed = (request.clone(), Requester::Job(job.clone()));
        if self.state().unsettled.contains(&owed) {
            let body = Body::Delivered { request: request.clone(), job: job.clone(), delivered };
            self.note(at, format!("job:{job}"), body);
        }
    }

    fn release(&mut self, at: &Moment, request: &RequestId, puller: &Puller) -> Result<Pulled, Refusal> {
        let body = Body::Pulled {
            request: request.clone(),
            job: puller.job.clone(),
            evidence: hex::encode(puller.evidence.digest()),
            caller: Box::new(Caller::of(&puller.evidence, |text| {
                keyed_hash(&self.hash_key, text.as_bytes())
            })),
        };
        let opened = self.spend_and_open(at, request, (format!("job:{}", puller.job), body))?;
        Ok(opened.map_or_else(
            || Pulled::Wait(request.clone()),
            |plaintext| Pulled::Deliver(request.clone(), plaintext),
        ))
    }

    /// Commits the entry that spends, then has the chip open the window; gives the spent pull back, with
    /// an entry, when no plaintext came of it. `None` when the chip says that it is not open yet.
    pub(super) fn spend_and_open(
        &mut self,
        at: &Moment,
        request: &RequestId,
        (actor, body): (String, Body),
    ) -> Result<Option<Plaintext>, Refusal> {
        let prepared = self.prepare(request)?;
        self.require_chip()?;
        if !self.check_wary(at, request, &prepared)? {
            return Ok(None);
        }
        let committed = self.ledger.commit_pull(at, actor, body);
        let (permit, anchored) = committed.map_err(|error| error.to_refusal())?;
        let opened = anchored.open_window(&prepared.window, permit);
        let too_early = matches!(&opened, Err(TpmError::PolicyRefused { step: PolicyStep::Opens, .. }));
        let opened = opened.map_err(|error| chip_refusal(&error));
        match opened.and_then(|key| prepared.open(DataKey::from_key(key))) {
            Ok(plaintext) => Ok(Some(plaintext)),
            Err(refusal) => {
                // No plaintext existed, so the pull is given back, and the log says so.
                self.wary.insert(request.clone());
                let body = Body::PullReturned { request: request.clone(), why: refusal.to_string() };
                self.ledger.commit(at, "keeper".to_owned(), body, &[]).map_err(|error| error.to_refusal())?;
                if !too_early {
                    return Err(refusal);
                }
                // The chip's clock is a little behind ours: whoever waits for the window goes on waiting.
                self.look_again(at);
                Ok(None)
            }
        }
    }

    /// A window that the chip refused once is asked after, before another pull is spent for it:
    /// spending and giving back writes to the chip's NV, which wears. False when it is not open yet.
    fn check_wary(&mut self, at: &Moment, request: &RequestId, prepared: &Prepared) -> Result<bool, Refusal> {
        if !self.wary.contains(request) {
            return Ok(true);
        }
        let board = &self.ledger.board;
        match board.chip.probe_window(&board.auths, &prepared.window).map_err(|error| chip_refusal(&error))? {
            WindowProbe::Open => {
                self.wary.remove(request);
                Ok(true)
            }
            WindowProbe::Refused { which: PolicyStep::Opens, .. } => {
                self.look_again(at);
                Ok(false)
            }
            WindowProbe::Refused { rc, which } => {
                Err(chip_refusal(&TpmError::PolicyRefused { step: which, rc }))
            }
        }
    }

    fn prepare(&self, id: &RequestId) -> Result<Prepared, Refusal> {
        let request = self.state().request(id)?;
        let (Phase::Armed(armed), Some((credential, generation))) =
            (&request.phase, request.doc.subject.opens())
        else {
            return Err(request.wrong_state("pulled"));
        };
        let damaged = |why: String| Refusal::Record { credential: credential.clone(), generation, why };
        let sealed = self.ledger.store.window(id).map_err(|error| damaged(error.to_string()))?;
        if *digest(&sealed) != *armed.sealed {
            return Err(damaged("its window is not the one that the log names".to_owned()));
        }
        let window = serde_json::from_slice(&sealed).map_err(|error| damaged(error.to_string()))?;
        let envelope = envelope(&self.record(credential, generation)?.1).map_err(damaged)?;
        let kind = self.deposited(credential, generation)?.terms.kind;
        Ok(Prepared { window, envelope, credential: credential.clone(), generation, kind })
    }
}

impl Prepared {
    fn open(&self, key: DataKey) -> Result<Plaintext, Refusal> {
        let Self { credential, generation, kind, .. } = self;
        let subject = EnvelopeSubject { credential, generation: *generation, kind: kind.word() };
        self.envelope.open(&key, &subject).map_err(|error| Refusal::Record {
            credential: credential.clone(),
            generation: *generation,
            why: error.to_string(),
        })
    }
}
