//! The one place that decides who may do what: the hard floors of `schemas/policy/floors.txt`.
//!
//! Everything that is not allowed here is refused. Whether an event follows from the state of a
//! request is the business of `domain::appliance::step`.

mod people;
mod pull;

use sha2::{Digest, Sha256};

use crate::domain::appliance::State;
use crate::domain::ids::{CredentialName, Generation};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;

pub use people::{
    may_approve, may_be_shown, may_cosign, may_deny, may_deposit, may_freeze, may_read, may_request,
    may_revoke, may_take_bundle,
};
pub use pull::{Pull, decide_pull};

/// The text that the digest in every request stands for.
pub const FLOORS: &str = include_str!("../../schemas/policy/floors.txt");

/// SHA-256 of the policy in force, in hex.
pub fn digest() -> String {
    hex::encode(Sha256::digest(FLOORS))
}

/// What a decision is made from.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The fold of the log.
    pub state: &'a State,
    /// The appliance's clock.
    pub now: Timestamp,
    /// What is wrong with the clock, if anything is.
    pub clock_alarm: Option<&'a str>,
}

impl Facts<'_> {
    fn check_clock(&self) -> Result<(), Refusal> {
        self.clock_alarm.map_or(Ok(()), |why| Err(Refusal::Clock { why: why.to_owned() }))
    }

    fn check_not_past_sunset(&self, credential: &CredentialName) -> Result<(), Refusal> {
        let terms = &self.state.current(credential)?.terms;
        if terms.is_past_sunset(self.now) {
            return Err(Refusal::PastSunset { credential: credential.clone(), sunset: terms.sunset });
        }
        Ok(())
    }

    /// The newest generation, before its sunset.
    fn check_alive(&self, credential: &CredentialName, generation: Generation) -> Result<(), Refusal> {
        if self.state.current(credential)?.generation != generation {
            return Err(Refusal::StaleDeposit { credential: credential.clone() });
        }
        self.check_not_past_sunset(credential)
    }

    fn check_not_frozen(&self) -> Result<(), Refusal> {
        self.state.frozen.as_ref().map_or(Ok(()), |freeze| Err(Refusal::Frozen { by: freeze.to_string() }))
    }
}
