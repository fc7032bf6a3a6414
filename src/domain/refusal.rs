//! Every no of the rules, each with a code for programs, what happened and what to do next.

use super::ids::{CredentialName, Generation, JobName, OperatorId, RequestId};
use super::operator::Role;
use super::time::{Day, Interval, Timestamp};
use super::wire::operator::StateName;

mod answer;

/// Why the appliance said no. Nothing was changed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Everything is down.
    #[error("the appliance is frozen: {by}")]
    Frozen {
        /// Who froze it, and why.
        by: String,
    },
    /// There is nothing to thaw.
    #[error("the appliance is not frozen")]
    NotFrozen,
    /// A thaw waits already.
    #[error("request {request} to thaw is waiting already")]
    ThawWaits {
        /// The one to approve.
        request: RequestId,
    },
    /// The caller's key or name is on no roster.
    #[error("{who} is not on the roster")]
    NotOnRoster {
        /// The operator, or the start of the key.
        who: String,
    },
    /// A client would be owned by somebody who is no operator here, and nobody would be kept apart from it.
    #[error("the owner {owner} is not on the roster")]
    UnknownOwner {
        /// Who was named.
        owner: OperatorId,
    },
    /// The person lacks the role.
    #[error("operator {operator} does not have the role {role}")]
    WrongRole {
        /// Who asked.
        operator: OperatorId,
        /// What it takes.
        role: Role,
    },
    /// No such request.
    #[error("there is no request {request}")]
    NoRequest {
        /// What was named.
        request: RequestId,
    },
    /// Another kind of request than one for a bundle.
    #[error("request {request} is to {kind}, and no export")]
    NotExport {
        /// Which request.
        request: RequestId,
        /// What it is.
        kind: &'static str,
    },
    /// A bundle that cannot be.
    #[error("a bundle {why}")]
    BadExport {
        /// What is wrong with it.
        why: &'static str,
    },
    /// Leave that two operators gave is over.
    #[error("request {request} was granted at {granted}: its bundle could be taken for a day")]
    ExportOver {
        /// Which request.
        request: RequestId,
        /// When it was granted.
        granted: Timestamp,
    },
    /// The newest checkpoint is another.
    #[error("the newest checkpoint is not the one of {size} entries")]
    StaleCheckpoint {
        /// Which was named.
        size: u64,
    },
    /// A cosignature that is not this person's of that checkpoint.
    #[error("the cosignature of {operator} does not verify")]
    BadCosignature {
        /// Who.
        operator: OperatorId,
    },
    /// There is no such entry.
    #[error("there is no entry {index}: the log has {size}")]
    NoEntry {
        /// Which was named.
        index: u64,
        /// Entries in the log.
        size: u64,
    },
    /// One person, one cosignature.
    #[error("{operator} cosigned the checkpoint of {size} entries already")]
    CosignedAlready {
        /// Who.
        operator: OperatorId,
        /// Which checkpoint.
        size: u64,
    },
    /// The event has no meaning in the state the request is in.
    #[error("request {request} is {}: it cannot be {event}", .state.word())]
    WrongState {
        /// Which request.
        request: RequestId,
        /// Where it stands.
        state: StateName,
        /// What was tried.
        event: &'static str,
    },
    /// Too late.
    #[error("request {request} expired at {ended}")]
    Expired {
        /// Which request.
        request: RequestId,
        /// When it ended.
        ended: Timestamp,
    },
    /// An expiry that has not come.
    #[error("request {request} does not end before {ends}")]
    NotExpired {
        /// Which request.
        request: RequestId,
        /// When it will.
        ends: Timestamp,
    },
    /// One person tried to fill two places of the quorum.
    #[error("operator {operator} already approved request {request}")]
    DuplicateApprover {
        /// Which request.
        request: RequestId,
        /// Who.
        operator: OperatorId,
    },
    /// The requester tried to approve.
    #[error(
        "operator {operator} asked for request {request}, or owns the client that did, and cannot approve it"
    )]
    OwnRequest {
        /// Which request.
        request: RequestId,
        /// Who.
        operator: OperatorId,
    },
    /// The depositor tried to approve.
    #[error(
        "operator {operator} deposited {credential} generation {generation} and cannot approve its release"
    )]
    OwnDeposit {
        /// Who.
        operator: OperatorId,
        /// What.
        credential: CredentialName,
        /// Which value of it.
        generation: Generation,
    },
    /// The quorum could never be reached.
    #[error(
        "it takes {need} people to approve this, and the roster has {able} who neither asked nor deposited"
    )]
    NoQuorumPossible {
        /// People on the roster who neither asked nor deposited.
        able: usize,
        /// The quorum.
        need: usize,
    },
    /// The approver's window is not within the one asked for, or nothing is left of it.
    #[error("the window or the pulls of the approval are not within what request {request} asks")]
    WindowWidened {
        /// Which request.
        request: RequestId,
    },
    /// Something else than the request was signed.
    #[error("what was signed is not request {request} as it stands")]
    StatementDiffers {
        /// Which request.
        request: RequestId,
    },
    /// The policy or the roster changed since the request was made.
    #[error("request {request} was made under another policy or roster")]
    OtherRules {
        /// Which request.
        request: RequestId,
    },
    /// The signature does not verify.
    #[error("the signature of operator {operator} on request {request} does not verify")]
    BadSignature {
        /// Which request.
        request: RequestId,
        /// Who.
        operator: OperatorId,
    },
    /// The share is missing or wrong.
    #[error("the share of operator {operator} for request {request} is {problem}")]
    BadShare {
        /// Which request.
        request: RequestId,
        /// Whose.
        operator: OperatorId,
        /// How.
        problem: &'static str,
    },
    /// The window asked for cannot be.
    #[error("a window {why}")]
    BadWindow {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A count outside 1 to 100.
    #[error("{pulls} pulls asked, allowed are 1 to 100")]
    BadPulls {
        /// What was asked.
        pulls: u32,
    },
    /// No such credential.
    #[error("there is no credential {credential}")]
    NoCredential {
        /// What was named.
        credential: CredentialName,
    },
    /// The name is taken.
    #[error("credential {credential} exists, generation {generation}")]
    CredentialExists {
        /// What was named.
        credential: CredentialName,
        /// Its newest value.
        generation: Generation,
    },
    /// Somebody else deposited meanwhile, or the roster changed.
    #[error("the deposit was wrapped for another generation of {credential} or another roster")]
    StaleDeposit {
        /// What was named.
        credential: CredentialName,
    },
    /// A deposit that does not hold together.
    #[error("the deposit of {credential} is malformed: {why}")]
    BadDeposit {
        /// What was named.
        credential: CredentialName,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The credential may not leave any more.
    #[error("the sunset of {credential} was {sunset}")]
    PastSunset {
        /// What was named.
        credential: CredentialName,
        /// Its last day.
        sunset: Day,
    },
    /// No such job.
    #[error("there is no client record for job {job}")]
    UnknownJob {
        /// What was named.
        job: JobName,
    },
    /// The caller is not who the record says.
    #[error("the caller is not job {job}: {selector} does not match")]
    Evidence {
        /// Who it claimed to be.
        job: JobName,
        /// The selector that failed.
        selector: String,
    },
    /// The job may not ask for it.
    #[error("job {job} is not granted {credential}")]
    NotGranted {
        /// Who asked.
        job: JobName,
        /// For what.
        credential: CredentialName,
    },
    /// Somebody else asked to be shown it, or to take it.
    #[error(
        "operator {operator} did not ask for request {request}: what it gives, who asked gets, and nobody else"
    )]
    NotRequester {
        /// Which request.
        request: RequestId,
        /// Who.
        operator: OperatorId,
    },
    /// The request is of a kind that shows nobody a credential.
    #[error("request {request} is a {kind}: nobody is shown a credential by it")]
    NotShown {
        /// Which request.
        request: RequestId,
        /// The word for its kind.
        kind: &'static str,
    },
    /// Now is not within the window.
    #[error("request {request}: {now} is outside the window {window}")]
    OutsideWindow {
        /// Which request.
        request: RequestId,
        /// The window in force.
        window: Interval,
        /// When it was tried.
        now: Timestamp,
    },
    /// A pull found the gate closed for good.
    #[error("request {request} for {credential} is {}", .state.word())]
    Ended {
        /// Which request.
        request: RequestId,
        /// For what.
        credential: CredentialName,
        /// How it ended.
        state: StateName,
    },
    /// The clock cannot be trusted.
    #[error("the clock cannot be trusted: {why}")]
    Clock {
        /// What was seen.
        why: String,
    },
    /// Too much at once.
    #[error("too many {what}")]
    Busy {
        /// Of what.
        what: &'static str,
    },
    /// The log says something that the rules forbid.
    #[error("the entry does not follow from the log: {why}")]
    Impossible {
        /// Which rule.
        why: &'static str,
    },
    /// The chip refused.
    #[error("{what}")]
    Chip {
        /// The TPM room's words.
        what: String,
        /// What to do next.
        advice: String,
    },
    /// The store does not say what it should.
    #[error("{what}")]
    Integrity {
        /// What was found.
        what: String,
    },
    /// The stored record does not open.
    #[error("the stored record of {credential} generation {generation} is damaged: {why}")]
    Record {
        /// Which.
        credential: CredentialName,
        /// Which value of it.
        generation: Generation,
        /// What is wrong.
        why: String,
    },
    /// The message is not understood.
    #[error("the message was not understood: {why}")]
    Message {
        /// What is wrong with it.
        why: String,
    },
}
