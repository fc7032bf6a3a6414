//! The thread that hears of changes, on a connection of its own.

use std::io::{self, PipeReader, PipeWriter};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::{Alarm, Happening};
use crate::console::event::Event;
use crate::desk::client::Client;
use crate::desk::error::DeskError;
use crate::domain::text::escape;

/// Ends the thread and its connection when it is dropped.
pub(super) struct Watch {
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Listens on a connection that has asked to watch.
    pub(super) fn start(client: Client, session: u32, sender: Sender<Happening>) -> io::Result<Self> {
        let (stopped, stop) = io::pipe()?;
        let builder = thread::Builder::new().name("watch".to_owned());
        let thread = builder.spawn(move || hear(client, &stopped, session, sender))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It says by itself, through its alarm, when it panicked.
            let _ = thread.join();
        }
    }
}

fn hear(mut client: Client, stopped: &PipeReader, session: u32, sender: Sender<Happening>) {
    let alarm = Alarm::new(sender, "hears of changes");
    let send = |event| alarm.sender.send(Happening::Outside(event)).is_ok();
    loop {
        match client.wait_change(Duration::ZERO) {
            Ok(true) => {
                if !send(Event::Changed { session }) {
                    break;
                }
            }
            Ok(false) => match wait(&client, stopped) {
                Ok(true) => {}
                Ok(false) | Err(_) => break,
            },
            Err(error) => {
                send(Event::Lost { session, why: words(&error) });
                break;
            }
        }
    }
    alarm.silence();
}

/// Waits until the keeper has said something; `false` when it is time to stop.
fn wait(client: &Client, stopped: &PipeReader) -> io::Result<bool> {
    loop {
        let mut set = [PollFd::new(client, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut set, None) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(set[1].revents().is_empty()),
        }
    }
}

/// What happened, short: the path of the socket is no news to who reads it.
pub(super) fn words(error: &DeskError) -> String {
    match error {
        DeskError::Link { error, .. } | DeskError::Cut { error, .. } => escape(&error.to_string()),
        other => escape(&other.to_string()),
    }
}
