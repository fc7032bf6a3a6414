//! A page for a screen reader or a teletype: one fact a line, words instead of columns and colours, at most
//! 79 characters wide, and never an escape code.

pub mod questions;
pub mod request;

use crate::console::Environment;
use crate::domain::text::escape;

/// What the terminal takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Paper {
    ascii: bool,
}

/// A label and its value.
pub type Fact = (&'static str, String);

impl Paper {
    /// The longest line: a teletype has 80 columns and may print over the last one.
    pub const COLUMNS: usize = 79;
    /// Where a fact goes on that does not fit its line.
    const INDENT: &'static str = "  ";

    /// Paper for a terminal; one that does not say that it reads UTF-8 gets ASCII alone.
    pub fn of(environment: &Environment) -> Self {
        Self { ascii: !environment.is_utf8() }
    }

    /// One fact.
    pub fn fact(self, label: &str, value: &str) -> String {
        self.wrap(&format!("{label}: {value}"))
    }

    /// Facts, each on a line of its own.
    pub fn facts(self, facts: &[Fact]) -> String {
        facts.iter().map(|(label, value)| self.fact(label, value)).collect()
    }

    /// A sentence.
    pub fn sentence(self, text: &str) -> String {
        self.wrap(text)
    }

    /// A question, which ends where its answer begins.
    pub fn question(self, text: &str) -> String {
        let mut lines = self.wrap(text);
        lines.truncate(lines.trim_end().len());
        lines + " "
    }

    /// The two sentences of an error.
    pub fn failure(self, what: &str, advice: &str) -> String {
        self.fact("portcullis", what) + &self.fact("what to do", advice)
    }

    /// Breaks a text at blanks, and words only where they are longer than a line.
    fn wrap(self, text: &str) -> String {
        let shown = self.shown(text);
        let (mut lines, mut line, mut column) = (String::new(), String::new(), 0);
        let mut end_line = |line: &mut String, column: &mut usize| {
            lines.push_str(line.trim_end());
            lines.push('\n');
            Self::INDENT.clone_into(line);
            *column = Self::INDENT.len();
        };
        for word in shown.split_inclusive(' ') {
            let is_first = line.trim().is_empty();
            if !is_first && column + width(word.trim_end()) > Self::COLUMNS {
                end_line(&mut line, &mut column);
            }
            for c in word.chars() {
                let wide = if c.is_ascii() { 1 } else { 2 };
                if c != ' ' && column + wide > Self::COLUMNS {
                    end_line(&mut line, &mut column);
                }
                line.push(c);
                column += wide;
            }
        }
        lines.push_str(line.trim_end());
        lines.push('\n');
        lines
    }

    fn shown(self, text: &str) -> String {
        let harmless = escape(text);
        if !self.ascii || harmless.is_ascii() {
            return harmless;
        }
        let told = |c: char| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() };
        harmless.chars().map(told).collect()
    }
}

/// Columns at most: what is not ASCII may take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASCII: Paper = Paper { ascii: true };
    const UTF8: Paper = Paper { ascii: false };

    #[test]
    fn no_line_is_longer_than_79_columns_and_nothing_is_lost() {
        let texts = [
            "short".to_owned(),
            "x".repeat(500),
            "word ".repeat(100),
            "ä".repeat(200),
            "\u{4e00}\u{1b}[2J\u{202e} ".repeat(60),
            format!("{} {}", "y".repeat(70), "z".repeat(79)),
        ];
        for text in texts {
            for paper in [ASCII, UTF8] {
                let page = paper.fact("reason", &text);
                assert!(page.lines().all(|line| width(line) <= Paper::COLUMNS), "{page}");
                assert!(!page.contains('\u{1b}') && page.ends_with('\n'), "{page}");
                let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
                assert_eq!(letters(&page), letters(&format!("reason: {}", paper.shown(&text))));
                let mut more = page.lines().skip(1);
                assert!(more.all(|line| line.starts_with("  ") && line.trim().len() > 1), "{page}");
            }
            assert!(ASCII.fact("reason", &text).is_ascii());
        }
    }

    #[test]
    fn a_line_is_broken_at_the_last_blank_that_fits() {
        let page = UTF8.fact("label", &format!("{} {} end", "a".repeat(40), "b".repeat(31)));
        assert_eq!(page, format!("label: {} {}\n  end\n", "a".repeat(40), "b".repeat(31)));
        let page = UTF8.sentence(&format!("{} {}", "a".repeat(79), "b".repeat(77)));
        assert_eq!(page, format!("{}\n  {}\n", "a".repeat(79), "b".repeat(77)));
        assert_eq!(UTF8.question("Why, or nothing to cancel:"), "Why, or nothing to cancel: ");
        assert_eq!(ASCII.sentence("Zürich"), "Z\\u{fc}rich\n");
        assert_eq!(UTF8.sentence("Zürich"), "Zürich\n");
    }
}
