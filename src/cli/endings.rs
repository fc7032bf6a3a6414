//! Signals that end the program while it has the terminal: they are heard by whoever waits for a key, so that
//! the terminal is given back first. At any other time they do what they always do.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use super::failure::Stop;

const SIGNALS: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

/// Where the signals are heard.
#[derive(Debug)]
pub struct Endings {
    /// Whether nobody waits, so that a signal ends the program at once.
    is_away: Arc<AtomicBool>,
    /// One for each signal, readable when it came.
    pipes: Vec<PipeReader>,
}

impl Endings {
    /// The one of this process.
    ///
    /// # Errors
    /// When the kernel gives no pipes.
    pub fn of_process() -> io::Result<&'static Self> {
        // A signal belongs to the process, and what hears it cannot be taken away again.
        static HEARD: OnceLock<Endings> = OnceLock::new();
        if let Some(heard) = HEARD.get() {
            return Ok(heard);
        }
        let is_away = Arc::new(AtomicBool::new(true));
        let mut pipes = Vec::with_capacity(SIGNALS.len());
        for signal in SIGNALS {
            let (reader, writer) = io::pipe()?;
            low_level::pipe::register(signal, writer)?;
            flag::register_conditional_default(signal, Arc::clone(&is_away))?;
            pipes.push(reader);
        }
        Ok(HEARD.get_or_init(|| Self { is_away, pipes }))
    }

    /// Somebody waits from now on, or does not any more.
    pub fn wait(&self, waits: bool) {
        self.is_away.store(!waits, Ordering::SeqCst);
    }

    /// What to poll beside the keys.
    pub fn pipes(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.pipes.iter().map(|pipe| pipe.as_fd())
    }

    /// The end that the pipe with this number stands for.
    pub fn stop(&self, number: usize) -> Stop {
        Stop::Signalled(SIGNALS.get(number).copied().unwrap_or(SIGTERM))
    }
}

/// Ends the process as the signal would have, so that whoever waits for it knows. Comes back only when the
/// kernel refuses; then this is the exit code that shells give.
pub fn end_by(signal: i32) -> u8 {
    // The exit code says the same.
    let _ = low_level::emulate_default_handler(signal);
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
