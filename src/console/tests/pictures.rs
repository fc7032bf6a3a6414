//! Pictures of every screen, at three sizes in two profiles.

use ratatui::style::{Color, Modifier};

use super::screens::{PROFILES, SCREENS, Screen, after};
use super::{Desk, seen};
use crate::console::event::{Event, News};
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::view::{Shown, render};

const SIZES: [&str; 3] = ["80x24", "132x43", "60x20"];

pub(super) fn text(shown: &Shown) -> String {
    let width = usize::from(shown.buffer.area.width);
    let symbols: Vec<&str> = shown.buffer.content.iter().map(|cell| cell.symbol()).collect();
    let line = |cells: &[&str]| cells.concat().trim_end().to_owned();
    let lines: Vec<String> = symbols.chunks(width).map(line).collect();
    let cursor = shown.cursor.map_or("nowhere".to_owned(), |at| format!("column {}, row {}", at.x, at.y));
    format!("{}\n(cursor: {cursor})\n", lines.join("\n"))
}

/// One snapshot of each screen for each profile, with all sizes one below the other.
#[test]
fn every_screen_looks_as_it_did() {
    for Screen { name, arrange, .. } in SCREENS {
        for (profile_name, profile) in PROFILES {
            let picture = |size: &&str| {
                let desk = arrange(profile, size);
                format!("=== {size}\n{}", text(&seen(&desk)))
            };
            let all: Vec<String> = SIZES.iter().map(picture).collect();
            insta::assert_snapshot!(format!("{name}_{profile_name}"), all.concat());
        }
    }
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    for (size, is_small) in [("39x10", true), ("40x9", true), ("1x1", true), ("40x10", false)] {
        let desk = Desk::logged_in(Profile::AsciiMono, size);
        let picture = text(&render(&desk.model, desk.now_ms));
        assert_eq!(!picture.contains("7K2M"), is_small, "{size}:\n{picture}");
    }
}

#[test]
fn an_evaluation_appliance_says_so_on_every_screen() {
    for size in ["80x24", "132x43", "60x20", "40x10", "20x5"] {
        for keys in ["", "\n", "aGa", "d", "?", ":q", "2", "3", "4", "5", "6", "n", "/x", "L", "L\n"] {
            let desk = after(Profile::AsciiMono, size, keys);
            let picture = text(&render(&desk.model, desk.now_ms));
            assert!(picture.contains("EVALUATION"), "{size} {keys:?}:\n{picture}");
        }
        for keys in ["", "\n", "\nsecret\n", "?"] {
            let mut model = samples::fresh_model(Profile::AsciiMono, size);
            model.is_evaluation = true;
            let mut desk = Desk { model, now_ms: 0 };
            desk.types(keys);
            let picture = text(&render(&desk.model, desk.now_ms));
            assert!(picture.contains("EVALUATION"), "{size} before a login, {keys:?}:\n{picture}");
        }
    }
}

#[test]
fn a_frozen_appliance_says_so_on_every_screen() {
    for size in ["80x24", "132x43", "60x20", "40x10", "20x5"] {
        for keys in
            ["", "\n", "\nGa", "d", ":freeze\n", ":thaw\n", "?", ":q", "2", "3", "4", "5", "6", "n", "/x"]
        {
            let mut desk = Desk::logged_in(Profile::AsciiMono, size);
            let mut status = samples::status(true);
            status.frozen = Some("alice: a board was opened".to_owned());
            status.clock_alarm = Some("the system clock went back 2 h".to_owned());
            desk.send(Event::Fresh {
                status: Box::new(status),
                news: News::Requests(samples::requests()),
                open: None,
            });
            desk.types(keys);
            let picture = text(&render(&desk.model, desk.now_ms));
            assert!(
                picture.contains("FROZEN") && picture.contains("EVALUATION"),
                "{size} {keys:?}:\n{picture}"
            );
        }
    }
}

#[test]
fn a_passphrase_is_never_in_a_picture() {
    for keys in ["aGanot-to-be-seen", "aGanot-to-be-seen\n7k2m\n"] {
        let typed = after(Profile::UnicodeColour, "80x24", keys);
        let none = after(Profile::UnicodeColour, "80x24", "aGa");
        let picture = text(&render(&typed.model, 2_000));
        assert!(!picture.contains("seen") && !picture.contains('*'), "{picture}");
        if !keys.ends_with('\n') {
            assert_eq!(picture, text(&render(&none.model, 2_000)), "even its length is not shown");
        }
    }
}

#[test]
fn what_is_typed_as_an_id_and_cannot_be_one_is_never_in_a_picture() {
    // what is typed after the passphrase, what is shown of it
    let cases = [("not-to-be-seen", "N"), ("5eatbelt", "5EAT"), ("7k2m-horse", "7K2M"), ("-7k2m", "")];
    for (typed, shown) in cases {
        let mut desk = Desk::approving();
        desk.types("x\n");
        desk.types(typed);
        let picture = text(&render(&desk.model, desk.now_ms));
        let field = picture.lines().find_map(|line| line.split("Id of the request: ").nth(1));
        assert_eq!(field.map(|rest| rest.trim_end_matches(['|', ' '])), Some(shown), "{picture}");
        assert_eq!(desk.message(), "That is not part of an id, and is not shown.", "{typed}");
    }
}

#[test]
fn the_look_follows_the_meaning_and_the_profile() {
    let cell = |profile, x: u16, y: u16| {
        let desk = Desk::logged_in(profile, "80x24");
        render(&desk.model, desk.now_ms).buffer[(x, y)].clone()
    };
    // name, place, modifiers, colour where there are colours
    let cases = [
        ("selected row", (2, 3), Modifier::REVERSED, Color::Reset),
        ("end of the selected row", (77, 3), Modifier::REVERSED, Color::Reset),
        ("another row", (4, 4), Modifier::empty(), Color::Reset),
        ("approvals of another row", (65, 4), Modifier::BOLD, Color::Reset),
        ("ARMED", (65, 5), Modifier::BOLD, Color::Yellow),
        ("headings", (3, 2), Modifier::BOLD, Color::Reset),
        ("EVALUATION", (18, 0), Modifier::REVERSED.union(Modifier::BOLD), Color::Yellow),
    ];
    for (name, (x, y), modifiers, colour) in cases {
        let coloured = cell(Profile::UnicodeColour, x, y);
        let mono = cell(Profile::AsciiMono, x, y);
        assert_eq!((coloured.modifier, coloured.fg), (modifiers, colour), "{name}: {coloured:?}");
        assert_eq!(
            (mono.modifier, mono.fg, mono.bg),
            (modifiers, Color::Reset, Color::Reset),
            "{name}: {mono:?}"
        );
    }
}
