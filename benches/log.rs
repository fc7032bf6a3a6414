//! The log: appending an entry, against a bare commit of the same bytes, and verifying a bundle of it,
//! against the digest of the same file.
//!
//! Both sides of the verification are processes: `portcullis audit verify` and `openssl dgst -sha256`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench reads the clock and prints what it saw"
)]

mod common;

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use common::forge::{Chip, unpack};
use common::world::World;
use common::{Samples, in_earnest, ratio, time};
use criterion::Criterion;
use portcullis::daemon::clock::{Clock, LogEnd, SystemClocks};
use portcullis::demo::stage::Stage;
use portcullis::domain::audit::bundle::Making;
use portcullis::domain::audit::manifest::Member;
use portcullis::domain::home::Home;
use portcullis::domain::ids::OperatorId;
use portcullis::domain::wire::operator::Reply;
use portcullis::services::{Appliance, start};
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

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

/// Writes a bundle of a whole log, unpacked.
fn write_bundle(dir: &Path, entries: u64) {
    let path = dir.join("entries.ndjson");
    let mut file = BufWriter::new(File::create(&path).expect("a file"));
    let mut write = |leaf: Vec<u8>| {
        file.write_all(&leaf).and_then(|()| file.write_all(b"\n")).expect("written");
    };
    let (mut world, first) = World::found();
    write(first);
    world.live(entries, &mut write);
    world.export(&mut write);
    file.flush().expect("written");
    let range = (0, world.tree.size());
    let mut making = Making::new(range);
    for leaf in BufReader::new(File::open(&path).expect("a file")).split(b'\n') {
        making.take(&leaf.expect("a line")).expect("it follows");
    }
    let made = making.finish().expect("complete");
    let mut parts = world.seals().parts(range, &made, &Chip::default());
    let hashed = parts.iter().map(|(member, bytes)| (*member, Sha256::digest(bytes).into()));
    let digests = hashed.chain([(Member::Entries, made.entries)]).collect();
    parts.insert(Member::Manifest, world.seals().manifest(range, world.now, digests));
    unpack(dir, &parts);
}

/// How long a process runs, and the most memory it has, in MiB.
fn run(command: &mut Command, said: Stdio) -> (Duration, u64) {
    let start = Instant::now();
    let mut child = command.stdout(said).spawn().expect("a program");
    let pid = child.id().to_string();
    let (stop, stopped) = channel::<()>();
    let watch = std::thread::spawn(move || {
        let mut peak = 0;
        while stopped.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
            peak = peak.max(common::status_mib(&pid, "VmHWM:").unwrap_or(0));
        }
        peak
    });
    let status = child.wait().expect("an end");
    let took = start.elapsed();
    drop(stop);
    assert!(status.success(), "{command:?}: {status}");
    (took, watch.join().expect("no panic"))
}

fn verify(dir: &Path, entries: u64, rounds: usize) {
    let dir = &dir.join(format!("bundle-{entries}"));
    std::fs::create_dir(dir).expect("a folder");
    write_bundle(dir, entries);
    let (file, told) = (dir.join("entries.ndjson"), dir.with_extension("json"));
    let (mut ours, mut theirs, mut people) = (Samples::default(), Samples::default(), Samples::default());
    let mut peak = 0;
    for _ in 0..rounds {
        let said = File::create(&told).expect("a file");
        let args = ["audit", "verify", "--json", "--allow-evaluation"];
        let (took, memory) =
            run(Command::new(PROGRAM).args(args).arg(dir).env_remove("PORTCULLIS_HOME"), said.into());
        peak = peak.max(memory);
        let told: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&told).expect("read")).expect("JSON");
        // The signatures are many, and no part of what a digest of the file is compared with.
        let signatures = Duration::from_millis(told["operator_signatures_ms"].as_u64().expect("a number"));
        people.add(signatures);
        ours.add(took.saturating_sub(signatures));
        theirs.add(run(Command::new("openssl").args(["dgst", "-sha256"]).arg(&file), Stdio::null()).0);
    }
    let mib = file.metadata().expect("a file").len() / (1024 * 1024);
    println!("verify {entries} entries, {mib} MiB: peak {peak} MiB RSS (budget 64)");
    ours.say("portcullis audit verify, structure and hashes");
    people.say("the operators' signatures in it, on all cores");
    theirs.say("openssl dgst -sha256");
    ratio(&format!("verify {entries} ratio"), ours.median(), theirs.median(), 4.0);
}

fn main() {
    let dir = tempfile::tempdir().expect("a folder");
    append(dir.path());
    let sizes: &[u64] = if in_earnest() { &[100_000, 1_000_000] } else { &[1_000] };
    for entries in sizes {
        verify(dir.path(), *entries, if in_earnest() { 5 } else { 1 });
    }
}
