//! One answer while it is typed.

use zeroize::Zeroizing;

/// The longest answer, in bytes.
const ANSWER_LEN_MAX: usize = 1_024;

/// What one key press did to an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Key {
    /// It goes on.
    More,
    /// The answer is complete.
    Done,
    /// The person does not want to answer.
    Cancel,
}

/// What has been typed of an answer, in a buffer that never moves.
pub struct Line {
    /// What was typed.
    pub bytes: Zeroizing<Vec<u8>>,
    shown: bool,
}

impl Line {
    /// Nothing yet; `shown` or not.
    pub fn new(shown: bool) -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(ANSWER_LEN_MAX)), shown }
    }

    /// Takes one byte, and says what the terminal is to show for it.
    pub fn take(&mut self, byte: u8) -> (Key, Vec<u8>) {
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
