//! A bundle as lines for collectors.

use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::path::Path;

use super::{ocsf, syslog};
use crate::auditor::container::Bundle;
use crate::auditor::error::BundleError;
use crate::domain::audit::entry::{ENTRY_LEN_MAX, Entry, EntryError};
use crate::domain::audit::manifest::Member;

/// The words of a collector.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// One JSON object a line, in classes of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// One message a line, as RFC 5424 has it.
    Syslog,
}

/// Why a bundle was not written as lines.
#[derive(Debug, thiserror::Error)]
pub enum LinesError {
    /// It is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// An entry does not read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The lines cannot be written, or the entries cannot be read.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl Format {
    /// What the name of a file of such lines ends with.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Ocsf => "ocsf.ndjson",
            Self::Syslog => "syslog",
        }
    }

    /// Writes each entry of the bundle at `path` as one line; gives how many there were. The digests of the
    /// bundle are compared, its signatures are not: `audit verify` does that.
    ///
    /// # Errors
    /// [`LinesError`]; what was written before is not to be used.
    pub fn write(self, path: &Path, to: &mut dyn Write) -> Result<u64, LinesError> {
        let mut bundle = Bundle::open(path)?;
        let (origin, from) = (bundle.manifest().origin().to_owned(), bundle.manifest().range().old());
        let mut count = 0;
        while let Some(mut part) = bundle.next_part()? {
            if part.member() == Member::Entries {
                let mut lines = BufReader::new(&mut part);
                let mut leaf = Vec::with_capacity(ENTRY_LEN_MAX + 1);
                while read_line(&mut lines, &mut leaf)? {
                    let entry = Entry::from_leaf(from + count, &leaf)?;
                    self.put(&origin, &entry, &leaf, to)?;
                    count += 1;
                }
            }
            part.finish()?;
        }
        to.flush()?;
        Ok(count)
    }

    fn put(self, origin: &str, entry: &Entry, leaf: &[u8], to: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Ocsf => writeln!(to, "{}", ocsf::line(origin, entry, leaf)),
            Self::Syslog => to.write_all(syslog::line(origin, entry, leaf).as_bytes()),
        }
    }
}

/// The next line without its end; false when there is none. One without an end reads as what it is.
fn read_line(from: &mut impl io::BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let limit = ENTRY_LEN_MAX as u64 + 1;
    let read = from.take(limit).read_until(b'\n', line)?;
    line.pop_if(|last| *last == b'\n');
    Ok(read > 0)
}
