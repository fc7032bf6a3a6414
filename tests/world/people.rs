//! What people do in the world.

use portcullis::domain::appliance::step::Permit;
use portcullis::domain::audit::entry::Body;
use portcullis::domain::credential::{CredentialKind, Deposited, RotationDays, Terms};
use portcullis::domain::ids::{Generation, OperatorId, RequestId};
use portcullis::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use portcullis::domain::request::state::Phase;
use portcullis::domain::time::{Interval, Length};
use portcullis::policy::{self};

use super::model::*;

impl World {
    pub fn deposit(&mut self) {
        let credential = name(["a/one", "b/two"][self.dice.below(2)]);
        let depositor = person(self.dice.below(PEOPLE));
        let sunset = self.now.plus(Length::from_minutes(self.dice.number(3 * 24 * 60))).day();
        let terms = Terms {
            owner: text("team"),
            reason: text("cannot federate"),
            rotation_days: RotationDays::new(30).expect("in range"),
            sunset,
            kind: CredentialKind::Password,
        };
        let generation = self.state.next_generation(&credential);
        let deposited = Deposited { generation, terms, depositor, at: self.now, record: "00".to_owned() };
        if policy::may_deposit(&self.facts(), &deposited, generation != Generation::FIRST).is_ok() {
            drop(self.commit(Body::Deposited { credential, deposited: Box::new(deposited) }));
        }
    }

    pub fn window(&mut self) -> ReleaseWindow {
        let minutes = self.dice.number(26 * 60);
        if self.dice.one_in(2) {
            return ReleaseWindow::FromArming { length_ms: Length::from_minutes(minutes) };
        }
        let opens = self.now.plus(Length::from_minutes(self.dice.number(120)));
        let closes = opens.plus(Length::from_minutes(minutes + 1));
        ReleaseWindow::Fixed { interval: Interval::new(opens, closes).expect("not empty") }
    }

    pub fn request(&mut self, requester: Requester, subject: Subject) {
        let owner = match &subject {
            Subject::Release { job, .. } => {
                self.state.clients.get(job).and_then(|client| client.owner.clone())
            }
            _ => None,
        };
        let doc = RequestDoc {
            v: 1,
            origin: "example.org/gate".to_owned(),
            id: RequestId::from_entropy(u32::try_from(self.dice.number(1 << 20)).expect("20 bits")),
            subject,
            requester,
            on_behalf_of: owner,
            evidence: None,
            made: self.now,
            decision_ends: self.now.plus(RequestDoc::DECISION_LENGTH),
            reason: text("night batch"),
            ticket: text("INC-1"),
            policy: policy::digest(),
            roster: "00".to_owned(),
            nonce: "00".repeat(16),
        };
        if policy::may_request(&self.facts(), &doc).is_ok() {
            drop(self.commit(Body::Requested { doc: Box::new(doc) }));
        }
    }

    pub fn ask(&mut self) {
        let requester = Requester::Operator(person(self.dice.below(PEOPLE)));
        let subject = match self.dice.below(7) {
            0 => {
                let owner = self.dice.one_in(2).then(|| person(self.dice.below(PEOPLE)));
                client(job(self.dice.below(JOBS)), owner)
            }
            1 => Subject::Thaw,
            2..=4 => {
                let credential = name(["a/one", "b/two"][self.dice.below(2)]);
                let generation = self.state.next_generation(&credential).number().max(2) - 1;
                let generation = Generation::from_number(generation).expect("not zero");
                let length_ms = Length::from_minutes(self.dice.number(20));
                let window =
                    if self.dice.one_in(4) { self.window() } else { ReleaseWindow::FromArming { length_ms } };
                Subject::Reveal { credential, generation, window }
            }
            _ => {
                let credential = name(["a/one", "b/two"][self.dice.below(2)]);
                let current = self.state.current(&credential).map_or(1, |c| c.generation.number());
                let generation = Generation::from_number(current).expect("not zero");
                let (job, window) = (job(self.dice.below(JOBS)), self.window());
                let pulls = u32::try_from(self.dice.number(4)).expect("few");
                Subject::Release { credential, generation, job, channel: Channel::Unix, window, pulls }
            }
        };
        self.request(requester, subject);
    }

    /// Who deposited asks to see it, and two others agree.
    pub fn ask_to_be_shown(&mut self) {
        let Some((credential, deposited)) = self.state.credentials.first_key_value() else { return };
        let (credential, depositor) = (credential.clone(), deposited[0].depositor.clone());
        let window = ReleaseWindow::FromArming { length_ms: ReleaseWindow::REVEAL_LENGTH_MAX };
        let subject = Subject::Reveal { credential, generation: Generation::FIRST, window };
        self.request(Requester::Operator(depositor.clone()), subject.clone());
        let made = self.state.requests.values().find(|request| request.doc.subject == subject);
        let Some(id) = made.map(|request| request.doc.id.clone()) else { return };
        for operator in (0..PEOPLE).map(person).filter(|person| *person != depositor).take(2) {
            self.say_yes(&id, operator, (Some(window), Some(1)));
        }
    }

    pub fn approve(&mut self) {
        let Some(id) = self.pick_request() else { return };
        let operator = person(self.dice.below(PEOPLE + 1));
        let request = self.state.request(&id).expect("picked").clone();
        if policy::may_approve(&self.facts(), &request, &operator).is_err() {
            return;
        }
        let (mut window, pulls) = (request.doc.subject.window(), request.doc.subject.pulls());
        if window.is_some() && self.dice.one_in(10) {
            window = Some(self.window());
        }
        let agreed = (window, pulls);
        self.say_yes(&id, operator, agreed);
    }

    pub fn say_yes(
        &mut self,
        id: &RequestId,
        operator: OperatorId,
        agreed: (Option<ReleaseWindow>, Option<u32>),
    ) {
        let (id, (window, pulls)) = (id.clone(), agreed);
        let Ok(subject) = self.state.request(&id).map(|request| request.doc.subject.clone()) else { return };
        let body = Body::Approved {
            request: id.clone(),
            operator: operator.clone(),
            window,
            pulls,
            signature: "00".to_owned(),
        };
        let outcome = self.commit(body);
        if outcome.is_ok() {
            let fresh = self.yes.entry(id.clone()).or_default().insert(operator.clone());
            assert!(fresh, "p03: {operator} was counted twice for {id}");
        }
        if let Ok(Some(Permit::Arm(permit))) = outcome {
            self.arm(permit.request());
        } else if outcome.is_err() && subject == Subject::Thaw {
            // A crash after the entry was on disk: the thaw holds, and nobody was told.
            self.frozen = self.state.frozen.is_some();
        } else if outcome.is_ok() && matches!(self.state.requests[&id].phase, Phase::Granted(_)) {
            self.check_quorum(&id);
            self.frozen &= subject != Subject::Thaw;
        }
    }

    pub fn arm(&mut self, id: &RequestId) {
        self.check_quorum(id);
        let Phase::Arming(arming) = &self.state.requests[id].phase else { panic!("a permit means arming") };
        let (wanted, gate) = (arming.window, self.chip.gate);
        let (Some(window), false) = (wanted.armed_at(self.now), self.dice.one_in(8)) else {
            let body =
                Body::ArmFailed { request: id.clone(), why: "chip".to_owned(), nonce: "ee".repeat(16) };
            self.yes.remove(id);
            drop(self.commit(body));
            return;
        };
        self.sealed.insert(id.clone(), (window, self.chip.boot, gate));
        let chip = (window.opens().ms(), window.closes().ms());
        drop(self.commit(Body::Armed { request: id.clone(), window, chip, gate, sealed: "00".to_owned() }));
    }

    /// Two distinct people on the roster, none of whom asked or deposited.
    pub fn check_quorum(&self, id: &RequestId) {
        let request = &self.state.requests[id];
        let people = self.yes.get(id).cloned().unwrap_or_default();
        assert!(people.len() >= 2, "p01: {id} went on with {people:?}");
        for who in &people {
            assert!(self.state.roster().get(who).is_some(), "{who} is not on the roster");
            assert!(!request.doc.is_asked_by(who), "p04: {who} approved what they asked for");
            if let Some((credential, generation)) = request.doc.subject.opens() {
                let deposited =
                    self.state.credentials[credential].iter().find(|d| d.generation == generation);
                assert_ne!(&deposited.expect("exists").depositor, who, "{who} approved what they deposited");
            }
        }
    }

    pub fn end_one(&mut self) {
        let Some(request) = self.pick_request() else { return };
        let operator = person(self.dice.below(PEOPLE));
        let reason = text("no");
        let body = match self.dice.below(3) {
            0 => Body::Denied { request, operator, reason },
            1 => Body::Revoked { request, operator, reason },
            _ => Body::Expired { request },
        };
        drop(self.commit(body));
    }
}
