//! Shamir's secret sharing of one key over GF(256), for shares and recovery shares alike.

use std::convert::Infallible;

use rand_core::{CryptoRng, RngCore};
use vsss_rs::Gf256;
use zeroize::{Zeroize, Zeroizing};

use crate::domain::secret::Key32;

/// The smallest k: one share never is the key.
pub(super) const K_MIN: u32 = 2;
/// The largest n.
pub(super) const N_MAX: u32 = 16;

/// One point of each of the 32 polynomials.
pub(super) struct Point {
    /// Where, 1 to n.
    pub(super) index: u8,
    /// What.
    pub(super) value: Key32,
}

/// Whether `k` of `n` is a split that this room makes.
pub(super) fn is_sound(k: u32, n: u32) -> bool {
    (K_MIN..=n).contains(&k) && n <= N_MAX
}

/// Splits `secret` so that any `k` of the `n` points give it back; `None` unless [`is_sound`].
pub(super) fn split(
    secret: &Key32,
    k: u32,
    n: u32,
    rng: &mut (impl RngCore + CryptoRng),
) -> Option<Vec<Point>> {
    if !is_sound(k, n) {
        return None;
    }
    let shares = Gf256::split_bytes(k as usize, n as usize, secret.expose(), Newer(rng)).ok()?;
    shares.into_iter().map(Zeroizing::new).map(|share| point(&share)).collect()
}

fn point(share: &[u8]) -> Option<Point> {
    let (&index, value) = share.split_first()?;
    let value = <&[u8; Key32::LEN]>::try_from(value).ok()?;
    Some(Point { index, value: copy(value) })
}

/// The secret that `points` give; `None` for fewer than two, an index 0 or an index that comes twice.
///
/// Points that are too few or do not belong together give some other key: the caller counts and checks.
pub(super) fn join(points: &[Point]) -> Option<Key32> {
    let mut shares: Vec<Vec<u8>> =
        points.iter().map(|p| Vec::with_capacity(p.value.expose().len() + 1)).collect();
    for (share, point) in shares.iter_mut().zip(points) {
        share.push(point.index);
        share.extend_from_slice(point.value.expose());
    }
    let joined = Gf256::combine_bytes(&shares).map(Zeroizing::new);
    shares.zeroize();
    joined.ok().and_then(|secret| <&[u8; Key32::LEN]>::try_from(secret.as_slice()).ok().map(copy))
}

/// A key of its own with the same bytes.
pub(super) fn copy(bytes: &[u8; 32]) -> Key32 {
    let filled = Key32::try_fill(|key| {
        key.copy_from_slice(bytes);
        Ok::<(), Infallible>(())
    });
    match filled {
        Ok(key) => key,
    }
}

/// Hands our randomness to a library of the next generation of `rand_core`.
struct Newer<'a, R>(&'a mut R);

impl<R: RngCore> rand_core_for_vsss::TryRng for Newer<'_, R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(to);
        Ok(())
    }
}

impl<R: RngCore + CryptoRng> rand_core_for_vsss::TryCryptoRng for Newer<'_, R> {}

#[cfg(test)]
mod tests {
    use rand_core::OsRng;

    use super::*;

    fn some(points: &[Point], which: &[usize]) -> Vec<Point> {
        which
            .iter()
            .map(|&i| Point { index: points[i].index, value: copy(points[i].value.expose()) })
            .collect()
    }

    #[test]
    fn any_k_points_give_the_secret_and_fewer_do_not() {
        let secret = Key32::take(&mut [0x5A; 32]);
        let points = split(&secret, 3, 5, &mut OsRng).expect("3 of 5");
        for which in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
            assert!(join(&some(&points, &which)).expect("joins").same(&secret), "{which:?}");
        }
        for which in [[0, 1], [3, 4], [2, 0]] {
            assert!(!join(&some(&points, &which)).expect("joins").same(&secret), "{which:?}");
        }
        assert!(join(&some(&points, &[0])).is_none(), "one point");
        assert!(join(&some(&points, &[0, 1, 1])).is_none(), "one index twice");
    }

    #[test]
    fn p01_a_split_has_a_floor_and_a_ceiling() {
        let secret = Key32::take(&mut [1; 32]);
        let cases = [
            ("k zero", 0, 3, false),
            ("k one", 1, 3, false),
            ("two of two", 2, 2, true),
            ("k above n", 3, 2, false),
            ("n sixteen", 16, 16, true),
            ("n seventeen", 2, 17, false),
        ];
        for (name, k, n, sound) in cases {
            assert_eq!(split(&secret, k, n, &mut OsRng).is_some(), sound, "{name}");
        }
    }

    #[test]
    fn points_made_elsewhere_join() {
        // Lagrange over GF(2^8) with 0x11B, worked out by hand: f(x) = 0x42 + 0x03 x per byte.
        let at = |index: u8, value: u8| Point { index, value: copy(&[value; 32]) };
        let joined = join(&[at(1, 0x42 ^ 0x03), at(2, 0x42 ^ 0x06)]).expect("joins");
        assert_eq!(joined.expose(), &[0x42; 32]);
    }
}
