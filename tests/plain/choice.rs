//! Where there are screens, and where questions and answers.

use super::terminal::{Kind, Terminal};
use crate::common::appliance::Appliance;

#[test]
fn a_terminal_without_a_screen_gets_questions_and_says_why() {
    let appliance = Appliance::found();
    let named = |term, size| Kind { term: Some(term), size, is_slow: false };
    let vt220 = |size| named("vt220", size);
    let cases: [(&str, Kind<'_>, &[&str], &str); 7] = [
        ("dumb", Kind::DUMB, &[], "a terminal of type dumb"),
        ("no name", Kind::UNNAMED, &[], "TERM does not say"),
        ("small", vt220((39, 24)), &[], "too small: 39x24"),
        ("flat", vt220((80, 9)), &[], "too small: 80x9"),
        ("told to be small", vt220((80, 24)), &["--size", "20x5"], "too small: 20x5"),
        ("asked for", named("xterm-256color", (80, 24)), &["--plain"], "as --plain asks"),
        ("dumb, with a size", Kind::DUMB, &["--size", "80x24", "--ascii"], "a terminal of type dumb"),
    ];
    for (name, kind, options, why) in cases {
        let mut terminal = Terminal::run_on(kind, appliance.home(), &[&["console"], options].concat());
        terminal.wait_for(why);
        terminal.wait_for("EVALUATION");
        terminal.answer("Who are you? alice, bob, carol; or nothing to quit: ", "");
        let (exit, shown) = terminal.end();
        assert_eq!(exit, 0, "{name}: {shown}");
        assert!(shown.starts_with("Questions and answers instead of screens:"), "{name}: {shown}");
        super::is_plain(&shown);
    }
    for (name, kind) in [("VT220", vt220((80, 24))), ("least", vt220((40, 10)))] {
        let mut terminal = Terminal::run_on(kind, appliance.home(), &["console"]);
        terminal.wait_for("\u{1b}[");
        terminal.wait_for("alice");
        terminal.type_in("q");
        let (exit, shown) = terminal.end();
        assert!(exit == 0 && !shown.contains("Questions"), "{name}: {shown}");
    }
}
