//! Ten thousand credentials: the list, a filter and what is due; the daemon that keeps them.
//!
//! The list is everything between the state of the keeper and the rows of an operator's side: the
//! pages, each put into a message and read back. Encryption and the socket are left out.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench reads the clock and prints what it saw"
)]

mod common;

use std::path::Path;

use common::world::World;
use common::{Samples, in_earnest, still, time};
use criterion::Criterion;
use portcullis::demo::stage::Stage;
use portcullis::domain::home::Home;
use portcullis::domain::time::{Length, Timestamp};
use portcullis::domain::wire::operator::{CredentialView, Reply, Standing};
use portcullis::services::views::credential_page;

const CREDENTIALS: usize = 10_000;
/// Each may ask for 32 of them.
const CLIENTS: usize = CREDENTIALS / 32;
const BUDGET_MS: u64 = 50;

fn list(world: &World, now: Timestamp) -> Vec<CredentialView> {
    let mut all: Vec<CredentialView> = Vec::new();
    loop {
        let (credentials, more) = credential_page(&world.state, now, all.last().map(|view| &view.name));
        let message = serde_json::to_vec(&Reply::Credentials { credentials, more }).expect("a message");
        assert!(message.len() <= 256 * 1024, "a page of {} bytes fits no message", message.len());
        let Ok(Reply::Credentials { credentials, more }) = serde_json::from_slice(&message) else {
            panic!("a page reads back");
        };
        all.extend(credentials);
        if !more {
            return all;
        }
    }
}

/// What somebody types into a list: a part of a name or of an owner, in any case.
fn filter<'a>(all: &'a [CredentialView], typed: &str) -> Vec<&'a CredentialView> {
    let typed = typed.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&typed);
    all.iter().filter(|view| has(view.name.as_str()) || has(view.current.terms.owner.as_str())).collect()
}

/// What must be rotated, the most urgent first.
fn due(all: &[CredentialView]) -> Vec<&CredentialView> {
    let mut due: Vec<_> = all.iter().filter(|view| view.standing != Standing::Ok).collect();
    due.sort_by_key(|view| view.rotate_by);
    due
}

fn views() {
    let count = if in_earnest() { 100 } else { 1 };
    let (mut world, _) = World::found();
    (0..CREDENTIALS).for_each(|number| drop(world.deposit(number)));
    (0..CLIENTS).for_each(|number| world.client(number));
    // Half a year later, so that some are due.
    let now = world.now.plus(Length::from_minutes(182 * 24 * 60));
    let all = list(&world, now);
    assert_eq!(all.len(), CREDENTIALS);
    assert!(!due(&all).is_empty() && filter(&all, "PROD0012").len() == 100);
    let mut works: [(&str, Box<dyn FnMut() -> usize>); 3] = [
        ("list", Box::new(|| list(&world, now).len())),
        ("filter", Box::new(|| filter(&all, "Team 12").len())),
        ("due", Box::new(|| due(&all).len())),
    ];
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("10,000 credentials");
    for (name, work) in &mut works {
        group.bench_function(*name, |bencher| bencher.iter(&mut *work));
    }
    group.finish();
    criterion.final_summary();
    for (name, work) in &mut works {
        let mut samples = Samples::default();
        (0..count).for_each(|_| samples.add(time(&mut *work)));
        let ms = samples.median().as_secs_f64() * 1e3;
        println!("{name} of {CREDENTIALS} credentials p50: {ms:.1} ms (budget {BUDGET_MS} ms)");
    }
}

fn children(pid: u32) -> Vec<u32> {
    let listed = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("its children");
    listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn daemon(dir: &Path) {
    let count = if in_earnest() { CREDENTIALS } else { 10 };
    let mut stage = Stage::set(env!("CARGO_BIN_EXE_portcullis").into(), dir.join("home")).expect("a stage");
    stage.found().expect("set up");
    still::fill(&Home::at(stage.home()), |world, each| {
        world.between = Length::from_ms(1);
        (0..count).for_each(|number| each(world.deposit(number)));
    });
    let start = time(|| stage.serve().expect("a daemon"));
    println!("start of the daemon with {count} credentials: {:.0} ms", start.as_secs_f64() * 1e3);
    let keeper = stage.daemon_pid().expect("a daemon");
    let listed = stage.does("alice", &["list", "--json"]).expect("a list");
    let rows: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(count), "all of them are listed");
    let rss = |pid: u32| common::status_mib(&pid.to_string(), "VmRSS:").expect("a process");
    let listener = children(keeper).first().copied().expect("a listener");
    println!("idle: keeper {} MiB, listener {} MiB RSS (budget 32)", rss(keeper), rss(listener));
}

fn main() {
    views();
    let dir = tempfile::tempdir().expect("a folder");
    daemon(dir.path());
}
