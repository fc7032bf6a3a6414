//! The people who signed: the chain of rosters, and the keys of those on it.

use std::collections::BTreeMap;

use super::parts::Parts;
use super::refused::Fault;
use super::register::Register;
use crate::crypto::note::operator_key_name;
use crate::crypto::roster::verify_chain;
use crate::domain::audit::manifest::Member;
use crate::domain::audit::vkey::{NoteKey, Vkey};
use crate::domain::canonical;
use crate::domain::ids::OperatorId;
use crate::domain::operator::{OperatorPublic, Role, Roster, SignedRoster};

/// Rosters that follow from one another, from set-up on.
pub(super) struct People {
    pub(super) chain: Vec<SignedRoster>,
    /// By the digest that requests name them with.
    by_digest: BTreeMap<String, usize>,
    /// The cosigning keys of the last one.
    pub(super) cosigners: Vec<Vkey>,
}

impl People {
    pub(super) fn read(parts: &Parts, register: &Register) -> Result<Self, Fault> {
        let bytes = parts.bytes(Member::Rosters);
        let wrong = |why: String| Fault::differs(Member::Rosters, why);
        let chain: Vec<SignedRoster> =
            serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        if canonical::to_vec(&chain) != bytes {
            return Err(wrong("it is not canonical JSON".to_owned()));
        }
        let last = verify_chain(&chain)?;
        let digests: Vec<String> = chain.iter().map(|signed| hex::encode(signed.digest())).collect();
        if digests.first() != Some(&register.roster) {
            return Err(wrong("the first roster is not the one in keys/register.json".to_owned()));
        }
        let cosigners = cosigners(&register.origin, last)?;
        let lines: String = cosigners.iter().map(|key| format!("{key}\n")).collect();
        if parts.bytes(Member::OperatorKeys) != lines.as_bytes() {
            let what = "it does not have the cosigning keys of the last roster";
            return Err(Fault::differs(Member::OperatorKeys, what));
        }
        let by_digest = digests.into_iter().zip(0..).collect();
        Ok(Self { chain, by_digest, cosigners })
    }

    /// An operator of the roster that a request names.
    pub(super) fn operator(&self, roster: &str, operator: &OperatorId) -> Option<&OperatorPublic> {
        let signed = self.chain.get(*self.by_digest.get(roster)?)?;
        signed.roster.get(operator).filter(|person| person.is(Role::Operator))
    }

    /// An operator of the last roster.
    pub(super) fn newest(&self, operator: &OperatorId) -> Option<&OperatorPublic> {
        self.chain.last()?.roster.get(operator).filter(|person| person.is(Role::Operator))
    }
}

fn cosigners(origin: &str, roster: &Roster) -> Result<Vec<Vkey>, Fault> {
    let key = |person: &OperatorPublic| {
        let name = operator_key_name(origin, person.id.as_str());
        Vkey::new(&name, NoteKey::Cosignature(person.cosign))
            .map_err(|why| Fault::differs(Member::OperatorKeys, why.to_string()))
    };
    roster.with_role(Role::Operator).map(key).collect()
}
