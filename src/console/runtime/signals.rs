//! The thread that hears signals.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::{self, Handle};

use super::Happening;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Caught {
    /// To end.
    End,
    /// To look at the size again.
    Resized,
}

/// Stops hearing when it is dropped.
pub(super) struct Signals(Handle);

impl Signals {
    /// Starts hearing.
    pub(super) fn listen(sender: Sender<Happening>) -> io::Result<Self> {
        let mut signals = iterator::Signals::new([SIGHUP, SIGINT, SIGTERM, SIGWINCH])?;
        let handle = signals.handle();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                let caught = if signal == SIGWINCH { Caught::Resized } else { Caught::End };
                if sender.send(Happening::Caught(caught)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self(handle))
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.0.close();
    }
}
