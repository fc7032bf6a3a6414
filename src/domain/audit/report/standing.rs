//! Reports from the state after the last entry.

use serde::Serialize;

use super::Heading;
use crate::domain::appliance::State;
use crate::domain::credential::{Handed, Seen};
use crate::domain::ids::{CredentialName, JobName, OperatorId, RequestId};
use crate::domain::wire::operator::Standing;

#[derive(Serialize)]
struct Credentials<R> {
    credentials: Vec<R>,
}

#[derive(Serialize)]
struct Rotation<'a> {
    name: &'a CredentialName,
    generation: u32,
    depositor: &'a OperatorId,
    deposited: String,
    rotation_days: u32,
    rotate_by: String,
    standing: Standing,
}

/// What must be rotated, and by when: one row for each credential, of its newest generation.
pub fn rotation(heading: &Heading, state: &State) -> Vec<u8> {
    let rows = state.credentials.iter().filter_map(|(name, generations)| {
        let current = generations.last()?;
        let rotate_by = state.rotate_by(name, current);
        Some(Rotation {
            name,
            generation: current.generation.number(),
            depositor: &current.depositor,
            deposited: current.at.to_string(),
            rotation_days: current.terms.rotation_days.days(),
            rotate_by: rotate_by.to_string(),
            standing: Standing::of(current, rotate_by, heading.at),
        })
    });
    heading.write("rotation", Credentials { credentials: rows.collect() })
}

#[derive(Serialize)]
struct Exception<'a> {
    name: &'a CredentialName,
    kind: &'static str,
    owner: &'a str,
    reason: &'a str,
    since: String,
    sunset: String,
    is_past_sunset: bool,
}

/// Why each credential still exists, who answers for it, and until when.
pub fn exceptions(heading: &Heading, state: &State) -> Vec<u8> {
    let rows = state.credentials.iter().filter_map(|(name, generations)| {
        let (first, current) = (generations.first()?, generations.last()?);
        let terms = &current.terms;
        Some(Exception {
            name,
            kind: terms.kind.word(),
            owner: terms.owner.as_str(),
            reason: terms.reason.as_str(),
            since: first.at.to_string(),
            sunset: terms.sunset.to_string(),
            is_past_sunset: terms.is_past_sunset(heading.at),
        })
    });
    heading.write("exceptions", Credentials { credentials: rows.collect() })
}

#[derive(Serialize)]
struct Access<'a> {
    name: &'a CredentialName,
    handed: Vec<HandedRow<'a>>,
    shown: Vec<ShownRow<'a>>,
}

#[derive(Serialize)]
struct HandedRow<'a> {
    generation: u32,
    job: &'a JobName,
    count: u32,
    last: String,
    is_current: bool,
}

#[derive(Serialize)]
struct ShownRow<'a> {
    generation: u32,
    operator: &'a OperatorId,
    request: &'a RequestId,
    at: String,
    is_current: bool,
}

#[derive(Serialize)]
struct AccessReview<'a> {
    credentials: Vec<Access<'a>>,
    /// Hand-overs and showings that are spent, and whose outcome the log does not have yet.
    unsettled: Vec<Unsettled<'a>>,
}

#[derive(Serialize)]
struct Unsettled<'a> {
    request: &'a RequestId,
    who: String,
}

/// Who had which generation of each credential, from set-up on: handed to a job, or shown to a person.
pub fn access(heading: &Heading, state: &State) -> Vec<u8> {
    let credentials = state.credentials.iter().map(|(name, generations)| {
        let current = generations.last().map(|current| current.generation);
        let handed = state.handed.get(name).map_or(&[][..], Vec::as_slice).iter();
        let handed = handed.map(|Handed { generation, job, count, last }| HandedRow {
            generation: generation.number(),
            job,
            count: *count,
            last: last.to_string(),
            is_current: current == Some(*generation),
        });
        let shown = state.seen(name).iter().map(|Seen { operator, generation, at, request }| ShownRow {
            generation: generation.number(),
            operator,
            request,
            at: at.to_string(),
            is_current: current == Some(*generation),
        });
        Access { name, handed: handed.collect(), shown: shown.collect() }
    });
    let unsettled = state.unsettled.iter().map(|(request, who)| Unsettled { request, who: who.to_string() });
    let review = AccessReview { credentials: credentials.collect(), unsettled: unsettled.collect() };
    heading.write("access", review)
}
