//! The console with ten thousand credentials and two thousand requests: a frame, a move, a keystroke of a
//! filter. Everything between a key and the cells of the screen; the line to the terminal is left out.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench reads the clock and prints what it saw"
)]

mod common;

use std::collections::BTreeSet;

use common::world::{World, credential, job};
use common::{Samples, in_earnest, time};
use criterion::Criterion;
use portcullis::console::{Rehearsal, Size};
use portcullis::domain::ids::{Generation, OperatorId, RequestId};
use portcullis::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use portcullis::domain::text::Text;
use portcullis::domain::time::{ChipBoot, ChipTime, Length, Timestamp};
use portcullis::domain::wire::operator::{CredentialView, RequestView, StateName, Status};
use portcullis::services::views::credential_page;

const CREDENTIALS: usize = 10_000;
const REQUESTS: usize = 2_000;
const FRAME_MS: f64 = 2.0;
const FILTER_MS: f64 = 20.0;

fn person(id: &str) -> OperatorId {
    OperatorId::parse(id).expect("an operator id")
}

fn text(words: &str) -> Text {
    Text::parse(words).expect("a text")
}

fn status(world: &World, now: Timestamp) -> Status {
    Status {
        appliance: world.state.founding.appliance.clone(),
        origin: world.state.founding.origin(),
        evaluation: true,
        operator: person("operator1"),
        roles: Vec::new(),
        now,
        chip: ChipTime { clock_ms: 9_000, boot: ChipBoot { reset_count: 3, restart_count: 0 }, safe: true },
        clock_alarm: None,
        frozen: None,
        log_size: world.tree.size(),
        epoch: world.state.epoch,
        quorum: 2,
        approvers: ["operator0", "operator1", "operator2"].map(person).to_vec(),
        waiting: 0,
        version: "0".to_owned(),
    }
}

fn inventory(world: &World, now: Timestamp) -> Vec<CredentialView> {
    let mut all: Vec<CredentialView> = Vec::new();
    loop {
        let (page, more) = credential_page(&world.state, now, all.last().map(|view| &view.name));
        all.extend(page);
        if !more {
            return all;
        }
    }
}

fn request(number: usize, now: Timestamp) -> RequestView {
    let doc = RequestDoc {
        v: 1,
        origin: "example.org/gate".to_owned(),
        id: RequestId::from_entropy(u32::try_from(number * 521).expect("20 bits")),
        subject: Subject::Release {
            credential: credential(number),
            generation: Generation::FIRST,
            job: job(),
            channel: Channel::Unix,
            window: ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) },
            pulls: 1,
        },
        requester: Requester::Operator(person("operator0")),
        on_behalf_of: None,
        evidence: None,
        made: now,
        decision_ends: now.plus(Length::from_seconds(600 + number as u64)),
        reason: text("the night batch of the mainframe"),
        ticket: text(&format!("INC-{number}")),
        policy: "5b".repeat(32),
        roster: "c0".repeat(32),
        nonce: "0f".repeat(16),
    };
    RequestView {
        doc,
        state: StateName::Requested,
        approvals: vec![person("operator2")],
        need: 2,
        agreed: None,
        window: None,
        pulls_left: None,
        now,
        waiting: 0,
        note: None,
    }
}

fn console() -> Rehearsal {
    let (mut world, _) = World::found();
    (0..CREDENTIALS).for_each(|number| drop(world.deposit(number)));
    (0..CREDENTIALS / 32).for_each(|number| world.client(number));
    // Half a year later, so that some are due.
    let now = world.now.plus(Length::from_minutes(182 * 24 * 60));
    let requests: Vec<RequestView> = (0..REQUESTS).map(|number| request(number, now)).collect();
    let ids: BTreeSet<_> = requests.iter().map(|view| &view.doc.id).collect();
    assert_eq!(ids.len(), REQUESTS, "every request has its own id");
    let size = Size::new(132, 43).expect("a size");
    Rehearsal::new(size, status(&world, now), requests, inventory(&world, now))
}

/// Goes somewhere first; what is measured is each of `keys` with the frame behind it, over and over.
struct Work {
    name: &'static str,
    before: &'static str,
    keys: &'static [&'static str],
    budget_ms: f64,
}

const WORKS: [Work; 6] = [
    Work { name: "frame of the requests", before: "1", keys: &[""], budget_ms: FRAME_MS },
    Work { name: "frame of the inventory", before: "2", keys: &[""], budget_ms: FRAME_MS },
    Work { name: "frame of the deadlines", before: "3", keys: &[""], budget_ms: FRAME_MS },
    Work {
        name: "filter of the requests",
        before: "1/",
        keys: &["i", "n", "c", "1", "9"],
        budget_ms: FILTER_MS,
    },
    Work {
        name: "filter of the inventory",
        before: "2/",
        keys: &["t", "e", "a", "m", "1"],
        budget_ms: FILTER_MS,
    },
    Work {
        name: "filter of the deadlines",
        before: "3/",
        keys: &["p", "r", "o", "d", "1"],
        budget_ms: FILTER_MS,
    },
];

/// The slowest key of one round, in samples of their own.
fn measure(console: &mut Rehearsal, work: &Work, rounds: usize) -> Vec<Samples> {
    let mut samples: Vec<Samples> = work.keys.iter().map(|_| Samples::default()).collect();
    for _ in 0..rounds {
        console.press(work.before);
        for (key, samples) in work.keys.iter().zip(&mut samples) {
            samples.add(time(|| {
                console.press(key);
                console.frame()
            }));
        }
        leave(console, work);
    }
    samples
}

/// Empties the filter again, so that the next round begins like the first.
fn leave(console: &mut Rehearsal, work: &Work) {
    if work.before.contains('/') {
        console.clear_field();
        console.press("\n");
    }
}

fn main() {
    let mut console = console();
    console.press("2");
    assert!(console.frame().contains("10000"), "all of them are listed");
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("console");
    for work in &WORKS {
        console.press(work.before);
        let mut turn = 0;
        group.bench_function(work.name, |bencher| {
            bencher.iter(|| {
                let key = work.keys[turn % work.keys.len()];
                turn += 1;
                if turn % work.keys.len() == 0 && work.before.contains('/') {
                    console.clear_field();
                }
                console.press(key);
                console.frame()
            });
        });
        leave(&mut console, work);
    }
    group.finish();
    criterion.final_summary();
    let rounds = if in_earnest() { 50 } else { 1 };
    for work in &WORKS {
        let samples = measure(&mut console, work, rounds);
        // The first key of a filter also gathers the words of all rows.
        let slowest = samples.iter().map(Samples::median).max().unwrap_or_default();
        let ms = slowest.as_secs_f64() * 1e3;
        println!("{} p50 of the slowest key: {ms:.2} ms (budget {} ms)", work.name, work.budget_ms);
    }
}
