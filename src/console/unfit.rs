//! Which terminals the screens are not for: there the command line asks and answers, line by line.

use std::fmt;

use super::profile::{Environment, Size};
use crate::domain::text::escape;

/// Why the screens cannot be drawn on a terminal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// Nobody says what it is.
    Unnamed,
    /// It prints one line under the other, and its cursor goes nowhere else.
    NoCursor {
        /// Its name, shortened.
        term: String,
    },
    /// Nothing would fit.
    TooSmall {
        /// How small.
        size: Size,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed => write!(f, "TERM does not say what this terminal is"),
            Self::NoCursor { term } => {
                write!(f, "a terminal of type {} has no screen to draw on", escape(term))
            }
            Self::TooSmall { size } => {
                write!(f, "the terminal is too small: {size}, and the screens need {}", Size::LEAST)
            }
        }
    }
}

/// Whether the screens are not for this terminal, and why.
///
/// `can_place` is what the host's description of the terminal says of its cursor, where there is one; `size`
/// is the terminal's where that is known.
pub fn unfit(environment: &Environment, can_place: Option<bool>, size: Option<Size>) -> Option<Unfit> {
    const TERM_CHARS_MAX: usize = 20;
    let term = environment.term.as_deref().unwrap_or_default();
    if term.is_empty() {
        return Some(Unfit::Unnamed);
    }
    if matches!(term, "dumb" | "unknown") || can_place == Some(false) {
        return Some(Unfit::NoCursor { term: term.chars().take(TERM_CHARS_MAX).collect() });
    }
    size.filter(|size| size.is_too_small()).map(|size| Unfit::TooSmall { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_cannot_show_the_screens_is_named_with_its_reason() {
        let size = |width, height| Size::new(width, height);
        let cases = [
            ("modern", "xterm-256color", Some(true), size(80, 24), ""),
            ("not described on this host", "xterm-new", None, size(80, 24), ""),
            ("of unknown size", "vt220", Some(true), None, ""),
            ("smallest", "vt220", Some(true), size(40, 10), ""),
            ("narrow", "vt220", Some(true), size(39, 10), "too small: 39x10, and the screens need 40x10"),
            ("flat", "vt220", Some(true), size(40, 9), "too small: 40x9"),
            ("dumb", "dumb", None, size(80, 24), "a terminal of type dumb has no screen"),
            ("a teletype", "tty33", Some(false), size(80, 24), "a terminal of type tty33 has no screen"),
            ("hostile", "a\u{1b}[2J", Some(false), None, "type a\\u{1b}[2J has no screen"),
            ("without a name", "", None, size(80, 24), "TERM does not say"),
        ];
        for (name, term, can_place, size, said) in cases {
            let environment = Environment { term: Some(term.to_owned()), ..Environment::default() };
            let why = unfit(&environment, can_place, size).map(|why| why.to_string());
            assert_eq!(why.is_some(), !said.is_empty(), "{name}: {why:?}");
            assert!(why.is_none_or(|why| why.contains(said)), "{name}");
        }
        assert_eq!(unfit(&Environment::default(), None, None), Some(Unfit::Unnamed));
    }
}
