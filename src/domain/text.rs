//! Free text that people write: bounded, without control characters, and escaped when shown.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A reason, a ticket or an owner: 1 to 500 characters, none of them a control character.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text(String);

/// Why a text was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TextError {
    /// Nothing but blanks.
    #[error("the text is empty")]
    Empty,
    /// Longer than a screen can show.
    #[error("the text has {chars} characters, allowed are {max}", max = Text::CHARS_MAX)]
    TooLong {
        /// What was offered.
        chars: usize,
    },
    /// A terminal would obey it instead of showing it.
    #[error("the text has a control character at place {place}")]
    Control {
        /// Counted in characters from 1.
        place: usize,
    },
}

impl Text {
    /// The longest text, in characters.
    pub const CHARS_MAX: usize = 500;

    /// The only way to make one; trims blanks at both ends.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        let chars = text.chars().count();
        if chars == 0 {
            return Err(TextError::Empty);
        }
        if chars > Self::CHARS_MAX {
            return Err(TextError::TooLong { chars });
        }
        match text.chars().position(char::is_control) {
            Some(index) => Err(TextError::Control { place: index + 1 }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The text as it was written: for storing and signing, not for a terminal.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    /// What a terminal may be given: see [`escape`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&escape(&self.0))
    }
}

impl TryFrom<String> for Text {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        Self::parse(&text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// Writes every character that a terminal could interpret, hide or reorder as `\u{..}`.
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// Control characters, zero-width characters, direction marks, variation selectors and tags.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_bounded_and_harmless() {
        let cases = [
            ("plain", "INC-4711: night batch".to_owned(), true),
            ("500", "x".repeat(500), true),
            ("501", "x".repeat(501), false),
            ("blank", "   ".to_owned(), false),
            ("escape sequence", "a\u{1b}[2Jb".to_owned(), false),
            ("newline", "a\nb".to_owned(), false),
            ("C1 control", "a\u{9b}2Jb".to_owned(), false),
        ];
        for (name, text, fits) in cases {
            assert_eq!(Text::parse(&text).is_ok(), fits, "{name}");
        }
        let reversed = Text::parse("pay\u{202e}gnp").expect("no control character");
        assert_eq!(reversed.to_string(), "pay\\u{202e}gnp");
        assert_eq!(reversed.as_str(), "pay\u{202e}gnp");
    }
}
