//! What operators ask, handed to the service that answers it.

use super::jobs::Jobs;
use crate::domain::audit::entry::Delivery;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::wire::operator::audit::AuditAsk;
use crate::domain::wire::operator::{Ask, Reply, RequestView};
use crate::policy::{self, Facts};
use crate::services::approve::Yes;
use crate::services::doctor::ProcessFacts;
use crate::services::request::Ask as Wish;
use crate::services::reveal::Revealed;
use crate::services::{Appliance, Moment};

/// What an answer needs beside the appliance.
pub struct Desk<'a> {
    /// When it was asked.
    pub at: &'a Moment,
    /// Who asks.
    pub operator: &'a OperatorId,
    /// The jobs that wait.
    pub jobs: &'a Jobs,
    /// What `doctor` is told of the process.
    pub process: &'a ProcessFacts,
}

impl Desk<'_> {
    /// Answers one question.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn answer(&self, appliance: &mut Appliance, ask: Ask) -> Result<Reply, Refusal> {
        let (at, operator) = (self.at, self.operator);
        let facts = Facts { state: appliance.state(), now: at.now, clock_alarm: at.alarm.as_deref() };
        policy::may_read(&facts, operator)?;
        match ask {
            Ask::Deposit(deposit) => {
                let name = deposit.name.clone();
                let generation = appliance.deposit(at, operator, *deposit)?;
                Ok(Reply::Done {
                    request: None,
                    message: format!("{name} generation {generation} is deposited"),
                })
            }
            Ask::RequestRelease { credential, job, window, pulls, reason, ticket } => {
                let wish = Wish { operator: operator.clone(), reason, ticket };
                let id = appliance.request_release(at, wish, (credential, job), window, pulls)?;
                self.done(appliance, &id, "the request is made")
            }
            Ask::RequestReveal { credential, window, reason, ticket } => {
                let wish = Wish { operator: operator.clone(), reason, ticket };
                let id = appliance.request_reveal(at, wish, credential, window)?;
                self.done(appliance, &id, "the request is made")
            }
            Ask::Reveal { id } => {
                let Revealed { credential, generation, plaintext } = appliance.reveal(at, operator, &id)?;
                Ok(Reply::Revealed { credential, generation, plaintext })
            }
            Ask::Received { id } => {
                appliance.shown(at, operator, &id, Delivery::Acknowledged);
                Ok(Reply::Done { request: None, message: "noted".to_owned() })
            }
            Ask::RequestClient { client, reason, ticket } => {
                let wish = Wish { operator: operator.clone(), reason, ticket };
                let id = appliance.request_client(at, wish, *client)?;
                self.done(appliance, &id, "the request is made")
            }
            Ask::RequestThaw { reason, ticket } => {
                let wish = Wish { operator: operator.clone(), reason, ticket };
                let id = appliance.request_thaw(at, wish)?;
                self.done(appliance, &id, "the request is made")
            }
            Ask::Approve { id, statement, signature, share } => {
                let yes =
                    Yes { operator: operator.clone(), request: id.clone(), statement, signature, share };
                appliance.approve(at, yes)?;
                self.done(appliance, &id, "approved")
            }
            Ask::Deny { id, reason } => {
                appliance.deny(at, operator, &id, reason)?;
                self.done(appliance, &id, "denied")
            }
            Ask::Revoke { id, reason } => {
                appliance.revoke(at, operator, &id, reason)?;
                self.done(appliance, &id, "revoked")
            }
            Ask::Freeze { reason } => {
                appliance.freeze(at, operator, reason)?;
                let message = "frozen: every window is closed on the chip".to_owned();
                Ok(Reply::Done { request: None, message })
            }
            Ask::Audit { question } => self.audit(appliance, *question),
            ask => self.read(appliance, ask),
        }
    }

    fn audit(&self, appliance: &mut Appliance, question: AuditAsk) -> Result<Reply, Refusal> {
        let (at, operator) = (self.at, self.operator);
        let answer = match question {
            AuditAsk::Keys => appliance.log_keys(),
            AuditAsk::Checkpoint => appliance.newest_checkpoint(at)?,
            AuditAsk::Consistency { from } => appliance.prove_consistent(at, from)?,
            AuditAsk::Proof { index } => appliance.prove(at, index)?,
            AuditAsk::KeyedHash { text } => appliance.keyed_hash(&text),
            AuditAsk::Make { id } => appliance.make_bundle(at, operator, &id)?,
            AuditAsk::Part { id, path, offset } => {
                appliance.bundle_part(at, operator, (&id, &path, offset))?
            }
            AuditAsk::Cosign { size, time, signature } => {
                appliance.cosign(at, operator, (size, time, signature))?;
                let message = format!("the checkpoint of {size} entries is cosigned");
                return Ok(Reply::Done { request: None, message });
            }
            AuditAsk::Request { from, medium, seal, recipients, reason, ticket } => {
                let wish = Wish { operator: operator.clone(), reason, ticket };
                let id = appliance.request_export(at, wish, from, (medium, seal), recipients)?;
                return self.done(appliance, &id, "the request is made");
            }
            AuditAsk::Written { id, manifest } => {
                appliance.bundle_written(at, operator, &id, &manifest)?;
                let message = "noted: the bundle is written".to_owned();
                return Ok(Reply::Done { request: None, message });
            }
        };
        Ok(Reply::Audit { answer })
    }

    fn read(&self, appliance: &Appliance, ask: Ask) -> Result<Reply, Refusal> {
        let (at, operator) = (self.at, self.operator);
        Ok(match ask {
            Ask::Status => Reply::Status(Box::new(appliance.status(at, operator, self.jobs.waiting()))),
            Ask::Credentials { after } => {
                let (credentials, more) = appliance.credential_page(at, after.as_ref());
                Reply::Credentials { credentials, more }
            }
            Ask::Credential { name } => Reply::Credential(Box::new(appliance.credential_view(at, &name)?)),
            Ask::Clients { after } => {
                let (clients, more) = appliance.client_page(after.as_ref(), |job| self.jobs.waiting_as(job));
                Reply::Clients { clients, more }
            }
            Ask::Roster => Reply::Roster { roster: appliance.state().roster().clone() },
            Ask::Requests { all, after } => {
                let waiting = |id: &RequestId| self.jobs.waiting_for(id);
                let (requests, more) = appliance.request_page(at, all, after.as_ref(), waiting);
                Reply::Requests { requests, more }
            }
            Ask::Request { id } => {
                let view = Box::new(self.view(appliance, &id)?);
                Reply::Request { view, share: appliance.share_for(operator, &id)? }
            }
            Ask::DepositContext { name, next } => appliance.deposit_context(&name, next)?,
            Ask::Entries { from, count } => appliance.entries(from, count)?,
            Ask::AuditVerify => appliance.audit_verify()?,
            Ask::Doctor => Reply::Doctor { findings: appliance.doctor(at, self.process) },
            Ask::Watch => Reply::Watching,
            _ => return Err(Refusal::Message { why: "only a stranger says this".to_owned() }),
        })
    }

    fn view(&self, appliance: &Appliance, id: &RequestId) -> Result<RequestView, Refusal> {
        appliance.request_view(self.at, id, self.jobs.waiting_for(id))
    }

    fn done(&self, appliance: &Appliance, id: &RequestId, message: &str) -> Result<Reply, Refusal> {
        let view = self.view(appliance, id)?;
        Ok(Reply::Done {
            message: format!("{message}: {id} is {}", view.state_text()),
            request: Some(Box::new(view)),
        })
    }
}
