//! How long ended requests are remembered.

use portcullis::domain::appliance::State;
use portcullis::domain::audit::entry::{Body, Caller, ClockTrust, Entry};
use portcullis::domain::ids::{CredentialName, Generation, JobName, OperatorId, RequestId};
use portcullis::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use portcullis::domain::request::state::Request;
use portcullis::domain::text::Text;
use portcullis::domain::time::{ChipBoot, Interval, Length, Timestamp};
use proptest::prelude::*;

use super::model::founding;

const BOOT: ChipBoot = ChipBoot { reset_count: 1, restart_count: 0 };
const MINUTE: Length = Length::from_minutes(1);
const WEEK: Length = Length::from_minutes(7 * 24 * 60);

fn person(name: &str) -> OperatorId {
    OperatorId::parse(name).expect("a person")
}

fn job() -> JobName {
    JobName::parse("payroll").expect("a job")
}

fn text() -> Text {
    Text::parse("why").expect("a text")
}

fn entry(state: Option<&State>, ts: Timestamp, body: Body) -> Entry {
    let epoch = state.map_or(0, |state| state.epoch + u64::from(body.is_anchored()));
    let (clock, actor) = (ClockTrust::Agrees, Vec::new());
    Entry { v: 1, seq: 0, ts, mono: 0, boot: BOOT, clock, epoch, evaluation: true, actor, body }
}

/// Asks for a window at once, or for one that opens `ahead` days from now.
fn asked(id: RequestId, made: Timestamp, ahead: u64) -> Body {
    let opens = made.plus(Length::from_minutes(ahead * 24 * 60));
    let window = match Interval::new(opens, opens.plus(Length::from_minutes(60))) {
        Some(interval) if ahead > 0 => ReleaseWindow::Fixed { interval },
        _ => ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) },
    };
    let doc = RequestDoc {
        v: 1,
        origin: String::new(),
        id,
        subject: Subject::Release {
            credential: CredentialName::parse("db").expect("a credential"),
            generation: Generation::FIRST,
            job: job(),
            channel: Channel::Unix,
            window,
            pulls: 2,
        },
        requester: Requester::Job(job()),
        on_behalf_of: None,
        evidence: None,
        made,
        decision_ends: made.plus(RequestDoc::DECISION_LENGTH),
        reason: text(),
        ticket: text(),
        policy: String::new(),
        roster: String::new(),
        nonce: String::new(),
    };
    Body::Requested { doc: Box::new(doc) }
}

/// What may happen to a request; the state says whether it may happen now.
fn event(state: &State, number: u32, how: u32, now: Timestamp) -> Body {
    let request = RequestId::from_entropy(number);
    let subject = state.requests.get(&request).map(|request| &request.doc.subject);
    let window = subject.and_then(Subject::window);
    let caller = Caller { uid: 1, gid: 1, pid: 1, user: None, path: None, sha256: None };
    match how {
        0..3 => asked(request, now, u64::from(how % 2) * u64::from(number % 7)),
        3..7 => {
            let operator = person(["al", "bo"][how as usize % 2]);
            Body::Approved { request, operator, window, pulls: Some(2), signature: String::new() }
        }
        7..9 => {
            let window = window.and_then(|window| window.armed_at(now));
            let window = window.or_else(|| Interval::new(now, now.plus(MINUTE))).expect("not empty");
            Body::Armed { request, window, chip: (0, 1), gate: 0, sealed: String::new() }
        }
        9..13 => Body::Pulled { request, job: job(), evidence: String::new(), caller: Box::new(caller) },
        13 => Body::PullReturned { request, why: String::new() },
        14 => Body::Denied { request, operator: person("al"), reason: text() },
        15 => Body::Revoked { request, operator: person("al"), reason: text() },
        16 => Body::Expired { request },
        17 => Body::ArmFailed { request, why: String::new(), nonce: String::new() },
        18 => Body::Frozen { operator: person("al"), reason: text() },
        _ => Body::Stopped,
    }
}

/// The rule itself, of one request.
fn is_kept(request: &Request, now: Timestamp) -> bool {
    request.state().is_live() || now < request.touched.plus(WEEK) || request.stands_until() > Some(now)
}

proptest! {
    #[test]
    fn what_is_forgotten_once_an_hour_is_what_is_over_and_old_and_nothing_else(
        events in prop::collection::vec((0..6_u32, 0..20_u32, 0..40_u64), 1..250),
    ) {
        const START: Timestamp = Timestamp::from_ms(1_790_000_000_000);
        let mut state = State::founded(&entry(None, START, Body::Setup(Box::new(founding())))).expect("a set-up");
        let (mut now, mut looked) = (START, START);
        for (number, how, wait) in events {
            let minutes = match wait { 0..30 => wait / 8, 30..37 => wait * 4, _ => wait * 36 };
            now = now.plus(Length::from_minutes(minutes));
            let body = event(&state, number, how, now);
            let Ok(step) = state.step(&body, now, BOOT) else { continue };
            let before = state.requests.clone();
            let entry = entry(Some(&state), now, body);
            state.install(step, &entry);
            let looks = now >= looked.plus(Length::from_minutes(60));
            if looks {
                looked = now;
            }
            for (id, request) in before {
                let gone = !state.requests.contains_key(&id);
                prop_assert!(!gone || (looks && !is_kept(&request, now)), "{id} is gone at {now}: {request:?}");
            }
            let kept = |request: &Request| !looks || is_kept(request, now);
            prop_assert!(state.requests.values().all(kept), "an old one is left at {now}");
        }
    }
}

#[test]
fn a_request_that_ended_twice_is_forgotten_a_week_after_its_second_end() {
    const START: Timestamp = Timestamp::from_ms(1_790_000_000_000);
    let mut state = State::founded(&entry(None, START, Body::Setup(Box::new(founding())))).expect("a set-up");
    let id = RequestId::from_entropy(0);
    let mut happens = |minutes: u64, how: u32| {
        let now = START.plus(Length::from_minutes(minutes));
        let body = event(&state, 0, how, now);
        let step = state.step(&body, now, BOOT).expect("it follows");
        let entry = entry(Some(&state), now, body);
        state.install(step, &entry);
        state.requests.contains_key(&id)
    };
    let [asked, al, bo, armed, pulled, returned, stopped] = [0, 4, 5, 7, 9, 13, 19];
    let week = 7 * 24 * 60;
    let cases = [
        (0, asked, true),
        (0, al, true),
        (0, bo, true),
        (0, armed, true),
        (1, pulled, true),
        (1, pulled, true),
        (10, returned, true),
        (14, pulled, true),
        (week + 5, stopped, true),
        (week + 64, stopped, true),
        (week + 65, stopped, false),
    ];
    for (minutes, how, is_kept) in cases {
        assert_eq!(happens(minutes, how), is_kept, "event {how} after {minutes} min");
    }
}
