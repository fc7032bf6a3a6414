//! What jobs, boards and clocks do in the world.

use portcullis::domain::appliance::step::Permit;
use portcullis::domain::audit::entry::{Body, Entry};
use portcullis::domain::ids::{JobName, RequestId};
use portcullis::domain::request::doc::{Channel, ReleaseWindow, Requester, Subject};
use portcullis::domain::request::state::Phase;
use portcullis::domain::time::{Length, Timestamp};
use portcullis::policy::{self, Pull};

use super::model::*;

impl World {
    pub fn pull(&mut self) {
        let (who, what) = (
            job(if self.dice.one_in(3) { self.dice.below(JOBS) } else { 0 }),
            name(["a/one", "b/two"][self.dice.below(2)]),
        );
        let caller = evidence(if self.dice.one_in(6) { 8 } else { 7 });
        match policy::decide_pull(&self.facts(), &who, &what, &caller) {
            Ok(Pull::Serve(id)) => {
                assert_eq!(caller.uid, 7, "a caller with other evidence was served");
                self.spend(&id, &who);
            }
            Ok(Pull::Ask(generation)) => {
                let window = ReleaseWindow::FromArming { length_ms: ReleaseWindow::LENGTH_DEFAULT };
                let (job, channel) = (who.clone(), Channel::Unix);
                let subject =
                    Subject::Release { credential: what, generation, job, channel, window, pulls: 1 };
                self.request(Requester::Job(who), subject);
            }
            Ok(Pull::Wait(id)) => assert!(self.state.requests[&id].state().is_live(), "waits for the dead"),
            Err(_) => {}
        }
    }

    pub fn spend(&mut self, id: &RequestId, who: &JobName) {
        let body = Body::Pulled {
            request: id.clone(),
            job: who.clone(),
            evidence: "00".to_owned(),
            caller: caller(),
        };
        let subject = &self.state.requests[id].doc.subject;
        assert!(matches!(subject, Subject::Release { .. }), "only a release is pulled");
        self.open(id, body);
    }

    /// Whoever is shown a credential asked for it, and two others agreed; nobody else ever is.
    pub fn look(&mut self) {
        let ripe =
            self.state.requests.values().find(|request| match (&request.phase, &request.doc.subject) {
                (Phase::Armed(armed), Subject::Reveal { .. }) => armed.window.contains(self.now),
                _ => false,
            });
        let ripe = ripe.map(|request| (request.doc.id.clone(), request.doc.requester.clone()));
        let (id, operator) = match (ripe, self.dice.one_in(2)) {
            (Some((id, Requester::Operator(operator))), true) => (id, operator),
            _ => {
                let Some(id) = self.pick_request() else { return };
                (id, person(self.dice.below(PEOPLE)))
            }
        };
        let request = self.state.requests[&id].clone();
        let body = Body::Revealed { request: id.clone(), operator: operator.clone() };
        let allowed = policy::may_be_shown(&self.facts(), &request, &operator).is_ok();
        if allowed {
            assert!(
                matches!(request.doc.subject, Subject::Reveal { .. }),
                "shown by {}",
                request.doc.subject.kind()
            );
            assert_eq!(request.doc.requester, Requester::Operator(operator), "shown to somebody else");
            self.open(&id, body);
        } else if !matches!(request.doc.subject, Subject::Reveal { .. })
            || !request.doc.is_asked_by(&operator)
        {
            // Not even the log takes it, whatever policy says.
            assert!(self.commit(body).is_err(), "the log shows {id} to {operator}");
        }
    }

    /// A window of one kind never serves the other.
    pub fn mix_up(&mut self) {
        let Some(id) = self.pick_request() else { return };
        if matches!(self.state.requests[&id].doc.subject, Subject::Release { .. }) {
            return;
        }
        let who = job(self.dice.below(JOBS));
        let body =
            Body::Pulled { request: id.clone(), job: who, evidence: "00".to_owned(), caller: caller() };
        assert!(self.commit(body).is_err(), "a job pulls {id}");
    }

    fn open(&mut self, id: &RequestId, body: Body) {
        let doc = &self.state.requests[id].doc;
        let (asked, opens) = (doc.subject.pulls().expect("it arms"), doc.subject.opens());
        let (name, generation) =
            opens.map(|(name, generation)| (name.clone(), generation)).expect("it opens");
        let is_shown = matches!(body, Body::Revealed { .. });
        // A window of another boot or an older gate is still armed in the log until the chip refuses.
        let (window, boot, gate) = self.sealed[id];
        match self.commit(body) {
            Ok(Some(Permit::Release(permit))) => {
                assert_eq!(permit.request(), id);
                if (boot, gate) != (self.chip.boot, self.chip.gate) {
                    drop(self.commit(Body::PullReturned { request: id.clone(), why: "chip".to_owned() }));
                    return;
                }
                assert!(window.contains(self.now), "p14: released outside {window} at {}", self.now);
                assert!(!self.frozen, "released while frozen");
                let pulls = self.pulls.entry(id.clone()).or_default();
                *pulls += 1;
                assert!(*pulls <= asked, "p06: {id} was pulled {pulls} times of {asked}");
                if is_shown {
                    self.shown.push((name, generation, self.now));
                }
            }
            Ok(other) => panic!("a pull gave {other:?}"),
            Err(_) => {}
        }
    }

    pub fn freeze(&mut self) {
        let body = Body::Frozen { operator: person(self.dice.below(PEOPLE)), reason: text("leak") };
        if self.commit(body).is_ok() {
            self.frozen = true;
            self.chip.gate += 1;
        } else {
            self.frozen = self.state.frozen.is_some();
        }
    }

    pub fn reboot(&mut self) {
        self.chip.boot.reset_count += 1;
        if self.dice.one_in(2) {
            self.restart();
        }
    }

    pub fn old_copy(&mut self) {
        if self.dice.one_in(3) {
            self.copies.push(self.disk.clone());
        }
        for copy in &self.copies {
            let anchored = |disk: &Disk| {
                let bodies = (0..)
                    .zip(&disk.leaves)
                    .map(|(seq, leaf)| Entry::from_leaf(seq, leaf).expect("reads").body);
                bodies.filter(Body::is_anchored).count()
            };
            if anchored(copy) < anchored(&self.disk) {
                assert!(self.read(copy).is_err(), "promise 4: an old copy of the store starts");
            }
        }
    }

    pub fn event(&mut self) {
        match self.dice.below(32) {
            0 => self.deposit(),
            1..=4 => self.ask(),
            5..=8 | 20..=25 => self.approve(),
            9..=12 => self.pull(),
            26..=30 => self.look(),
            31 => self.mix_up(),
            13 => self.end_one(),
            14 if self.dice.one_in(6) => self.freeze(),
            15 if self.dice.one_in(4) => self.reboot(),
            16 if self.dice.one_in(4) => self.restart(),
            17 if self.dice.one_in(8) => self.old_copy(),
            // The clock goes on by a little, by a lot, or tries to go back.
            18 if self.dice.one_in(4) => self.now = self.now.plus(Length::from_minutes(self.dice.number(60))),
            19 if self.dice.one_in(4) => {
                let back = Timestamp::from_ms(self.now.ms() - self.dice.number(10_000));
                let kept = std::mem::replace(&mut self.now, back);
                if back < self.state.last_ts {
                    assert!(
                        self.commit(Body::Frozen { operator: person(0), reason: text("x") }).is_err(),
                        "p13"
                    );
                }
                self.now = kept;
            }
            _ => self.now = self.now.plus(Length::from_ms(self.dice.number(30_000))),
        }
    }

    pub fn check(&self) {
        for (name, generation, at) in &self.shown {
            let seen = self.state.seen(name);
            assert!(
                seen.iter().any(|seen| (seen.generation, seen.at) == (*generation, *at)),
                "not said: {name}"
            );
            let current = self.state.current(name).expect("it was shown");
            if current.generation == *generation {
                let by = self.state.rotate_by(name, current);
                assert!(by <= at.plus(Length::from_minutes(24 * 60)), "{name} was seen at {at}: {by}");
            }
        }
        assert_eq!(self.frozen, self.state.frozen.is_some(), "the freeze seen from outside");
        let (read, tree, _) = self.read(&self.disk).expect("the newest disk starts");
        assert_eq!(format!("{read:?}"), format!("{:?}", self.state), "state is the fold of the entries");
        assert_eq!(tree.head(), self.tree.head());
    }
}
