//! A credential on the screen: the one thing here that nobody may see again.

use std::fmt;

use zeroize::Zeroizing;

use crate::desk::reveal::Shown;
use crate::domain::ids::{CredentialName, Generation};
use crate::domain::secret::Plaintext;
use crate::domain::wire::operator::RequestView;

/// A credential that somebody is shown, until they let go or its time is over.
pub struct Reveal {
    /// The request that it was shown for.
    pub view: Box<RequestView>,
    /// The credential.
    pub credential: CredentialName,
    /// Which value of it.
    pub generation: Generation,
    /// The page that is on the screen, from 0.
    pub page: usize,
    /// When it came.
    pub arrived_ms: u64,
    text: Zeroizing<String>,
    drawn_ms: Option<u64>,
    held_until_ms: u64,
}

impl Reveal {
    /// How long one press of the key holds it.
    pub const HOLD_MS: u64 = 5_000;
    /// How long it can be held in all, and how long it waits for a slow terminal.
    pub const WHOLE_MS: u64 = 20_000;

    /// It has come, and nobody has seen it yet.
    pub fn new(view: Box<RequestView>, shown: Shown, now_ms: u64) -> Self {
        Self {
            view,
            text: visible(&shown.plaintext),
            credential: shown.credential,
            generation: shown.generation,
            page: 0,
            arrived_ms: now_ms,
            drawn_ms: None,
            held_until_ms: now_ms,
        }
    }

    /// The first page has reached the terminal; whether that is news.
    pub const fn is_drawn(&mut self, now_ms: u64) -> bool {
        let is_news = self.awaits_drawing();
        if is_news {
            self.drawn_ms = Some(now_ms);
            self.hold(now_ms);
        }
        is_news
    }

    /// Whether the first page is still on its way.
    pub const fn awaits_drawing(&self) -> bool {
        self.drawn_ms.is_none()
    }

    /// Whether something that arrived at `now_ms` was typed before anything could be seen.
    pub fn is_before(&self, now_ms: u64) -> bool {
        self.drawn_ms.is_none_or(|drawn_ms| now_ms < drawn_ms)
    }

    /// Somebody holds it.
    pub const fn hold(&mut self, now_ms: u64) {
        self.held_until_ms = now_ms + Self::HOLD_MS;
    }

    /// When it ends at the latest, however it is held.
    pub fn whole_ms(&self) -> u64 {
        self.drawn_ms.unwrap_or(self.arrived_ms) + Self::WHOLE_MS
    }

    /// When it ends, unless somebody holds it.
    pub fn ends_ms(&self) -> u64 {
        if self.drawn_ms.is_none() { self.whole_ms() } else { self.held_until_ms.min(self.whole_ms()) }
    }

    /// How many pages it takes, with so many lines of so many columns on each.
    pub fn pages(&self, (width, height): (usize, usize)) -> usize {
        self.text.len().div_ceil(width * height)
    }

    /// The lines of the page that is on the screen.
    pub fn lines(&self, (width, height): (usize, usize)) -> Vec<Zeroizing<String>> {
        let lines = self.text.as_bytes().chunks(width).skip(self.page * height).take(height);
        lines.map(|line| Zeroizing::new(String::from_utf8_lossy(line).into_owned())).collect()
    }
}

impl fmt::Debug for Reveal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reveal({})", self.view.doc.id)
    }
}

/// A value in ASCII, as it is wherever that can be seen: a byte that cannot is written `\xNN`, and so is a
/// blank at either end. Where there is one of these, a backslash is written twice.
fn visible(plaintext: &Plaintext) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes = plaintext.expose();
    let last = bytes.len().saturating_sub(1);
    let is_plain = |at: usize, byte: u8| byte.is_ascii_graphic() || byte == b' ' && at != 0 && at != last;
    let has_escapes = bytes.iter().enumerate().any(|(at, byte)| !is_plain(at, *byte));
    // All the room there may be, so that no growth leaves a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 4));
    for (at, byte) in bytes.iter().enumerate() {
        if !is_plain(at, *byte) {
            text.push_str("\\x");
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        } else if *byte == b'\\' && has_escapes {
            text.push_str("\\\\");
        } else {
            text.push(char::from(*byte));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_could_obey_or_nobody_could_see_is_written_out() {
        let cases: [(&[u8], &str); 8] = [
            (b"hunter2", "hunter2"),
            (b"a\\x1b b", "a\\x1b b"),
            (b"\x1b[2J", "\\x1b[2J"),
            (b"a\\x1b\n", "a\\\\x1b\\x0a"),
            (b" a b ", "\\x20a b\\x20"),
            (b" ", "\\x20"),
            ("\u{e9}\u{202e}".as_bytes(), "\\xc3\\xa9\\xe2\\x80\\xae"),
            (&[0, 0x7f, 0x9b, 0xff], "\\x00\\x7f\\x9b\\xff"),
        ];
        for (bytes, expected) in cases {
            let plaintext = Plaintext::new(Zeroizing::new(bytes.to_vec())).expect("a value");
            assert_eq!(*visible(&plaintext), expected, "{bytes:?}");
        }
    }
}
