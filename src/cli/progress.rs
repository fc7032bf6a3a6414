//! How far long work is, on one line of standard error that is written over.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// A bar for whoever looks at a terminal; nothing for whoever does not.
#[derive(Debug)]
pub struct Progress {
    shown: Option<Instant>,
    is_terminal: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self { shown: None, is_terminal: io::stderr().is_terminal() }
    }
}

impl Progress {
    /// Tells how much of a step is done; what follows within a tenth of a second is not shown.
    #[allow(clippy::disallowed_methods, reason = "how often a bar is drawn decides nothing")]
    pub fn tell(&mut self, step: &str, done: u64, of: u64) {
        const BETWEEN: Duration = Duration::from_millis(100);
        if !self.is_terminal || self.shown.is_some_and(|at| at.elapsed() < BETWEEN) {
            return;
        }
        self.shown = Some(Instant::now());
        // A terminal that takes no more is nothing to stop for.
        let _ = write!(io::stderr().lock(), "\r{}", bar(step, done, of));
    }

    /// Clears the line.
    pub fn end(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(io::stderr().lock(), "\r{:79}\r", "");
        }
    }
}

/// `step [#####.....]  50%`, 79 columns at most.
fn bar(step: &str, done: u64, of: u64) -> String {
    const WIDTH: u64 = 30;
    let part = |whole: u64| done.min(of).saturating_mul(whole).checked_div(of).unwrap_or(whole);
    let filled = part(WIDTH);
    let marks = "#".repeat(usize::try_from(filled).unwrap_or_default());
    format!("{step:<28} [{marks:.<30}] {:>3}%", part(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_one_line_of_a_narrow_screen() {
        let cases = [
            (0, 0, "[##############################] 100%"),
            (0, 9, "[..............................]   0%"),
            (1, 2, "[###############...............]  50%"),
            (9, 9, "[##############################] 100%"),
            (10, 9, "[##############################] 100%"),
        ];
        for (done, of, expected) in cases {
            let bar = bar("fetching entries", done, of);
            assert!(bar.ends_with(expected), "{done} of {of}: {bar}");
            assert!(bar.chars().count() <= 79, "{bar}");
        }
    }
}
