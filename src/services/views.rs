//! What people are shown.

use super::{Appliance, Moment};
use crate::domain::credential::Deposited;
use crate::domain::ids::{CredentialName, OperatorId, RequestId};
use crate::domain::operator::Role;
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::Subject;
use crate::domain::request::state::{Phase, Request, asked};
use crate::domain::time::{Length, Timestamp};
use crate::domain::wire::operator::{CredentialView, RequestView, Standing, Status};

/// How long before its deadline a rotation is due.
const DUE: Length = Length::from_minutes(7 * 24 * 60);

impl Appliance {
    /// How the appliance is, for one person; `waiting` jobs are connected.
    pub fn status(&self, at: &Moment, operator: &OperatorId, waiting: u32) -> Status {
        let state = self.state();
        let roster = state.roster();
        Status {
            appliance: state.founding.appliance.clone(),
            origin: state.founding.origin(),
            evaluation: self.ledger.is_evaluation(),
            operator: operator.clone(),
            roles: roster
                .get(operator)
                .map(|person| person.roles.iter().copied().collect())
                .unwrap_or_default(),
            now: at.now,
            chip: at.chip(),
            clock_alarm: at.alarm.clone(),
            frozen: state.frozen.as_ref().map(ToString::to_string),
            log_size: self.ledger.tree().size(),
            epoch: state.epoch,
            quorum: u32::try_from(state.need()).unwrap_or(u32::MAX),
            approvers: roster.with_role(Role::Operator).map(|person| person.id.clone()).collect(),
            waiting,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Every credential in order of name.
    pub fn credential_views(&self, at: &Moment) -> Vec<CredentialView> {
        self.state().credentials.keys().filter_map(|name| self.credential_view(at, name).ok()).collect()
    }

    /// One credential.
    ///
    /// # Errors
    /// [`Refusal::NoCredential`].
    pub fn credential_view(&self, at: &Moment, name: &CredentialName) -> Result<CredentialView, Refusal> {
        let state = self.state();
        let current = state.current(name)?.clone();
        let older = state.credentials.get(name).into_iter().flatten().rev().skip(1).cloned().collect();
        let jobs = state.clients.values().filter(|client| client.grants.allows(name));
        Ok(CredentialView {
            name: name.clone(),
            rotate_by: current.rotate_by(),
            standing: standing(&current, at.now),
            current,
            older,
            jobs: jobs.map(|client| client.job.clone()).collect(),
            last_pull: state.last_pulls.get(name).cloned(),
        })
    }

    /// The requests, newest first; `waiting` counts the jobs that wait for one.
    pub fn request_views(
        &self,
        at: &Moment,
        all: bool,
        waiting: impl Fn(&RequestId) -> u32,
    ) -> Vec<RequestView> {
        let requests = self.state().requests.values().filter(|request| all || request.state().is_live());
        let mut views: Vec<RequestView> =
            requests.map(|request| self.view(at, request, waiting(&request.doc.id))).collect();
        views.sort_by(|a, b| b.doc.made.cmp(&a.doc.made).then_with(|| a.doc.id.cmp(&b.doc.id)));
        views
    }

    /// One request.
    ///
    /// # Errors
    /// [`Refusal::NoRequest`].
    pub fn request_view(&self, at: &Moment, id: &RequestId, waiting: u32) -> Result<RequestView, Refusal> {
        Ok(self.view(at, self.state().request(id)?, waiting))
    }

    /// The sealed share of one person for a request, while it collects approvals; `None` when they
    /// hold none.
    ///
    /// # Errors
    /// [`Refusal::NoRequest`]; [`Refusal::Record`] when the record is not the one that was deposited.
    pub fn share_for(&self, operator: &OperatorId, id: &RequestId) -> Result<Option<String>, Refusal> {
        let request = self.state().request(id)?;
        let (Phase::Requested(_), Subject::Release { credential, generation, .. }) =
            (&request.phase, &request.doc.subject)
        else {
            return Ok(None);
        };
        let record = self.record(credential, *generation)?.1;
        let own = super::approve::own_share(&record, operator);
        Ok(own.and_then(|own| serde_json::to_string(&own).ok()))
    }

    fn view(&self, at: &Moment, request: &Request, waiting: u32) -> RequestView {
        let (approvals, window, pulls_left) = match &request.phase {
            Phase::Requested(requested) => (requested.approvals.people().cloned().collect(), None, None),
            Phase::Arming(arming) => (arming.quorum.people().to_vec(), None, None),
            Phase::Armed(armed) | Phase::Spent(armed) => {
                (armed.quorum.people().to_vec(), Some(armed.window), Some(armed.pulls_left))
            }
            Phase::Granted(quorum) => (quorum.people().to_vec(), None, None),
            Phase::Denied | Phase::Expired => (Vec::new(), None, None),
            Phase::Revoked(window) => (Vec::new(), *window, None),
        };
        let agreed = match &request.phase {
            Phase::Requested(requested) if !requested.approvals.is_empty() => {
                requested.approvals.common(asked(&request.doc))
            }
            _ => None,
        };
        RequestView {
            agreed,
            doc: request.doc.clone(),
            state: request.state(),
            approvals,
            need: u32::try_from(self.state().need()).unwrap_or(u32::MAX),
            window,
            pulls_left,
            now: at.now,
            waiting,
            note: request.note.clone(),
        }
    }
}

fn standing(current: &Deposited, now: Timestamp) -> Standing {
    if current.terms.is_past_sunset(now) {
        Standing::PastSunset
    } else if now >= current.rotate_by() {
        Standing::Overdue
    } else if now.plus(DUE) >= current.rotate_by() {
        Standing::Due
    } else {
        Standing::Ok
    }
}
