//! The reports of a bundle, from a log that is written for them.

use portcullis::domain::appliance::State;
use portcullis::domain::audit::entry::{Body, ClockTrust, Delivery, Entry};
use portcullis::domain::audit::manifest::{Member, Range};
use portcullis::domain::audit::report::{Heading, Tally, access, all, exceptions, rotation};
use portcullis::domain::audit::tree::Head;
use portcullis::domain::canonical;
use portcullis::domain::credential::{CredentialKind, Deposited, RotationDays, Terms};
use portcullis::domain::ids::RequestId;
use portcullis::domain::operator::AgeRecipient;
use portcullis::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use portcullis::domain::time::{ChipBoot, Interval, Length, Timestamp};
use portcullis::policy;
use serde_json::{Value, json};

use super::model::*;

const BOOT: ChipBoot = ChipBoot { reset_count: 1, restart_count: 0 };

/// `2026-11-02T00:00:00Z` and so many minutes.
fn minute(minutes: u64) -> Timestamp {
    Timestamp::parse("2026-11-02T00:00Z").expect("an instant").plus(Length::from_minutes(minutes))
}

/// A log, and what is counted of it from entry `from` on.
struct Log {
    state: State,
    tally: Tally,
    from: u64,
    size: u64,
}

impl Log {
    fn found(from: u64) -> Self {
        let first = entry(0, minute(0), "keeper", Body::Setup(Box::new(founding())));
        let state = State::founded(&first).expect("a set-up");
        let mut log = Self { state, tally: Tally::default(), from, size: 1 };
        if from == 0 {
            log.tally.add(None, &first);
        }
        log
    }

    fn does(&mut self, at: u64, actor: &str, body: Body) {
        let step = self.state.step(&body, minute(at), BOOT).expect("it follows");
        let entry = entry(self.size, minute(at), actor, body);
        if self.size >= self.from {
            self.tally.add(Some(&self.state), &entry);
        }
        self.size += 1;
        self.state.install(step, &entry);
    }

    fn deposit(&mut self, at: u64, credential: &str, days: (u32, u32)) {
        let terms = Terms {
            owner: text("team one"),
            reason: text("cannot federate"),
            rotation_days: RotationDays::new(days.0).expect("in range"),
            sunset: minute(0).day().plus_days(days.1),
            kind: CredentialKind::Pin,
        };
        let generation = self.state.next_generation(&name(credential));
        let (depositor, at_ts, record) = (person(0), minute(at), "00".to_owned());
        let deposited = Box::new(Deposited { generation, terms, depositor, at: at_ts, record });
        self.does(at, "operator:op0", Body::Deposited { credential: name(credential), deposited });
    }

    fn ask(&mut self, at: u64, number: u32, requester: Requester, subject: Subject) -> RequestId {
        let made = minute(at);
        let id = RequestId::from_entropy(number);
        let doc = RequestDoc {
            v: 1,
            origin: "example.org/gate".to_owned(),
            id: id.clone(),
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
        };
        self.does(at, "keeper", Body::Requested { doc: Box::new(doc) });
        id
    }

    fn approve(&mut self, at: u64, request: &RequestId, operator: usize) {
        let doc = &self.state.request(request).expect("it waits").doc;
        let (window, pulls) = (doc.subject.window(), doc.subject.pulls());
        let (request, operator, signature) = (request.clone(), person(operator), "00".to_owned());
        self.does(at, "keeper", Body::Approved { request, operator, window, pulls, signature });
    }

    fn arm(&mut self, at: u64, request: &RequestId) {
        let window = Interval::new(minute(at), minute(at + 15)).expect("not empty");
        let (request, chip) = (request.clone(), (window.opens().ms(), window.closes().ms()));
        self.does(at, "keeper", Body::Armed { request, window, chip, gate: 0, sealed: "00".to_owned() });
    }

    fn heading(&self) -> Heading {
        let range = Range::new(self.from, self.size).expect("a range");
        Heading { origin: self.state.founding.origin(), range, at: self.state.last_ts }
    }
}

fn entry(seq: u64, ts: Timestamp, actor: &str, body: Body) -> Entry {
    let actor = vec![actor.to_owned()];
    Entry {
        v: 1,
        seq,
        ts,
        mono: ts.ms(),
        boot: BOOT,
        clock: ClockTrust::Agrees,
        epoch: seq,
        evaluation: true,
        actor,
        body,
    }
}

fn window() -> ReleaseWindow {
    ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) }
}

fn release(log: &Log, credential: &str, pulls: u32) -> Subject {
    let generation = log.state.current(&name(credential)).expect("deposited").generation;
    let (credential, job, channel) = (name(credential), job(0), Channel::Unix);
    Subject::Release { credential, generation, job, channel, window: window(), pulls }
}

/// Checks that a report is a canonical line about this log, and gives one part of it.
fn part(log: &Log, bytes: &[u8], report: &str, field: &str) -> Value {
    let line = bytes.strip_suffix(b"\n").expect("a line");
    assert!(canonical::is_canonical(line), "{report}");
    let value: Value = serde_json::from_slice(line).expect("JSON");
    assert_eq!(
        [&value["v"], &value["report"], &value["origin"], &value["from"], &value["size"], &value["at"]],
        [
            &json!(1),
            &json!(report),
            &json!("example.org/gate"),
            &json!(log.from),
            &json!(log.size),
            &json!(log.state.last_ts.to_string())
        ]
    );
    value[field].clone()
}

#[test]
fn rotation_and_exceptions_are_judged_by_the_time_of_the_last_entry() {
    let day = 24 * 60;
    let cases = [
        // name, days to rotate and to the sunset, day of the last entry, standing
        ("not due", (30, 400), 22, "ok"),
        ("due within a week", (30, 400), 23, "due"),
        ("overdue", (30, 400), 30, "overdue"),
        ("on its last day", (30, 22), 22, "ok"),
        ("past its sunset", (30, 22), 23, "past-sunset"),
    ];
    for (case, days, last, standing) in cases {
        let mut log = Log::found(0);
        log.deposit(0, "a/one", (1, 500));
        log.deposit(0, "a/one", days);
        log.does(last * day, "keeper", Body::PassphraseFailed { operator: person(1) });
        let rows = part(&log, &rotation(&log.heading(), &log.state), "rotation", "credentials");
        let row = json!([{
            "name": "a/one", "generation": 2, "depositor": "op0", "deposited": "2026-11-02T00:00:00Z",
            "rotation_days": 30, "rotate_by": "2026-12-02T00:00:00Z", "standing": standing,
        }]);
        assert_eq!(rows, row, "{case}");
        let rows = part(&log, &exceptions(&log.heading(), &log.state), "exceptions", "credentials");
        let sunset = minute(0).day().plus_days(days.1).to_string();
        let row = json!([{
            "name": "a/one", "kind": "pin", "owner": "team one", "reason": "cannot federate",
            "since": "2026-11-02T00:00:00Z", "sunset": sunset, "is_past_sunset": standing == "past-sunset",
        }]);
        assert_eq!(rows, row, "{case}");
    }
}

#[test]
fn access_says_who_had_which_generation_and_what_is_not_settled() {
    let mut log = Log::found(0);
    log.deposit(0, "a/one", (30, 400));
    let subject = release(&log, "a/one", 3);
    let id = log.ask(1, 1, Requester::Operator(person(3)), subject);
    log.approve(1, &id, 1);
    log.approve(1, &id, 2);
    log.arm(2, &id);
    let pull =
        || Body::Pulled { request: id.clone(), job: job(0), evidence: "00".to_owned(), caller: caller() };
    for at in [3, 4] {
        log.does(at, "job:job0", pull());
        let (request, delivered) = (id.clone(), Delivery::Acknowledged);
        log.does(at, "job:job0", Body::Delivered { request, job: job(0), delivered });
    }
    log.does(5, "job:job0", pull());
    let generation = log.state.current(&name("a/one")).expect("deposited").generation;
    let subject = Subject::Reveal { credential: name("a/one"), generation, window: window() };
    let shown = log.ask(6, 2, Requester::Operator(person(3)), subject);
    log.approve(6, &shown, 1);
    log.approve(6, &shown, 2);
    log.arm(6, &shown);
    log.does(7, "operator:op3", Body::Revealed { request: shown.clone(), operator: person(3) });
    let (request, delivered) = (shown.clone(), Delivery::Unknown);
    log.does(7, "operator:op3", Body::Shown { request, operator: person(3), delivered });
    log.deposit(8, "a/one", (30, 400));
    let bytes = access(&log.heading(), &log.state);
    let rows = json!([{
        "name": "a/one",
        "handed": [{
            "generation": 1, "job": "job0", "count": 2, "last": "2026-11-02T00:04:00Z", "is_current": false,
        }],
        "shown": [{
            "generation": 1, "operator": "op3", "request": shown.as_str(), "at": "2026-11-02T00:07:00Z",
            "is_current": false,
        }],
    }]);
    assert_eq!(part(&log, &bytes, "access", "credentials"), rows);
    let unsettled = json!([{ "request": id.as_str(), "who": "job:job0" }]);
    assert_eq!(part(&log, &bytes, "access", "unsettled"), unsettled);
}

/// Three requests: op1 and op2 approve one, op1 and op3 another, op2 alone the third, which a restart voids.
fn approvals(from: u64) -> Log {
    let mut log = Log::found(from);
    log.deposit(0, "a/one", (30, 400));
    for (number, requester, approvers) in [
        (1, Requester::Operator(person(3)), vec![2, 1]),
        (2, Requester::Job(job(0)), vec![1, 3]),
        (3, Requester::Operator(person(0)), vec![2]),
    ] {
        let subject = release(&log, "a/one", 1);
        let id = log.ask(1, number, requester, subject);
        approvers.into_iter().for_each(|operator| log.approve(1, &id, operator));
    }
    let third = RequestId::from_entropy(3);
    let voided = [(third.clone(), "ff".repeat(16))].into();
    log.does(
        2,
        "keeper",
        Body::Started { voided, ended: vec![], version: "0".to_owned(), program: "0".to_owned() },
    );
    log.approve(2, &third, 1);
    log.approve(2, &third, 2);
    log
}

#[test]
fn pairs_count_approvals_that_stood_together_in_the_range() {
    let pair = |one: &str, two: &str, count: u64| json!({ "approvers": [one, two], "count": count });
    let cases = [
        ("the whole log", 0, json!([pair("op1", "op2", 2), pair("op1", "op3", 1)])),
        // Entry 4 is the second approval of the first request; the first was before.
        ("from the second approval on", 4, json!([pair("op1", "op2", 2), pair("op1", "op3", 1)])),
        ("after it", 5, json!([pair("op1", "op2", 1), pair("op1", "op3", 1)])),
        ("the last entry alone", 12, json!([pair("op1", "op2", 1)])),
    ];
    for (case, from, expected) in cases {
        let log = approvals(from);
        assert_eq!(log.size, 13, "{case}");
        assert_eq!(part(&log, &log.tally.pairs(&log.heading()), "pairs", "approvers"), expected, "{case}");
    }
    let log = approvals(0);
    let asked = |requester: &str, approver: &str, count: u64| json!({ "requester": requester, "approver": approver, "count": count });
    let expected = json!([
        asked("job:job0", "op1", 1),
        asked("job:job0", "op3", 1),
        asked("operator:op0", "op1", 1),
        asked("operator:op0", "op2", 2),
        asked("operator:op3", "op1", 1),
        asked("operator:op3", "op2", 1),
    ]);
    assert_eq!(part(&log, &log.tally.pairs(&log.heading()), "pairs", "requesters"), expected);
}

#[test]
fn failed_counts_refusals_by_who_and_code_and_passphrases_by_whose() {
    let mut log = Log::found(0);
    let refused = |code: &str| Body::Refused {
        wanted: "pull".to_owned(),
        code: code.to_owned(),
        what: "no".to_owned(),
    };
    log.does(1, "uid:7", refused("evidence"));
    log.does(1, "uid:7", refused("evidence"));
    log.does(1, "uid:7", refused("busy"));
    log.does(2, "operator:op1", refused("evidence"));
    log.does(3, "operator:op1", Body::PassphraseFailed { operator: person(1) });
    let bytes = log.tally.failed(&log.heading());
    let row = |actor: &str, code: &str, count: u64| json!({ "actor": actor, "code": code, "count": count });
    let expected =
        json!([row("operator:op1", "evidence", 1), row("uid:7", "busy", 1), row("uid:7", "evidence", 2)]);
    assert_eq!(part(&log, &bytes, "failed", "refused"), expected);
    assert_eq!(part(&log, &bytes, "failed", "passphrases"), json!([{ "operator": "op1", "count": 1 }]));
}

#[test]
fn custody_says_who_asked_for_the_export_and_who_approved_it() {
    let mut log = Log::found(0);
    let subject = Subject::Export {
        from: 0,
        medium: text("USB stick 7"),
        seal: Some(text("004711")),
        recipients: vec![AgeRecipient::from_key([9; 32])],
    };
    let request = log.ask(1, 9, Requester::Operator(person(0)), subject);
    log.approve(2, &request, 1);
    log.approve(3, &request, 2);
    log.does(4, "keeper", Body::Checkpoint { request: Some(request.clone()), previous: None });
    let range = Range::new(0, log.size).expect("a range");
    let parts = all(range, &log.state, &log.tally).expect("reports");
    let (_, bytes) = parts.iter().find(|(member, _)| *member == Member::Custody).expect("one of them");
    let recipient = AgeRecipient::from_key([9; 32]).to_string();
    for (field, expected) in [
        ("request", json!(request)),
        ("requester", json!("operator:op0")),
        ("medium", json!("USB stick 7")),
        ("seal", json!("004711")),
        ("recipients", json!([recipient])),
        ("approvers", json!(["op1", "op2"])),
    ] {
        assert_eq!(part(&log, bytes, "custody", field), expected, "{field}");
    }
    let previous = Some(Head { size: log.size, root: "00".repeat(32) });
    log.does(5, "keeper", Body::Checkpoint { request: None, previous });
    let daily = Range::new(0, log.size).expect("a range");
    assert!(all(daily, &log.state, &log.tally).is_err(), "nobody asked for that checkpoint");
}
