//! Making requests, by people and by the pulls of jobs.

use rand_core::{OsRng, RngCore};

use super::{Appliance, Moment, nonce};
use crate::domain::audit::entry::Body;
use crate::domain::client::ClientRecord;
use crate::domain::ids::{CredentialName, Generation, JobName, OperatorId, RequestId};
use crate::domain::operator::AgeRecipient;
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use crate::domain::selector::Evidence;
use crate::domain::text::Text;
use crate::policy;

/// What a person asks for, and why.
pub struct Ask {
    /// Who.
    pub operator: OperatorId,
    /// Why.
    pub reason: Text,
    /// Reference in the ticket system.
    pub ticket: Text,
}

impl Appliance {
    /// A person asks to release a credential to a job.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn request_release(
        &mut self,
        at: &Moment,
        ask: Ask,
        (credential, job): (CredentialName, JobName),
        window: ReleaseWindow,
        pulls: u32,
    ) -> Result<RequestId, Refusal> {
        let generation = self.state().current(&credential)?.generation;
        let subject = Subject::Release { credential, generation, job, channel: Channel::Unix, window, pulls };
        self.request(at, ask, subject)
    }

    /// A person asks to be shown a credential themself.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn request_reveal(
        &mut self,
        at: &Moment,
        ask: Ask,
        credential: CredentialName,
        window: Option<ReleaseWindow>,
    ) -> Result<RequestId, Refusal> {
        let generation = self.state().current(&credential)?.generation;
        let window = window.unwrap_or(ReleaseWindow::FromArming { length_ms: ReleaseWindow::LENGTH_DEFAULT });
        self.request(at, ask, Subject::Reveal { credential, generation, window })
    }

    /// A person asks to add or replace a client record.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn request_client(
        &mut self,
        at: &Moment,
        ask: Ask,
        client: ClientRecord,
    ) -> Result<RequestId, Refusal> {
        self.request(at, ask, Subject::Client { client })
    }

    /// A person asks for a bundle of the log; without `from` of what is in none yet.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn request_export(
        &mut self,
        at: &Moment,
        ask: Ask,
        from: Option<u64>,
        (medium, seal): (Text, Option<Text>),
        recipients: Vec<AgeRecipient>,
    ) -> Result<RequestId, Refusal> {
        let from = from.unwrap_or(self.state().exported);
        self.request(at, ask, Subject::Export { from, medium, seal, recipients })
    }

    /// A person asks to lift the freeze.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn request_thaw(&mut self, at: &Moment, ask: Ask) -> Result<RequestId, Refusal> {
        self.request(at, ask, Subject::Thaw)
    }

    /// The pull of a job asks, with the standing reason of its client record.
    pub(super) fn request_for_job(
        &mut self,
        at: &Moment,
        (job, credential, generation): (&JobName, &CredentialName, Generation),
        evidence: &Evidence,
    ) -> Result<RequestId, Refusal> {
        let client = self.state().clients.get(job).ok_or_else(|| Refusal::UnknownJob { job: job.clone() })?;
        let reason = client.reason.clone();
        let subject = Subject::Release {
            credential: credential.clone(),
            generation,
            job: job.clone(),
            channel: Channel::Unix,
            window: ReleaseWindow::FromArming { length_ms: ReleaseWindow::LENGTH_DEFAULT },
            pulls: 1,
        };
        // A dash is a text, by its type's rules.
        let ticket = Text::parse("-").expect("one printable character");
        let mut doc = self.doc(at, Requester::Job(job.clone()), subject, (reason, ticket));
        doc.evidence = Some(hex::encode(evidence.digest()));
        self.make(at, doc)
    }

    fn request(&mut self, at: &Moment, ask: Ask, subject: Subject) -> Result<RequestId, Refusal> {
        let doc = self.doc(at, Requester::Operator(ask.operator), subject, (ask.reason, ask.ticket));
        self.make(at, doc)
    }

    fn make(&mut self, at: &Moment, doc: RequestDoc) -> Result<RequestId, Refusal> {
        const LIVE_MAX: usize = 2_000;
        policy::may_request(&self.facts(at), &doc)?;
        self.require_chip()?;
        if self.state().requests.values().filter(|request| request.state().is_live()).count() >= LIVE_MAX {
            return Err(Refusal::Busy { what: "requests are open" });
        }
        let (id, actor) = (doc.id.clone(), doc.requester.to_string());
        let body = Body::Requested { doc: Box::new(doc) };
        self.ledger.commit(at, actor, body, &[]).map_err(|error| error.to_refusal())?;
        Ok(id)
    }

    fn doc(&self, at: &Moment, requester: Requester, subject: Subject, why: (Text, Text)) -> RequestDoc {
        let state = self.state();
        let owner = match &subject {
            Subject::Release { job, .. } => state.clients.get(job).and_then(|client| client.owner.clone()),
            _ => None,
        };
        RequestDoc {
            v: 1,
            origin: state.founding.origin(),
            id: self.free_id(),
            subject,
            requester,
            on_behalf_of: owner,
            evidence: None,
            made: at.now,
            decision_ends: at.now.plus(RequestDoc::DECISION_LENGTH),
            reason: why.0,
            ticket: why.1,
            policy: policy::digest(),
            roster: hex::encode(state.rosters.last().map_or([0; 32], |signed| signed.digest())),
            nonce: nonce(),
        }
    }

    /// A random id that no request in the state has.
    fn free_id(&self) -> RequestId {
        // At most a few thousand of a million ids are taken, so this ends after a try or two.
        loop {
            let id = RequestId::from_entropy(OsRng.next_u32());
            if !self.state().requests.contains_key(&id) {
                return id;
            }
        }
    }
}
