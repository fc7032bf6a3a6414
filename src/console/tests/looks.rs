//! The look of what matters on the other tabs: never without the word, and never a colour without one.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use super::Desk;
use crate::console::profile::Profile;
use crate::console::view::render;

/// The first cell of a text on the screen.
fn cell(profile: Profile, keys: &str, wanted: &str) -> Cell {
    let mut desk = Desk::logged_in(profile, "80x24");
    desk.types_with_keeper(keys);
    let buffer = render(&desk.model, desk.now_ms).buffer;
    let width = usize::from(buffer.area.width);
    for row in buffer.content.chunks(width) {
        let symbols: Vec<&str> = row.iter().map(Cell::symbol).collect();
        let text = symbols.concat();
        if let Some(at) = text.find(wanted) {
            return row[text[..at].chars().count()].clone();
        }
    }
    panic!("no {wanted:?} after {keys:?}");
}

#[test]
fn a_word_that_matters_is_bold_and_has_its_colour_where_there_are_any() {
    // keys, the word, its modifiers, its colour
    let cases = [
        ("2j", "OVERDUE", Modifier::BOLD, Color::Red),
        ("2", "PAST SUNSET", Modifier::BOLD, Color::Red),
        ("2", "DUE         2026", Modifier::BOLD, Color::Yellow),
        ("2", "ok", Modifier::empty(), Color::Reset),
        ("3j", "OVERDUE by", Modifier::BOLD, Color::Red),
        ("3", "DUE in", Modifier::BOLD, Color::Yellow),
        ("2jj\n", "2026-11-26", Modifier::BOLD, Color::Yellow),
        ("5j", "unreadable", Modifier::BOLD, Color::Red),
        ("5", "denied", Modifier::BOLD, Color::Yellow),
        ("6", "EVALUATION: a software", Modifier::BOLD, Color::Yellow),
        ("6vG", "FAIL", Modifier::BOLD, Color::Red),
        ("6", "2 Creds", Modifier::empty(), Color::Reset),
        ("6", "6 System", Modifier::BOLD, Color::Reset),
        ("2jjjn\t25h\t", "a window of 25h", Modifier::BOLD, Color::Red),
        ("2j", ">db2", Modifier::REVERSED, Color::Reset),
    ];
    for (keys, word, modifiers, colour) in cases {
        let coloured = cell(Profile::UnicodeColour, keys, word);
        assert_eq!((coloured.modifier, coloured.fg), (modifiers, colour), "{word:?} after {keys:?}");
        let mono = cell(Profile::AsciiMono, keys, word);
        assert_eq!((mono.modifier, mono.fg, mono.bg), (modifiers, Color::Reset, Color::Reset), "{word:?}");
    }
}
