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

    /// The same clock, as if it had been started so much earlier.
    #[cfg(test)]
    pub(super) fn earlier(self, by: std::time::Duration) -> Self {
        Self(self.0.checked_sub(by).expect("the machine runs for longer"))
    }

    /// Milliseconds since then, on a clock that nobody can set.
    pub(super) fn now_ms(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
