//! The rules of showing a credential to a person, one by one: who asks, who sees, once, and what follows.

use std::collections::BTreeSet;

use portcullis::domain::appliance::State;
use portcullis::domain::appliance::step::Permit;
use portcullis::domain::audit::entry::{Body, ClockTrust, Delivery, Entry};
use portcullis::domain::credential::{CredentialKind, Deposited, RotationDays, Terms};
use portcullis::domain::ids::{Generation, OperatorId, RequestId};
use portcullis::domain::operator::{AgeRecipient, OperatorPublic, Role, Roster, SignedRoster};
use portcullis::domain::refusal::Refusal;
use portcullis::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use portcullis::domain::time::{ChipBoot, Interval, Length, Timestamp};
use portcullis::policy::{self, Facts};

use super::model::*;

const BOOT: ChipBoot = ChipBoot { reset_count: 1, restart_count: 0 };
const START: Timestamp = Timestamp::from_ms(1_790_000_000_000);

fn after(minutes: u64) -> Timestamp {
    START.plus(Length::from_minutes(minutes))
}

/// An appliance of rules alone: op4 reads and does nothing else, op0 has deposited `a/one`.
struct Rules {
    state: State,
    seq: u64,
}

impl Rules {
    fn new() -> Self {
        let mut people = roster().roster.people().to_vec();
        people.push(OperatorPublic {
            id: person(4),
            roles: BTreeSet::from([Role::Auditor]),
            age: AgeRecipient::from_key([201; 32]),
            noise: [202; 32],
            approval: [203; 32],
            cosign: [204; 32],
        });
        let mut founding = founding();
        founding.roster = SignedRoster::unsigned(Roster::new(1, 2, people).expect("a roster"), [0; 32]);
        let state = State::founded(&entry(0, START, Body::Setup(Box::new(founding)))).expect("a set-up");
        let mut rules = Self { state, seq: 0 };
        rules.deposit(START);
        rules
    }

    fn does(&mut self, now: Timestamp, body: Body) -> Result<Option<Permit>, Refusal> {
        let step = self.state.step(&body, now, BOOT)?;
        self.seq += 1;
        Ok(self.state.install(step, &entry(self.seq, now, body)))
    }

    fn deposit(&mut self, at: Timestamp) {
        let credential = name("a/one");
        let terms = Terms {
            owner: text("team"),
            reason: text("cannot federate"),
            rotation_days: RotationDays::new(30).expect("in range"),
            sunset: at.plus(Length::from_minutes(400 * 24 * 60)).day(),
            kind: CredentialKind::Password,
        };
        let generation = self.state.next_generation(&credential);
        let record = "00".to_owned();
        let deposited = Box::new(Deposited { generation, terms, depositor: person(0), at, record });
        self.does(at, Body::Deposited { credential, deposited }).expect("deposited");
    }

    fn facts(&self, now: Timestamp) -> Facts<'_> {
        Facts { state: &self.state, now, clock_alarm: None }
    }

    fn ask(&mut self, now: Timestamp, doc: RequestDoc) -> Result<(), Refusal> {
        policy::may_request(&self.facts(now), &doc)?;
        self.does(now, Body::Requested { doc: Box::new(doc) }).map(drop)
    }

    /// Has op1 ask, and op2 and op3 agree; armed from `now` on.
    fn armed(&mut self, number: u32, now: Timestamp) -> RequestId {
        let doc = doc(number, now, Requester::Operator(person(1)), reveal(15));
        let (request, window, pulls) = (doc.id.clone(), doc.subject.window(), doc.subject.pulls());
        self.ask(now, doc).expect("asked");
        for operator in [2, 3].map(person) {
            let (request, signature) = (request.clone(), "00".to_owned());
            self.does(now, Body::Approved { request, operator, window, pulls, signature }).expect("approved");
        }
        let window = Interval::new(now, now.plus(Length::from_minutes(15))).expect("not empty");
        let chip = (window.opens().ms(), window.closes().ms());
        let body = Body::Armed { request: request.clone(), window, chip, gate: 0, sealed: "00".to_owned() };
        self.does(now, body).expect("armed");
        request
    }

    /// Policy, then the log, as the keeper has it.
    fn look(&mut self, now: Timestamp, request: &RequestId, operator: OperatorId) -> Result<(), Refusal> {
        policy::may_be_shown(&self.facts(now), self.state.request(request)?, &operator)?;
        self.does(now, Body::Revealed { request: request.clone(), operator }).map(drop)
    }

    fn rotate_by(&self) -> Timestamp {
        let name = name("a/one");
        self.state.rotate_by(&name, self.state.current(&name).expect("deposited"))
    }
}

fn entry(seq: u64, ts: Timestamp, body: Body) -> Entry {
    Entry {
        v: 1,
        seq,
        ts,
        mono: ts.ms(),
        boot: BOOT,
        clock: ClockTrust::Agrees,
        epoch: seq,
        evaluation: true,
        actor: vec![],
        body,
    }
}

fn reveal(minutes: u64) -> Subject {
    let window = ReleaseWindow::FromArming { length_ms: Length::from_minutes(minutes) };
    Subject::Reveal { credential: name("a/one"), generation: Generation::FIRST, window }
}

fn doc(number: u32, made: Timestamp, requester: Requester, subject: Subject) -> RequestDoc {
    RequestDoc {
        v: 1,
        origin: "example.org/gate".to_owned(),
        id: RequestId::from_entropy(number),
        subject,
        requester,
        on_behalf_of: None,
        evidence: None,
        made,
        decision_ends: made.plus(RequestDoc::DECISION_LENGTH),
        reason: text("by hand"),
        ticket: text("INC-1"),
        policy: policy::digest(),
        roster: "00".to_owned(),
        nonce: "00".repeat(16),
    }
}

fn code(outcome: Result<(), Refusal>) -> &'static str {
    outcome.map_or_else(|refusal| refusal.parts().0, |()| "")
}

#[test]
fn a_person_who_handles_credentials_asks_to_be_shown_one_for_at_most_15_minutes() {
    let operator = |index| Requester::Operator(person(index));
    let other = |generation| {
        let generation = Generation::from_number(generation).expect("not zero");
        let window = ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) };
        Subject::Reveal { credential: name("a/one"), generation, window }
    };
    let fixed = |minutes: u64| {
        let interval = Interval::new(after(60), after(60 + minutes)).expect("not empty");
        let window = ReleaseWindow::Fixed { interval };
        Subject::Reveal { credential: name("a/one"), generation: Generation::FIRST, window }
    };
    let long = ReleaseWindow::FromArming { length_ms: Length::from_ms(15 * 60_000 + 1) };
    let long = Subject::Reveal { credential: name("a/one"), generation: Generation::FIRST, window: long };
    let cases = [
        ("an operator", operator(1), reveal(15), ""),
        ("a minute", operator(1), reveal(1), ""),
        ("nothing", operator(1), reveal(0), "bad-window"),
        ("a millisecond over 15 minutes", operator(1), long, "bad-window"),
        ("15 minutes ahead", operator(1), fixed(15), ""),
        ("16 minutes ahead", operator(1), fixed(16), "bad-window"),
        ("another generation", operator(1), other(2), "stale-deposit"),
        ("somebody who only reads", operator(4), reveal(15), "wrong-role"),
        ("somebody unknown", operator(7), reveal(15), "not-on-roster"),
        ("a job", Requester::Job(job(0)), reveal(15), "impossible"),
    ];
    for (case, requester, subject, expected) in cases {
        let made = doc(1, START, requester, subject);
        assert_eq!(code(Rules::new().ask(START, made)), expected, "{case}");
    }
    // Neither does the log take one that policy was not asked about.
    let by_a_job = doc(1, START, Requester::Job(job(0)), reveal(15));
    let for_another = RequestDoc { on_behalf_of: Some(person(2)), ..doc(1, START, operator(1), reveal(15)) };
    for made in [by_a_job, for_another] {
        let refused = Rules::new().does(START, Body::Requested { doc: Box::new(made) }).map(drop);
        assert_eq!(code(refused), "impossible");
    }
}

#[test]
fn who_asked_is_shown_it_once_inside_the_window_and_nobody_else_ever() {
    let cases = [
        ("who asked", 1, after(0), ""),
        ("who asked, in the last millisecond", 1, Timestamp::from_ms(after(15).ms() - 1), ""),
        ("who asked, at the end", 1, after(15), "expired"),
        ("who deposited", 0, after(1), "not-requester"),
        ("who approved", 2, after(1), "not-requester"),
        ("who only reads", 4, after(1), "not-requester"),
        ("somebody unknown", 7, after(1), "not-on-roster"),
    ];
    for (case, who, now, expected) in cases {
        let mut rules = Rules::new();
        let id = rules.armed(1, START);
        assert_eq!(code(rules.look(now, &id, person(who))), expected, "{case}");
        // Whatever came before, the log itself shows it to nobody but who asked.
        let others = rules.does(now, Body::Revealed { request: id.clone(), operator: person(2) });
        assert!(others.is_err(), "{case}");
        if expected.is_empty() {
            assert_eq!(code(rules.look(now, &id, person(1))), "ended", "{case}, again");
            let again = rules.does(now, Body::Revealed { request: id, operator: person(1) });
            assert_eq!(code(again.map(drop)), "wrong-state", "{case}, again");
        }
    }
}

#[test]
fn before_its_quorum_when_frozen_or_with_a_doubtful_clock_nobody_is_shown_anything() {
    let mut rules = Rules::new();
    let doc = doc(1, START, Requester::Operator(person(1)), reveal(15));
    let id = doc.id.clone();
    rules.ask(START, doc).expect("asked");
    assert_eq!(code(rules.look(START, &id, person(1))), "wrong-state", "nobody has approved");
    let mut rules = Rules::new();
    let id = rules.armed(1, START);
    let doubt = Facts { clock_alarm: Some("it went back"), ..rules.facts(START) };
    let shown = policy::may_be_shown(&doubt, rules.state.request(&id).expect("asked"), &person(1));
    assert_eq!(code(shown), "clock");
    rules.does(START, Body::Frozen { operator: person(2), reason: text("leak") }).expect("frozen");
    assert_eq!(code(rules.look(START, &id, person(1))), "frozen");
    assert!(rules.does(START, Body::Revealed { request: id, operator: person(1) }).is_err());
}

#[test]
fn a_window_for_a_person_serves_no_job_and_one_for_a_job_no_person() {
    let mut rules = Rules::new();
    let id = rules.armed(1, START);
    for who in [job(0), job(1)] {
        let body =
            Body::Pulled { request: id.clone(), job: who, evidence: "00".to_owned(), caller: caller() };
        assert_eq!(code(rules.does(START, body).map(drop)), "impossible");
    }
    rules
        .does(
            START,
            Body::Requested {
                doc: Box::new(doc(2, START, Requester::Operator(person(1)), client(job(0), None))),
            },
        )
        .expect("asked");
    let release = Subject::Release {
        credential: name("a/one"),
        generation: Generation::FIRST,
        job: job(0),
        channel: Channel::Unix,
        window: ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) },
        pulls: 1,
    };
    let release = doc(3, START, Requester::Operator(person(1)), release);
    let id = release.id.clone();
    rules.does(START, Body::Requested { doc: Box::new(release) }).expect("asked");
    for operator in [2, 3].map(person) {
        let window = Some(ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) });
        let (request, signature) = (id.clone(), "00".to_owned());
        let body = Body::Approved { request, operator, window, pulls: Some(1), signature };
        rules.does(START, body).expect("approved");
    }
    let window = Interval::new(START, after(15)).expect("not empty");
    let (chip, sealed) = ((1, 2), "00".to_owned());
    rules.does(START, Body::Armed { request: id.clone(), window, chip, gate: 0, sealed }).expect("armed");
    assert_eq!(code(rules.look(START, &id, person(1))), "not-shown");
    assert_eq!(
        code(rules.does(START, Body::Revealed { request: id, operator: person(1) }).map(drop)),
        "not-shown"
    );
}

#[test]
fn what_a_person_has_seen_is_rotated_within_a_day_until_the_next_generation() {
    const DAY: u64 = 24 * 60;
    let mut rules = Rules::new();
    assert_eq!(rules.rotate_by(), after(30 * DAY));
    let id = rules.armed(1, after(1));
    assert_eq!(rules.rotate_by(), after(30 * DAY), "an open window is not seen yet");
    rules.look(after(2), &id, person(1)).expect("shown");
    assert_eq!(rules.rotate_by(), after(2 + DAY));
    let second = rules.armed(2, after(60));
    rules.look(after(61), &second, person(1)).expect("shown");
    assert_eq!(rules.rotate_by(), after(2 + DAY), "the first who saw it counts");
    rules.deposit(after(100));
    assert_eq!(rules.rotate_by(), after(100 + 30 * DAY), "a new value is not seen");
    let seen = rules.state.seen(&name("a/one"));
    let seen: Vec<_> = seen.iter().map(|seen| (seen.operator.clone(), seen.generation, seen.at)).collect();
    assert_eq!(seen, [2, 61].map(|at| (person(1), Generation::FIRST, after(at))));

    // A rotation that is due sooner stays where it is.
    let mut rules = Rules::new();
    let id = rules.armed(1, after(29 * DAY + 1));
    rules.look(after(29 * DAY + 2), &id, person(1)).expect("shown");
    assert_eq!(rules.rotate_by(), after(30 * DAY));
}

#[test]
fn a_showing_that_failed_before_there_was_a_plaintext_is_given_back_and_nobody_has_seen_it() {
    let mut rules = Rules::new();
    let id = rules.armed(1, START);
    rules.look(START, &id, person(1)).expect("shown");
    assert_eq!(rules.state.unsettled, [(id.clone(), Requester::Operator(person(1)))]);
    let why = "the chip refused".to_owned();
    rules.does(START, Body::PullReturned { request: id.clone(), why }).expect("given back");
    assert!(rules.state.unsettled.is_empty() && rules.state.seen(&name("a/one")).is_empty());
    assert_eq!(rules.rotate_by(), after(30 * 24 * 60));
    rules.look(after(1), &id, person(1)).expect("shown after all");
    let delivered = Delivery::Acknowledged;
    rules.does(after(1), Body::Shown { request: id, operator: person(1), delivered }).expect("written down");
    assert!(rules.state.unsettled.is_empty());
    assert_eq!(rules.state.seen(&name("a/one")).len(), 1);
}
