//! Reports from the entries of the range, counted one by one.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Heading;
use crate::domain::appliance::State;
use crate::domain::audit::entry::{Body, Entry};
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::request::state::Phase;

/// Counts of the entries so far. Its size depends on how many people and codes there are, not on entries.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    together: BTreeMap<(OperatorId, OperatorId), u64>,
    asked: BTreeMap<(String, OperatorId), u64>,
    refused: BTreeMap<(String, String), u64>,
    passphrases: BTreeMap<OperatorId, u64>,
}

impl Tally {
    /// Counts one entry; `before` is the state that it was written in, `None` for the set-up.
    pub fn add(&mut self, before: Option<&State>, entry: &Entry) {
        match &entry.body {
            Body::Approved { request, operator, .. } => {
                if let Some(state) = before {
                    self.approved(state, request, operator);
                }
            }
            Body::Refused { code, .. } => {
                *self.refused.entry((entry.actor.join(" "), code.clone())).or_default() += 1;
            }
            Body::PassphraseFailed { operator } => {
                *self.passphrases.entry(operator.clone()).or_default() += 1;
            }
            _ => {}
        }
    }

    fn approved(&mut self, state: &State, request: &RequestId, operator: &OperatorId) {
        let Ok(request) = state.request(request) else { return };
        *self.asked.entry((request.doc.requester.to_string(), operator.clone())).or_default() += 1;
        let Phase::Requested(requested) = &request.phase else { return };
        for other in requested.approvals.people() {
            let (one, two) = if other < operator { (other, operator) } else { (operator, other) };
            *self.together.entry((one.clone(), two.clone())).or_default() += 1;
        }
    }

    /// Who approved with whom, and for whom: how often two approvals of one request stood together, and how
    /// often somebody approved what another asked. Approvals that were voided and given again count again.
    pub fn pairs(&self, heading: &Heading) -> Vec<u8> {
        let together =
            self.together.iter().map(|((one, two), count)| Together { approvers: [one, two], count: *count });
        let asked = self.asked.iter().map(|((requester, approver), count)| Asked {
            requester,
            approver,
            count: *count,
        });
        heading.write("pairs", Pairs { approvers: together.collect(), requesters: asked.collect() })
    }

    /// Who was refused what, by code, and whose key file was not opened.
    pub fn failed(&self, heading: &Heading) -> Vec<u8> {
        let refused =
            self.refused.iter().map(|((actor, code), count)| Refused { actor, code, count: *count });
        let passphrases = self.passphrases.iter().map(|(operator, count)| Missed { operator, count: *count });
        heading.write("failed", Failed { refused: refused.collect(), passphrases: passphrases.collect() })
    }
}

#[derive(Serialize)]
struct Pairs<'a> {
    approvers: Vec<Together<'a>>,
    requesters: Vec<Asked<'a>>,
}

#[derive(Serialize)]
struct Together<'a> {
    approvers: [&'a OperatorId; 2],
    count: u64,
}

#[derive(Serialize)]
struct Asked<'a> {
    requester: &'a str,
    approver: &'a OperatorId,
    count: u64,
}

#[derive(Serialize)]
struct Failed<'a> {
    refused: Vec<Refused<'a>>,
    passphrases: Vec<Missed<'a>>,
}

#[derive(Serialize)]
struct Refused<'a> {
    actor: &'a str,
    code: &'a str,
    count: u64,
}

#[derive(Serialize)]
struct Missed<'a> {
    operator: &'a OperatorId,
    count: u64,
}
