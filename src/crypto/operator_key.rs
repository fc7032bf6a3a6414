//! One person's secret keys, while they are in use.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;

use rand_core::{CryptoRng, RngCore};

use super::{channel, recipient, sign};
use crate::domain::ids::{ApplianceName, OperatorId};
use crate::domain::operator::{OperatorPublic, Role, Signature, SignedRoster};
use crate::domain::secret::Key32;

/// The appliance a key file belongs to, and what its holder relies on when he speaks to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeeperPin {
    /// Its name.
    pub appliance: ApplianceName,
    /// The keeper's X25519 key for the channel.
    pub noise: [u8; 32],
    /// The digest of the first roster ([`SignedRoster::digest`]), from which every later one must
    /// descend before its keys are trusted.
    pub roster: [u8; 32],
}

/// The secret keys of one operator, each for one use, and whom they speak to.
pub struct OperatorKey {
    pub(super) id: OperatorId,
    pub(super) keeper: Option<KeeperPin>,
    pub(super) secrets: Secrets,
}

/// The four secret keys.
pub(super) struct Secrets {
    pub(super) age: Key32,
    pub(super) noise: Key32,
    pub(super) approval: Key32,
    pub(super) cosign: Key32,
}

impl OperatorKey {
    /// Makes new keys for a person, who is not bound to an appliance yet.
    pub fn generate(id: OperatorId, rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut key = || random_key(rng);
        let secrets = Secrets { age: key(), noise: key(), approval: key(), cosign: key() };
        Self { id, keeper: None, secrets }
    }

    /// Whose keys they are.
    pub const fn id(&self) -> &OperatorId {
        &self.id
    }

    /// The appliance they are for, once set-up has said so.
    pub const fn keeper(&self) -> Option<&KeeperPin> {
        self.keeper.as_ref()
    }

    /// What everybody may know, with the roles that the roster is to give.
    pub fn public(&self, roles: BTreeSet<Role>) -> OperatorPublic {
        let Secrets { age, noise, approval, cosign } = &self.secrets;
        OperatorPublic {
            id: self.id.clone(),
            roles,
            age: recipient::recipient_of(age),
            noise: channel::public_of(noise),
            approval: sign::public_of(approval),
            cosign: sign::public_of(cosign),
        }
    }

    /// The `age` identity that this person's shares are wrapped to.
    pub fn identity(&self) -> age::x25519::Identity {
        recipient::identity(&self.secrets.age)
    }

    /// The static key for the channel to the keeper.
    pub const fn noise(&self) -> &Key32 {
        &self.secrets.noise
    }

    /// Signs one canonical request, after [`sign::APPROVAL_PREFIX`].
    pub fn sign_approval(&self, canonical_request: &[u8]) -> [u8; 64] {
        sign::sign(&self.secrets.approval, &[sign::APPROVAL_PREFIX, canonical_request].concat())
    }

    /// Signs a version of the roster, whose canonical bytes carry their prefix.
    pub fn sign_roster(&self, roster: &SignedRoster) -> Signature {
        Signature(sign::sign(&self.secrets.approval, &roster.canonical()))
    }

    /// Cosigns a checkpoint of the log as seen at a time.
    ///
    /// # Units
    /// `seconds` since 1970-01-01T00:00:00Z; `checkpoint` is the note's text without its signatures.
    /// # Source
    /// C2SP tlog-cosignature v1.
    pub fn sign_cosignature(&self, seconds: u64, checkpoint: &[u8]) -> [u8; 64] {
        sign::sign(&self.secrets.cosign, &sign::cosigned(seconds, checkpoint))
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorKey({})", self.id)
    }
}

/// A key of 32 random bytes, written in place.
pub fn random_key(rng: &mut (impl RngCore + CryptoRng)) -> Key32 {
    let filled = Key32::try_fill(|key| {
        rng.fill_bytes(key);
        Ok::<(), Infallible>(())
    });
    match filled {
        Ok(key) => key,
    }
}

#[cfg(test)]
mod tests {
    use rand_core::OsRng;

    use super::*;
    use crate::domain::operator::Roster;

    fn key(id: &str) -> OperatorKey {
        OperatorKey::generate(OperatorId::parse(id).expect("an id"), &mut OsRng)
    }

    #[test]
    fn every_key_of_a_person_is_its_own() {
        let roles = || BTreeSet::from([Role::Operator]);
        let (alice, bo) = (key("alice"), key("bo"));
        let people = vec![alice.public(roles()), bo.public(roles())];
        assert!(people.iter().all(|p| super::super::roster::unusable_key(p).is_none()));
        Roster::new(1, 2, people).expect("eight different keys");
    }

    #[test]
    fn each_signature_verifies_under_the_key_of_its_use_only() {
        let alice = key("alice");
        let OperatorPublic { approval, cosign, .. } = alice.public(BTreeSet::new());
        let approved = alice.sign_approval(b"{}");
        assert!(sign::verify_approval(&approval, b"{}", &approved).is_ok());
        assert!(sign::verify_approval(&cosign, b"{}", &approved).is_err());
        let cosigned = alice.sign_cosignature(7, b"origin\n1\nhash\n");
        assert!(sign::verify_cosignature(&cosign, 7, b"origin\n1\nhash\n", &cosigned).is_ok());
        assert!(sign::verify_cosignature(&approval, 7, b"origin\n1\nhash\n", &cosigned).is_err());
    }

    #[test]
    fn nothing_secret_is_printed() {
        let alice = key("alice");
        assert_eq!(format!("{alice:?}"), "OperatorKey(alice)");
    }
}
