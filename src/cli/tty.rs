//! The person at the terminal: questions, and answers that are not shown.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use zeroize::{Zeroize as _, Zeroizing};

use super::failure::{Failure, Stop};

/// How long a question waits for the next key before it is withdrawn.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest answer, in bytes.
const ANSWER_LEN_MAX: usize = 1_024;

/// The controlling terminal, which standard input and output may be turned away from.
#[derive(Debug)]
pub struct Tty {
    file: File,
    patience: Option<Duration>,
}

/// What one key press did to an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Key {
    /// It goes on.
    More,
    /// The answer is complete.
    Done,
    /// The person does not want to answer.
    Cancel,
}

impl Tty {
    /// Opens it.
    ///
    /// # Errors
    /// When there is none: in a job, a pipe, or a service.
    pub fn open() -> io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt as _;
        // O_NOCTTY, so that asking never makes a terminal ours that was not.
        let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap_or(0);
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open("/dev/tty")?;
        Ok(Self { file, patience: Some(PATIENCE) })
    }

    /// Waits for every answer as long as it takes: at set-up people write things down.
    pub fn without_limit(self) -> Self {
        Self { patience: None, ..self }
    }

    /// Writes text as it is.
    pub fn say(&mut self, text: &str) -> Result<(), Stop> {
        self.file.write_all(text.as_bytes()).and_then(|()| self.file.flush()).map_err(gone)
    }

    /// Asks a question and shows what is typed.
    pub fn ask(&mut self, question: &str) -> Result<String, Stop> {
        let bytes = self.answer(question, true)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| not_text())?;
        Ok(text.trim().to_owned())
    }

    /// Asks a question and shows nothing of what is typed, not even its length.
    pub fn ask_secret(&mut self, question: &str) -> Result<Zeroizing<Vec<u8>>, Stop> {
        self.answer(question, false)
    }

    /// Waits, and throws away what was typed meanwhile.
    pub fn pause(&mut self, length: Duration) -> Result<(), Stop> {
        let raw = Raw::enter(&self.file).map_err(gone)?;
        // Keys do not shorten it: the set that is polled is empty.
        let limit = Timespec::try_from(length).ok();
        let waited = rustix::event::poll(&mut [], limit.as_ref());
        drop(raw);
        waited.map(drop).or_else(|error| if error == Errno::INTR { Ok(()) } else { Err(gone(error.into())) })
    }

    fn answer(&mut self, question: &str, shown: bool) -> Result<Zeroizing<Vec<u8>>, Stop> {
        // Entering throws away what was typed before the question could be read, and nothing after it.
        let raw = Raw::enter(&self.file).map_err(gone)?;
        (&self.file).write_all(question.as_bytes()).map_err(gone)?;
        let mut line = Line::new(shown);
        let key = loop {
            let byte = self.key()?;
            let (key, echo) = line.take(byte);
            (&self.file).write_all(&echo).map_err(gone)?;
            if key != Key::More {
                break key;
            }
        };
        drop(raw);
        self.say("\n")?;
        match key {
            Key::Cancel => {
                Err(Failure::unexpected("cancelled", "cancelled at the terminal", "nothing was done").into())
            }
            _ => Ok(line.bytes),
        }
    }

    /// The next byte that is typed.
    fn key(&self) -> Result<u8, Stop> {
        let limit = self.patience.and_then(|patience| Timespec::try_from(patience).ok());
        loop {
            let mut set = [PollFd::new(&self.file, PollFlags::IN)];
            match rustix::event::poll(&mut set, limit.as_ref()) {
                Ok(0) => {
                    let what = format!("nobody answered within {} s", PATIENCE.as_secs());
                    return Err(Failure::not_yet("no-answer", what, "nothing was done; start again").into());
                }
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(gone(error.into())),
            }
            let mut byte = [0];
            match rustix::io::read(&self.file, &mut byte) {
                Ok(0) => return Err(gone(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => {
                    let key = byte[0];
                    byte.zeroize();
                    return Ok(key);
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(gone(error.into())),
            }
        }
    }
}

/// What has been typed of an answer, in a buffer that never moves.
struct Line {
    bytes: Zeroizing<Vec<u8>>,
    shown: bool,
}

impl Line {
    fn new(shown: bool) -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(ANSWER_LEN_MAX)), shown }
    }

    /// Takes one byte, and says what the terminal is to show for it.
    fn take(&mut self, byte: u8) -> (Key, Vec<u8>) {
        match byte {
            b'\r' | b'\n' => (Key::Done, Vec::new()),
            0x03 | 0x1c => (Key::Cancel, Vec::new()),
            0x04 if self.bytes.is_empty() => (Key::Cancel, Vec::new()),
            0x08 | 0x7f => (Key::More, self.rub_out()),
            0x15 => {
                let mut echo = Vec::new();
                while !self.bytes.is_empty() {
                    echo.extend(self.rub_out());
                }
                (Key::More, echo)
            }
            0x00..0x20 => (Key::More, Vec::new()),
            _ if self.bytes.len() == ANSWER_LEN_MAX => (Key::More, vec![0x07]),
            _ => {
                self.bytes.push(byte);
                (Key::More, if self.shown { vec![byte] } else { Vec::new() })
            }
        }
    }

    /// Removes the last character, all of its bytes.
    fn rub_out(&mut self) -> Vec<u8> {
        let continues = |byte: u8| byte & 0xc0 == 0x80;
        let had_one = !self.bytes.is_empty();
        while self.bytes.last().copied().is_some_and(continues) {
            self.bytes.pop();
        }
        self.bytes.pop();
        if had_one && self.shown { b"\x08 \x08".to_vec() } else { Vec::new() }
    }
}

/// The terminal while keys come one by one, without echo and without signals; put back on drop.
struct Raw<'a> {
    file: &'a File,
    before: Termios,
}

impl<'a> Raw<'a> {
    fn enter(file: &'a File) -> io::Result<Raw<'a>> {
        let before = rustix::termios::tcgetattr(file)?;
        let mut modes = before.clone();
        modes
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        modes.input_modes.remove(InputModes::INLCR | InputModes::IGNCR);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        rustix::termios::tcsetattr(file.as_fd(), OptionalActions::Flush, &modes)?;
        Ok(Self { file, before })
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        // What was typed ahead must not become an answer to the shell; a terminal that hung up cannot be put back.
        let _ = rustix::termios::tcsetattr(self.file, OptionalActions::Flush, &self.before);
    }
}

fn gone(error: io::Error) -> Stop {
    Failure::unexpected(
        "terminal",
        format!("the terminal does not answer: {error}"),
        "start again at a terminal",
    )
    .into()
}

fn not_text() -> Stop {
    Failure::usage(
        "not-text",
        "what was typed is not UTF-8 text",
        "set the terminal to UTF-8 and start again",
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_edit_the_answer_and_a_secret_is_never_shown() {
        let cases: [(&str, &[u8], &[u8], Key); 8] = [
            ("enter", b"abc\r", b"abc", Key::Done),
            ("newline", b"abc\n", b"abc", Key::Done),
            ("rub out", b"abx\x7fc\r", b"abc", Key::Done),
            ("rub out two bytes", "aä\u{7f}b\r".as_bytes(), b"ab", Key::Done),
            ("rub out nothing", b"\x08a\r", b"a", Key::Done),
            ("clear", b"wrong\x15right\r", b"right", Key::Done),
            ("interrupt", b"ab\x03", b"ab", Key::Cancel),
            ("end of file", b"\x04", b"", Key::Cancel),
        ];
        for (name, typed, expected, end) in cases {
            for shown in [true, false] {
                let mut line = Line::new(shown);
                let (mut last, mut echo) = (Key::More, Vec::new());
                for byte in typed {
                    let (key, shown) = line.take(*byte);
                    last = key;
                    echo.extend(shown);
                }
                assert_eq!((line.bytes.as_slice(), last), (expected, end), "{name}");
                assert!(shown || echo.is_empty(), "{name}: {echo:?}");
            }
        }
    }

    #[test]
    fn an_answer_has_at_most_1024_bytes_and_never_moves() {
        let mut line = Line::new(false);
        let place = line.bytes.as_ptr();
        (0..2_000).for_each(|_| drop(line.take(b'x')));
        assert_eq!(line.bytes.len(), ANSWER_LEN_MAX);
        assert_eq!(line.bytes.as_ptr(), place);
    }
}
