//! What is remembered of what is over, and for how long.

use super::State;
use crate::domain::credential::Handed;
use crate::domain::ids::{JobName, RequestId};
use crate::domain::request::doc::Subject;
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

    /// Ended requests stay for a week, so that people can look at them; the log has them for good.
    /// They are looked through once an hour, because all are for each of a million entries.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        const KEPT: Length = Length::from_minutes(7 * 24 * 60);
        const BETWEEN: Length = Length::from_minutes(60);
        if now < self.tidied.plus(BETWEEN) {
            return;
        }
        self.tidied = now;
        self.requests.retain(|_, request| {
            request.state().is_live()
                || now < request.touched.plus(KEPT)
                || request.stands_until() > Some(now)
        });
        self.exports.retain(|id, _| self.requests.contains_key(id));
    }
}
