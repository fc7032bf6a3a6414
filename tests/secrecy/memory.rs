//! What is in the memory of a process.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use super::search::Needles;

/// A copy of all that a process may write to.
pub struct Memory {
    what: String,
    regions: Vec<(String, Vec<u8>)>,
}

impl Memory {
    /// Copies it. The process goes on meanwhile.
    pub fn of(what: &str, pid: u32) -> Self {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the process's maps");
        let memory = File::open(format!("/proc/{pid}/mem")).expect("the process's memory");
        let mut regions = Vec::new();
        for line in maps.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if !fields[1].starts_with("rw") {
                continue;
            }
            let (from, to) = fields[0].split_once('-').expect("a range");
            let address = |text| u64::from_str_radix(text, 16).expect("an address");
            let (from, to) = (address(from), address(to));
            let mut bytes = vec![0; usize::try_from(to - from).expect("it fits")];
            // A region may go while we look; one that stays is read whole.
            if memory.read_exact_at(&mut bytes, from).is_ok() {
                regions.push((format!("{} {}", fields[0], fields.get(5).unwrap_or(&"")), bytes));
            }
        }
        assert!(regions.iter().any(|(name, _)| name.contains("[stack]")), "{what} has a stack");
        assert!(regions.iter().any(|(name, _)| name.contains("[heap]")), "{what} has a heap");
        Self { what: what.to_owned(), regions }
    }

    /// What of the needles is in it.
    pub fn find(&self, needles: &Needles) -> Vec<String> {
        let found =
            self.regions.iter().map(|(name, bytes)| needles.find(&format!("{}, {name}", self.what), bytes));
        found.flatten().collect()
    }
}
