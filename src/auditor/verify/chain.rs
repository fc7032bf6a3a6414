//! Several bundles of one log: each goes on from the one before it, or they contradict each other.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::chip::{self, Quoted};
use super::refused::{Contradiction, Fault, Refused};
use super::register::Register;
use crate::auditor::container::Bundle;
use crate::domain::audit::entry::ENTRY_LEN_MAX;
use crate::domain::audit::manifest::{Manifest, Member, Range};
use crate::domain::audit::tree::TreeHash;
use crate::domain::audit::verify::Verifier;
use crate::domain::time::Timestamp;

/// What the bundles so far say of the log.
pub(super) struct Chain {
    /// Sizes at which bundles begin or end.
    pub(super) marks: BTreeSet<u64>,
    /// Where each of those that are still to come begins.
    beginnings: Vec<u64>,
    /// The root of each size that is known, and by which file.
    roots: BTreeMap<u64, (TreeHash, PathBuf)>,
    /// The log up to where later bundles begin.
    standing: BTreeMap<u64, Verifier>,
    /// Where the longest so far ends, once there is one.
    end: Option<u64>,
    register: Option<(Register, PathBuf)>,
    pub(super) evaluation: Option<bool>,
    quotes: Vec<(Timestamp, Quoted, PathBuf)>,
}

impl Chain {
    /// Bundles of these ranges will come, in this order.
    pub(super) fn of(ranges: &[Range]) -> Self {
        Self {
            marks: ranges.iter().flat_map(|range| [range.old(), range.new_size()]).collect(),
            beginnings: ranges.iter().rev().map(|range| range.old()).collect(),
            roots: BTreeMap::new(),
            standing: BTreeMap::new(),
            end: None,
            register: None,
            evaluation: None,
            quotes: Vec::new(),
        }
    }

    /// A bundle begins at `size`: where the log up to there is known, it goes on from that.
    pub(super) fn begin(&mut self, size: u64) -> Option<Verifier> {
        self.beginnings.pop();
        if size == 0 {
            Some(Verifier::default())
        } else if self.beginnings.contains(&size) {
            self.standing.get(&size).cloned()
        } else {
            self.standing.remove(&size)
        }
    }

    /// Where later bundles begin.
    pub(super) fn starts(&self) -> BTreeSet<u64> {
        self.beginnings.iter().copied().collect()
    }

    /// Keeps the log up to where later bundles begin.
    pub(super) fn keep(&mut self, standing: BTreeMap<u64, Verifier>) {
        self.standing.extend(standing);
    }

    /// All bundles have the same keys.
    pub(super) fn is_one_log(&mut self, register: &Register, file: &Path) -> Result<(), Fault> {
        let Some((first, other)) = &self.register else {
            self.register = Some((register.clone(), file.to_owned()));
            return Ok(());
        };
        if first == register {
            return Ok(());
        }
        let (what, than) = ("keys/register.json has other keys".to_owned(), "has its own".to_owned());
        Err(Fault::TwoLogs { what, other: other.clone(), than })
    }

    /// A bundle begins where the last one ended, or before.
    pub(super) fn no_gap(&mut self, range: Range) -> Result<(), Fault> {
        match self.end {
            Some(end) if range.old() > end => Err(Fault::Gap { from: end, to: range.old() - 1 }),
            end => {
                self.end = Some(end.unwrap_or(0).max(range.new_size()));
                Ok(())
            }
        }
    }

    /// The tree of `size` leaves has one root, whoever says so.
    pub(super) fn root(&mut self, size: u64, root: TreeHash, file: &Path) -> Result<(), Fault> {
        let Some((known, other)) = self.roots.get(&size) else {
            self.roots.insert(size, (root, file.to_owned()));
            return Ok(());
        };
        if *known == root {
            return Ok(());
        }
        let differs = first_difference(file, other).unwrap_or(None).filter(|seq| *seq < size);
        let (ours, theirs) = (root.to_string(), known.to_string());
        Err(Contradiction { other: other.clone(), size, ours, theirs, differs }.into())
    }

    /// The quote of a bundle that was made at `created`.
    pub(super) fn quoted(&mut self, created: Timestamp, quoted: &Quoted, file: &Path) {
        self.quotes.push((created, quoted.clone(), file.to_owned()));
    }

    /// The chip's counters only grew from one bundle to the one that was made next.
    pub(super) fn counters(mut self) -> Result<(), Refused> {
        let in_order = |(created, quoted, _): &(Timestamp, Quoted, PathBuf)| {
            (*created, quoted.time.boot.reset_count, quoted.time.clock_ms)
        };
        self.quotes.sort_by_key(in_order);
        for pair in self.quotes.windows(2) {
            let [(_, before, earlier), (_, later, file)] = pair else { continue };
            let grew = chip::after_quote(later, before, &earlier.display().to_string());
            grew.map_err(Refused::at(file))?;
        }
        Ok(())
    }
}

/// The first entry that both files have, and that is not the same.
fn first_difference(one: &Path, other: &Path) -> Result<Option<u64>, Fault> {
    let (mut one, mut other) = (Bundle::open(one)?, Bundle::open(other)?);
    let ranges = [one.manifest(), other.manifest()].map(Manifest::range);
    let [from, to] = [ranges[0].old().max(ranges[1].old()), ranges[0].new_size().min(ranges[1].new_size())];
    if from >= to {
        return Ok(None);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (Some(mut one), Some(mut other)) = (entries(&mut one, from)?, entries(&mut other, from)?) else {
        return Ok(None);
    };
    for seq in from..to {
        next_line(&mut one, &mut ours)?;
        next_line(&mut other, &mut theirs)?;
        if ours != theirs {
            return Ok(Some(seq));
        }
    }
    Ok(None)
}

/// The entries from number `from` on.
fn entries(bundle: &mut Bundle, from: u64) -> Result<Option<impl BufRead + use<'_>>, Fault> {
    let old = bundle.manifest().range().old();
    // MANIFEST was read when it was opened, and is no part.
    let before = Member::ALL.iter().position(|member| *member == Member::Entries).unwrap_or(0);
    for _ in 1..before {
        bundle.next_part()?;
    }
    let Some(part) = bundle.next_part()? else { return Ok(None) };
    let mut lines = BufReader::new(part);
    let mut line = Vec::new();
    for _ in old..from {
        next_line(&mut lines, &mut line)?;
    }
    Ok(Some(lines))
}

fn next_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<()> {
    line.clear();
    from.take(ENTRY_LEN_MAX as u64 + 1).read_until(b'\n', line).map(drop)
}
