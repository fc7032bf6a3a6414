//! The chain of rosters: who may say who the operators are.

use crate::crypto::sign;
use crate::domain::ids::OperatorId;
use crate::domain::operator::{OperatorPublic, Role, Roster, SignedRoster};

/// Why a chain of rosters is not believed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterChainError {
    /// There is no roster at all.
    #[error("the chain of rosters is empty")]
    Empty,
    /// Versions are 1, 2, 3 and so on.
    #[error("roster version {found} stands where version {expected} belongs")]
    Version {
        /// What belongs there.
        expected: u32,
        /// What stands there.
        found: u32,
    },
    /// The version does not follow the one before it in the chain.
    #[error("roster version {version} follows another roster than the one before it")]
    Previous {
        /// Which version.
        version: u32,
    },
    /// A public key that proves nobody.
    #[error("roster version {version}: the {key} key of {operator} is not usable")]
    UnusableKey {
        /// Which version.
        version: u32,
        /// Whose key.
        operator: OperatorId,
        /// Which of the keys.
        key: &'static str,
    },
    /// Somebody signed who has no say in it.
    #[error("roster version {version} is signed by {operator}, who is no operator of the one before")]
    Stranger {
        /// Which version.
        version: u32,
        /// Who.
        operator: OperatorId,
    },
    /// A signature does not verify.
    #[error("roster version {version}: the signature of {operator} does not verify")]
    Signature {
        /// Which version.
        version: u32,
        /// Whose signature.
        operator: OperatorId,
    },
    /// Not enough people signed.
    #[error("roster version {version} has {signed} signatures, needed are {needed}")]
    TooFew {
        /// Which version.
        version: u32,
        /// How many signed.
        signed: usize,
        /// How many it takes.
        needed: usize,
    },
}

/// Verifies the chain from set-up to now and gives the roster that holds now.
///
/// Version 1 is signed by all of its own operators, every later version by at least the quorum of
/// operators of the version before. This proves that the chain hangs together; that it is *this*
/// appliance's is for the caller to compare, by the digest of the first roster.
///
/// # Errors
/// [`RosterChainError`], the first fault from the start.
/// # Source
/// RFC 8032 signatures over [`SignedRoster::canonical`].
pub fn verify_chain(chain: &[SignedRoster]) -> Result<&Roster, RosterChainError> {
    let mut before: Option<&SignedRoster> = None;
    for (expected, signed) in (1..).zip(chain) {
        let version = signed.roster.version();
        if version != expected {
            return Err(RosterChainError::Version { expected, found: version });
        }
        if signed.previous != before.map_or([0; 32], SignedRoster::digest) {
            return Err(RosterChainError::Previous { version });
        }
        for person in signed.roster.people() {
            if let Some(key) = unusable_key(person) {
                return Err(RosterChainError::UnusableKey { version, operator: person.id.clone(), key });
            }
        }
        let (electors, needed) = match before {
            Some(last) => (&last.roster, last.roster.quorum() as usize),
            None => (&signed.roster, signed.roster.with_role(Role::Operator).count()),
        };
        verify_signatures(signed, electors, needed)?;
        before = Some(signed);
    }
    before.map(|last| &last.roster).ok_or(RosterChainError::Empty)
}

/// Every signature is an elector's and verifies, and they are enough.
fn verify_signatures(
    signed: &SignedRoster,
    electors: &Roster,
    needed: usize,
) -> Result<(), RosterChainError> {
    let version = signed.roster.version();
    let canonical = signed.canonical();
    for (operator, signature) in &signed.signatures {
        let elector = electors.get(operator).filter(|person| person.is(Role::Operator));
        let elector =
            elector.ok_or_else(|| RosterChainError::Stranger { version, operator: operator.clone() })?;
        let verified = sign::verify(&elector.approval, &canonical, &signature.0);
        verified.map_err(|_| RosterChainError::Signature { version, operator: operator.clone() })?;
    }
    let count = signed.signatures.len();
    if count < needed { Err(RosterChainError::TooFew { version, signed: count, needed }) } else { Ok(()) }
}

/// The first of a person's keys that proves nobody: of small order, or not in its only spelling.
pub fn unusable_key(person: &OperatorPublic) -> Option<&'static str> {
    let usable = |(name, key): &(&'static str, &[u8; 32])| match *name {
        "age" | "noise" => sign::is_x25519_key(key),
        _ => sign::is_ed25519_key(key),
    };
    person.keys().iter().find(|key| !usable(key)).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests;
