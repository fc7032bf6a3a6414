//! Pictures of every screen, at three sizes in two profiles.

use ratatui::style::{Color, Modifier};

use super::Desk;
use crate::console::event::{Event, News};
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::view::{Shown, render};

const SIZES: [&str; 3] = ["80x24", "132x43", "60x20"];
const PROFILES: [(&str, Profile); 2] =
    [("unicode_colour", Profile::UnicodeColour), ("ascii_mono", Profile::AsciiMono)];

pub(super) fn text(shown: &Shown) -> String {
    let width = usize::from(shown.buffer.area.width);
    let symbols: Vec<&str> = shown.buffer.content.iter().map(|cell| cell.symbol()).collect();
    let line = |cells: &[&str]| cells.concat().trim_end().to_owned();
    let lines: Vec<String> = symbols.chunks(width).map(line).collect();
    let cursor = shown.cursor.map_or("nowhere".to_owned(), |at| format!("column {}, row {}", at.x, at.y));
    format!("{}\n(cursor: {cursor})\n", lines.join("\n"))
}

/// One snapshot for each profile, with all sizes one below the other.
fn picture(name: &str, arrange: impl Fn(Profile, &str) -> Desk) {
    for (profile_name, profile) in PROFILES {
        let all: Vec<String> = SIZES
            .into_iter()
            .map(|size| {
                let desk = arrange(profile, size);
                format!("=== {size}\n{}", text(&render(&desk.model, desk.now_ms)))
            })
            .collect();
        insta::assert_snapshot!(format!("{name}_{profile_name}"), all.concat());
    }
}

fn after(keys: &'static str) -> impl Fn(Profile, &str) -> Desk {
    move |profile, size| {
        let mut desk = Desk::logged_in(profile, size);
        desk.types(keys);
        desk
    }
}

#[test]
fn login() {
    picture("login", |profile, size| {
        let mut desk = Desk { model: samples::fresh_model(profile, size), now_ms: 0 };
        desk.types("j");
        desk
    });
    picture("login_passphrase", |profile, size| {
        let mut desk = Desk { model: samples::fresh_model(profile, size), now_ms: 0 };
        desk.types("j\nnot shown");
        desk
    });
    picture("login_keeper_gone", |profile, size| {
        let mut desk = Desk::logged_in(profile, size);
        let session = desk.model.session_number;
        desk.send(Event::Lost { session, why: "the connection was closed".to_owned() });
        desk
    });
}

#[test]
fn requests() {
    picture("requests", after("j"));
    picture("requests_none", |profile, size| {
        let model = samples::logged_in(profile, size, Vec::new(), false);
        Desk { model, now_ms: 1_000 }
    });
    picture("requests_many", |profile, size| {
        let model = samples::logged_in(profile, size, samples::many_requests(), false);
        let mut desk = Desk { model, now_ms: 1_000 };
        desk.types("G");
        desk
    });
}

#[test]
fn detail() {
    picture("detail_release", after("\n"));
    picture("detail_release_end", after("\nG"));
    picture("detail_client", after("j\n"));
    picture("detail_armed", after("jj\n"));
    picture("detail_thaw", after("jjj\n"));
}

#[test]
fn dialogs() {
    picture("approve", after("aGanot shown\n7k2"));
    for (name, keys) in [("detail_less", "\n"), ("approve_less", "aGa")] {
        picture(name, |profile, size| {
            let model = samples::logged_in(profile, size, vec![samples::narrowed()], true);
            let mut desk = Desk { model, now_ms: 1_000 };
            desk.types(keys);
            desk
        });
    }
    picture("deny", after("dnot before the site has confirmed"));
    picture("freeze", after(":freeze\na laptop was stolen"));
    picture("revoke", after("jjcthe job has ended"));
}

/// The same with a keeper that answers.
fn after_with_keeper(keys: &'static str) -> impl Fn(Profile, &str) -> Desk {
    move |profile, size| {
        let mut desk = Desk::logged_in(profile, size);
        desk.types_with_keeper(keys);
        desk
    }
}

#[test]
fn credentials_and_rotation() {
    picture("credentials", after_with_keeper("2j"));
    picture("credentials_asked", after("2"));
    picture("credentials_filter", after_with_keeper("2/NETBACK"));
    picture("credentials_nothing", after_with_keeper("2/!e\n"));
    picture("credential", after_with_keeper("2jj\n"));
    picture("credential_end", after_with_keeper("2jj\nG"));
    picture("rotation", after_with_keeper("3"));
}

#[test]
fn jobs() {
    picture("jobs", after_with_keeper("4j"));
    picture("client", after_with_keeper("4j\n"));
}

#[test]
fn audit() {
    picture("audit", after_with_keeper("5jj"));
    picture("audit_verified", after_with_keeper("5v"));
    picture("entry", after_with_keeper("5jj\n"));
    picture("entry_unreadable", after_with_keeper("5\n"));
}

#[test]
fn system() {
    picture("system", after_with_keeper("6"));
    picture("system_looked", after_with_keeper("6vG"));
}

#[test]
fn forms() {
    picture("request_new", after_with_keeper("n"));
    picture("request_offers", after_with_keeper("nA"));
    picture("request_filled", after_with_keeper("2jjjn\n1h\n3\nnight batch\nINC-4711"));
    picture("request_wrong", after_with_keeper("2jjjn\t25h\t0\t"));
    picture("less", after("\nGw5m"));
    picture("less_wrong", after("\nGw2h\n"));
    picture("approve_narrowed", after("\nGw14:30Z\n1\n"));
    picture("thaw", |profile, size| {
        let mut desk = Desk::logged_in(profile, size);
        let mut status = samples::status(true);
        status.frozen = Some("alice: a board was opened".to_owned());
        let news = News::Requests(samples::requests());
        desk.send(Event::Fresh { status: Box::new(status), news, open: None });
        desk.types(":thaw\nit was a \u{202e}false alarm");
        desk
    });
}

#[test]
fn help_and_commands() {
    for (name, keys) in [("help_credential", "2\n?"), ("help_audit", "5/a\n?"), ("help_system", "6?")] {
        picture(name, after_with_keeper(keys));
    }
    picture("help", after("?"));
    picture("command", after(":lock"));
}

#[test]
fn frozen_and_waiting() {
    picture("frozen", |profile, size| {
        let mut model = samples::logged_in(profile, size, samples::requests(), true);
        if let Some(session) = &mut model.session {
            session.status.frozen = Some("alice: a board was opened".to_owned());
            session.status.clock_alarm = Some("the system clock went back 2 h".to_owned());
            session.status.approvers.truncate(1);
        }
        Desk { model, now_ms: 1_000 }
    });
    picture("signing", after("aGasecret\n7k2m\n"));
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
            let desk = after(keys)(Profile::AsciiMono, size);
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
        let typed = after(keys)(Profile::UnicodeColour, "80x24");
        let none = after("aGa")(Profile::UnicodeColour, "80x24");
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
