//! What operators have signed in the entries: gathered while the log goes by, verified on every core.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use super::refused::Fault;
use crate::crypto::sign::{verify_approval, verify_cosignature};
use crate::domain::ids::OperatorId;
use crate::domain::request::doc::{ApprovalStatement, ReleaseWindow, RequestDoc};

/// One signature that nobody has verified yet.
pub(super) struct Claim {
    pub(super) seq: u64,
    pub(super) operator: OperatorId,
    /// The operator's key for what it is.
    pub(super) key: [u8; 32],
    /// In hex.
    pub(super) signature: String,
    pub(super) what: What,
}

/// What was signed.
pub(super) enum What {
    /// A request, as it was asked but for these.
    Approval { doc: Arc<RequestDoc>, window: Option<ReleaseWindow>, pulls: Option<u32> },
    /// The text of a checkpoint, at a time in seconds.
    Cosignature { seconds: u64, checkpoint: String },
}

/// Signatures that wait, never many, and how many were verified.
pub(super) struct Batch<'a> {
    waiting: Vec<Claim>,
    clock: &'a dyn Fn() -> Duration,
    pub(super) verified: u64,
    /// How long that took.
    pub(super) took: Duration,
}

impl<'a> Batch<'a> {
    /// As many as make the threads worth their start, in a few MiB.
    const MAX: usize = 2_048;

    pub(super) fn new(clock: &'a dyn Fn() -> Duration) -> Self {
        Self { waiting: Vec::new(), clock, verified: 0, took: Duration::ZERO }
    }

    /// Takes one more; when there are enough, all of them are verified.
    pub(super) fn add(&mut self, claim: Claim) -> Result<(), Fault> {
        self.waiting.push(claim);
        if self.waiting.len() < Self::MAX { Ok(()) } else { self.verify() }
    }

    /// Verifies those that wait.
    pub(super) fn verify(&mut self) -> Result<(), Fault> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let begun = (self.clock)();
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let each = self.waiting.len().div_ceil(cores);
        let wrong = thread::scope(|scope| {
            let verify = |claims: &[Claim]| claims.iter().find_map(|claim| claim.verify().err());
            let threads: Vec<_> =
                self.waiting.chunks(each).map(|claims| scope.spawn(move || verify(claims))).collect();
            // The first in the order of the entries. A thread that panicked has verified nothing, and ends
            // this one too.
            let answer =
                |thread: ScopedJoinHandle<'_, _>| thread.join().unwrap_or_else(|panic| resume_unwind(panic));
            let answers: Vec<Option<Fault>> = threads.into_iter().map(answer).collect();
            answers.into_iter().flatten().next()
        });
        self.verified += self.waiting.len() as u64;
        self.waiting.clear();
        self.took += (self.clock)().saturating_sub(begun);
        wrong.map_or(Ok(()), Err)
    }
}

impl Claim {
    fn verify(&self) -> Result<(), Fault> {
        let mut bytes = [0; 64];
        if hex::decode_to_slice(&self.signature, &mut bytes).is_err() {
            return Err(self.refused("the signature is not 64 bytes in hex"));
        }
        let verified = match &self.what {
            What::Approval { doc, window, pulls } => {
                let request = (**doc).clone();
                let asked = ApprovalStatement::as_asked(self.operator.clone(), request);
                let statement = ApprovalStatement { window: *window, pulls: *pulls, ..asked };
                verify_approval(&self.key, &statement.canonical(), &bytes)
            }
            What::Cosignature { seconds, checkpoint } => {
                verify_cosignature(&self.key, *seconds, checkpoint.as_bytes(), &bytes)
            }
        };
        verified.map_err(|_| self.refused("the signature does not verify"))
    }

    /// Nobody on the roster could have signed it, or somebody has not.
    pub(super) fn refused(&self, why: &'static str) -> Fault {
        let (seq, operator) = (self.seq, self.operator.clone());
        match &self.what {
            What::Approval { doc, .. } => Fault::Approval { seq, operator, request: doc.id.clone(), why },
            What::Cosignature { .. } => Fault::Cosignature { seq, operator, why },
        }
    }
}
