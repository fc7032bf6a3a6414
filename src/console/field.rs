//! Fields that a person types into, and the pace at which a person types.

use std::fmt;

use zeroize::Zeroizing;

use crate::domain::ids::RequestId;
use crate::domain::secret::Passphrase;

/// A line of text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TextField {
    text: String,
}

impl TextField {
    /// An empty one.
    pub const fn new() -> Self {
        Self { text: String::new() }
    }

    /// Puts a text in the place of what was there.
    pub fn set(&mut self, text: &str) {
        self.text = text.to_owned();
    }

    /// Adds a character unless `chars_max` are there.
    pub fn push(&mut self, c: char, chars_max: usize) {
        if self.text.chars().count() < chars_max {
            self.text.push(c);
        }
    }

    /// Takes the last character away.
    pub fn pop(&mut self) {
        self.text.pop();
    }

    /// Takes everything away.
    pub fn clear(&mut self) {
        self.text.clear();
    }

    /// What stands in it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A request's id while it is typed: shown as far as it can be one, and nothing else is kept.
///
/// Somebody may take the field for that of the passphrase, so what cannot be part of an id is only counted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IdField {
    text: String,
    /// Characters behind `text` that were not kept.
    unfit: usize,
}

impl IdField {
    /// Characters of a request's id.
    const CHARS: usize = 4;

    /// Adds a character in upper case, or counts it when it, or one before it, cannot be part of an id.
    pub fn push(&mut self, c: char) {
        let c = c.to_ascii_uppercase();
        if self.unfit == 0 && self.text.len() < Self::CHARS && Self::may_hold(c) {
            self.text.push(c);
        } else {
            self.unfit += 1;
        }
    }

    /// Takes the last character away, kept or not.
    pub fn pop(&mut self) {
        match self.unfit.checked_sub(1) {
            Some(unfit) => self.unfit = unfit,
            None => drop(self.text.pop()),
        }
    }

    /// Takes everything away.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What may be shown.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether something was typed that cannot be part of an id.
    pub const fn is_unfit(&self) -> bool {
        self.unfit > 0
    }

    /// Whether it holds this id and nothing else.
    pub fn is(&self, id: &RequestId) -> bool {
        !self.is_unfit() && self.text == id.as_str()
    }

    /// Crockford's alphabet, upper case.
    const fn may_hold(c: char) -> bool {
        matches!(c, '0'..='9' | 'A'..='Z') && !matches!(c, 'I' | 'L' | 'O' | 'U')
    }
}

/// A passphrase while it is typed: one buffer that never moves, wiped when dropped, never shown, not even
/// its length.
pub struct SecretField {
    text: Zeroizing<String>,
}

impl SecretField {
    /// The longest passphrase, in bytes.
    pub const BYTES_MAX: usize = 256;

    /// An empty one.
    pub fn new() -> Self {
        Self { text: Zeroizing::new(String::with_capacity(Self::BYTES_MAX)) }
    }

    /// Adds a character; a full field ignores it, because growing would leave a copy behind.
    pub fn push(&mut self, c: char) {
        if self.text.len() + c.len_utf8() <= Self::BYTES_MAX {
            self.text.push(c);
        }
    }

    /// Takes the last character away.
    pub fn pop(&mut self) {
        self.text.pop();
    }

    /// Wipes it.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Hands over what was typed and begins anew.
    pub fn take(&mut self) -> Passphrase {
        Passphrase::new(std::mem::take(self).text)
    }
}

impl Default for SecretField {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SecretField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretField(..)")
    }
}

/// Tells typing from pasting: a person needs [`Pace::KEY_MS`] for a key.
///
/// A slow network delivers a few quick keys together, so a person who has been quieter before may have up
/// to [`Pace::BURST_KEYS`] at once: too few for a request id. After a burst beyond that, everything is
/// refused until [`Pace::QUIET_MS`] have passed without a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pace {
    last_ms: u64,
    credit_ms: u64,
    refused: bool,
}

impl Pace {
    /// What one key costs.
    pub const KEY_MS: u64 = 20;
    /// How many keys may come at once.
    pub const BURST_KEYS: u64 = 3;
    /// The silence that ends a burst.
    pub const QUIET_MS: u64 = 200;

    /// Begins at `now_ms`.
    pub const fn begin(now_ms: u64) -> Self {
        Self { last_ms: now_ms, credit_ms: 0, refused: false }
    }

    /// Whether something that arrived at `now_ms` was typed before this began.
    pub const fn is_before(&self, now_ms: u64) -> bool {
        now_ms < self.last_ms
    }

    /// Whether the key that arrived at `now_ms` may have been typed by a person.
    pub fn allows(&mut self, now_ms: u64) -> bool {
        let gap_ms = now_ms.saturating_sub(self.last_ms);
        self.last_ms = now_ms;
        if self.refused && gap_ms < Self::QUIET_MS {
            return false;
        }
        let credit_ms = (self.credit_ms + gap_ms).min(Self::KEY_MS * Self::BURST_KEYS);
        self.refused = credit_ms < Self::KEY_MS;
        self.credit_ms = credit_ms.saturating_sub(Self::KEY_MS);
        !self.refused
    }

    /// What is left of a burst is refused, too.
    pub const fn refuse_rest(&mut self) {
        self.refused = true;
    }

    /// Whether an Enter that arrived at `now_ms` stands alone, as a pasted line feed never does.
    pub fn allows_enter(&mut self, now_ms: u64) -> bool {
        let gap_ms = now_ms.saturating_sub(self.last_ms);
        self.allows(now_ms) && gap_ms >= Self::KEY_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_field_keeps_its_buffer_and_its_silence() {
        let mut field = SecretField::new();
        let place = field.text.as_ptr();
        for _ in 0..SecretField::BYTES_MAX + 10 {
            field.push('\u{e9}');
        }
        assert_eq!(field.text.as_ptr(), place, "it grew, and left a copy behind");
        assert_eq!(field.text.len(), SecretField::BYTES_MAX);
        assert_eq!(format!("{field:?}"), "SecretField(..)");
        assert_eq!(field.take().expose().chars().count(), SecretField::BYTES_MAX / 2);
        assert!(field.is_empty());
    }

    #[test]
    fn an_id_field_keeps_what_an_id_may_hold_and_nothing_else() {
        for c in (0..=0x2ff).filter_map(char::from_u32) {
            let is_allowed = RequestId::parse(&String::from(c).repeat(IdField::CHARS)).is_ok();
            let mut field = IdField::default();
            field.push(c);
            assert_eq!((!field.text().is_empty(), field.is_unfit()), (is_allowed, !is_allowed), "{c:?}");
        }
        // what is typed, with `<` for Backspace, what is shown, whether it is the id 7K2M
        let cases = [
            ("7k2m", "7K2M", true),
            ("7k2", "7K2", false),
            ("7k2m7", "7K2M", false),
            ("7k2m7<", "7K2M", true),
            ("7k-2m", "7K", false),
            ("7k-2m<<<2m", "7K2M", true),
            ("horse", "H", false),
            ("7k2m horse", "7K2M", false),
            ("7k2m<", "7K2", false),
            ("<", "", false),
        ];
        let id = RequestId::parse("7K2M").expect("an id");
        for (typed, shown, is_id) in cases {
            let mut field = IdField::default();
            typed.chars().for_each(|c| if c == '<' { field.pop() } else { field.push(c) });
            assert_eq!((field.text(), field.is(&id)), (shown, is_id), "{typed:?}");
            assert!(!format!("{field:?}").contains("ORSE"), "{typed:?}");
        }
    }

    #[test]
    fn a_paste_is_told_from_typing() {
        // name, gaps before each key, which keys pass
        let cases: [(&str, &[u64], &[bool]); 6] = [
            ("steady at the limit", &[20, 20, 20, 20], &[true; 4]),
            ("one below the limit", &[20, 19], &[true, false]),
            ("three at once after a pause", &[500, 0, 0], &[true; 3]),
            ("four at once", &[500, 0, 0, 0], &[true, true, true, false]),
            ("the rest of a paste", &[500, 0, 0, 0, 199, 199], &[true, true, true, false, false, false]),
            ("after the silence", &[500, 0, 0, 0, 200], &[true, true, true, false, true]),
        ];
        for (name, gaps, passes) in cases {
            let mut pace = Pace::begin(1_000);
            let mut now_ms = 1_000;
            for (place, (gap_ms, pass)) in gaps.iter().zip(passes).enumerate() {
                now_ms += gap_ms;
                assert_eq!(pace.allows(now_ms), *pass, "{name}, key {place}");
            }
        }
        for (gap_ms, passes) in [(19, false), (20, true)] {
            let mut pace = Pace::begin(0);
            assert!(pace.allows(1_000));
            assert_eq!(pace.allows_enter(1_000 + gap_ms), passes, "{gap_ms}");
        }
    }
}
