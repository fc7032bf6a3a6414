//! Passphrases: from the terminal or from a descriptor, never from arguments or the environment.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use zeroize::{Zeroize as _, Zeroizing};

use super::failure::{Failure, Stop};
use super::tty::Tty;
use crate::domain::secret::Passphrase;

/// The longest passphrase, in bytes.
const LEN_MAX: usize = 1_024;
/// The shortest that a new key file takes, in characters.
const NEW_CHARS_MIN: usize = 12;

/// Reads one line from descriptor `number`, and leaves what follows it unread.
pub fn from_fd(number: u32) -> Result<Passphrase, Stop> {
    let failed = |error: io::Error| {
        let what = format!("descriptor {number} cannot be read: {error}");
        Stop::from(Failure::usage(
            "passphrase-fd",
            what,
            "open it for reading, like --passphrase-fd 3 3< FILE",
        ))
    };
    // A descriptor by its number is opened again through /proc; standard input is already ours.
    let line = match number {
        0 => first_line(&mut Bare),
        _ => File::open(format!("/proc/self/fd/{number}")).and_then(|mut file| first_line(&mut file)),
    };
    of(line.map_err(failed)?)
}

/// Reads the first line of a file.
pub fn from_file(path: &Path) -> Result<Passphrase, Stop> {
    let line = File::open(path).and_then(|mut file| first_line(&mut file)).map_err(|error| {
        let what = format!("{} cannot be read: {error}", path.display());
        Failure::usage("passphrase-file", what, "name a file whose first line is the passphrase")
    });
    of(line?)
}

/// Asks for the passphrase of a key file.
pub fn ask(tty: &mut Tty, question: &str) -> Result<Passphrase, Stop> {
    of(tty.ask_secret(question)?)
}

/// Takes the passphrase of a new key file: from the descriptor, else asked twice at the terminal.
pub fn new(fd: Option<u32>, whose: &str) -> Result<Passphrase, Stop> {
    let Some(number) = fd else {
        let mut tty = terminal()?;
        loop {
            let first =
                ask(&mut tty, &format!("New passphrase of {whose}, at least {NEW_CHARS_MIN} characters: "))?;
            if let Err(Stop::Failed(weak)) = long_enough(&first) {
                tty.say(&format!("{}.\n", weak.what))?;
                continue;
            }
            if ask(&mut tty, "The same again: ")?.expose() == first.expose() {
                return Ok(first);
            }
            tty.say("They differ.\n")?;
        }
    };
    let passphrase = from_fd(number)?;
    long_enough(&passphrase).map(|()| passphrase)
}

/// Opens the terminal, or says how to do without one.
pub fn terminal() -> Result<Tty, Stop> {
    Tty::open().map_err(|error| {
        let what = format!("there is no terminal to ask at: {error}");
        Failure::usage("no-terminal", what, "run it at a terminal, or give --passphrase-fd N").into()
    })
}

/// Refuses to read both a passphrase and something else from standard input.
pub fn not_from_stdin(fd: Option<u32>, what_else: &str) -> Result<(), Stop> {
    if fd != Some(0) {
        return Ok(());
    }
    let what = format!("standard input cannot be both the passphrase and {what_else}");
    Err(Failure::usage(
        "stdin-twice",
        what,
        "give the passphrase on another descriptor, like --passphrase-fd 3",
    )
    .into())
}

/// Whether standard input is a terminal.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Standard input without a buffer, which would keep a copy.
pub struct Bare;

impl io::Read for Bare {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(rustix::stdio::stdin(), to)?)
    }
}

fn long_enough(passphrase: &Passphrase) -> Result<(), Stop> {
    let chars = passphrase.expose().chars().count();
    if chars >= NEW_CHARS_MIN {
        return Ok(());
    }
    let what = format!("a passphrase of {chars} characters is too short, needed are {NEW_CHARS_MIN}");
    Err(Failure::refused("short-passphrase", what, "take five or more words that nobody would guess").into())
}

/// Reads up to LF or the end, byte by byte, into a buffer that never moves.
fn first_line(from: &mut impl io::Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LEN_MAX));
    let mut byte = Zeroizing::new([0]);
    loop {
        match from.read(byte.as_mut_slice()) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if line.len() == LEN_MAX => return Err(io::Error::other("the line is too long")),
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

/// Takes what was read or typed for a passphrase.
pub fn of(mut bytes: Zeroizing<Vec<u8>>) -> Result<Passphrase, Stop> {
    let taken = std::mem::take(&mut *bytes);
    String::from_utf8(taken).map(|text| Passphrase::new(Zeroizing::new(text))).map_err(|error| {
        error.into_bytes().zeroize();
        Failure::usage("passphrase", "the passphrase is not UTF-8 text", "type it on a terminal set to UTF-8")
            .into()
    })
}

/// Reads standard input to its end, at most `len_max` bytes and one more, into a buffer that never moves.
pub fn stdin_to_end(len_max: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; len_max + 1]);
    let mut len = 0;
    while len < bytes.len() {
        match Bare.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(count) => len += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(len);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_read_and_what_follows_is_left() {
        let cases = [
            ("a line", &b"secret\nrest"[..], &b"secret"[..], &b"rest"[..]),
            ("no newline", b"secret", b"secret", b""),
            ("carriage return", b"secret\r\nrest", b"secret", b"rest"),
            ("blanks stay", b" a b \n", b" a b ", b""),
            ("empty", b"\nrest", b"", b"rest"),
        ];
        for (name, mut from, expected, rest) in cases {
            let line = first_line(&mut from).expect("memory reads");
            assert_eq!((line.as_slice(), from), (expected, rest), "{name}");
        }
        assert!(first_line(&mut [b'x'; LEN_MAX + 1].as_slice()).is_err());
        assert!(first_line(&mut [b'x'; LEN_MAX].as_slice()).is_ok());
    }

    #[test]
    fn a_new_passphrase_has_at_least_12_characters() {
        for (text, fits) in
            [("elevenchars", false), ("twelve chars", true), ("zwölf Zeiche", true), ("", false)]
        {
            let typed = Passphrase::new(Zeroizing::new(text.to_owned()));
            assert_eq!(long_enough(&typed).is_ok(), fits, "{text}");
        }
    }
}
