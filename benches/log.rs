//! The log: appending an entry, against a bare commit of the same bytes; handing it over; and verifying
//! the bundle, against the digest of the same entries.
//!
//! The appliance is the real program, with a log of a year that was written straight into its store. It
//! makes the bundle, which two people grant, and what it needs for that must not grow with the log.
//! Both sides of the verification are processes: `portcullis audit verify` and `openssl dgst -sha256`.
//! The signatures of the operators come on top, and have a line of their own.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench reads the clock and prints what it saw"
)]

mod common;

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use common::world::BETWEEN;
use common::{Samples, in_earnest, ratio, still, time};
use criterion::Criterion;
use portcullis::daemon::clock::{Clock, LogEnd, SystemClocks};
use portcullis::demo::stage::{Stage, passphrase};
use portcullis::domain::home::Home;
use portcullis::domain::ids::OperatorId;
use portcullis::domain::time::Timestamp;
use portcullis::domain::wire::operator::Reply;
use portcullis::services::{Appliance, start};
use rusqlite::Connection;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

/// An appliance in this process, and a bare database beside it.
struct Appending {
    appliance: Appliance,
    clock: Clock,
    bare: Connection,
    leaf: Vec<u8>,
    rows: i64,
}

impl Appending {
    fn start(dir: &Path, stage: &Stage) -> Self {
        stage.found().expect("set up");
        let opened = start::open(&Home::at(stage.home())).expect("a store");
        let chip = opened.chip_time().expect("a clock");
        let state = opened.state();
        let end = LogEnd { ts: state.last_ts, mono: state.last_mono, boot: state.last_boot };
        let clock = Clock::begin(SystemClocks::read(), chip, end);
        let appliance = opened.into_service(&clock.moment(SystemClocks::read())).expect("in service");
        let bare = common::bare_store(&dir.join("bare.db"));
        let mut appending = Self { appliance, clock, bare, leaf: Vec::new(), rows: 0 };
        appending.append();
        let last = appending.appliance.log_size() - 1;
        let Ok(Reply::Entries { leaves, .. }) = appending.appliance.entries(last, 1) else {
            panic!("the leaf that was just written");
        };
        appending.leaf = leaves.concat().into_bytes();
        appending
    }

    /// An entry that is not anchored, as one follows every pull.
    fn append(&mut self) -> Duration {
        let operator = OperatorId::parse("operator1").expect("an operator id");
        let size = self.appliance.log_size();
        let took = time(|| {
            let at = self.clock.moment(SystemClocks::read());
            self.appliance.passphrase_failed(&at, format!("operator:{operator}"), operator.clone());
        });
        assert_eq!(self.appliance.log_size(), size + 1, "an entry was written");
        took
    }

    fn commit(&mut self) -> Duration {
        self.rows += 1;
        time(|| common::bare_commit(&mut self.bare, self.rows, &self.leaf))
    }
}

fn append(dir: &Path) {
    let count = if in_earnest() { 1_000 } else { 3 };
    let stage = Stage::set(PROGRAM.into(), dir.join("home")).expect("a stage");
    let mut appending = Appending::start(dir, &stage);
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for _ in 0..count {
        ours.add(appending.append());
        theirs.add(appending.commit());
    }
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let mut group = criterion.benchmark_group("append");
    group.bench_function("portcullis", |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| appending.append()).sum());
    });
    group.bench_function("bare commit", |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| appending.commit()).sum());
    });
    group.finish();
    criterion.final_summary();
    ours.say("append of an entry");
    theirs.say("bare commit");
    ratio("append ratio p50", ours.median(), theirs.median(), 1.5);
}

/// What came of a process: how long it ran, the most memory it had in MiB, and what it said.
struct Ran {
    took: Duration,
    peak: u64,
    said: Vec<u8>,
}

/// Runs a process to its end, with `input` on standard input.
fn run(command: &mut Command, input: &str) -> Ran {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a program");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it listens");
    let pid = child.id().to_string();
    let (stop, stopped) = channel::<()>();
    let watch = std::thread::spawn(move || {
        let mut peak = 0;
        while stopped.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
            peak = peak.max(common::status_mib(&pid, "VmHWM:").unwrap_or(0));
        }
        peak
    });
    let mut said = Vec::new();
    child.stdout.take().expect("a pipe").read_to_end(&mut said).expect("it speaks");
    let status = child.wait().expect("an end");
    let took = start.elapsed();
    drop(stop);
    assert!(status.success(), "{command:?}: {status}");
    Ran { took, peak: watch.join().expect("no panic"), said }
}

/// A bundle of a whole log, from an appliance that was set up as many entries ago.
fn export(dir: &Path, entries: u64) -> PathBuf {
    let mut stage = Stage::set(PROGRAM.into(), dir.join("home")).expect("a stage");
    // A few more, for what has begun when there are enough, and for what the program itself adds.
    let passed = BETWEEN.ms() * (entries + 100);
    still::found(&stage, Timestamp::from_ms(SystemClocks::read().wall.ms() - passed));
    let filled = time(|| {
        still::fill(&Home::at(stage.home()), |world, mut each| world.live(entries, &mut each));
    });
    let start = time(|| stage.serve().expect("a daemon"));
    println!(
        "start of the daemon with {entries} entries: {:.1} s, all signatures verified (written in {:.0} s)",
        start.as_secs_f64(),
        filled.as_secs_f64()
    );
    let asked = ["audit", "export", "--from", "0", "--medium", "USB 7", "--reason", "audit"];
    let asked = [&asked[..], &["--ticket", "AUD-12", "--no-wait", "--json"]].concat();
    let asked = stage.does("alice", &asked).expect("a request");
    let asked: Value = serde_json::from_slice(&asked.stdout).expect("JSON");
    let id = asked["request"].as_str().expect("an id");
    stage.approve_by(&["bob", "carol"], id).expect("two approvals");
    let keeper = stage.daemon_pid().expect("a daemon").to_string();
    let before = common::status_mib(&keeper, "VmRSS:").expect("a keeper");
    // From here on only what the export takes; where that is not allowed, the start counts too.
    let from_here = std::fs::write(format!("/proc/{keeper}/clear_refs"), "5").is_ok();
    let taken = run(
        Command::new(PROGRAM)
            .arg("--home")
            .arg(stage.home())
            .args(["--operator", "alice", "--passphrase-fd", "0", "--json"])
            .args(["audit", "export", "--request", id, "--to"])
            .arg(dir)
            .stderr(Stdio::null()),
        &(passphrase("alice") + "\n"),
    );
    let peak = common::status_mib(&keeper, "VmHWM:").expect("a keeper");
    println!(
        "export of {entries} entries: {:.1} s; keeper {before} MiB before, {peak} MiB at most{}; command {} MiB at \
         most, 64 of them for the passphrase (budget: the same for every size)",
        taken.took.as_secs_f64(),
        if from_here { "" } else { " since its start" },
        taken.peak
    );
    let taken: Value = serde_json::from_slice(&taken.said).expect("JSON");
    assert!(taken["to"].as_u64().is_some_and(|to| to >= entries), "all of it: {taken}");
    PathBuf::from(taken["bundle"].as_str().expect("a file"))
}

fn verify(dir: &Path, entries: u64, rounds: usize) {
    let dir = &dir.join(format!("of-{entries}"));
    std::fs::create_dir(dir).expect("a folder");
    let bundle = export(dir, entries);
    let tar = Command::new("tar").arg("-xf").arg(&bundle).arg("-C").arg(dir).status().expect("tar");
    assert!(tar.success(), "tar unpacks it");
    let file = dir.join("entries.ndjson");
    let [mut ours, mut structure, mut signatures, mut theirs] = [(); 4].map(|()| Samples::default());
    let (mut peak, mut signed) = (0, 0);
    for _ in 0..rounds {
        let ran = run(
            Command::new(PROGRAM)
                .args(["audit", "verify", "--allow-evaluation", "--json"])
                .arg(&bundle)
                .env_remove("PORTCULLIS_HOME")
                .stderr(Stdio::null()),
            "",
        );
        let facts: Value = serde_json::from_slice(&ran.said).expect("JSON");
        let of_them = Duration::from_millis(facts["operator_signatures_ms"].as_u64().expect("a time"));
        signed = facts["bundles"][0]["operator_signatures"].as_u64().expect("a number");
        peak = peak.max(ran.peak);
        ours.add(ran.took);
        structure.add(ran.took - of_them);
        signatures.add(of_them);
        theirs.add(run(Command::new("openssl").args(["dgst", "-sha256"]).arg(&file), "").took);
    }
    let mib = file.metadata().expect("a file").len() / (1024 * 1024);
    println!("verify {entries} entries, {mib} MiB: peak {peak} MiB RSS (budget 64)");
    ours.say("portcullis audit verify");
    structure.say("of that, structure and hashes");
    signatures.say(&format!("of that, {signed} signatures of operators"));
    theirs.say("openssl dgst -sha256");
    ratio(&format!("verify {entries} ratio"), structure.median(), theirs.median(), 4.0);
}

fn main() {
    common::without_words_of_tss2();
    let dir = tempfile::tempdir().expect("a folder");
    append(dir.path());
    let sizes: &[u64] = if in_earnest() { &[100_000, 1_000_000] } else { &[300, 1_000] };
    for entries in sizes {
        verify(dir.path(), *entries, if in_earnest() { 5 } else { 1 });
    }
}
