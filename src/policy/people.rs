//! What people on the roster may do.

use super::Facts;
use crate::domain::credential::Deposited;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::operator::{OperatorPublic, Role};
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::{RequestDoc, Requester, Subject};
use crate::domain::request::state::{Phase, Request};
use crate::domain::time::Length;

fn person<'a>(facts: &'a Facts<'_>, operator: &OperatorId) -> Result<&'a OperatorPublic, Refusal> {
    let person = facts.state.roster().get(operator);
    person.ok_or_else(|| Refusal::NotOnRoster { who: format!("operator {operator}") })
}

fn with_role(facts: &Facts<'_>, operator: &OperatorId, role: Role) -> Result<(), Refusal> {
    if person(facts, operator)?.is(role) {
        Ok(())
    } else {
        Err(Refusal::WrongRole { operator: operator.clone(), role })
    }
}

/// Anybody on the roster reads everything but secrets.
pub fn may_read(facts: &Facts<'_>, operator: &OperatorId) -> Result<(), Refusal> {
    person(facts, operator).map(|_| ())
}

/// Anybody on the roster freezes.
pub fn may_freeze(facts: &Facts<'_>, operator: &OperatorId) -> Result<(), Refusal> {
    person(facts, operator).map(|_| ())
}

/// Custodians deposit what is not past its own sunset, and not while everything is down.
pub fn may_deposit(facts: &Facts<'_>, deposited: &Deposited, exists: bool) -> Result<(), Refusal> {
    with_role(facts, &deposited.depositor, Role::Custodian)?;
    facts.check_not_frozen()?;
    if exists {
        facts.check_clock()?
    }
    Ok(())
}

/// Seeing takes a role that handles credentials: who only reads is shown none.
fn may_see(facts: &Facts<'_>, operator: &OperatorId) -> Result<(), Refusal> {
    with_role(facts, operator, Role::Operator)
        .or_else(|no| with_role(facts, operator, Role::Custodian).map_err(|_| no))
}

/// Whether a request may be made, by a person or by a job's pull.
pub fn may_request(facts: &Facts<'_>, doc: &RequestDoc) -> Result<(), Refusal> {
    facts.check_clock()?;
    if let Requester::Operator(operator) = &doc.requester {
        person(facts, operator)?;
    }
    match &doc.subject {
        Subject::Release { credential, generation, job, .. } => {
            facts.check_not_frozen()?;
            facts.check_alive(credential, *generation)?;
            let client =
                facts.state.clients.get(job).ok_or_else(|| Refusal::UnknownJob { job: job.clone() })?;
            if !client.grants.allows(credential) {
                return Err(Refusal::NotGranted { job: job.clone(), credential: credential.clone() });
            }
        }
        Subject::Reveal { credential, generation, .. } => {
            let Requester::Operator(operator) = &doc.requester else {
                return Err(Refusal::Impossible {
                    why: "a person asks to be shown a credential, for themself",
                });
            };
            may_see(facts, operator)?;
            facts.check_not_frozen()?;
            facts.check_alive(credential, *generation)?;
        }
        Subject::Client { client } => {
            facts.check_not_frozen()?;
            // A slip in the name would let the owner approve what their own job asks for.
            if let Some(owner) =
                client.owner.as_ref().filter(|owner| facts.state.roster().get(owner).is_none())
            {
                return Err(Refusal::UnknownOwner { owner: owner.clone() });
            }
        }
        // Evidence is handed over in a freeze as well.
        Subject::Export { .. } => {}
        Subject::Thaw => check_one_thaw(facts)?,
    }
    check_quorum_possible(facts, doc)
}

fn check_one_thaw(facts: &Facts<'_>) -> Result<(), Refusal> {
    if facts.state.frozen.is_none() {
        return Err(Refusal::NotFrozen);
    }
    let live = |request: &&Request| {
        request.doc.subject == Subject::Thaw
            && request.state().is_live()
            && request.check_not_over(facts.now).is_ok()
    };
    match facts.state.requests.values().find(live) {
        Some(waiting) => Err(Refusal::ThawWaits { request: waiting.doc.id.clone() }),
        None => Ok(()),
    }
}

/// A request that nobody could ever approve is refused when it is made, not left to expire.
fn check_quorum_possible(facts: &Facts<'_>, doc: &RequestDoc) -> Result<(), Refusal> {
    let able = facts.state.roster().with_role(Role::Operator);
    let able = able.filter(|person| check_separate(facts, doc, &person.id).is_ok()).count();
    let need = facts.state.need();
    if able < need { Err(Refusal::NoQuorumPossible { able, need }) } else { Ok(()) }
}

/// Separation of duties: neither who asked nor who deposited approves.
fn check_separate(facts: &Facts<'_>, doc: &RequestDoc, operator: &OperatorId) -> Result<(), Refusal> {
    if doc.is_asked_by(operator) {
        return Err(Refusal::OwnRequest { request: doc.id.clone(), operator: operator.clone() });
    }
    let Some((credential, generation)) = doc.subject.opens() else { return Ok(()) };
    let generations = facts.state.credentials.get(credential);
    let deposited = generations.and_then(|all| all.iter().find(|one| one.generation == generation));
    match deposited {
        Some(one) if one.depositor == *operator => Err(Refusal::OwnDeposit {
            operator: operator.clone(),
            credential: credential.clone(),
            generation,
        }),
        Some(_) => Ok(()),
        None => Err(Refusal::NoCredential { credential: credential.clone() }),
    }
}

/// Whether this person's yes counts for this request.
pub fn may_approve(facts: &Facts<'_>, request: &Request, operator: &OperatorId) -> Result<(), Refusal> {
    with_role(facts, operator, Role::Operator)?;
    facts.check_clock()?;
    if !matches!(request.doc.subject, Subject::Thaw | Subject::Export { .. }) {
        facts.check_not_frozen()?;
    }
    check_separate(facts, &request.doc, operator)?;
    let Some((credential, _)) = request.doc.subject.opens() else { return Ok(()) };
    facts.check_not_past_sunset(credential)
}

/// Whether this person may be shown a credential by this request, now: who asked for it, and nobody else.
pub fn may_be_shown(facts: &Facts<'_>, request: &Request, operator: &OperatorId) -> Result<(), Refusal> {
    person(facts, operator)?;
    request.doc.check_shown_to(operator)?;
    may_see(facts, operator)?;
    facts.check_not_frozen()?;
    facts.check_clock()?;
    let Some((credential, generation)) = request.doc.subject.opens() else { return Ok(()) };
    request.check_not_over(facts.now)?;
    match &request.phase {
        Phase::Armed(armed) if armed.window.contains(facts.now) => facts.check_alive(credential, generation),
        Phase::Armed(armed) => {
            let (request, window) = (request.doc.id.clone(), armed.window);
            Err(Refusal::OutsideWindow { request, window, now: facts.now })
        }
        Phase::Requested(_) | Phase::Arming(_) => Err(request.wrong_state("shown")),
        _ => {
            let (state, credential) = (request.state(), credential.clone());
            Err(Refusal::Ended { request: request.doc.id.clone(), credential, state })
        }
    }
}

/// Whether this person may take the bundle of this request: who asked for it, for a day.
pub fn may_take_bundle(facts: &Facts<'_>, id: &RequestId, operator: &OperatorId) -> Result<(), Refusal> {
    const LENGTH: Length = Length::from_minutes(24 * 60);
    person(facts, operator)?;
    facts.state.granted_export(id)?;
    let request = facts.state.request(id)?;
    if !request.doc.is_asked_by(operator) {
        return Err(Refusal::NotRequester { request: id.clone(), operator: operator.clone() });
    }
    if facts.now >= request.touched.plus(LENGTH) {
        return Err(Refusal::ExportOver { request: id.clone(), granted: request.touched });
    }
    Ok(())
}

/// Operators cosign.
pub fn may_cosign(facts: &Facts<'_>, operator: &OperatorId) -> Result<(), Refusal> {
    with_role(facts, operator, Role::Operator)
}

/// Any one operator denies.
pub fn may_deny(facts: &Facts<'_>, operator: &OperatorId) -> Result<(), Refusal> {
    with_role(facts, operator, Role::Operator)
}

/// Any one operator revokes, and anybody withdraws what they asked for.
pub fn may_revoke(facts: &Facts<'_>, request: &Request, operator: &OperatorId) -> Result<(), Refusal> {
    if request.doc.is_asked_by(operator) {
        return person(facts, operator).map(|_| ());
    }
    with_role(facts, operator, Role::Operator)
}
