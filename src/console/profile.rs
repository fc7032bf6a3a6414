//! What the terminal can show, and how large it is: decided once, from facts passed in.

use std::fmt;
use std::str::FromStr;

/// The variables of the environment that describe a terminal, as they were found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Environment {
    /// `TERM`.
    pub term: Option<String>,
    /// `LC_ALL`.
    pub lc_all: Option<String>,
    /// `LC_CTYPE`.
    pub lc_ctype: Option<String>,
    /// `LANG`.
    pub lang: Option<String>,
    /// `NO_COLOR`.
    pub no_color: Option<String>,
    /// `LINES`.
    pub lines: Option<String>,
    /// `COLUMNS`.
    pub columns: Option<String>,
}

impl Environment {
    /// Asks `lookup` for each variable.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            term: lookup("TERM"),
            lc_all: lookup("LC_ALL"),
            lc_ctype: lookup("LC_CTYPE"),
            lang: lookup("LANG"),
            no_color: lookup("NO_COLOR"),
            lines: lookup("LINES"),
            columns: lookup("COLUMNS"),
        }
    }

    /// The locale of characters: the first of the three variables that says anything.
    pub fn is_utf8(&self) -> bool {
        let set = |value: &Option<String>| value.clone().filter(|v| !v.is_empty());
        let locale = set(&self.lc_all).or_else(|| set(&self.lc_ctype)).or_else(|| set(&self.lang));
        locale.is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            name.contains("utf-8") || name.contains("utf8")
        })
    }

    /// A terminal of which nothing is known is taken for the plainest one.
    fn is_plain(&self) -> bool {
        let term = self.term.as_deref().unwrap_or("");
        term.is_empty() || term == "dumb" || term.starts_with("linux") || term.starts_with("vt")
    }

    fn is_mono(&self) -> bool {
        let term = self.term.as_deref().unwrap_or("");
        let asked = self.no_color.as_deref().is_some_and(|value| !value.is_empty());
        asked || term.ends_with("-m") || term.ends_with("-mono")
    }
}

/// What may be sent to the terminal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// Line drawing and the eight colours.
    UnicodeColour,
    /// Line drawing; bold and reverse instead of colours.
    UnicodeMono,
    /// Nothing but ASCII, bold and reverse.
    AsciiMono,
}

impl Profile {
    /// Chooses for a terminal, unless `ascii` or `mono` was asked for.
    pub fn choose(environment: &Environment, ascii: bool, mono: bool) -> Self {
        if ascii || environment.is_plain() || !environment.is_utf8() {
            Self::AsciiMono
        } else if mono || environment.is_mono() {
            Self::UnicodeMono
        } else {
            Self::UnicodeColour
        }
    }

    /// Whether only ASCII may be sent.
    pub const fn is_ascii(self) -> bool {
        matches!(self, Self::AsciiMono)
    }

    /// Whether colours may be sent.
    pub const fn has_colour(self) -> bool {
        matches!(self, Self::UnicodeColour)
    }
}

/// A size in characters, at least 1 by 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Size {
    width: u16,
    height: u16,
}

/// A text that is not a size.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not a size: write 80x24, at most {max}x{max}", max = Size::MAX)]
pub struct SizeError {
    /// What was offered, shortened.
    pub text: String,
}

impl Size {
    /// What is assumed when nobody knows.
    pub const USUAL: Self = Self { width: 80, height: 24 };
    /// What the screens need at least.
    pub const LEAST: Self = Self { width: 40, height: 10 };
    const MAX: u16 = 1_000;

    /// The only way to make one; `None` when a side is 0 or over 1,000.
    pub fn new(width: u16, height: u16) -> Option<Self> {
        let fits = |side: u16| (1..=Self::MAX).contains(&side);
        (fits(width) && fits(height)).then_some(Self { width, height })
    }

    /// Characters in a row.
    pub const fn width(self) -> u16 {
        self.width
    }

    /// Rows.
    pub const fn height(self) -> u16 {
        self.height
    }

    /// Whether nothing can be drawn that a person could act on.
    pub const fn is_too_small(self) -> bool {
        self.width < Self::LEAST.width || self.height < Self::LEAST.height
    }

    /// What `LINES` and `COLUMNS` say, when both say something.
    pub fn of_environment(environment: &Environment) -> Option<Self> {
        let number = |value: &Option<String>| value.as_deref()?.parse().ok();
        Self::new(number(&environment.columns)?, number(&environment.lines)?)
    }

    /// Reads the terminal's answer `ESC [ row ; column R`, wherever it stands among other bytes.
    pub fn of_cursor_report(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        text.split("\u{1b}[").skip(1).find_map(|rest| {
            let (row, column) = rest.split_once('R')?.0.split_once(';')?;
            Self::new(column.parse().ok()?, row.parse().ok()?)
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let parsed =
            text.split_once(['x', 'X']).and_then(|(w, h)| Self::new(w.parse().ok()?, h.parse().ok()?));
        parsed.ok_or_else(|| SizeError { text: text.chars().take(20).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(term: &str, lang: &str, no_color: Option<&str>) -> Environment {
        Environment {
            term: Some(term.to_owned()),
            lang: Some(lang.to_owned()),
            no_color: no_color.map(str::to_owned),
            ..Environment::default()
        }
    }

    #[test]
    fn the_profile_never_promises_more_than_the_terminal_said() {
        let modern = environment("xterm-256color", "en_GB.UTF-8", None);
        let cases = [
            ("modern", modern.clone(), false, false, Profile::UnicodeColour),
            ("modern, --mono", modern.clone(), false, true, Profile::UnicodeMono),
            ("modern, --ascii", modern.clone(), true, false, Profile::AsciiMono),
            ("NO_COLOR", environment("xterm", "C.utf8", Some("1")), false, false, Profile::UnicodeMono),
            (
                "empty NO_COLOR",
                environment("xterm", "C.utf8", Some("")),
                false,
                false,
                Profile::UnicodeColour,
            ),
            (
                "monochrome xterm",
                environment("xterm-mono", "C.utf8", None),
                false,
                false,
                Profile::UnicodeMono,
            ),
            ("vt220", environment("vt220", "C.utf8", None), false, false, Profile::AsciiMono),
            ("linux console", environment("linux", "C.utf8", None), false, false, Profile::AsciiMono),
            ("dumb", environment("dumb", "C.utf8", None), false, false, Profile::AsciiMono),
            ("latin-1", environment("xterm", "de_DE.ISO-8859-1", None), false, false, Profile::AsciiMono),
            ("nothing known", Environment::default(), false, false, Profile::AsciiMono),
            (
                "LC_ALL over LANG",
                Environment { lc_all: Some("C".to_owned()), ..modern },
                false,
                false,
                Profile::AsciiMono,
            ),
        ];
        for (name, environment, ascii, mono, profile) in cases {
            assert_eq!(Profile::choose(&environment, ascii, mono), profile, "{name}");
        }
    }

    #[test]
    fn a_size_is_read_from_options_variables_and_the_terminal() {
        let cases = [("80x24", true), ("1x1", true), ("1000x1000", true), ("1001x24", false), ("0x0", false)];
        for (text, fits) in
            cases.into_iter().chain([("80", false), ("80x", false), ("-1x4", false), ("", false)])
        {
            let shown = text.parse::<Size>().ok().map(|size| size.to_string());
            assert_eq!(shown, fits.then(|| text.to_owned()), "{text}");
        }
        let variables = |lines: &str, columns: &str| Environment {
            lines: Some(lines.to_owned()),
            columns: Some(columns.to_owned()),
            ..Environment::default()
        };
        assert_eq!(Size::of_environment(&variables("43", "132")), Size::new(132, 43));
        assert_eq!(Size::of_environment(&variables("0", "132")), None);
        assert_eq!(Size::of_environment(&Environment::default()), None);
        assert_eq!(Size::of_cursor_report(b"q\x1b[24;80R"), Size::new(80, 24));
        assert_eq!(Size::of_cursor_report(b"\x1b[A\x1b[50;132Rx"), Size::new(132, 50));
        for nothing in [&b""[..], b"\x1b[24;80", b"24;80R", b"\x1b[0;0R"] {
            assert_eq!(Size::of_cursor_report(nothing), None);
        }
    }
}
