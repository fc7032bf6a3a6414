//! Keys, and how the bytes of a terminal become keys.
//!
//! The bytes are read here and not by a library for two reasons: a slow line delivers the bytes of an
//! arrow key one by one, and the buffer that held a passphrase must be wiped.

use zeroize::Zeroize;

/// A key that was pressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Key {
    /// A printable character.
    Char(char),
    /// A letter with Ctrl.
    Ctrl(char),
    /// Return, or a line feed.
    Enter,
    /// Backspace or Delete.
    Backspace,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Escape, alone.
    Esc,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Page up; Prev on a VT220.
    PageUp,
    /// Page down; Next on a VT220.
    PageDown,
    /// Home; Find on a VT220.
    Home,
    /// End; Select on a VT220.
    End,
}

const ESC: u8 = 0x1b;
/// The eight-bit forms that a VT220 may be set to.
const CSI_8_BIT: u8 = 0x9b;
const SS3_8_BIT: u8 = 0x8f;

enum State {
    Ground,
    /// An Esc that may be a key or the start of one.
    Escape,
    /// After `ESC [`: the first parameter so far, and how many bytes were seen.
    Control(Sequence),
    /// After `ESC O`.
    Shift3,
    /// Inside a character of several bytes.
    Utf8 {
        bytes: [u8; 4],
        have: usize,
        need: usize,
    },
}

#[derive(Clone, Copy, Default)]
struct Sequence {
    parameter: u16,
    /// Later parameters are modifiers, which mean nothing here.
    is_first_over: bool,
    seen: usize,
}

/// Turns bytes into keys, however slowly they come.
pub struct KeyParser {
    state: State,
    last_ms: u64,
}

impl KeyParser {
    /// How long an Esc is held back because it may be the start of a longer sequence.
    pub const HOLD_MS: u64 = 100;
    /// The longest sequence that is followed.
    const SEQUENCE_MAX: usize = 16;

    /// Nothing is held back.
    pub const fn new() -> Self {
        Self { state: State::Ground, last_ms: 0 }
    }

    /// Takes the bytes that arrived together at `now_ms`, and wipes them.
    pub fn feed(&mut self, bytes: &mut [u8], now_ms: u64) -> Vec<Key> {
        let mut keys = self.expire(now_ms);
        for byte in bytes.iter() {
            self.step(*byte, &mut keys);
        }
        self.last_ms = now_ms;
        bytes.zeroize();
        keys
    }

    /// The instant at which [`Self::expire`] has something to say.
    pub const fn deadline_ms(&self) -> Option<u64> {
        match self.state {
            State::Ground => None,
            _ => Some(self.last_ms + Self::HOLD_MS),
        }
    }

    /// Gives up waiting for the rest of a sequence: a held Esc is a key, a broken sequence is nothing.
    pub fn expire(&mut self, now_ms: u64) -> Vec<Key> {
        match self.deadline_ms() {
            Some(deadline_ms) if now_ms >= deadline_ms => {
                match std::mem::replace(&mut self.state, State::Ground) {
                    State::Escape => vec![Key::Esc],
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn step(&mut self, byte: u8, keys: &mut Vec<Key>) {
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Ground => self.ground(byte, keys),
            State::Escape => match byte {
                b'[' => self.state = State::Control(Sequence::default()),
                b'O' => self.state = State::Shift3,
                _ => {
                    keys.push(Key::Esc);
                    self.ground(byte, keys);
                }
            },
            State::Control(sequence) => self.control(sequence, byte, keys),
            State::Shift3 => keys.extend(letter_key(byte)),
            State::Utf8 { bytes, have, need } => self.utf8(bytes, have, need, byte, keys),
        }
    }

    fn ground(&mut self, byte: u8, keys: &mut Vec<Key>) {
        match byte {
            ESC => self.state = State::Escape,
            CSI_8_BIT => self.state = State::Control(Sequence::default()),
            SS3_8_BIT => self.state = State::Shift3,
            b'\r' | b'\n' => keys.push(Key::Enter),
            b'\t' => keys.push(Key::Tab),
            0x08 | 0x7f => keys.push(Key::Backspace),
            0x01..=0x1a => keys.push(Key::Ctrl(char::from(byte - 1 + b'a'))),
            b' '..=b'~' => keys.push(Key::Char(char::from(byte))),
            0xc2..=0xdf => self.state = State::Utf8 { bytes: [byte, 0, 0, 0], have: 1, need: 2 },
            0xe0..=0xef => self.state = State::Utf8 { bytes: [byte, 0, 0, 0], have: 1, need: 3 },
            0xf0..=0xf4 => self.state = State::Utf8 { bytes: [byte, 0, 0, 0], have: 1, need: 4 },
            _ => {}
        }
    }

    fn control(&mut self, mut sequence: Sequence, byte: u8, keys: &mut Vec<Key>) {
        sequence.seen += 1;
        match byte {
            _ if sequence.seen > Self::SEQUENCE_MAX => return,
            b'0'..=b'9' if !sequence.is_first_over => {
                sequence.parameter =
                    sequence.parameter.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
            }
            b'0'..=b';' => sequence.is_first_over = true,
            // A private sequence: the huge number matches no key.
            b' '..=b'?' => sequence.parameter = u16::MAX,
            b'~' => return keys.extend(numbered_key(sequence.parameter)),
            b'@'..=b'}' => return keys.extend(letter_key(byte)),
            _ => return self.ground(byte, keys),
        }
        self.state = State::Control(sequence);
    }

    fn utf8(&mut self, mut bytes: [u8; 4], have: usize, need: usize, byte: u8, keys: &mut Vec<Key>) {
        if byte & 0xc0 != 0x80 {
            return self.ground(byte, keys);
        }
        bytes[have] = byte;
        if have + 1 < need {
            self.state = State::Utf8 { bytes, have: have + 1, need };
        } else if let Ok(text) = std::str::from_utf8(&bytes[..need]) {
            keys.extend(text.chars().filter(|c| !c.is_control()).map(Key::Char));
        }
        bytes.zeroize();
    }
}

impl Default for KeyParser {
    fn default() -> Self {
        Self::new()
    }
}

const fn letter_key(byte: u8) -> Option<Key> {
    match byte {
        b'A' => Some(Key::Up),
        b'B' => Some(Key::Down),
        b'H' => Some(Key::Home),
        b'F' => Some(Key::End),
        b'Z' => Some(Key::BackTab),
        b'M' => Some(Key::Enter),
        _ => None,
    }
}

const fn numbered_key(parameter: u16) -> Option<Key> {
    match parameter {
        1 | 7 => Some(Key::Home),
        3 => Some(Key::Backspace),
        4 | 8 => Some(Key::End),
        5 => Some(Key::PageUp),
        6 => Some(Key::PageDown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds one byte every `gap_ms`, then waits until nothing is held back.
    fn typed(bytes: &[u8], gap_ms: u64) -> Vec<Key> {
        let mut parser = KeyParser::new();
        let mut now_ms = 1_000;
        let mut keys = Vec::new();
        for byte in bytes {
            keys.extend(parser.feed(&mut [*byte], now_ms));
            now_ms += gap_ms;
        }
        keys.extend(parser.expire(now_ms + KeyParser::HOLD_MS));
        keys
    }

    #[test]
    fn a_key_is_the_same_however_slowly_its_bytes_come() {
        let cases: [(&str, &[u8], Vec<Key>); 15] = [
            ("arrow", b"\x1b[A", vec![Key::Up]),
            ("application arrow", b"\x1bOB", vec![Key::Down]),
            ("arrow with a modifier", b"\x1b[1;5A", vec![Key::Up]),
            ("eight-bit arrow", b"\x9bA", vec![Key::Up]),
            ("page", b"\x1b[6~", vec![Key::PageDown]),
            ("page with a modifier", b"\x1b[5;2~", vec![Key::PageUp]),
            ("keypad Enter", b"\x1bOM", vec![Key::Enter]),
            ("unknown sequence", b"\x1b[24~a", vec![Key::Char('a')]),
            ("private sequence", b"\x1b[?1;2cq", vec![Key::Char('q')]),
            ("escape", b"\x1b", vec![Key::Esc]),
            ("two escapes", b"\x1b\x1b", vec![Key::Esc, Key::Esc]),
            ("broken sequence", b"\x1b[", vec![]),
            ("umlaut", "\u{fc}".as_bytes(), vec![Key::Char('\u{fc}')]),
            ("broken character", b"\xc3a", vec![Key::Char('a')]),
            ("control", b"\x03\x0c\x15\x7f\r\n\t", {
                let control = [Key::Ctrl('c'), Key::Ctrl('l'), Key::Ctrl('u'), Key::Backspace];
                control.into_iter().chain([Key::Enter, Key::Enter, Key::Tab]).collect()
            }),
        ];
        for (name, bytes, keys) in cases {
            for gap_ms in [0, 1, 33, KeyParser::HOLD_MS - 1] {
                assert_eq!(typed(bytes, gap_ms), keys, "{name}, {gap_ms} ms apart");
            }
        }
        assert_eq!(typed(b"\x1bq", KeyParser::HOLD_MS), vec![Key::Esc, Key::Char('q')]);
        assert_eq!(typed(b"\x1b[A", KeyParser::HOLD_MS), vec![Key::Esc, Key::Char('['), Key::Char('A')]);
    }

    #[test]
    fn what_was_typed_does_not_stay_in_the_buffer() {
        let mut bytes = *b"secret";
        KeyParser::new().feed(&mut bytes, 0);
        assert_eq!(bytes, [0; 6]);
    }
}
