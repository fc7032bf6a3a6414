//! What a pull of a job finds.

use super::Facts;
use crate::domain::client::ClientRecord;
use crate::domain::ids::{CredentialName, Generation, JobName, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::Subject;
use crate::domain::request::state::{Phase, Request};
use crate::domain::selector::Evidence;

/// The answer to a pull that is not refused.
#[derive(Debug, Eq, PartialEq)]
pub enum Pull {
    /// A window is open: spend a pull of it.
    Serve(RequestId),
    /// Approvals are being collected, or a window opens later: wait for it.
    Wait(RequestId),
    /// Nobody has asked yet: ask, with the client's standing reason.
    Ask(Generation),
}

/// Decides a pull: evidence first, then what the job may have, then the state of its requests.
///
/// # Errors
/// The first [`Refusal`] that applies; nothing was asked of the chip.
pub fn decide_pull(
    facts: &Facts<'_>,
    job: &JobName,
    credential: &CredentialName,
    evidence: &Evidence,
) -> Result<Pull, Refusal> {
    let client = facts.state.clients.get(job).ok_or_else(|| Refusal::UnknownJob { job: job.clone() })?;
    check_client(client, credential, evidence)?;
    facts.check_not_frozen()?;
    facts.check_clock()?;
    let current = facts.state.current(credential)?;
    facts.check_not_past_sunset(credential)?;
    let asked: Vec<&Request> = facts
        .state
        .requests_for(credential)
        .filter(|request| is_for(request, job, current.generation))
        .collect();
    serve(&asked, facts).or_else(|| wait(&asked, facts)).map_or_else(
        || match ended(&asked, facts) {
            Some(request) => Err(Refusal::Ended {
                request: request.doc.id.clone(),
                credential: credential.clone(),
                state: request.state(),
            }),
            None => Ok(Pull::Ask(current.generation)),
        },
        Ok,
    )
}

fn check_client(
    client: &ClientRecord,
    credential: &CredentialName,
    evidence: &Evidence,
) -> Result<(), Refusal> {
    client.selectors.matches(evidence).map_err(|mismatch| Refusal::Evidence {
        job: client.job.clone(),
        selector: mismatch.selector.to_string(),
    })?;
    if client.grants.allows(credential) {
        Ok(())
    } else {
        Err(Refusal::NotGranted { job: client.job.clone(), credential: credential.clone() })
    }
}

fn is_for(request: &Request, job: &JobName, current: Generation) -> bool {
    matches!(&request.doc.subject, Subject::Release { job: asked, generation, .. }
        if asked == job && *generation == current)
}

/// The open window that closes first.
fn serve(asked: &[&Request], facts: &Facts<'_>) -> Option<Pull> {
    let open = asked.iter().filter_map(|request| match &request.phase {
        Phase::Armed(armed) if armed.window.contains(facts.now) => {
            Some((armed.window.closes(), &request.doc.id))
        }
        _ => None,
    });
    open.min().map(|(_, id)| Pull::Serve(id.clone()))
}

/// A window that opens later, or a request that is not over.
fn wait(asked: &[&Request], facts: &Facts<'_>) -> Option<Pull> {
    let live =
        asked.iter().filter(|request| request.state().is_live() && request.check_not_over(facts.now).is_ok());
    live.min_by_key(|request| request.ends()).map(|request| Pull::Wait(request.doc.id.clone()))
}

/// The ended request that stands in the way longest.
fn ended<'a>(asked: &[&'a Request], facts: &Facts<'_>) -> Option<&'a Request> {
    let standing =
        asked.iter().filter(|request| request.stands_until().is_some_and(|until| facts.now < until));
    standing.max_by_key(|request| request.stands_until()).copied()
}
