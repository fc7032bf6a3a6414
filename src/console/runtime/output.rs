//! The thread that writes to the terminal.
//!
//! A terminal may take nothing for as long as it likes: a line that was stopped, a window that nobody reads
//! from. The loop must go on meanwhile, because it logs out an operator who has left. So it hands over one
//! frame at a time, and paints the next one when that has arrived; what happened in between is one change.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use zeroize::Zeroizing;

use super::terminal::{self, Line};
use super::{Alarm, Happening};
use crate::console::error::ConsoleError;

/// Hands frames over; the thread ends when the terminal is given back.
pub(super) struct Output {
    frames: Sender<Zeroizing<Vec<u8>>>,
    is_cut: Arc<AtomicBool>,
    terminal: OwnedFd,
    is_busy: bool,
}

impl Output {
    /// Starts the thread, which writes to `writer` while `line` is taken.
    pub(super) fn start<W: Write + AsFd + Send + 'static>(
        line: Arc<Line>,
        writer: W,
        sender: Sender<Happening>,
    ) -> io::Result<Self> {
        let (frames, received) = channel();
        let is_cut = Arc::new(AtomicBool::new(false));
        let terminal = writer.as_fd().try_clone_to_owned()?;
        let mut pen = Pen { line, writer, is_cut: Arc::clone(&is_cut) };
        thread::Builder::new().name("output".to_owned()).spawn(move || {
            let alarm = Alarm::new(sender, "writes to the terminal");
            pen.write_all(&received, &alarm.sender);
            alarm.silence();
        })?;
        Ok(Self { frames, is_cut, terminal, is_busy: false })
    }

    /// Whether a frame is on its way.
    pub(super) const fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Sends a frame; [`Happening::Shown`] follows.
    pub(super) fn send(&mut self, frame: Zeroizing<Vec<u8>>) -> Result<(), ConsoleError> {
        self.is_busy = true;
        self.frames.send(frame).map_err(|_| ConsoleError::Part { does: "writes to the terminal" })
    }

    /// The frame has arrived, or what was left of it is gone; whether the latter.
    pub(super) fn arrived(&mut self) -> bool {
        self.is_busy = false;
        self.is_cut.swap(false, Ordering::SeqCst)
    }

    /// Takes back what the terminal has not taken of the frame on its way.
    pub(super) fn cut(&mut self) {
        if self.is_busy {
            self.is_cut.store(true, Ordering::SeqCst);
            terminal::discard(&self.terminal);
        }
    }
}

/// How much is written at once: what a terminal that says it takes something does take, as a rule.
const PIECE_LEN: usize = 256;

struct Pen<W> {
    line: Arc<Line>,
    writer: W,
    is_cut: Arc<AtomicBool>,
}

impl<W: Write + AsFd> Pen<W> {
    fn write_all(&mut self, frames: &Receiver<Zeroizing<Vec<u8>>>, sender: &Sender<Happening>) {
        for frame in frames {
            let happening = match self.write(&frame) {
                Ok(true) => Happening::Shown,
                Ok(false) => return,
                Err(error) => Happening::Unwritable(error),
            };
            let is_over = matches!(happening, Happening::Unwritable(_));
            if sender.send(happening).is_err() || is_over {
                return;
            }
        }
    }

    /// Writes a frame until it has arrived or is cut; `false` when the terminal is no longer ours.
    fn write(&mut self, frame: &[u8]) -> io::Result<bool> {
        for piece in frame.chunks(PIECE_LEN) {
            while !terminal::takes_bytes(&self.writer, terminal::LOOK_AGAIN)? {
                if !self.line.is_taken() {
                    return Ok(false);
                }
                if self.is_cut.load(Ordering::SeqCst) {
                    return Ok(true);
                }
            }
            if self.is_cut.load(Ordering::SeqCst) {
                return Ok(true);
            }
            let writer = &mut self.writer;
            match self.line.hold(|| writer.write_all(piece).and_then(|()| writer.flush())) {
                Some(written) => written?,
                None => return Ok(false),
            }
        }
        terminal::drain(&self.writer);
        Ok(true)
    }
}
