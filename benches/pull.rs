//! A pull in an armed window of the running appliance, against the bare sequence that it needs.
//!
//! The appliance is the real program with its two processes, spoken to on `pull.sock`; measured is
//! the time from GET to END, the last line with the credential.
//!
//! The bare sequence does the same work in one thread of this process. Of the appliance it has only
//! the start of a software TPM: the commands are those of `common/by_hand.rs`, which shares no code
//! with `src/tpm`. Measured is, in the appliance's order: the bytes of a `pulled` entry committed to
//! an encrypted database and on disk; connecting to the chip; a salted HMAC session, the digest of the
//! entry written to the head index, the epoch counter advanced; a salted policy session, PolicyPCR,
//! three times PolicyCounterTimer, PolicyNV; load, unseal, flush; the end of the connection. What
//! comes out must be the key that was sealed, which is looked at afterwards.
//!
//! Both are measured in turns, so that whatever else the machine does hits both.

#![deny(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench reads the clock and prints what it saw"
)]

#[path = "common/by_hand.rs"]
mod by_hand;
mod common;

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use by_hand::ByHand;
use common::world::World;
use common::{Samples, in_earnest, ratio, time};
use criterion::Criterion;
use portcullis::demo::stage::{CREDENTIAL, SECRET, Stage, my_uid};
use portcullis::domain::home::Home;
use portcullis::domain::ids::{CredentialName, JobName};
use portcullis::domain::wire::pc1::{ClientMessage, Line, Seq};
use portcullis::tpm::{SoftTpm, SoftTpmGuard};
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

const JOB: &str = "payroll";
/// What one window has.
const PULLS: u32 = 100;

/// The appliance, with a window that has pulls left.
struct Appliance {
    stage: Stage,
    line: Option<UnixStream>,
    left: u32,
}

impl Appliance {
    fn start(home: &Path) -> Self {
        let program = env!("CARGO_BIN_EXE_portcullis").into();
        let mut stage = Stage::set(program, home.to_owned()).expect("a stage");
        println!("set-up: {:?}", time(|| stage.found().expect("set up")));
        println!("start of the daemon: {:?}", time(|| stage.serve().expect("a daemon")));
        stage.add_client(JOB, &[format!("unix:uid:{}", my_uid())], &[CREDENTIAL]).expect("a client");
        stage.deposit(CREDENTIAL, SECRET, &[]).expect("a credential");
        Self { stage, line: None, left: 0 }
    }

    /// Arms the next window when this one is spent, and says HELO for the next pull; the answer to
    /// it comes after everything that the last pull still had to write.
    fn prepare(&mut self) {
        if self.left == 0 {
            let options = ["--pulls", &PULLS.to_string(), "--for", "1h"];
            self.stage.arm(JOB, CREDENTIAL, &options).expect("a window");
            self.left = PULLS;
        }
        let mut line =
            UnixStream::connect(Home::at(self.stage.home()).pull_socket()).expect("the pull socket");
        let job = JobName::parse(JOB).expect("a job");
        say(&mut line, 1, ClientMessage::Hello { job });
        hear(&mut line, "CHAL");
        self.line = Some(line);
    }

    /// From GET to END.
    fn pull(&mut self) -> Duration {
        let mut line = self.line.take().expect("a line that said HELO");
        let name = CredentialName::parse(CREDENTIAL).expect("a name");
        let start = Instant::now();
        say(&mut line, 2, ClientMessage::Get { name });
        hear(&mut line, "END");
        let took = start.elapsed();
        self.left -= 1;
        say(&mut line, 3, ClientMessage::Ack { of: seq(2) });
        say(&mut line, 4, ClientMessage::Bye);
        took
    }
}

fn seq(number: u8) -> Seq {
    std::iter::successors(Some(Seq::FIRST), |seq| seq.next()).nth(usize::from(number) - 1).expect("a number")
}

fn say(line: &mut UnixStream, number: u8, message: ClientMessage) {
    let mut text = Line::empty();
    message.write(seq(number), &mut text);
    line.write_all(text.wire()).expect("said");
}

/// Reads up to the end of the line with `verb`.
fn hear(line: &mut UnixStream, verb: &str) {
    let (mut heard, mut buffer) = (String::new(), [0; 4_096]);
    while !heard.contains(&format!(" {verb} ")) || !heard.ends_with(['\r', '\n']) {
        let len = line.read(&mut buffer).expect("an answer");
        assert!(len > 0 && !heard.contains("DENY"), "the gate stayed down: {heard}");
        heard.push_str(std::str::from_utf8(&buffer[..len]).expect("ASCII"));
    }
}

/// What a pull needs and nothing else.
struct Bare {
    store: Connection,
    chip: ByHand,
    world: World,
    next: Option<Vec<u8>>,
    rows: i64,
    _tpm: SoftTpmGuard,
}

impl Bare {
    const SEALED: [u8; 32] = *b"what the window gives to the job";

    fn start(dir: &Path) -> Self {
        let tpm = SoftTpm::start(&dir.join("tpm")).expect("swtpm").guarded();
        let chip = ByHand::set_up(&tpm.tpm().tcti().to_string(), &Self::SEALED);
        let store = common::bare_store(&dir.join("bare.db"));
        Self { store, chip, world: World::found().0, next: None, rows: 0, _tpm: tpm }
    }

    fn prepare(&mut self) {
        self.next = Some(self.world.pull().0);
    }

    fn pull(&mut self) -> Duration {
        let leaf = self.next.take().expect("a prepared pull");
        let start = Instant::now();
        self.rows += 1;
        common::bare_commit(&mut self.store, self.rows, &leaf);
        // Another one each time: what an index holds already, the chip does not write again.
        let key = self.chip.anchor_and_open(&Sha256::digest(&leaf).into());
        let took = start.elapsed();
        assert_eq!(key, Self::SEALED, "it was unsealed");
        took
    }
}

/// Adds up `count` runs of `one`, with what each needs beforehand left out.
fn sum(count: u64, mut one: impl FnMut() -> Duration) -> Duration {
    (0..count).map(|_| one()).sum()
}

fn main() {
    let (warm, count) = if in_earnest() { (20, 300) } else { (1, 3) };
    let dir = tempfile::tempdir().expect("a folder");
    let mut appliance = Appliance::start(&dir.path().join("home"));
    let mut bare = Bare::start(dir.path());
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for turn in 0..warm + count {
        // First, so that nothing of the last pull is still being written while the other is measured.
        appliance.prepare();
        bare.prepare();
        let (by_hand, pull) = (bare.pull(), appliance.pull());
        if turn >= warm {
            ours.add(pull);
            theirs.add(by_hand);
        }
    }
    let mut pull = || {
        appliance.prepare();
        appliance.pull()
    };
    let mut by_hand = || {
        bare.prepare();
        bare.pull()
    };
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let mut group = criterion.benchmark_group("pull in an armed window");
    group.bench_function("portcullis", |bencher| bencher.iter_custom(|count| sum(count, &mut pull)));
    group.bench_function("bare sequence", |bencher| bencher.iter_custom(|count| sum(count, &mut by_hand)));
    group.finish();
    criterion.final_summary();
    ours.say("portcullis, GET to END");
    theirs.say("bare sequence");
    ratio("pull ratio p50", ours.median(), theirs.median(), 1.5);
}
