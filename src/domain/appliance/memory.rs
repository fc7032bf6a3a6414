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

    /// Notes that a request has just gone on, and when it will be forgotten if that was its end.
    pub(super) fn note_phase(&mut self, id: RequestId, forgotten: Option<Timestamp>) {
        if let Some(at) = forgotten {
            self.live.remove(&id);
            self.ended.insert((at, id));
        } else {
            self.live.insert(id);
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
            if self.requests.get(&id).and_then(Request::forgotten_at).is_some_and(|at| at <= now) {
                self.requests.remove(&id);
                self.exports.remove(&id);
            }
        }
    }
}
