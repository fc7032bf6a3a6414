//! A credential on the screen of the person who asked for it.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use super::{Desk, approvals};
use crate::console::event::{Effect, Errand, Event, Failure, FailureSort};
use crate::console::key::Key;
use crate::console::model::{Model, Reveal, Screen};
use crate::console::painter::Painter;
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::update::next_tick;
use crate::console::view::render;
use crate::domain::request::doc::Requester;
use crate::domain::wire::operator::{RequestView, StateName};

fn desk_with(view: RequestView) -> Desk {
    Desk { model: samples::logged_in(Profile::AsciiMono, "80x24", vec![view], true), now_ms: 1_000 }
}

/// Everything was typed, and the terminal has shown that the keeper is asked.
fn asked() -> Desk {
    let mut desk = desk_with(samples::reveal());
    let effects = desk.types("\nvopen sesame\ns33n\n");
    let [.., Effect::Reveal { id, passphrase, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((id.as_str(), passphrase.expose()), ("S33N", "open sesame"));
    desk
}

/// The value is on the screen.
fn seeing(value: &[u8]) -> Desk {
    let mut desk = asked();
    desk.send(Event::Revealed { id: samples::request_id("S33N"), shown: samples::shown(value) });
    desk.send(Event::Drawn);
    assert!(matches!(desk.model.screen, Screen::Reveal(_)));
    desk
}

fn is_shown(desk: &Desk) -> bool {
    matches!(desk.model.screen, Screen::Reveal(_))
}

fn lines(desk: &Desk) -> Vec<String> {
    let veiled = render(&desk.model, desk.now_ms).veiled;
    veiled.into_iter().flat_map(|veiled| veiled.lines).map(|line| line.to_string()).collect()
}

#[test]
fn it_is_asked_for_only_when_the_terminal_has_shown_that_it_will_be() {
    let mut desk = desk_with(samples::reveal());
    desk.types("\nvopen sesame\ns33n");
    assert!(desk.press_after(100, Key::Enter).is_empty(), "the terminal may have stopped");
    desk.now_ms += 4_999;
    assert!(desk.send(Event::Tick).is_empty() && desk.model.waiting.is_some());
    assert_eq!(next_tick(&desk.model, desk.now_ms), Some(1));
    desk.now_ms += 1;
    desk.send(Event::Tick);
    assert_eq!(desk.message(), "This terminal takes nothing: nothing was shown on it, and nothing is spent.");
    assert!(desk.send(Event::Drawn).is_empty() && desk.model.dialog.is_none());
    assert!(asked().model.waiting.is_some());
}

#[test]
fn only_who_asked_is_shown_only_what_is_armed_and_not_on_a_logged_line() {
    let mut others = samples::reveal();
    others.doc.requester = Requester::Operator(samples::operator("alice"));
    let mut early = samples::reveal();
    early.state = StateName::Requested;
    let mut mine = samples::requests().remove(2);
    mine.doc.requester = Requester::Operator(samples::operator("bo"));
    let cases = [
        ("my own", samples::reveal(), false, ""),
        ("another's", others, false, "only operator:alice is shown it, who asked for S33N"),
        ("not approved", early, false, "S33N is REQUESTED: it is shown while that is ARMED"),
        ("for a job", mine, false, "B00K shows nobody anything"),
        (
            "a logged line",
            samples::reveal(),
            true,
            "this line is logged: no credential is shown on it, use another console",
        ),
    ];
    for (name, view, is_logged, said) in cases {
        let mut desk = desk_with(view);
        desk.model.is_logged = is_logged;
        desk.types("\nv");
        assert_eq!((desk.message().as_str(), desk.model.dialog.is_some()), (said, said.is_empty()), "{name}");
    }
}

#[test]
fn it_takes_the_passphrase_and_the_id_typed_by_hand_and_signs_nothing() {
    // name, what is pasted, what is typed after it, whether it is asked for
    let cases = [
        ("both typed", "", "open sesame\ns33n\n", true),
        ("the passphrase pasted", "open sesame", "\ns33n\n", true),
        ("all pasted", "open sesame\ns33n\n", "\n\n", false),
        ("no passphrase", "", "\n\ts33n\n\n", false),
        ("another id", "", "open sesame\n7k2m\n", false),
        ("y", "", "y\ny\n", false),
    ];
    for (name, pasted, typed, expected) in cases {
        let mut desk = desk_with(samples::reveal());
        desk.types("\nv");
        let mut effects = desk.pastes(pasted);
        desk.now_ms += 1_000;
        effects.extend(desk.types(typed));
        let is_asked = effects.iter().any(|effect| matches!(effect, Effect::Reveal { .. }));
        assert_eq!(is_asked, expected, "{name}");
        assert_eq!(approvals(&effects), [], "{name}");
    }
    let mut desk = desk_with(samples::reveal());
    desk.types("\nvopen sesame\n");
    assert!(desk.press_after(100, Key::Ctrl('c')).is_empty() && desk.model.dialog.is_none());
    assert_eq!(desk.message(), "Nothing was shown, and nothing is spent.");
}

#[test]
fn a_key_holds_it_for_five_seconds_more_and_twenty_in_all() {
    // After how many milliseconds Space is pressed each time, and when it goes after it was drawn.
    let cases: [(&[u64], u64); 5] = [
        (&[], 5_000),
        (&[1_000], 6_000),
        (&[4_999], 9_999),
        (&[4_000, 4_000, 4_000], 17_000),
        (&[4_000, 4_000, 4_000, 4_000, 3_999], 20_000),
    ];
    for (gaps, ends_ms) in cases {
        let mut desk = seeing(b"hunter2 and more");
        let drawn_ms = desk.now_ms;
        for gap_ms in gaps {
            desk.press_after(*gap_ms, Key::Char(' '));
            assert!(is_shown(&desk), "{gaps:?}");
        }
        desk.now_ms = drawn_ms + ends_ms - 1;
        desk.send(Event::Tick);
        assert!(is_shown(&desk), "{gaps:?}: a millisecond early");
        assert_eq!(next_tick(&desk.model, desk.now_ms), Some(1), "{gaps:?}");
        desk.now_ms += 1;
        let effects = desk.send(Event::Tick);
        assert!(!is_shown(&desk) && matches!(effects[..], [Effect::Cover, ..]), "{gaps:?}: {effects:?}");
        let said = desk.message();
        assert!(
            said.starts_with("racf/prod01 is gone from this screen. Rotate it by 2026-11-24 1"),
            "{said}"
        );
    }
}

#[test]
fn any_other_key_ends_it_and_what_was_typed_before_it_was_seen_does_not() {
    for key in [Key::Char('q'), Key::Enter, Key::Esc, Key::Ctrl('c'), Key::Char('.'), Key::Char('L')] {
        let mut desk = seeing(b"hunter2");
        let effects = desk.press_after(100, key);
        assert!(!is_shown(&desk) && matches!(effects[..], [Effect::Cover, ..]), "{key:?}");
        assert!(desk.model.session.is_some(), "{key:?}");
    }
    let mut desk = asked();
    desk.send(Event::Revealed { id: samples::request_id("S33N"), shown: samples::shown(b"hunter2") });
    desk.press_after(100, Key::Enter);
    assert!(is_shown(&desk), "nobody has seen anything yet");
    desk.now_ms += Reveal::WHOLE_MS - 101;
    desk.send(Event::Tick);
    assert!(is_shown(&desk));
    desk.now_ms += 1;
    desk.send(Event::Tick);
    assert!(!is_shown(&desk), "a terminal that never showed it is not waited for");
    let mut desk = seeing(b"hunter2");
    desk.send(Event::Resized("39x10".parse().expect("a size")));
    assert!(!is_shown(&desk), "no room");
}

#[test]
fn what_does_not_fit_is_shown_in_pages() {
    let mut desk = seeing(&[b'x'; 79 * 20 + 1]);
    assert_eq!(lines(&desk), vec!["x".repeat(79); 20]);
    desk.press_after(100, Key::Char('.'));
    assert_eq!(lines(&desk), ["x"]);
    desk.press_after(100, Key::Char('.'));
    assert_eq!(lines(&desk), ["x"], "that was the last");
    desk.press_after(100, Key::Char(','));
    assert_eq!(lines(&desk).len(), 20);
    assert_eq!(lines(&seeing(b"a\x1b[2Jb")), ["a\\x1b[2Jb"]);
}

#[test]
fn a_wrong_passphrase_spends_nothing_and_costs_time() {
    for (sort, stays) in [(FailureSort::WrongPassphrase, true), (FailureSort::Refused, false)] {
        let mut desk = asked();
        let during = Errand::Reveal;
        desk.send(Event::Failed(Failure { during, sort, what: "no".to_owned(), advice: String::new() }));
        assert_eq!((desk.model.waiting.is_none(), desk.model.dialog.is_some()), (true, stays), "{sort:?}");
        assert!(desk.model.session.is_some(), "{sort:?}");
    }
}

#[test]
fn whoever_leaves_before_it_is_shown_is_logged_out_after_half_a_minute() {
    for (idle_ms, is_in) in [(Model::IDLE_REVEAL_MS - 1, true), (Model::IDLE_REVEAL_MS, false)] {
        let mut desk = desk_with(samples::reveal());
        desk.types("\nvopen");
        desk.now_ms += idle_ms;
        desk.send(Event::Tick);
        assert_eq!(desk.model.session.is_some(), is_in, "{idle_ms}");
    }
}

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

#[test]
fn it_is_in_no_buffer_is_sent_once_and_is_overwritten_before_the_screen_is_cleared() {
    let value = "correct-horse-battery-staple";
    let mut desk = seeing(value.as_bytes());
    let line = Line::default();
    let mut painter = Painter::new(line.clone(), desk.model.size);
    let mut paint = |desk: &Desk| {
        let shown = render(&desk.model, desk.now_ms);
        let cells: String = shown.buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert!(!cells.contains(value) && !format!("{shown:?}").contains(value));
        painter.paint(shown).expect("a vector takes everything");
        String::from_utf8(std::mem::take(&mut *line.0.borrow_mut())).expect("ASCII")
    };
    let first = paint(&desk);
    assert_eq!(first.matches(value).count(), 1, "{first:?}");
    let clear = first.find("\u{1b}[2J").expect("a clear");
    assert!(clear < first.find(value).expect("it is there"), "on a cleared screen");
    desk.now_ms += 1_000;
    desk.press_after(0, Key::Char(' '));
    let held = paint(&desk);
    assert!(!held.is_empty() && !held.contains(value), "only the seconds: {held:?}");
    desk.press_after(100, Key::Enter);
    let last = paint(&desk);
    assert!(!last.contains(value));
    let clear = last.find("\u{1b}[2J").expect("a clear");
    let overwritten = last.find(&" ".repeat(79)).expect("blanks over it");
    assert!(overwritten < clear, "{last:?}");
    assert!(!format!("{:?}", desk.model).contains(value));
}
