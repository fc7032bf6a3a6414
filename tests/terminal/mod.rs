//! The program on a terminal of its own: what a person sees, and what they type.

use std::io::{Read as _, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long the program may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program and its terminal.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    shown: Receiver<Vec<u8>>,
    seen: String,
    checked: usize,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Runs the program with `args` and no environment but a home.
    pub fn run(home: &std::path::Path, args: &[&str]) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_portcullis"));
        command.env_clear();
        command.env("PORTCULLIS_HOME", home);
        command.args(args);
        let child = pair.slave.spawn_command(command).expect("it starts");
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let (send, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(len @ 1..) = output.read(&mut bytes) {
                if send.send(bytes[..len].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = pair.master.take_writer().expect("a writer");
        Self { child, keys, shown, seen: String::new(), checked: 0, _master: pair.master }
    }

    /// Waits until `text` is shown after what was waited for before.
    pub fn wait_for(&mut self, text: &str) {
        loop {
            if let Some(at) = self.seen[self.checked..].find(text) {
                self.checked += at + text.len();
                return;
            }
            match self.shown.recv_timeout(PATIENCE) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("no {text:?} ({error}): {}", self.seen),
            }
        }
    }

    /// Types.
    pub fn type_in(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).and_then(|()| self.keys.flush()).expect("typed");
    }

    /// Waits for the end; gives the exit code and everything that was shown.
    pub fn end(mut self) -> (u32, String) {
        let status = self.child.wait().expect("it ends");
        while let Ok(bytes) = self.shown.recv_timeout(PATIENCE) {
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        (status.exit_code(), self.seen)
    }
}
