//! A console on a terminal of its own.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// Long enough for a busy machine; every wait ends with what it waits for.
const LIMIT: Duration = Duration::from_secs(60);
/// What a byte takes at 9600 baud, with a start and a stop bit.
const BYTE_TIME: Duration = Duration::from_micros(1_042);

pub const MODERN: [(&str, &str); 2] = [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")];

/// How fast bytes come and go.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Speed {
    Full,
    Baud9600,
}

/// A terminal with a console on it.
pub struct Session {
    pub child: Child,
    /// The side that people are at, until they hang up.
    line: Option<(File, PipeWriter, JoinHandle<()>)>,
    /// The side that the console has.
    terminal: File,
    speed: Speed,
    output: Receiver<Vec<u8>>,
    pub sent: Vec<u8>,
    pub screen: vt100::Parser,
    pub before: String,
}

impl Session {
    /// Starts `portcullis console` on a terminal that says it has `rows` and `columns`.
    pub fn start(home: &Path, size: (u16, u16), variables: &[(&str, &str)], options: &[&str]) -> Self {
        Self::start_at(Speed::Full, home, size, variables, options)
    }

    /// The same at the end of a line.
    pub fn start_at(
        speed: Speed,
        home: &Path,
        (columns, rows): (u16, u16),
        variables: &[(&str, &str)],
        options: &[&str],
    ) -> Self {
        let (people, terminal) = open();
        resize(&terminal, columns, rows);
        let before = settings(&terminal);
        // A session of its own, so that a hang-up is one.
        let mut command = Command::new("setsid");
        command.args(["--ctty", env!("CARGO_BIN_EXE_portcullis"), "--home"]).arg(home).arg("console");
        command.args(options).env_clear().envs(variables.iter().copied());
        let end = || OwnedFd::from(terminal.try_clone().expect("a file"));
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("it starts");
        let (sender, output) = channel();
        let (stopped, stop) = io::pipe().expect("a pipe");
        let reader = people.try_clone().expect("a file");
        let reading = thread::spawn(move || read(reader, speed, &stopped, &sender));
        let side = |length: u16, least: u16| NonZeroU16::new(length.max(least)).expect("not 0");
        let screen = vt100::Parser::new(side(rows, 43), side(columns, 132), 0);
        let line = Some((people, stop, reading));
        Self { child, line, terminal, speed, output, sent: Vec::new(), screen, before }
    }

    pub fn type_bytes(&mut self, bytes: &[u8]) {
        if self.speed == Speed::Baud9600 {
            self.type_each(bytes, BYTE_TIME);
        } else {
            self.write(bytes);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let (line, ..) = self.line.as_mut().expect("it is not hung up");
        line.write_all(bytes).expect("writable");
    }

    fn type_each(&mut self, bytes: &[u8], pause: Duration) {
        for byte in bytes {
            self.write(&[*byte]);
            thread::park_timeout(pause);
        }
    }

    /// Types one byte at a time, as a line of 9600 baud delivers them.
    pub fn type_slowly(&mut self, bytes: &[u8]) {
        self.type_each(bytes, BYTE_TIME);
    }

    /// Types as a person does, who needs more than 20 ms for a key.
    pub fn type_by_hand(&mut self, bytes: &[u8]) {
        self.type_each(bytes, Duration::from_millis(40));
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        resize(&self.terminal, columns, rows);
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it has not been waited for");
    }

    /// Hangs up, and waits until the console has ended.
    pub fn hang_up(mut self) -> ExitStatus {
        let (people, stop, reading) = self.line.take().expect("it is not hung up");
        drop(stop);
        reading.join().expect("it read");
        drop(people);
        self.child.wait().expect("it ends")
    }

    /// Whether a text appears within what a person would wait before typing again.
    pub fn shows_soon(&mut self, text: &str) -> bool {
        self.soon(|session| session.screen.screen().contents().contains(text))
    }

    /// Whether something becomes so within that time.
    pub fn soon(&mut self, is_so: impl Fn(&Self) -> bool) -> bool {
        const PAUSE: Duration = Duration::from_millis(400);
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

    /// Waits until nothing has come for a while.
    pub fn rest(&mut self) {
        self.soon(|_| false);
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

    /// Whether the terminal is not as it was.
    pub fn is_raw(&self) -> bool {
        settings(&self.terminal) != self.before
    }

    /// Waits until it ends, and checks that the terminal is as it was.
    pub fn ends(mut self, name: &str) {
        self.wait_for("end of the other screen", |session| session.has_sent("\x1b[?1049l"));
        self.wait_for("cursor", |session| session.sent.ends_with(b"\x1b[?25h"));
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{name}: {status:?}");
        assert_eq!(settings(&self.terminal), self.before, "{name}: the terminal's settings");
        assert!(!self.screen.screen().alternate_screen(), "{name}");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if let Some((_, stop, reading)) = self.line.take() {
            drop(stop);
            drop(reading.join());
        }
    }
}

/// Both sides of a new terminal: that of people, and that of programs.
fn open() -> (File, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let people = openpt(flags).expect("a terminal");
    grantpt(&people).and_then(|()| unlockpt(&people)).expect("a terminal");
    let name = ptsname(&people, Vec::new()).expect("a name").into_string().expect("plain");
    use std::os::unix::fs::OpenOptionsExt as _;
    let no_ctty = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
    let terminal = OpenOptions::new().read(true).write(true).custom_flags(no_ctty).open(name);
    (File::from(people), terminal.expect("ours"))
}

/// Reads until it is stopped.
fn read(mut line: File, speed: Speed, stopped: &PipeReader, sender: &Sender<Vec<u8>>) {
    let mut bytes = [0; 4_096];
    // On a slow line bytes arrive one by one; a few at once keep the machine free for others.
    let at_once = if speed == Speed::Full { bytes.len() } else { 8 };
    loop {
        let mut set = [PollFd::new(&line, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        if poll(&mut set, None).is_err() || !set[1].revents().is_empty() {
            return;
        }
        let Ok(len @ 1..) = line.read(&mut bytes[..at_once]) else { return };
        if speed == Speed::Baud9600 {
            thread::park_timeout(BYTE_TIME * u32::try_from(len).expect("a few"));
        }
        if sender.send(bytes[..len].to_vec()).is_err() {
            return;
        }
    }
}

fn resize(terminal: &File, columns: u16, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).expect("a terminal");
}

fn settings(terminal: &File) -> String {
    format!("{:?}", tcgetattr(terminal).expect("a terminal"))
}
