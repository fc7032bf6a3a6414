//! What goes over the line, counted: a VT220 at 9600 baud takes a millisecond for each byte.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use super::Desk;
use crate::console::event::{Event, News};
use crate::console::key::Key;
use crate::console::painter::Painter;
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::update::next_tick;
use crate::console::view::render;
use crate::desk::export::Progress;

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

/// A console with full lists on every tab, which bo has just logged in to.
fn full(profile: Profile) -> Desk {
    let model = samples::logged_in(profile, "80x24", samples::many_requests(), true);
    let mut desk = Desk { model, now_ms: 1_000 };
    let credential =
        |n: u64| samples::credential(&format!("mainframe-{n:02}/x"), n * 7 % 120, &["nightbatch-01"]);
    let all = [
        News::Credentials((0..40).map(credential).collect()),
        News::Clients((0..40).map(samples::client_number).collect()),
        News::Log(samples::long_log(40)),
        News::Roster(Box::new(samples::roster())),
    ];
    for news in all {
        desk.send(Event::Fresh { status: Box::new(samples::status(true)), news, open: None });
    }
    desk
}

#[test]
fn every_tab_stays_within_its_budgets() {
    for profile in [Profile::UnicodeColour, Profile::UnicodeMono, Profile::AsciiMono] {
        for tab in ["1", "2", "3", "4", "5", "6"] {
            let mut desk = full(profile);
            desk.types(tab);
            let mut wired = Wired::new(desk);
            let bytes = wired.paint().len();
            assert!(bytes <= FULL_MAX, "{profile:?} {tab}: a full frame takes {bytes}");
            assert_eq!(wired.paint().len(), 0, "{profile:?} {tab}: an unchanged frame");
            // The one tab that is a text is all on the screen.
            let least = usize::from(tab != "6");
            for row in 0..10 {
                wired.desk.types("j");
                let moved = wired.paint().len();
                assert!((least..=MOVE_MAX).contains(&moved), "{profile:?} {tab}: row {row} takes {moved}");
            }
            for _ in 0..30 {
                let ticked = wired.tick().len();
                assert!((1..=TICK_MAX).contains(&ticked), "{profile:?} {tab}: a tick takes {ticked}");
                wired.desk.model.last_key_ms = wired.desk.now_ms;
            }
            wired.painter.redraw().expect("a vector takes everything");
            assert!((1..=FULL_MAX).contains(&wired.paint().len()), "{profile:?} {tab}: a redraw");
        }
    }
}

#[test]
fn a_letter_in_a_field_costs_little() {
    // Where, and what is typed there.
    for (way, letters) in [(":", "lock"), ("n\tx", "abc"), (":freeze\n", "because"), ("aGw", "30m")] {
        let mut desk = full(Profile::UnicodeColour);
        desk.types(way);
        let mut wired = Wired::new(desk);
        wired.paint();
        for letter in letters.chars() {
            wired.desk.types(letter.encode_utf8(&mut [0; 4]));
            let bytes = wired.paint().len();
            assert!((1..=TICK_MAX).contains(&bytes) || letter == '3', "{way:?} {letter}: {bytes}");
        }
    }
}

#[test]
fn a_gauge_costs_a_slow_line_next_to_nothing() {
    for profile in [Profile::UnicodeColour, Profile::UnicodeMono, Profile::AsciiMono] {
        let model = samples::logged_in(profile, "80x24", vec![samples::granted()], true);
        let mut desk = Desk { model, now_ms: 1_000 };
        desk.types("\nGx\n");
        let mut wired = Wired::new(desk);
        let mut told = |step, done, gap_ms| {
            wired.desk.now_ms += gap_ms;
            // The clock in the corner stands still: it has its own bytes.
            let now_ms = wired.desk.now_ms;
            wired.desk.model.session.iter_mut().for_each(|session| session.anchored_ms = now_ms);
            wired.desk.send(Event::Taking(Progress { step, done, of: 1_000 }));
            wired.paint().len()
        };
        assert!(told("fetching entries", 0, 0) <= FULL_MAX, "{profile:?}");
        for done in 1..=100 {
            let bytes = told("fetching entries", done * 10, 1_000);
            assert!((1..=TICK_MAX).contains(&bytes), "{profile:?} {done}: {bytes}");
            for soon_ms in [0, 1, 998] {
                // A keeper that is quick is told once a second.
                let bytes = told("fetching entries", done * 10 + 1, soon_ms);
                assert_eq!(bytes, 0, "{profile:?} {done}");
            }
        }
        // However far it has come within a second.
        told("writing the bundle", 0, 1_000);
        assert!((1..=MOVE_MAX).contains(&told("writing the bundle", 1_000, 1_000)), "{profile:?}");
    }
}

#[test]
fn every_screen_stays_within_a_full_frame_and_mono_has_no_colour() {
    let screens = [
        "",
        "j",
        "a",
        "aG",
        "aGa",
        "aGax\n7k2m",
        "dbecause",
        ":freeze\nx",
        "?",
        ":lo",
        "L",
        "L\n",
        "2",
        "2jj\n",
        "3",
        "4",
        "4j\n",
        "5",
        "5jj\n",
        "6",
        "6v",
        "6vG",
        "n",
        "2n",
        "aGw",
        "aGw5m\n1\n",
        "2/e",
        "5?",
        "5x",
        "5cx",
    ];
    for profile in [Profile::UnicodeColour, Profile::UnicodeMono, Profile::AsciiMono] {
        for keys in screens {
            let mut desk = Desk::logged_in(profile, "80x24");
            desk.types_with_keeper(keys);
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
