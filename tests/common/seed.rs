//! Seeded campaigns: a fiftieth of their count in the suite, all of it with `--long`, and the seed
//! printed, so that a failure can be had again with `PORTCULLIS_SEED`.

#![allow(clippy::disallowed_macros)] // a failure is had again with what is printed here

use rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};

/// A campaign of generated cases.
pub struct Campaign {
    /// How many.
    pub rounds: u64,
    seed: u64,
    name: &'static str,
}

/// A campaign of `count` rounds at full count.
#[allow(clippy::disallowed_methods)] // the environment chooses count and seed
pub fn campaign(name: &'static str, count: u64) -> Campaign {
    let long = std::env::var("PORTCULLIS_LONG").is_ok_and(|value| value == "1");
    let seed = std::env::var("PORTCULLIS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| OsRng.next_u64());
    let rounds = if long { count } else { count.div_ceil(50) };
    println!("{name}: {rounds} rounds, PORTCULLIS_SEED={seed}");
    Campaign { rounds, seed, name }
}

impl Campaign {
    /// The dice of one round.
    pub fn dice(&self, round: u64) -> Dice {
        println!("{} round {round}", self.name);
        Dice { key: Sha256::digest(format!("{} {} {round}", self.seed, self.name)).into(), drawn: 0 }
    }
}

/// Repeatable randomness: SHA-256 in counter mode.
pub struct Dice {
    key: [u8; 32],
    drawn: u64,
}

impl Dice {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.drawn += 1;
        let block = Sha256::new().chain_update(self.key).chain_update(self.drawn.to_be_bytes()).finalize();
        u64::from_be_bytes(block[..8].try_into().expect("8 of 32 bytes"))
    }

    /// A number below `end`.
    pub fn number(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    /// An index below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number(end as u64)).expect("below an index")
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.number(n) == 0
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { Some(&from[self.below(from.len())]) }
    }
}
