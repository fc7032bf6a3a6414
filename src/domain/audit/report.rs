//! The reports of a bundle: what the log says to the questions that are asked first.
//!
//! Each is a pure function of the state after the last entry or of the entries in the range, so whoever
//! has the whole log computes the same bytes.

mod standing;
mod tally;

use serde::Serialize;

pub use standing::{access, exceptions, rotation};
pub use tally::Tally;

use super::manifest::Range;
use crate::domain::canonical;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// What every report begins with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Heading {
    /// The origin of the log.
    pub origin: String,
    /// The entries of the bundle.
    pub range: Range,
    /// The time of the last entry, by which everything is judged.
    pub at: Timestamp,
}

/// One report as it is written.
#[derive(Serialize)]
struct Report<'a, R> {
    v: u32,
    report: &'static str,
    origin: &'a str,
    from: u64,
    size: u64,
    at: String,
    #[serde(flatten)]
    content: R,
}

impl Heading {
    /// RFC 8785 bytes and LF.
    fn write<R: Serialize>(&self, report: &'static str, content: R) -> Vec<u8> {
        let Self { origin, range, at } = self;
        let (from, size) = (range.old(), range.new_size());
        let whole = Report { v: 1, report, origin, from, size, at: at.to_string(), content };
        [canonical::to_vec(&whole), vec![b'\n']].concat()
    }
}

/// Who had this bundle made.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Custody {
    /// The request to export.
    pub request: RequestId,
    /// Who asked.
    pub requester: OperatorId,
    /// What it left on, as the requester says.
    pub medium: Text,
    /// The number of the seal on the medium, as the requester says.
    pub seal: Text,
    /// Who approved.
    pub approvers: Vec<OperatorId>,
}

/// The custody record: who asked for the export, and who approved it.
pub fn custody(heading: &Heading, custody: &Custody) -> Vec<u8> {
    heading.write("custody", custody)
}
