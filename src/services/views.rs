//! What people are shown.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Bound;

use super::page::{ROWS_MAX, page};
use super::{Appliance, Moment};
use crate::domain::appliance::State;
use crate::domain::ids::{CredentialName, JobName, OperatorId, RequestId};
use crate::domain::operator::Role;
use crate::domain::refusal::Refusal;
use crate::domain::request::state::{Phase, Request, asked};
use crate::domain::time::Timestamp;
use crate::domain::wire::operator::{ClientView, CredentialView, RequestView, Standing, Status};

/// Showings of one credential that a screen gets; the log has them all.
const SEEN_MAX: usize = 100;

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

    /// Credentials in order of name, from behind `after` on, as many as fit a message; whether there
    /// are more.
    pub fn credential_page(
        &self,
        at: &Moment,
        after: Option<&CredentialName>,
    ) -> (Vec<CredentialView>, bool) {
        credential_page(self.state(), at.now, after)
    }

    /// One credential.
    ///
    /// # Errors
    /// [`Refusal::NoCredential`].
    pub fn credential_view(&self, at: &Moment, name: &CredentialName) -> Result<CredentialView, Refusal> {
        let state = self.state();
        state.current(name)?;
        let jobs = state.clients.values().filter(|client| client.grants.allows(name));
        let jobs = jobs.map(|client| client.job.clone()).collect();
        credential_view(state, at.now, name, jobs)
            .ok_or_else(|| Refusal::NoCredential { credential: name.clone() })
    }

    /// Clients in order of name, from behind `after` on, as many as fit a message; whether there are
    /// more. `waiting` counts a job's connections that wait.
    pub fn client_page(
        &self,
        after: Option<&JobName>,
        waiting: impl Fn(&JobName) -> u32,
    ) -> (Vec<ClientView>, bool) {
        client_page(self.state(), after, waiting)
    }

    /// The requests, newest first, from behind `after` on, as many as fit a message; whether there are
    /// more. `waiting` counts the jobs that wait for one.
    pub fn request_page(
        &self,
        at: &Moment,
        all: bool,
        after: Option<&(Timestamp, RequestId)>,
        waiting: impl Fn(&RequestId) -> u32,
    ) -> (Vec<RequestView>, bool) {
        let place = |made: Timestamp, id: RequestId| (Reverse(made), id);
        let after = after.map(|(made, id)| place(*made, id.clone()));
        let requests = self.state().requests.values().filter(|request| all || request.state().is_live());
        let mut behind: Vec<_> = requests
            .map(|request| (place(request.doc.made, request.doc.id.clone()), request))
            .filter(|(place, _)| after.as_ref().is_none_or(|after| place > after))
            .collect();
        behind.sort_by(|(a, _), (b, _)| a.cmp(b));
        page(behind.iter().map(|(_, request)| self.view(at, request, waiting(&request.doc.id))))
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
        let (Phase::Requested(_), Some((credential, generation))) =
            (&request.phase, request.doc.subject.opens())
        else {
            return Ok(None);
        };
        let record = self.record(credential, generation)?.1;
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
            doc: (*request.doc).clone(),
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

/// Credentials of `state` in order of name, from behind `after` on, as many as fit a message;
/// whether there are more.
pub fn credential_page(
    state: &State,
    now: Timestamp,
    after: Option<&CredentialName>,
) -> (Vec<CredentialView>, bool) {
    let behind = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
    let names: Vec<_> = state.credentials.range(behind).map(|(name, _)| name).take(ROWS_MAX + 1).collect();
    let mut jobs = jobs_by_credential(state, &names);
    page(
        names
            .iter()
            .filter_map(|name| credential_view(state, now, name, jobs.remove(name).unwrap_or_default())),
    )
}

/// Clients of `state` in order of name, from behind `after` on, as many as fit a message; whether there
/// are more. `waiting` counts a job's connections that wait.
pub fn client_page(
    state: &State,
    after: Option<&JobName>,
    waiting: impl Fn(&JobName) -> u32,
) -> (Vec<ClientView>, bool) {
    let mut last: BTreeMap<&JobName, (Timestamp, &CredentialName)> = BTreeMap::new();
    for (name, one) in state.handed.iter().flat_map(|(name, all)| all.iter().map(move |one| (name, one))) {
        let newest = last.entry(&one.job).or_insert((one.last, name));
        if one.last > newest.0 {
            *newest = (one.last, name);
        }
    }
    let behind = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
    page(state.clients.range(behind).map(|(job, record)| ClientView {
        record: record.clone(),
        last_pull: last.get(job).map(|(at, name)| (*at, (*name).clone())),
        waiting: waiting(job),
    }))
}

/// The jobs that may ask for one of `names`, which are in order.
fn jobs_by_credential<'a>(
    state: &'a State,
    names: &[&'a CredentialName],
) -> BTreeMap<&'a CredentialName, Vec<JobName>> {
    let mut jobs: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let (Some(first), Some(last)) = (names.first(), names.last()) else { return jobs };
    for client in state.clients.values() {
        for name in client.grants.iter().filter(|name| (*first..=*last).contains(name)) {
            jobs.entry(name).or_default().push(client.job.clone());
        }
    }
    jobs
}

fn credential_view(
    state: &State,
    now: Timestamp,
    name: &CredentialName,
    jobs: Vec<JobName>,
) -> Option<CredentialView> {
    let mut generations = state.credentials.get(name)?.iter().rev().cloned();
    let current = generations.next()?;
    let rotate_by = state.rotate_by(name, &current);
    Some(CredentialView {
        name: name.clone(),
        rotate_by,
        standing: Standing::of(&current, rotate_by, now),
        current,
        older: generations.collect(),
        jobs,
        last_pull: state.last_pulls.get(name).cloned(),
        handed: state.handed.get(name).cloned().unwrap_or_default(),
        seen: state.seen(name).iter().rev().take(SEEN_MAX).cloned().collect(),
    })
}
