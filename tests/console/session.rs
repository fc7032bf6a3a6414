//! A console on a terminal of its own.

use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtyPair, PtySize, native_pty_system};

/// Long enough for a busy machine; every wait ends with what it waits for.
const LIMIT: Duration = Duration::from_secs(60);

pub const MODERN: [(&str, &str); 2] = [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")];

/// A terminal with a console on it.
pub struct Session {
    pub pair: PtyPair,
    pub child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    pub sent: Vec<u8>,
    pub screen: vt100::Parser,
    pub before: String,
}

impl Session {
    /// Starts `portcullis console` on a terminal that says it has `rows` and `columns`.
    pub fn start(
        home: &Path,
        (columns, rows): (u16, u16),
        variables: &[(&str, &str)],
        options: &[&str],
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let before = settings(&*pair.master);
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_portcullis"));
        command.env_clear();
        for (name, value) in variables {
            command.env(name, value);
        }
        command.args(["--home", home.to_str().expect("a plain path"), "console"]);
        command.args(options);
        let child = pair.slave.spawn_command(command).expect("it starts");
        let mut reader = pair.master.try_clone_reader().expect("readable");
        let writer = pair.master.take_writer().expect("writable");
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(len @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..len].to_vec()).is_err() {
                    return;
                }
            }
        });
        let side = |length: u16| NonZeroU16::new(length).unwrap_or(NonZeroU16::MIN);
        let screen = vt100::Parser::new(side(rows.max(43)), side(columns.max(132)), 0);
        Self { pair, child, writer, output, sent: Vec::new(), screen, before }
    }

    pub fn type_bytes(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).expect("writable");
        self.writer.flush().expect("writable");
    }

    /// Types one byte at a time, as a line of 9600 baud delivers them.
    pub fn type_slowly(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.type_bytes(&[*byte]);
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Types as a person does, who needs more than 20 ms for a key.
    pub fn type_by_hand(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.type_bytes(&[*byte]);
            thread::park_timeout(Duration::from_millis(40));
        }
    }

    /// Whether a text appears within what a person would wait before typing again.
    pub fn shows_soon(&mut self, text: &str) -> bool {
        self.soon(|session| session.screen.screen().contents().contains(text))
    }

    /// Whether something becomes so within that time.
    pub fn soon(&mut self, is_so: impl Fn(&Self) -> bool) -> bool {
        const PAUSE: Duration = Duration::from_millis(500);
        while !is_so(self) {
            match self.output.recv_timeout(PAUSE) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended: {}", self.screen.screen().contents())
                }
            }
        }
        true
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.sent.extend_from_slice(bytes);
    }

    /// Waits until what was sent so far satisfies `is_there`.
    pub fn wait_for(&mut self, what: &str, is_there: impl Fn(&Self) -> bool) {
        while !is_there(self) {
            let Ok(bytes) = self.output.recv_timeout(LIMIT) else {
                panic!(
                    "no {what}: {}\n{}",
                    self.screen.screen().contents(),
                    String::from_utf8_lossy(&self.sent)
                );
            };
            self.take(&bytes);
        }
    }

    pub fn wait_for_text(&mut self, text: &str) {
        self.wait_for(text, |session| session.screen.screen().contents().contains(text));
    }

    /// Whether the cursor stands right behind a text.
    pub fn stands_behind(&self, text: &str) -> bool {
        let (row, column) = self.screen.screen().cursor_position();
        let before = self.screen.screen().contents_between(row, 0, row, column);
        before.ends_with(text) || before.ends_with(text.trim_end()) && text.ends_with(' ')
    }

    pub fn has_sent(&self, bytes: &str) -> bool {
        self.sent.windows(bytes.len()).any(|window| window == bytes.as_bytes())
    }

    /// Waits until it ends, and checks that the terminal is as it was.
    pub fn ends(mut self, name: &str) {
        self.wait_for("end of the other screen", |session| session.has_sent("\x1b[?1049l"));
        self.wait_for("cursor", |session| session.sent.ends_with(b"\x1b[?25h"));
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{name}: {status:?}");
        assert_eq!(settings(&*self.pair.master), self.before, "{name}: the terminal's settings");
        assert!(!self.screen.screen().alternate_screen(), "{name}");
    }
}

pub fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal"))
}
