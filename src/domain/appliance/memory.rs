//! What is remembered of what is over, and for how long.

use super::State;
use crate::domain::credential::Handed;
use crate::domain::ids::{JobName, RequestId};
use crate::domain::request::doc::Subject;
use crate::domain::request::state::Request;
use crate::domain::time::{Length, Timestamp};

impl State {
    /// Remembers that a job knows a value now, whatever it does with it.
    pub(super) fn note_handed(&mut self, request: &RequestId, job: JobName, now: Timestamp) {
        let Some(Subject::Release { credential, generation, .. }) =
            self.requests.get(request).map(|request| &request.doc.subject)
        else {
            return;
        };
        let generation = *generation;
        let handed = self.handed.entry(credential.clone()).or_default();
        match handed.iter_mut().find(|one| (one.generation, &one.job) == (generation, &job)) {
            Some(one) => (one.count, one.last) = (one.count.saturating_add(1), now),
            None => handed.push(Handed { generation, job, count: 1, last: now }),
        }
    }

    /// Notes where a request stands that has just gone on.
    pub(super) fn note_phase(&mut self, id: RequestId) {
        let Some(request) = self.requests.get(&id) else { return };
        match forgotten_at(request) {
            None => drop(self.live.insert(id)),
            Some(at) => {
                self.live.remove(&id);
                self.ended.insert((at, id));
            }
        }
    }

    /// Ended requests stay for a week, so that people can look at them; the log has them for good.
    /// Once an hour those that are old are taken away.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        const BETWEEN: Length = Length::from_minutes(60);
        if now < self.tidied.plus(BETWEEN) {
            return;
        }
        self.tidied = now;
        while self.ended.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, id)) = self.ended.pop_first() else { break };
            // One that was live again since its first end has another end, or none yet.
            if self.requests.get(&id).and_then(forgotten_at).is_some_and(|at| at <= now) {
                self.requests.remove(&id);
                self.exports.remove(&id);
            }
        }
    }
}

/// When a request that has ended is forgotten: after a week, and when it stands in nobody's way.
fn forgotten_at(request: &Request) -> Option<Timestamp> {
    const KEPT: Length = Length::from_minutes(7 * 24 * 60);
    let week = request.touched.plus(KEPT);
    let ended = !request.state().is_live();
    ended.then(|| request.stands_until().map_or(week, |until| until.max(week)))
}
