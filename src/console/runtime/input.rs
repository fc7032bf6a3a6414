//! The thread that reads the terminal.

use std::io::{self, PipeReader, PipeWriter};
use std::sync::mpsc::Sender;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use zeroize::{Zeroize as _, Zeroizing};

use super::clock::Clock;
use super::{Alarm, Happening};

/// Ends the thread when it is dropped.
pub(super) struct Input {
    _stop: PipeWriter,
}

impl Input {
    /// Starts reading. The thread does not outlive this value by more than one read, so that whoever asks
    /// next at this terminal gets the answer.
    pub(super) fn listen(sender: Sender<Happening>, clock: Clock) -> io::Result<Self> {
        let (stopped, stop) = io::pipe()?;
        thread::Builder::new().name("input".to_owned()).spawn(move || read(&stopped, &sender, clock))?;
        Ok(Self { _stop: stop })
    }
}

fn read(stopped: &PipeReader, sender: &Sender<Happening>, clock: Clock) {
    let alarm = Alarm::new(sender.clone(), "reads the terminal");
    until_stopped(stopped, sender, clock);
    alarm.silence();
}

fn until_stopped(stopped: &PipeReader, sender: &Sender<Happening>, clock: Clock) {
    let stdin = io::stdin();
    let mut buffer = Zeroizing::new([0_u8; 256]);
    loop {
        let mut set = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut set, None) {
            Err(Errno::INTR) => continue,
            Err(_) => return,
            Ok(_) => {}
        }
        if !set[1].revents().is_empty() {
            return;
        }
        let happening = match rustix::io::read(&stdin, buffer.as_mut_slice()) {
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Ok(0) | Err(_) => Happening::HungUp,
            Ok(len) => {
                let bytes = Zeroizing::new(buffer[..len].to_vec());
                buffer.zeroize();
                Happening::Typed { bytes, at_ms: clock.now_ms() }
            }
        };
        let is_over = matches!(happening, Happening::HungUp);
        if sender.send(happening).is_err() || is_over {
            return;
        }
    }
}
