//! The program on a terminal of its own: what a person sees, and what they type.

#![allow(dead_code)] // each test uses a part of it

use std::io::{Read as _, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long the program may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Characters of a line of 9600 baud that pass in 10 ms.
const PIECE: usize = 10;

/// A running program and its terminal.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    shown: Receiver<Vec<u8>>,
    seen: String,
    checked: usize,
    is_slow: bool,
    master: Box<dyn MasterPty + Send>,
    /// Its settings before the program had it.
    pub given: String,
}

/// What a terminal is.
#[derive(Clone, Copy)]
pub struct Kind<'a> {
    /// Its name.
    pub term: Option<&'a str>,
    /// Its columns and rows.
    pub size: (u16, u16),
    /// Whether a line of 9600 baud is between it and the program.
    pub is_slow: bool,
}

impl Kind<'_> {
    /// A terminal of which nobody says what it is.
    pub const UNNAMED: Self = Kind { term: None, size: (80, 24), is_slow: false };
    /// One that prints one line under the other.
    pub const DUMB: Self = Kind { term: Some("dumb"), size: (80, 24), is_slow: false };
    /// The same behind a serial line, which knows of no size.
    pub const TELETYPE: Self = Kind { term: Some("dumb"), size: (0, 0), is_slow: true };
}

/// Its settings, as one comparable text.
fn settings(terminal: &dyn MasterPty) -> String {
    format!("{:?}", terminal.get_termios().expect("a terminal"))
}

impl Terminal {
    /// Runs the program with `args` and no environment but a home.
    pub fn run(home: &std::path::Path, args: &[&str]) -> Self {
        Self::run_on(Kind::UNNAMED, home, args)
    }

    /// Runs it on a terminal of some kind.
    pub fn run_on(kind: Kind<'_>, home: &std::path::Path, args: &[&str]) -> Self {
        let (cols, rows) = kind.size;
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let given = settings(pair.master.as_ref());
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_portcullis"));
        command.env_clear();
        command.env("PORTCULLIS_HOME", home);
        if let Some(term) = kind.term {
            command.env("TERM", term);
        }
        command.args(args);
        let child = pair.slave.spawn_command(command).expect("it starts");
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let (send, shown) = channel();
        let is_slow = kind.is_slow;
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            let at_once = if is_slow { PIECE } else { bytes.len() };
            while let Ok(len @ 1..) = output.read(&mut bytes[..at_once]) {
                if send.send(bytes[..len].to_vec()).is_err() {
                    break;
                }
                if is_slow {
                    std::thread::park_timeout(Duration::from_millis(10));
                }
            }
        });
        let keys = pair.master.take_writer().expect("a writer");
        Self { child, keys, shown, seen: String::new(), checked: 0, is_slow, master: pair.master, given }
    }

    /// Waits until its settings are so.
    pub fn wait_for_settings(&self, are_so: impl Fn(String) -> bool) {
        const STEP: Duration = Duration::from_millis(10);
        for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
            if are_so(settings(self.master.as_ref())) {
                return;
            }
            std::thread::park_timeout(STEP);
        }
        panic!("the terminal's settings stay as they are: {}", self.seen);
    }

    /// The number of the process on it.
    pub fn process(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Everything that was shown so far.
    pub fn seen(&self) -> &str {
        &self.seen
    }

    /// Waits for a question, and answers it.
    pub fn answer(&mut self, question: &str, answer: &str) {
        self.wait_for(question);
        self.type_in(&format!("{answer}\r"));
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
        let at_once = if self.is_slow { 1 } else { text.len().max(1) };
        for bytes in text.as_bytes().chunks(at_once) {
            self.keys.write_all(bytes).and_then(|()| self.keys.flush()).expect("typed");
            if self.is_slow {
                std::thread::park_timeout(Duration::from_millis(1));
            }
        }
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
