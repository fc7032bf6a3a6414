//! Where things stand on the screen: header 1 row, body, message, keys 1 row.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::console::model::{Message, Model};
use crate::console::profile::{Profile, Size};
use crate::console::table::{note_lines, table};

/// How much a size allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// A frame and a table with all columns.
    Full,
    /// One column without a frame.
    Column,
    /// Nothing that a person could act on.
    TooSmall,
}

/// The shape for a size.
pub const fn shape(size: Size) -> Shape {
    if size.is_too_small() {
        Shape::TooSmall
    } else if size.width() < 80 || size.height() < 24 {
        Shape::Column
    } else {
        Shape::Full
    }
}

/// More of a message is cut off.
const MESSAGE_ROWS_MAX: u16 = 3;

/// The four parts of the screen, from top to bottom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Areas {
    /// Which appliance, who, how it is.
    pub header: Rect,
    /// The screen proper.
    pub body: Rect,
    /// What happened last.
    pub message: Rect,
    /// The keys that work now.
    pub keys: Rect,
}

/// The parts for the present size and message.
pub fn areas(model: &Model) -> Areas {
    areas_above(model.size, message_lines(model).len().max(1) as u16)
}

/// The parts when the message takes so many rows.
fn areas_above(size: Size, message_rows: u16) -> Areas {
    let (width, height) = (size.width(), size.height());
    let body_rows = height.saturating_sub(2 + message_rows);
    let row = |y: u16, rows: u16| Rect::new(0, y, width, rows);
    Areas {
        header: row(0, 1),
        body: row(1, body_rows),
        message: row(1 + body_rows, message_rows),
        keys: row(height.saturating_sub(1), 1),
    }
}

/// The message, wrapped to at most [`MESSAGE_ROWS_MAX`] lines.
pub fn message_lines(model: &Model) -> Vec<String> {
    let said = match (&model.message, model.waiting) {
        (_, Some(waiting)) => format!("Please wait: {} ...", waiting.words()),
        (Some(Message { what, advice, .. }), None) if advice.is_empty() => what.clone(),
        // What the keeper says of a refusal ends without a full stop.
        (Some(Message { what, advice, .. }), None) => {
            format!("{}. {}", what.trim_end_matches('.'), begun(advice))
        }
        (None, None) => return Vec::new(),
    };
    let mut lines = wrap(&shown(model.profile, &said), usize::from(model.size.width()).saturating_sub(2));
    lines.truncate(usize::from(MESSAGE_ROWS_MAX));
    lines
}

/// A sentence that begins with a capital letter, as what comes from the keeper does not.
fn begun(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The body within its frame, or below its title.
pub fn text_area(model: &Model) -> Rect {
    text_within(model.size, areas(model).body)
}

/// The rows of [`text_area`] below which no message brings it.
pub fn least_text_height(model: &Model) -> u16 {
    text_within(model.size, areas_above(model.size, MESSAGE_ROWS_MAX).body).height
}

fn text_within(size: Size, body: Rect) -> Rect {
    match shape(size) {
        Shape::Full => {
            // No blank on the right: a digest of 64 digits fits behind its label.
            Rect::new(body.x + 2, body.y + 1, body.width.saturating_sub(3), body.height.saturating_sub(2))
        }
        _ => Rect::new(body.x + 1, body.y + 1, body.width.saturating_sub(2), body.height.saturating_sub(1)),
    }
}

/// Rows above a credential that is shown: what it is, how long it stays, a blank.
pub const REVEAL_HEADER_ROWS: u16 = 3;

/// Columns and rows that a credential may take; the last of both stay free, so that nothing can scroll.
pub fn reveal_room(model: &Model) -> (usize, usize) {
    let width = model.size.width().saturating_sub(1).max(1);
    let height = model.size.height().saturating_sub(REVEAL_HEADER_ROWS + 1).max(1);
    (usize::from(width), usize::from(height))
}

/// Below this height a list has no lines above it.
const NOTES_FROM_ROWS: u16 = 14;

/// The lines above the list of the open tab.
pub fn notes(model: &Model, now_ms: u64) -> Vec<String> {
    let area = text_area(model);
    let Some(session) = model.session.as_ref().filter(|_| area.height >= NOTES_FROM_ROWS) else {
        return Vec::new();
    };
    let table = table(session, session.tab);
    table.map(|table| note_lines(&*table, usize::from(area.width), session.now(now_ms))).unwrap_or_default()
}

/// How many rows the list shows below its notes; a full screen has a row of headings.
pub fn list_rows(model: &Model, now_ms: u64) -> usize {
    let headings = usize::from(shape(model.size) == Shape::Full);
    usize::from(text_area(model).height).saturating_sub(headings + notes(model, now_ms).len())
}

/// How far a page goes in a text: one line of the page before stays.
pub fn page(model: &Model) -> usize {
    usize::from(text_area(model).height).saturating_sub(1).max(1)
}

/// What the terminal may be given of a text that is already free of control characters.
pub fn shown(profile: Profile, text: &str) -> String {
    if !profile.is_ascii() || text.is_ascii() {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() { shown.push(c) } else { shown.extend(c.escape_unicode()) }
    }
    shown
}

/// Columns that a text takes.
pub fn width_of(text: &str) -> usize {
    Span::raw(text).width()
}

/// Breaks a text into lines of at most `width` columns, at blanks where there are any; no character is
/// lost but blanks at a break.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let gap = usize::from(!line.is_empty());
        if width_of(&line) + gap + width_of(word) <= width {
            line.extend(std::iter::repeat_n(' ', gap));
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            if width_of(&line) + width_of(c.encode_utf8(&mut [0; 4])) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines
}

/// A text cut to `width` columns, with a mark where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if width_of(&kept) + width_of(c.encode_utf8(&mut [0; 4])) + 1 > width {
            break;
        }
        kept.push(c);
    }
    if width > 0 { kept + "~" } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_loses_nothing_and_fits() {
        let cases = [
            ("words", "the night batch of the ledger", 10),
            ("a word longer than a line", "a 0123456789abcdef0123456789abcdef b", 10),
            ("wide characters", "\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57} x", 5),
            ("blanks", "  a   b  ", 4),
            ("empty", "", 4),
        ];
        for (name, text, width) in cases {
            let lines = wrap(text, width);
            assert!(lines.iter().all(|line| width_of(line) <= width), "{name}: {lines:?}");
            let squeeze = |text: &str| text.replace(' ', "");
            assert_eq!(squeeze(&lines.concat()), squeeze(text), "{name}");
            assert!(!lines.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_is_cut_says_so() {
        for (text, width, expected) in
            [("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd~"), ("\u{6f22}\u{5b57}", 3, "\u{6f22}~")]
        {
            assert_eq!(cut(text, width), expected);
        }
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn an_ascii_terminal_gets_ascii() {
        assert_eq!(shown(Profile::AsciiMono, "\u{e9}quipe"), "\\u{e9}quipe");
        assert_eq!(shown(Profile::UnicodeMono, "\u{e9}quipe"), "\u{e9}quipe");
    }

    #[test]
    fn the_shape_follows_the_size() {
        let cases = [
            ("80x24", Shape::Full),
            ("79x24", Shape::Column),
            ("80x23", Shape::Column),
            ("40x10", Shape::Column),
        ];
        for (size, expected) in
            cases.into_iter().chain([("39x10", Shape::TooSmall), ("40x9", Shape::TooSmall)])
        {
            assert_eq!(shape(size.parse().expect("a size")), expected, "{size}");
        }
    }
}
