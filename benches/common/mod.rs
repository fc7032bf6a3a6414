//! What the benches share: samples that are taken in turns, and the lines that say how it went.

#![allow(dead_code, reason = "each bench uses a part of it")]

pub mod still;
pub mod world;

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

/// Whether this is a run for numbers: `cargo bench` says `--bench`, and `cargo test` does not.
pub fn in_earnest() -> bool {
    std::env::args().any(|arg| arg == "--bench")
}

/// Begins anew without the words of libtss2, which reads its environment once.
pub fn without_words_of_tss2() {
    const NAME: &str = "TSS2_LOG";
    if std::env::var_os(NAME).is_none() {
        let program = std::env::current_exe().expect("a program");
        let error = Command::new(program).args(std::env::args_os().skip(1)).env(NAME, "all+NONE").exec();
        panic!("the bench does not start again: {error}");
    }
}

/// How long `work` takes.
pub fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

/// Durations of the same thing.
#[derive(Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// One more.
    pub fn add(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// The duration that `percent` of the samples do not exceed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted[(sorted.len() - 1) * percent / 100]
    }

    /// The middle one.
    pub fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// Half, most and nearly all of them, in milliseconds.
    pub fn say(&self, name: &str) {
        let ms = |percent| self.percentile(percent).as_secs_f64() * 1e3;
        let (p50, p90, p99) = (ms(50), ms(90), ms(99));
        println!("{name}: p50 {p50:.3} ms, p90 {p90:.3} ms, p99 {p99:.3} ms of {}", self.0.len());
    }
}

/// Says a ratio and what it may be.
pub fn ratio(name: &str, ours: Duration, theirs: Duration, budget: f64) {
    println!("{name}: {:.2} (budget {budget})", ours.as_secs_f64() / theirs.as_secs_f64());
}

/// A line of `/proc/<process>/status`, in MiB; `None` when the process is gone.
pub fn status_mib(process: &str, key: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}

/// A database under a key of its own, written to as anybody would who wants each row on disk.
pub fn bare_store(path: &Path) -> Connection {
    let store = Connection::open(path).expect("a database");
    let key = "2DD29CA851E7B56E4697B0E1F08507293D761A05CE4D1B628663F411A8086D99";
    let settings = format!(
        "PRAGMA key = \"x'{key}'\"; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL; CREATE TABLE leaves (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL);"
    );
    store.execute_batch(&settings).expect("an encrypted database");
    store
}

/// One row in one transaction, on disk when this returns.
pub fn bare_commit(store: &mut Connection, row: i64, leaf: &[u8]) {
    let mut insert = store.prepare_cached("INSERT INTO leaves VALUES (?1, ?2)").expect("a statement");
    insert.execute(params![row, leaf]).expect("committed");
}
