//! A bundle on its way onto a medium.

use std::path::PathBuf;

use crate::console::field::Pace;
use crate::desk::export::Progress;
use crate::domain::ids::RequestId;

/// A bundle on its way, from the last question about it to its end.
#[derive(Debug)]
pub struct Take {
    /// Of which request.
    pub id: RequestId,
    /// Into which folder.
    pub into: PathBuf,
    /// Whether somebody has stopped it, and its end is waited for.
    pub is_stopped: bool,
    /// Whether nobody has pressed a key for so long that its end logs them out.
    pub is_left: bool,
    /// `None` until it has been on the screen.
    pub pace: Option<Pace>,
    progress: Option<(Progress, u64)>,
}

impl Take {
    /// What is told sooner after what was told before is left out: on a slow line the gauge would fill it.
    pub const STEP_MS: u64 = 1_000;

    /// One that begins.
    pub const fn new(id: RequestId, into: PathBuf) -> Self {
        Self { id, into, is_stopped: false, is_left: false, pace: None, progress: None }
    }

    /// How far it is, as far as the screen says so.
    pub fn progress(&self) -> Option<Progress> {
        self.progress.map(|(progress, _)| progress)
    }

    /// Hears how far it is.
    pub fn tell(&mut self, progress: Progress, now_ms: u64) {
        let is_due = self.progress.is_none_or(|(shown, at_ms)| {
            shown.step != progress.step || now_ms >= at_ms.saturating_add(Self::STEP_MS)
        });
        if is_due {
            self.progress = Some((progress, now_ms));
        }
    }
}

/// How many hundredths are done.
pub fn percent(progress: Progress) -> u64 {
    let (done, of) = (u128::from(progress.done.min(progress.of)), u128::from(progress.of.max(1)));
    // At most 100.
    (done * 100 / of) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_are_never_more_than_all() {
        let cases = [
            (0, 0, 0),
            (0, 7, 0),
            (1, 200, 0),
            (1, 100, 1),
            (199, 200, 99),
            (200, 200, 100),
            (201, 200, 100),
            (u64::MAX, u64::MAX, 100),
        ];
        for (done, of, expected) in cases {
            assert_eq!(percent(Progress { step: "a step", done, of }), expected, "{done} of {of}");
        }
    }

    #[test]
    fn a_gauge_moves_once_a_second_and_with_every_step() {
        let mut take = Take::new(RequestId::from_entropy(7), PathBuf::new());
        // when, the step, how much of it, what is shown then
        let cases = [
            (0, "reads", 1, ("reads", 1)),
            (999, "reads", 2, ("reads", 1)),
            (1_000, "reads", 3, ("reads", 3)),
            (1_001, "fetches", 0, ("fetches", 0)),
            (2_000, "fetches", 1, ("fetches", 0)),
            (2_001, "fetches", 2, ("fetches", 2)),
        ];
        for (now_ms, step, done, expected) in cases {
            take.tell(Progress { step, done, of: 9 }, now_ms);
            assert_eq!(take.progress().map(|shown| (shown.step, shown.done)), Some(expected), "{now_ms}");
        }
    }
}
