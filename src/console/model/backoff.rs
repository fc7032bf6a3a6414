//! How wrong passphrases are slowed down.

use crate::console::event::FailureSort;
use crate::domain::time::Length;

/// How wrong passphrases are slowed down, on this console and for everybody at it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Backoff {
    failures: u32,
    until_ms: u64,
}

impl Backoff {
    /// After this many wrong passphrases an operator who was logged in is logged out.
    pub const FAILURES_MAX: u32 = 3;
    const STEPS_MS: [u64; 6] = [1_000, 5_000, 30_000, 60_000, 120_000, 300_000];

    /// Counts what an effect came to.
    pub fn count(&mut self, sort: FailureSort, now_ms: u64) {
        if sort == FailureSort::WrongPassphrase {
            let step = (self.failures as usize).min(Self::STEPS_MS.len() - 1);
            self.failures = self.failures.saturating_add(1);
            self.until_ms = now_ms + Self::STEPS_MS[step];
        }
    }

    /// A right passphrase ends it.
    pub fn end(&mut self) {
        *self = Self::default();
    }

    /// Wrong passphrases since the last right one.
    pub const fn failures(self) -> u32 {
        self.failures
    }

    /// How long the next try must wait.
    pub const fn left(self, now_ms: u64) -> Length {
        Length::from_ms(self.until_ms.saturating_sub(now_ms))
    }
}
