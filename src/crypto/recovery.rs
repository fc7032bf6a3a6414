//! The recovery identity: printed as shares, kept nowhere.

use std::fmt;

use rand_core::{CryptoRng, RngCore};
use sha2::{Digest, Sha256};

use super::{recipient, shamir};
use crate::domain::operator::AgeRecipient;
use crate::domain::secret::Key32;

mod text;

/// Why recovery shares were not made, read or joined.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryError {
    /// Fewer than two of them, more than there are, or too many.
    #[error("cannot split {k} of {n}: k is at least 2, n at least k and at most 16")]
    Split {
        /// How many should be enough.
        k: u32,
        /// How many there would be.
        n: u32,
    },
    /// Not the words and numbers that a share begins with, or not its length.
    #[error(
        "not a recovery share: it reads PORTCULLIS-SHARE 1/5 k=3, then 14 groups of 4, then 6 characters"
    )]
    Shape,
    /// A character that no share has.
    #[error("character {position} after k is not one of 0-9 and A-Z without U")]
    Symbol {
        /// Which, counted from 1 without spaces and dashes.
        position: usize,
    },
    /// A typing error.
    #[error("the share was mistyped: its last 6 characters do not fit the rest")]
    Check,
    /// A share of another set than the first.
    #[error("share {index} is of another set of shares")]
    OtherSet {
        /// Which.
        index: u8,
    },
    /// One share came twice.
    #[error("share {index} came twice")]
    Duplicate {
        /// Which.
        index: u8,
    },
    /// Not enough of them.
    #[error("{got} recovery shares, needed are {k}")]
    TooFew {
        /// How many came.
        got: usize,
        /// How many it takes.
        k: u32,
    },
    /// They join to something that is not the identity they were split from.
    #[error("the recovery shares do not belong together")]
    Mixed,
}

/// The identity that backups and the chip's halves are wrapped to; it exists only in ceremonies.
pub struct RecoveryIdentity {
    secret: Key32,
}

impl RecoveryIdentity {
    /// How many shares it takes, unless set-up says otherwise.
    pub const K_DEFAULT: u32 = 3;
    /// How many shares there are, unless set-up says otherwise.
    pub const N_DEFAULT: u32 = 5;

    /// Makes a new one.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self { secret: super::operator_key::random_key(rng) }
    }

    /// Its public half.
    pub fn recipient(&self) -> AgeRecipient {
        recipient::recipient_of(&self.secret)
    }

    /// Its secret half, to unwrap with.
    pub fn identity(&self) -> age::x25519::Identity {
        recipient::identity(&self.secret)
    }

    /// Splits it into `n` shares of which any `k` give it back.
    ///
    /// # Errors
    /// [`RecoveryError::Split`] outside 2 <= k <= n <= 16.
    pub fn split(
        &self,
        k: u32,
        n: u32,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Vec<RecoveryShare>, RecoveryError> {
        let points = shamir::split(&self.secret, k, n, rng).ok_or(RecoveryError::Split { k, n })?;
        let set = self.set();
        Ok(points.into_iter().map(|point| RecoveryShare { k, n, set, point }).collect())
    }

    /// Joins shares, and proves that they gave back what was split.
    ///
    /// # Errors
    /// [`RecoveryError`], with the number of the share that does not fit where there is one.
    pub fn join(shares: &[RecoveryShare]) -> Result<Self, RecoveryError> {
        let first = shares.first().ok_or(RecoveryError::TooFew { got: 0, k: shamir::K_MIN })?;
        for (at, share) in shares.iter().enumerate() {
            let index = share.point.index;
            if (share.set, share.k, share.n) != (first.set, first.k, first.n) {
                return Err(RecoveryError::OtherSet { index });
            }
            if shares[..at].iter().any(|earlier| earlier.point.index == index) {
                return Err(RecoveryError::Duplicate { index });
            }
        }
        let too_few = RecoveryError::TooFew { got: shares.len(), k: first.k };
        if shares.len() < first.k as usize {
            return Err(too_few);
        }
        let copy =
            |p: &shamir::Point| shamir::Point { index: p.index, value: shamir::copy(p.value.expose()) };
        let points: Vec<_> = shares.iter().take(first.k as usize).map(|share| copy(&share.point)).collect();
        let joined = Self { secret: shamir::join(&points).ok_or(too_few)? };
        if joined.set() == first.set { Ok(joined) } else { Err(RecoveryError::Mixed) }
    }

    /// Twenty bits that all shares of this identity carry, made of what is public.
    fn set(&self) -> SetTag {
        let mut hash = Sha256::new();
        hash.update(b"portcullis/recovery-set/v1\n");
        hash.update(self.recipient().key());
        let digest = hash.finalize();
        let bits = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) >> 12;
        [15, 10, 5, 0].map(|shift| (bits >> shift & 31) as u8)
    }
}

impl fmt::Debug for RecoveryIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecoveryIdentity({})", self.recipient())
    }
}

/// Four symbols of 5 bits.
type SetTag = [u8; 4];

/// One printed part of the recovery identity.
pub struct RecoveryShare {
    k: u32,
    n: u32,
    set: SetTag,
    point: shamir::Point,
}

impl RecoveryShare {
    /// Which share this is, counted from 1.
    pub const fn index(&self) -> u8 {
        self.point.index
    }

    /// How many it takes, and how many there are.
    pub const fn k_of_n(&self) -> (u32, u32) {
        (self.k, self.n)
    }

    /// Whether what was typed in again is this share, in constant time.
    pub fn same(&self, other: &Self) -> bool {
        (self.k, self.n, self.set, self.point.index) == (other.k, other.n, other.set, other.point.index)
            && self.point.value.same(&other.point.value)
    }
}

impl fmt::Debug for RecoveryShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecoveryShare({}/{} k={})", self.point.index, self.n, self.k)
    }
}

#[cfg(test)]
mod tests;
