//! The operators' half of a credential's key, split over them and wrapped to each.

use std::collections::BTreeSet;
use std::fmt;

use rand_core::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::codec::{Fields, Reader, base64_bytes};
use super::{recipient, shamir};
use crate::domain::ids::{ApplianceName, CredentialName, Generation, OperatorId};
use crate::domain::operator::{OperatorPublic, hex_bytes};
use crate::domain::secret::Key32;

/// The first bytes of every share before it is wrapped.
pub const SHARE_PREFIX: &[u8] = b"portcullis/share/v1\n";

/// What is split: one generation of one credential of one appliance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShareSubject {
    /// On which appliance.
    pub appliance: ApplianceName,
    /// Which credential.
    pub credential: CredentialName,
    /// Which of its values.
    pub generation: Generation,
}

/// All that a share is bound to, and that a console compares with what it displayed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShareContext {
    /// What was split.
    pub subject: ShareSubject,
    /// Whose share it is.
    pub operator: OperatorId,
    /// Which share, counted from 1.
    pub index: u8,
    /// How many shares give the key back.
    pub k: u32,
}

impl fmt::Display for ShareContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject: ShareSubject { appliance, credential, generation }, operator, index, k } = self;
        write!(
            f,
            "share {index} (k={k}) of {operator} in {credential} generation {generation} on {appliance}"
        )
    }
}

/// Why shares were not made, opened or joined.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// Fewer than two of them, more than there are, or too many people.
    #[error("cannot split {k} of {n}: k is at least 2, n at least k and at most 16")]
    Split {
        /// How many should be enough.
        k: u32,
        /// How many there would be.
        n: usize,
    },
    /// A share cannot be wrapped to that key.
    #[error("the age key of {operator} takes no share")]
    Recipient {
        /// Whose key it is.
        operator: OperatorId,
    },
    /// Wrapped to somebody else, or damaged.
    #[error("the share of {operator} does not open: wrong key file or damaged")]
    NotOurs {
        /// Whose share it should be.
        operator: OperatorId,
    },
    /// The bytes are no share.
    #[error("these bytes are no share")]
    Malformed,
    /// Not the share that was deposited.
    #[error("the share of {operator} is not the one that was deposited")]
    Digest {
        /// Whose share it should be.
        operator: OperatorId,
    },
    /// The share opens something other than what was asked for.
    #[error("asked for {expected}, got {found}")]
    OtherShare {
        /// What was displayed.
        expected: Box<ShareContext>,
        /// What the share says it is.
        found: Box<ShareContext>,
    },
    /// The shares are not of one split.
    #[error("the share of {operator} is of another split")]
    OtherSplit {
        /// Whose share differs from the first one or from k.
        operator: OperatorId,
    },
    /// One share came twice.
    #[error("share {index} came twice")]
    Duplicate {
        /// Which.
        index: u8,
    },
    /// The quorum is not there.
    #[error("{got} shares, needed are {k}")]
    TooFew {
        /// How many came.
        got: usize,
        /// How many it takes.
        k: u32,
    },
}

/// One operator's share, wrapped to that operator's `age` recipient.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SealedShare {
    operator: OperatorId,
    index: u8,
    #[serde(with = "hex_bytes")]
    digest: [u8; 32],
    #[serde(with = "base64_bytes")]
    age: Vec<u8>,
}

impl SealedShare {
    /// Whose it is.
    pub const fn operator(&self) -> &OperatorId {
        &self.operator
    }

    /// Which it is, counted from 1.
    pub const fn index(&self) -> u8 {
        self.index
    }

    /// SHA-256 of the share in the clear; 16 random bytes in it keep it from being an oracle.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether `share` is the one that was wrapped here.
    ///
    /// # Errors
    /// [`ShareError::Digest`] with the name of this share's operator.
    pub fn check(&self, share: &Share) -> Result<(), ShareError> {
        let ours = share.context.operator == self.operator && share.context.index == self.index;
        let same = bool::from(share.digest().ct_eq(&self.digest));
        if ours && same { Ok(()) } else { Err(ShareError::Digest { operator: self.operator.clone() }) }
    }
}

/// A share that was unwrapped and is not to be used before it is compared.
pub struct OpenShare(Share);

impl OpenShare {
    /// The share, if it is the one that was asked for: the only way to it.
    ///
    /// # Errors
    /// [`ShareError::OtherShare`], so that nobody opens one thing by showing another.
    pub fn matching(self, expected: &ShareContext) -> Result<Share, ShareError> {
        if self.0.context == *expected {
            return Ok(self.0);
        }
        let found = Box::new(self.0.context);
        Err(ShareError::OtherShare { expected: Box::new(expected.clone()), found })
    }
}

impl fmt::Debug for OpenShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenShare({})", self.0.context)
    }
}

/// One share in the clear, with all that it is bound to.
pub struct Share {
    context: ShareContext,
    blinding: Blinding,
    value: Key32,
}

/// Random bytes in an allocation of their own, so that a move leaves no copy behind; wiped when dropped.
struct Blinding(Box<Zeroizing<[u8; 16]>>);

impl Blinding {
    fn fill(fill: impl FnOnce(&mut [u8; 16])) -> Self {
        let mut blinding = Box::new(Zeroizing::new([0; 16]));
        fill(&mut blinding);
        Self(blinding)
    }
}

impl Share {
    /// What it is bound to.
    pub const fn context(&self) -> &ShareContext {
        &self.context
    }

    /// The bytes that are wrapped, hashed, and sent to the keeper with an approval.
    ///
    /// With nothing between: [`SHARE_PREFIX`]; appliance and credential, each as its length in 8
    /// bytes, most significant first, and its text; the generation in 4 bytes; the operator as
    /// length and text; the index in 1 byte; k in 4; the blinding in 16; the share in 32.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let ShareContext { subject, operator, index, k } = &self.context;
        let named =
            Fields::new(SHARE_PREFIX).text(subject.appliance.as_str()).text(subject.credential.as_str());
        let bound = named.generation(subject.generation).text(operator.as_str()).raw(&[*index]).number(*k);
        bound.raw(self.blinding.0.as_slice()).raw(self.value.expose()).done()
    }

    /// Reads what [`Share::to_bytes`] wrote, and nothing else.
    ///
    /// # Errors
    /// [`ShareError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ShareError> {
        Self::read(bytes).ok_or(ShareError::Malformed)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader::new(SHARE_PREFIX, bytes)?;
        let appliance = ApplianceName::parse(from.text()?).ok()?;
        let named = from.text()?;
        let credential = CredentialName::parse(named).ok().filter(|name| name.as_str() == named)?;
        let generation = Generation::from_number(from.number()?)?;
        let operator = OperatorId::parse(from.text()?).ok()?;
        let [index] = *from.array::<1>()?;
        let k = from.number()?;
        let (blinding, value) = (from.array::<16>()?, from.array()?);
        let blinding = Blinding::fill(|own| own.copy_from_slice(blinding));
        let fits = from.is_done() && index > 0 && shamir::is_sound(k, shamir::N_MAX);
        let subject = ShareSubject { appliance, credential, generation };
        let context = ShareContext { subject, operator, index, k };
        fits.then(|| Self { context, blinding, value: shamir::copy(value) })
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(&*self.to_bytes()).into()
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({})", self.context)
    }
}

/// Splits `q` so that any `k` of `operators` give it back, and wraps to each their share.
///
/// # Errors
/// [`ShareError::Split`] outside 2 <= k <= n <= 16, [`ShareError::Recipient`] for an unusable key.
pub fn split(
    q: &Key32,
    subject: &ShareSubject,
    operators: &[&OperatorPublic],
    k: u32,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Vec<SealedShare>, ShareError> {
    let refused = ShareError::Split { k, n: operators.len() };
    let n = u32::try_from(operators.len()).map_err(|_| refused.clone())?;
    let points = shamir::split(q, k, n, rng).ok_or(refused)?;
    let pairs = points.into_iter().zip(operators);
    pairs.map(|(point, person)| wrap(point, subject, person, k, rng)).collect()
}

fn wrap(
    point: shamir::Point,
    subject: &ShareSubject,
    person: &OperatorPublic,
    k: u32,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<SealedShare, ShareError> {
    let blinding = Blinding::fill(|own| rng.fill_bytes(own));
    let (operator, index) = (person.id.clone(), point.index);
    let context = ShareContext { subject: subject.clone(), operator: operator.clone(), index, k };
    let share = Share { context, blinding, value: point.value };
    let wrapped = recipient::wrap_to_recipient(&person.age, &share.to_bytes());
    let age = wrapped.map_err(|_| ShareError::Recipient { operator: operator.clone() })?;
    Ok(SealedShare { operator, index, digest: share.digest(), age })
}

/// Unwraps one's own share and checks that it is the one that was deposited.
///
/// # Errors
/// [`ShareError::NotOurs`], [`ShareError::Malformed`] or [`ShareError::Digest`].
pub fn open_share(identity: &dyn age::Identity, sealed: &SealedShare) -> Result<OpenShare, ShareError> {
    let opened = recipient::unwrap(identity, &sealed.age);
    let bytes = opened.map_err(|_| ShareError::NotOurs { operator: sealed.operator.clone() })?;
    let share = Share::parse(&bytes)?;
    sealed.check(&share)?;
    Ok(OpenShare(share))
}

/// Joins the shares of one split: `sealed` is what was deposited, `k` what it takes.
///
/// # Errors
/// [`ShareError::Digest`] names whose share is not the deposited one; then shares of another
/// split, a share that came twice, and fewer than `k` or than two are refused.
pub fn join(sealed: &[SealedShare], shares: &[Share], k: u32) -> Result<Key32, ShareError> {
    let mut seen = BTreeSet::new();
    for share in shares {
        let ShareContext { subject, operator, index, k: own_k } = &share.context;
        let deposited = sealed.iter().find(|s| s.operator == *operator);
        deposited.ok_or_else(|| ShareError::Digest { operator: operator.clone() })?.check(share)?;
        if *subject != shares[0].context.subject || *own_k != k {
            return Err(ShareError::OtherSplit { operator: operator.clone() });
        }
        if !seen.insert(*index) {
            return Err(ShareError::Duplicate { index: *index });
        }
    }
    let too_few = ShareError::TooFew { got: shares.len(), k };
    if seen.len() < k as usize {
        return Err(too_few);
    }
    let point = |share: &Share| shamir::Point {
        index: share.context.index,
        value: shamir::copy(share.value.expose()),
    };
    let points: Vec<_> = shares.iter().take(k as usize).map(point).collect();
    shamir::join(&points).ok_or(too_few)
}

#[cfg(test)]
mod tests;
