//! The one file of the console that reads a clock.

use std::time::Instant;

/// Time since the console started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    /// Starts now.
    #[allow(
        clippy::disallowed_methods,
        reason = "countdowns and typing speed are measured here and passed on"
    )]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since then, on a clock that nobody can set.
    pub(super) fn now_ms(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
