//! The terminal, taken over and given back.

use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::ResetColor;
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{execute, terminal};
use rustix::termios::{QueueSelector, tcdrain, tcflush};

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// The terminal in raw mode on its other screen; it is as before when this is dropped, and before a panic
/// of any thread is told.
pub(super) struct Guard {
    previous: Hook,
    /// Giving back twice would wipe the words of the panic off the screen.
    is_taken: Arc<AtomicBool>,
}

impl Guard {
    /// Takes the terminal over.
    pub(super) fn take() -> io::Result<Self> {
        let previous: Hook = panic::take_hook().into();
        let is_taken = Arc::new(AtomicBool::new(true));
        let (tell, is_held) = (Arc::clone(&previous), Arc::clone(&is_taken));
        panic::set_hook(Box::new(move |info| {
            give_back(&is_held);
            tell(info);
        }));
        // From here on a failure gives the terminal back, too.
        let guard = Self { previous, is_taken };
        terminal::enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, Hide, Clear(ClearType::All))?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back(&self.is_taken);
        // While a thread panics the hook cannot be changed, and the process is about to end.
        if !std::thread::panicking() {
            let previous = Arc::clone(&self.previous);
            panic::set_hook(Box::new(move |info| previous(info)));
        }
    }
}

/// A terminal without another screen keeps what was on this one, so it is cleared first.
fn give_back(is_taken: &AtomicBool) {
    if !is_taken.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut output = io::stdout();
    // Where this fails there is no terminal any more.
    let _ = execute!(output, ResetColor, Clear(ClearType::All), MoveTo(0, 0), LeaveAlternateScreen, Show);
    let _ = output.flush();
    let _ = terminal::disable_raw_mode();
}

/// Waits until all that was sent has reached the terminal, which takes seconds on a slow line.
pub(super) fn drain() {
    // A terminal that is gone shows nothing; the next write says so.
    let _ = tcdrain(io::stdout());
}

/// Forgets what was typed and not yet read.
pub(super) fn drop_type_ahead() {
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
}
