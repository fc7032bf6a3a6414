//! Tabs, filters and what is asked of the keeper for them.

use super::pictures::text;
use super::{Desk, approvals};
use crate::console::allowed;
use crate::console::event::{Effect, Event, LogRange, News, Wanted};
use crate::console::key::Key;
use crate::console::keymap::{Action, BINDINGS, Place};
use crate::console::model::{Overlay, Refresh, RowId, Screen};
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::tab::Tab;
use crate::console::table;
use crate::console::update::next_tick;
use crate::console::view::render;

/// How to get to each screen.
const WAYS: [(Place, &str); 10] = [
    (Place::Requests, ""),
    (Place::Request, "\nG"),
    (Place::Credentials, "2"),
    (Place::Credential, "2\n"),
    (Place::Rotation, "3"),
    (Place::Jobs, "4"),
    (Place::Client, "4\n"),
    (Place::Audit, "5"),
    (Place::Entry, "5\n"),
    (Place::System, "6"),
];

fn at(way: &str) -> Desk {
    let mut desk = Desk::usual();
    desk.types_with_keeper(way);
    desk
}

fn tab(desk: &Desk) -> Option<Tab> {
    desk.model.session.as_ref().map(|session| session.tab)
}

/// The names on the list of the open tab.
fn rows(desk: &Desk) -> Vec<RowId> {
    let session = desk.model.session.as_ref().expect("logged in");
    let table = table::table(session, session.tab).expect("a list");
    session.list(session.tab).shown.iter().filter_map(|place| table.id(*place)).collect()
}

fn asked(effects: &[Effect]) -> Vec<&Wanted> {
    let mut asked = Vec::new();
    for effect in effects {
        if let Effect::Refresh(wanted) = effect {
            asked.push(wanted);
        }
    }
    asked
}

#[test]
fn a_digit_goes_to_its_tab_from_anywhere_and_asks_for_what_it_shows() {
    let tail = Wanted::Log(LogRange::Tail);
    let wanted = [
        ("1", Tab::Requests, Wanted::Requests { ended: false, open: None }),
        ("2", Tab::Credentials, Wanted::Credentials),
        ("3", Tab::Rotation, Wanted::Credentials),
        ("4", Tab::Jobs, Wanted::Clients),
        ("5", Tab::Audit, tail),
        ("6", Tab::System, Wanted::Roster),
    ];
    for (place, way) in WAYS {
        for (digit, to, wanted) in &wanted {
            let mut desk = at(way);
            let effects = desk.types(digit);
            assert_eq!(tab(&desk), Some(*to), "{digit} on {place:?}");
            assert!(matches!(desk.model.screen, Screen::List), "{digit} on {place:?}");
            let from = |wanted: &Wanted| matches!(wanted, Wanted::Log(LogRange::From(18_231)));
            let asked = asked(&effects);
            assert!(
                asked == [wanted] || asked.iter().all(|a| from(a)) && asked.len() == 1,
                "{digit} on {place:?}"
            );
        }
        let (mut right, mut left) = (at(way), at(way));
        let here = tab(&right).expect("logged in");
        right.types("\t");
        left.press_after(100, Key::BackTab);
        assert_eq!((tab(&right), tab(&left)), (Some(here.next()), Some(here.previous())), "{place:?}");
    }
}

#[test]
fn every_key_that_is_offered_does_something() {
    for (place, way) in WAYS {
        for filter in ["", "/e\n"] {
            let reference = at(way);
            if !filter.is_empty() && !matches!(reference.model.screen, Screen::List)
                || tab(&reference) == Some(Tab::System)
            {
                continue;
            }
            let desk = || {
                let mut desk = at(way);
                desk.types_with_keeper(filter);
                // Somewhere in the middle, so that there is a way up and down.
                desk.types_with_keeper("j");
                desk
            };
            assert_eq!(allowed::place(&desk().model), Some(place));
            let here = BINDINGS.iter().filter(|row| row.places.contains(&place));
            for row in here.filter(|row| allowed::is_offered(&desk().model, row)) {
                for key in row.keys {
                    let mut pressed = desk();
                    let before = text(&render(&pressed.model, pressed.now_ms));
                    let effects = pressed.press_after(0, *key);
                    let after = text(&render(&pressed.model, pressed.now_ms));
                    let travels = matches!(
                        row.action,
                        Action::Up
                            | Action::Down
                            | Action::First
                            | Action::Last
                            | Action::PageUp
                            | Action::PageDown
                            | Action::NextMatch
                            | Action::PreviousMatch
                    );
                    let is_same_tab = row.action == Action::Digit;
                    assert!(
                        !effects.is_empty() || before != after || travels || is_same_tab,
                        "{key:?} ({:?}) on {place:?} with {filter:?} does nothing",
                        row.action
                    );
                }
            }
        }
    }
}

#[test]
fn the_help_and_the_footer_name_the_keys_that_work_and_no_others() {
    for (place, way) in WAYS {
        let mut desk = at(way);
        let offered: Vec<&str> = BINDINGS
            .iter()
            .filter(|row| row.places.contains(&place) && allowed::is_offered(&desk.model, row))
            .map(|row| row.help)
            .collect();
        let told = crate::console::help::lines(&desk.model);
        for row in BINDINGS {
            let is_told = told.iter().any(|(press, does)| press == row.written && does == row.help);
            assert_eq!(
                is_told,
                offered.contains(&row.help) && row.places.contains(&place),
                "{place:?}: {row:?}"
            );
        }
        desk.types("?");
        assert!(matches!(desk.model.overlay, Some(Overlay::Help(0))), "{place:?}");
    }
}

#[test]
fn a_filter_is_applied_as_it_is_typed_and_the_cursor_stays_on_its_row() {
    let id = |name: &str| RowId::Credential(crate::domain::ids::CredentialName::parse(name).expect("a name"));
    let mut desk = at("2jjj");
    desk.types("/NETb");
    assert_eq!(rows(&desk), [id("badge/door"), id("sw-core-02/enable")], "by the job that may ask for them");
    let session = desk.model.session.as_ref().expect("logged in");
    assert_eq!(table::selected(session, Tab::Credentials), Some(id("sw-core-02/enable")));
    assert!(text(&render(&desk.model, desk.now_ms)).contains("2 Credentials (2 of 5)"));
    desk.types("\n");
    let picture = text(&render(&desk.model, desk.now_ms));
    assert!(picture.contains("filter: NETb") && picture.contains("n:next"), "{picture}");
    desk.types("gn");
    let session = desk.model.session.as_ref().expect("logged in");
    assert_eq!(table::selected(session, Tab::Credentials), Some(id("sw-core-02/enable")), "n goes on");
    // It stays while news come, and on its own tab.
    desk.types_with_keeper("r13");
    assert_eq!(rows(&desk).len(), 5, "rotation has none");
    desk.types_with_keeper("2");
    assert_eq!(rows(&desk).len(), 2);
    for (name, keys) in [("Esc", None), ("an empty filter", Some("/\u{15}\n"))] {
        let mut desk = at("2/netb\n");
        match keys {
            None => drop(desk.press_after(100, Key::Esc)),
            Some(_) => {
                desk.types("/");
                desk.press_after(100, Key::Ctrl('u'));
                desk.types("\n");
            }
        }
        assert_eq!(rows(&desk).len(), 5, "{name}");
    }
    let mut desk = at("2");
    desk.types("/!netb");
    assert_eq!(rows(&desk).len(), 3, "the others");
}

#[test]
fn rotation_begins_with_the_most_urgent() {
    let deadlines: Vec<_> = {
        let desk = at("3");
        let session = desk.model.session.as_ref().expect("logged in");
        let list = session.list(Tab::Rotation);
        list.shown.iter().map(|place| session.credentials[*place].rotate_by).collect()
    };
    assert!(deadlines.is_sorted() && deadlines.len() == 5, "{deadlines:?}");
}

#[test]
fn a_long_list_is_asked_for_again_after_a_pause_and_not_at_every_change() {
    for (count, is_at_once) in [(Refresh::LARGE_ROWS - 1, true), (Refresh::LARGE_ROWS, false)] {
        let mut desk = at("2");
        let credentials = (0..count).map(|n| samples::credential(&format!("c/{n:05}"), 3, &[])).collect();
        desk.types("r");
        let status = || Box::new(samples::status(true));
        desk.send(Event::Fresh { status: status(), news: News::Credentials(credentials), open: None });
        let session = desk.model.session_number;
        let changed = desk.send(Event::Changed { session });
        assert_eq!(asked(&changed) == [&Wanted::Credentials], is_at_once, "{count}");
        if is_at_once {
            continue;
        }
        assert_eq!(next_tick(&desk.model, desk.now_ms), Some(Refresh::LARGE_PAUSE_MS));
        assert!(desk.send(Event::Changed { session }).is_empty(), "one wait for all of them");
        desk.now_ms += Refresh::LARGE_PAUSE_MS - 1;
        assert!(desk.send(Event::Tick).is_empty(), "not yet");
        desk.now_ms += 1;
        assert_eq!(asked(&desk.send(Event::Tick)), [&Wanted::Credentials]);
        assert!(desk.send(Event::Tick).is_empty(), "once");
    }
}

#[test]
fn of_the_log_only_what_is_missing_is_asked_for() {
    let mut desk = at("5");
    assert_eq!(asked(&desk.types("r")), [&Wanted::Log(LogRange::From(18_231))]);
    let mut desk = at("5");
    assert_eq!(asked(&desk.types("o")), [&Wanted::Log(LogRange::Before(18_226))]);
    assert!(matches!(at("5").types("v")[..], [Effect::Verify]));
    assert!(matches!(at("6").types("v")[..], [Effect::Look]));
}

#[test]
fn the_cursor_of_the_terminal_is_on_the_selected_row_of_every_list() {
    for size in ["80x24", "132x43", "60x20"] {
        for way in ["", "2", "3", "4", "5"] {
            let mut desk = Desk::logged_in(Profile::AsciiMono, size);
            desk.types_with_keeper(way);
            desk.types("j");
            let shown = render(&desk.model, desk.now_ms);
            let cursor = shown.cursor.expect("a cursor");
            let cell = &shown.buffer[(cursor.x, cursor.y)];
            assert_eq!(cell.symbol(), ">", "{size} {way}");
            assert!(cell.modifier.contains(ratatui::style::Modifier::REVERSED), "{size} {way}");
        }
    }
}

#[test]
fn what_is_no_longer_there_is_closed_and_a_credential_never_shows_a_value() {
    let mut desk = at("2\n");
    desk.types("r");
    let (status, news) = (Box::new(samples::status(true)), News::Credentials(Vec::new()));
    desk.send(Event::Fresh { status, news, open: None });
    assert!(matches!(desk.model.screen, Screen::List));
    assert_eq!(desk.message(), "That is no longer there.");
    for (_, way) in WAYS {
        assert_eq!(approvals(&at(way).types("\n")), [], "{way}");
    }
}

#[test]
fn nothing_in_a_name_or_a_reason_reaches_the_terminal_unescaped() {
    for profile in [Profile::UnicodeColour, Profile::AsciiMono] {
        for way in ["2", "2j\n", "3", "5", "5jj\n", "6v"] {
            let mut desk = Desk::logged_in(profile, "132x43");
            desk.types_with_keeper(way);
            let picture = text(&render(&desk.model, desk.now_ms));
            let is_bad = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{200b}');
            assert!(!picture.contains(is_bad), "{profile:?} {way}: {picture:?}");
            assert!(picture.is_ascii() || !profile.is_ascii(), "{way}");
        }
    }
}
