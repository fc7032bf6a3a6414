//! What goes over the line, counted: a VT220 at 9600 baud takes a millisecond for each byte.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use super::Desk;
use crate::console::event::Event;
use crate::console::key::Key;
use crate::console::painter::Painter;
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::update::next_tick;
use crate::console::view::render;

const FULL_MAX: usize = 3_000;
const MOVE_MAX: usize = 260;
const TICK_MAX: usize = 60;

#[derive(Clone, Default)]
struct Line(Rc<RefCell<Vec<u8>>>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A console whose bytes are counted.
struct Wired {
    desk: Desk,
    painter: Painter<Line>,
    line: Line,
}

impl Wired {
    fn new(desk: Desk) -> Self {
        let line = Line::default();
        let painter = Painter::new(line.clone(), desk.model.size);
        Self { desk, painter, line }
    }

    /// Paints, and hands over what was sent.
    fn paint(&mut self) -> Vec<u8> {
        self.line.0.borrow_mut().clear();
        let shown = render(&self.desk.model, self.desk.now_ms);
        self.painter.paint(shown).expect("a vector takes everything");
        self.line.0.borrow().clone()
    }

    /// Waits until something on the screen changes, and paints that.
    fn tick(&mut self) -> Vec<u8> {
        let wait_ms = next_tick(&self.desk.model, self.desk.now_ms).expect("a countdown runs");
        self.desk.now_ms += wait_ms;
        self.desk.send(Event::Tick);
        self.paint()
    }
}

fn has(bytes: &[u8], wanted: &str) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

#[test]
fn the_list_stays_within_its_budgets() {
    for profile in [Profile::UnicodeColour, Profile::UnicodeMono, Profile::AsciiMono] {
        let model = samples::logged_in(profile, "80x24", samples::many_requests(), true);
        let mut wired = Wired::new(Desk { model, now_ms: 1_000 });
        let full = wired.paint().len();
        assert!(full <= FULL_MAX, "{profile:?}: a full frame takes {full}");
        assert_eq!(wired.paint().len(), 0, "{profile:?}: an unchanged frame");
        for row in 0..10 {
            wired.desk.types("j");
            let moved = wired.paint().len();
            assert!((1..=MOVE_MAX).contains(&moved), "{profile:?}: row {row} takes {moved}");
        }
        for _ in 0..30 {
            let ticked = wired.tick().len();
            assert!((1..=TICK_MAX).contains(&ticked), "{profile:?}: a tick takes {ticked}");
            wired.desk.model.last_key_ms = wired.desk.now_ms;
        }
        wired.painter.redraw().expect("a vector takes everything");
        assert!((1..=FULL_MAX).contains(&wired.paint().len()), "{profile:?}: a redraw");
    }
}

#[test]
fn every_screen_stays_within_a_full_frame_and_mono_has_no_colour() {
    let screens = ["", "j", "a", "aG", "aGa", "aGax\n7k2m", "dbecause", ":freeze\nx", "?", ":lo", "L", "L\n"];
    for profile in [Profile::UnicodeColour, Profile::UnicodeMono, Profile::AsciiMono] {
        for keys in screens {
            let mut desk = Desk::logged_in(profile, "80x24");
            desk.types(keys);
            let bytes = Wired::new(desk).paint();
            assert!(bytes.len() <= FULL_MAX, "{profile:?} {keys:?}: {}", bytes.len());
            let has_colour = has(&bytes, "38;") || has(&bytes, "48;");
            assert!(!has_colour || profile.has_colour(), "{profile:?} {keys:?}");
            assert!(bytes.is_ascii() || !profile.is_ascii(), "{profile:?} {keys:?}");
            assert!(!has(&bytes, "\u{1b}[6n"), "{profile:?} {keys:?}: the terminal is asked something");
        }
    }
}

#[test]
fn the_selected_row_is_reversed_and_the_headings_bold_without_colours() {
    let mut wired = Wired::new(Desk::logged_in(Profile::AsciiMono, "80x24"));
    let bytes = wired.paint();
    assert!(has(&bytes, "\u{1b}[7m>7K2M"), "{}", String::from_utf8_lossy(&bytes));
    assert!(has(&bytes, "\u{1b}[1m ID   CREDENTIAL"), "{}", String::from_utf8_lossy(&bytes));
    // A bare reset within the row would end the reverse: what NO_COLOR makes of a colour otherwise.
    let row = String::from_utf8_lossy(&bytes);
    let row = row.split("\u{1b}[7m>7K2M").nth(1).and_then(|rest| rest.split("\u{1b}[").next());
    assert!(row.is_some_and(|row| row.contains("1/2")), "{row:?}");
}

#[test]
fn a_passphrase_leaves_no_trace_on_the_line() {
    let mut wired = Wired::new(Desk::approving());
    wired.paint();
    for c in "correct horse".chars() {
        wired.desk.press_after(100, Key::Char(c));
        assert_eq!(wired.paint().len(), 0, "{c:?} was answered");
    }
    let mut wired = Wired::new(Desk { model: samples::fresh_model(Profile::AsciiMono, "80x24"), now_ms: 0 });
    wired.desk.types("\n");
    wired.paint();
    for key in [Key::Char('x'), Key::Char('y'), Key::Backspace, Key::Ctrl('u')] {
        wired.desk.press_after(100, key);
        assert_eq!(wired.paint().len(), 0, "{key:?} was answered");
    }
}
