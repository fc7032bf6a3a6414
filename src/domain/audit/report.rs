//! The reports of a bundle: what the log says to the questions that are asked first.
//!
//! Each is a pure function of the state after the last entry or of the entries in the range, so whoever
//! has the whole log computes the same bytes.

mod standing;
mod tally;

use serde::Serialize;

pub use standing::{access, exceptions, rotation};
pub use tally::Tally;

use super::manifest::{Member, Range};
use crate::domain::appliance::State;
use crate::domain::canonical;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::operator::AgeRecipient;
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::Subject;
use crate::domain::request::state::Phase;
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

/// All reports of the bundle that ends with the checkpoint of `range`.
///
/// # Errors
/// [`Refusal::Impossible`] when that checkpoint was not made for an export.
pub fn all(range: Range, state: &State, tally: &Tally) -> Result<[(Member, Vec<u8>); 6], Refusal> {
    let heading = Heading { origin: state.founding.origin(), range, at: state.last_ts };
    let custody = Custody::of(state, range.new_size())?;
    Ok([
        (Member::Rotation, rotation(&heading, state)),
        (Member::Exceptions, exceptions(&heading, state)),
        (Member::Access, access(&heading, state)),
        (Member::Pairs, tally.pairs(&heading)),
        (Member::Failed, tally.failed(&heading)),
        (Member::Custody, heading.write("custody", &custody)),
    ])
}

/// Who had a bundle made, and where it went, as they say.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Custody<'a> {
    /// The request to export.
    request: &'a RequestId,
    /// Who asked.
    requester: String,
    /// Onto which medium, or to whom.
    medium: &'a Text,
    /// The number of the seal on the medium.
    seal: Option<&'a Text>,
    /// Whom it is encrypted to.
    recipients: &'a [AgeRecipient],
    /// Who approved; their signatures are in the entries.
    approvers: &'a [OperatorId],
}

impl<'a> Custody<'a> {
    fn of(state: &'a State, size: u64) -> Result<Self, Refusal> {
        let missing = Refusal::Impossible { why: "the checkpoint of a bundle is made for its request" };
        let (id, _) = state.exports.iter().find(|(_, made)| **made == size).ok_or_else(|| missing.clone())?;
        let request = state.request(id)?;
        let (Subject::Export { medium, seal, recipients, .. }, Phase::Granted(quorum)) =
            (&request.doc.subject, &request.phase)
        else {
            return Err(missing);
        };
        Ok(Self {
            request: id,
            requester: request.doc.requester.to_string(),
            medium,
            seal: seal.as_ref(),
            recipients,
            approvers: quorum.people(),
        })
    }
}
