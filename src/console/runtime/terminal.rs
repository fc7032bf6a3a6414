//! The terminal, taken over and given back.

use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::ResetColor;
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{execute, terminal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{InputModes, OptionalActions, QueueSelector, tcdrain, tcflush, tcgetattr, tcsetattr};

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// How soon a thread that waits for the terminal looks whether it still should.
pub(super) const LOOK_AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// How long a terminal that is given back may take nothing before what it was sent is thrown away.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// The terminal, as those see it who write to it: one at a time, and nobody after it was given back.
pub(super) struct Line {
    /// Giving back twice would wipe the words of a panic off the screen.
    is_taken: AtomicBool,
    pen: Mutex<()>,
}

impl Line {
    /// One that is taken.
    pub(super) const fn taken() -> Self {
        Self { is_taken: AtomicBool::new(true), pen: Mutex::new(()) }
    }

    /// Whether it is still taken.
    pub(super) fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::SeqCst)
    }

    /// Lets `write` write, unless the terminal was given back.
    pub(super) fn hold<T>(&self, write: impl FnOnce() -> T) -> Option<T> {
        // Nothing is kept under the lock that a panic could have left half done.
        let _pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_taken().then(write)
    }

    /// The pen, unless whoever holds it is held up or is the one who panics.
    fn wrest(&self) -> Option<MutexGuard<'_, ()>> {
        const STEP: Duration = Duration::from_millis(10);
        const STEPS: u32 = 20;
        for _ in 0..STEPS {
            match self.pen.try_lock() {
                Ok(pen) => return Some(pen),
                Err(TryLockError::Poisoned(pen)) => return Some(pen.into_inner()),
                Err(TryLockError::WouldBlock) => std::thread::park_timeout(STEP),
            }
        }
        None
    }
}

/// The terminal in raw mode on its other screen; it is as before when this is dropped, and before a panic
/// of any thread is told.
pub(super) struct Guard {
    previous: Hook,
    line: Arc<Line>,
}

impl Guard {
    /// Takes the terminal over. Raw mode would ignore its XOFF; a terminal of old `may_stop` us, where the
    /// line was set so, because it falls behind at its own speed.
    pub(super) fn take(may_stop: bool) -> io::Result<Self> {
        let previous: Hook = panic::take_hook().into();
        let line = Arc::new(Line::taken());
        let (tell, held) = (Arc::clone(&previous), Arc::clone(&line));
        panic::set_hook(Box::new(move |info| {
            give_back(&held);
            tell(info);
        }));
        // From here on a failure gives the terminal back, too.
        let guard = Self { previous, line };
        let may_stop = may_stop && tcgetattr(io::stdin())?.input_modes.contains(InputModes::IXON);
        terminal::enable_raw_mode()?;
        if may_stop {
            honour_stop(true)?;
        }
        execute!(io::stdout(), EnterAlternateScreen, Hide, Clear(ClearType::All))?;
        Ok(guard)
    }

    /// What those share who write.
    pub(super) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back(&self.line);
        // While a thread panics the hook cannot be changed, and the process is about to end.
        if !std::thread::panicking() {
            let previous = Arc::clone(&self.previous);
            panic::set_hook(Box::new(move |info| previous(info)));
        }
    }
}

/// A terminal without another screen keeps what was on this one, so it is cleared first.
fn give_back(line: &Line) {
    if !line.is_taken.swap(false, Ordering::SeqCst) {
        return;
    }
    let _pen = line.wrest();
    let mut output = io::stdout();
    // Where any of this fails there is no terminal any more.
    let is_open = || takes_bytes(io::stdout(), PATIENCE).unwrap_or(false);
    if !is_open() {
        // It goes on after its XOFF when that means nothing any more.
        let _ = honour_stop(false);
        discard(&output);
    }
    if is_open() {
        let _ = execute!(output, ResetColor, Clear(ClearType::All), MoveTo(0, 0), LeaveAlternateScreen, Show);
        let _ = output.flush();
    }
    let _ = terminal::disable_raw_mode();
}

/// Whether XOFF from the terminal stops what is sent to it, until its XON.
fn honour_stop(does: bool) -> io::Result<()> {
    let mut settings = tcgetattr(io::stdin())?;
    settings.input_modes.set(InputModes::IXON, does);
    Ok(tcsetattr(io::stdin(), OptionalActions::Now, &settings)?)
}

/// Whether the terminal takes something within `limit`.
pub(super) fn takes_bytes(terminal: impl AsFd, limit: Timespec) -> io::Result<bool> {
    let mut set = [PollFd::new(&terminal, PollFlags::OUT)];
    match poll(&mut set, Some(&limit)) {
        Ok(count) => Ok(count > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Waits until all that was sent has reached the terminal, which takes seconds on a slow line.
pub(super) fn drain(terminal: impl AsFd) {
    // A terminal that is gone shows nothing; the next write says so.
    let _ = tcdrain(terminal);
}

/// Throws away what was sent and has not reached the terminal.
pub(super) fn discard(terminal: impl AsFd) {
    // A terminal that is gone has nothing left.
    let _ = tcflush(terminal, QueueSelector::OFlush);
}

/// Forgets what was typed and not yet read.
pub(super) fn drop_type_ahead() {
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
}
