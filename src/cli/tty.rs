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

use super::endings::Endings;
use super::failure::{Failure, Stop};
use line::{Key, Line};

mod line;

/// How long a question waits for the next key before it is withdrawn.
const PATIENCE: Duration = Duration::from_secs(120);

/// The controlling terminal, which standard input and output may be turned away from.
#[derive(Debug)]
pub struct Tty {
    file: File,
    patience: Option<Duration>,
    endings: &'static Endings,
}

/// What became of a question.
#[derive(Debug)]
pub enum Answer<T> {
    /// It was answered.
    Given(T),
    /// The person does not want to answer.
    Cancelled,
    /// Nobody pressed a key in time.
    Silent,
}

impl<T> Answer<T> {
    /// The answer, where nothing else can be done without it.
    pub fn or_stop(self) -> Result<T, Stop> {
        match self {
            Self::Given(answer) => Ok(answer),
            Self::Cancelled => Err(cancelled()),
            Self::Silent => {
                let what = format!("nobody answered within {} s", PATIENCE.as_secs());
                Err(Failure::not_yet("no-answer", what, "nothing was done; start again").into())
            }
        }
    }
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
        Ok(Self { file, patience: Some(PATIENCE), endings: Endings::of_process()? })
    }

    /// Waits for every answer as long as it takes: at set-up people write things down.
    pub fn without_limit(self) -> Self {
        Self { patience: None, ..self }
    }

    /// Asks a question that may stand as long as nobody comes.
    pub fn hear_whenever(&mut self, question: &str) -> Result<Answer<String>, Stop> {
        let patience = self.patience.take();
        let heard = self.hear(question);
        self.patience = patience;
        heard
    }

    /// Writes text as it is.
    pub fn say(&mut self, text: &str) -> Result<(), Stop> {
        self.file.write_all(text.as_bytes()).and_then(|()| self.file.flush()).map_err(gone)
    }

    /// Asks a question and shows what is typed.
    pub fn ask(&mut self, question: &str) -> Result<String, Stop> {
        self.hear(question)?.or_stop()
    }

    /// The same for who goes on when there is no answer.
    pub fn hear(&mut self, question: &str) -> Result<Answer<String>, Stop> {
        Ok(match self.answer(question, true)? {
            Answer::Given(bytes) => {
                let text = std::str::from_utf8(&bytes).map_err(|_| not_text())?;
                Answer::Given(text.trim().to_owned())
            }
            Answer::Cancelled => Answer::Cancelled,
            Answer::Silent => Answer::Silent,
        })
    }

    /// Asks a question and shows nothing of what is typed, not even its length.
    pub fn ask_secret(&mut self, question: &str) -> Result<Zeroizing<Vec<u8>>, Stop> {
        self.hear_secret(question)?.or_stop()
    }

    /// The same for who goes on when there is no answer.
    pub fn hear_secret(&mut self, question: &str) -> Result<Answer<Zeroizing<Vec<u8>>>, Stop> {
        self.answer(question, false)
    }

    /// Waits until nothing comes any more, and forgets what came: the rest of what was pasted is no answer
    /// to the question that follows.
    pub fn settle(&mut self) -> Result<(), Stop> {
        /// Longer than the time between two characters of the slowest line, 110 baud.
        const QUIET: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
        let _raw = Raw::enter(&self.file, self.endings).map_err(gone)?;
        let mut dropped = Zeroizing::new([0; 256]);
        loop {
            match self.wait(Some(&QUIET))? {
                Waited::Nothing => return Ok(()),
                Waited::Typed => match rustix::io::read(&self.file, dropped.as_mut_slice()) {
                    Ok(0) => return Err(gone(io::ErrorKind::UnexpectedEof.into())),
                    Ok(_) | Err(Errno::INTR | Errno::AGAIN) => {}
                    Err(error) => return Err(gone(error.into())),
                },
            }
        }
    }

    /// Waits, and throws away what was typed meanwhile.
    pub fn pause(&mut self, length: Duration) -> Result<(), Stop> {
        let _raw = Raw::enter(&self.file, self.endings).map_err(gone)?;
        // Keys do not shorten it: only signals are polled.
        let limit = Timespec::try_from(length).ok();
        let mut set: Vec<_> =
            self.endings.pipes().map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN)).collect();
        match rustix::event::poll(&mut set, limit.as_ref()) {
            Ok(0) | Err(Errno::INTR) => Ok(()),
            Ok(_) => {
                let came = set.iter().position(|pipe| !pipe.revents().is_empty());
                Err(self.endings.stop(came.unwrap_or_default()))
            }
            Err(error) => Err(gone(error.into())),
        }
    }

    fn answer(&mut self, question: &str, shown: bool) -> Result<Answer<Zeroizing<Vec<u8>>>, Stop> {
        // Entering throws away what was typed before the question could be read, and nothing after it.
        let raw = Raw::enter(&self.file, self.endings).map_err(gone)?;
        (&self.file).write_all(question.as_bytes()).map_err(gone)?;
        let mut line = Line::new(shown);
        let key = loop {
            let Some(byte) = self.key()? else { break None };
            let (key, echo) = line.take(byte);
            (&self.file).write_all(&echo).map_err(gone)?;
            if key != Key::More {
                break Some(key);
            }
        };
        drop(raw);
        self.say("\n")?;
        Ok(match key {
            None => Answer::Silent,
            Some(Key::Cancel) => Answer::Cancelled,
            Some(_) => Answer::Given(line.bytes),
        })
    }

    /// The next byte that is typed; none when nothing is for too long.
    fn key(&self) -> Result<Option<u8>, Stop> {
        let limit = self.patience.and_then(|patience| Timespec::try_from(patience).ok());
        loop {
            if self.wait(limit.as_ref())? == Waited::Nothing {
                return Ok(None);
            }
            let mut byte = [0];
            match rustix::io::read(&self.file, &mut byte) {
                Ok(0) => return Err(gone(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => {
                    let key = byte[0];
                    byte.zeroize();
                    return Ok(Some(key));
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(gone(error.into())),
            }
        }
    }

    /// Waits for a key; a signal that ends the program ends the waiting.
    fn wait(&self, limit: Option<&Timespec>) -> Result<Waited, Stop> {
        loop {
            let mut set = vec![PollFd::new(&self.file, PollFlags::IN)];
            set.extend(self.endings.pipes().map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN)));
            match rustix::event::poll(&mut set, limit) {
                Ok(0) => return Ok(Waited::Nothing),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(gone(error.into())),
            }
            match set.iter().skip(1).position(|pipe| !pipe.revents().is_empty()) {
                Some(number) => return Err(self.endings.stop(number)),
                None => return Ok(Waited::Typed),
            }
        }
    }
}

/// How waiting for a key ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Waited {
    Typed,
    Nothing,
}

/// The terminal while keys come one by one, without echo and without signals; put back on drop.
struct Raw<'a> {
    file: &'a File,
    before: Termios,
    endings: &'static Endings,
}

impl<'a> Raw<'a> {
    fn enter(file: &'a File, endings: &'static Endings) -> io::Result<Raw<'a>> {
        let before = rustix::termios::tcgetattr(file)?;
        let mut modes = before.clone();
        modes
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        modes.input_modes.remove(InputModes::INLCR | InputModes::IGNCR);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        endings.wait(true);
        // From here on a failure gives the terminal back, too.
        let raw = Self { file, before, endings };
        rustix::termios::tcsetattr(file.as_fd(), OptionalActions::Flush, &modes)?;
        Ok(raw)
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        // What was typed ahead must not become an answer to the shell; a terminal that hung up cannot be put back.
        let _ = rustix::termios::tcsetattr(self.file, OptionalActions::Flush, &self.before);
        self.endings.wait(false);
    }
}

/// The code of a terminal that is of no use any more.
pub const GONE: &str = "terminal";

/// The person does not want to go on.
pub fn cancelled() -> Stop {
    Failure::unexpected("cancelled", "cancelled at the terminal", "nothing was done").into()
}

fn gone(error: io::Error) -> Stop {
    Failure::unexpected(GONE, format!("the terminal does not answer: {error}"), "start again at a terminal")
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
mod tests;
