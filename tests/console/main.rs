//! The real binary on a terminal: what it sends, what it understands, and that it gives the terminal back.

mod endings;
mod evidence;
mod forms;
mod heap;
mod keeper;
mod line;
mod meanwhile;
#[path = "../secrecy/memory.rs"]
mod memory;
mod people;
mod reveal;
#[path = "../secrecy/search.rs"]
mod search;
mod session;
mod walk;

use portcullis::crypto::key_file::{KdfCost, KeyFile};
use portcullis::crypto::operator_key::OperatorKey;
use portcullis::domain::home::Home;
use portcullis::domain::ids::OperatorId;
use portcullis::domain::secret::Passphrase;
use rand_core::OsRng;
use rustix::process::Signal;
use session::{MODERN, Session};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// A home with the key files of two operators that belong to no appliance yet.
fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("operators");
    std::fs::create_dir(&folder).expect("a folder");
    for id in ["alice", "bo"] {
        let key = OperatorKey::generate(OperatorId::parse(id).expect("an id"), &mut OsRng);
        let words = Passphrase::new(Zeroizing::new("right words".to_owned()));
        let file = KeyFile::seal(&key, &words, KdfCost::Standard, &mut OsRng).expect("seals");
        std::fs::write(folder.join(format!("{id}.pcop")), file.to_text()).expect("a file");
    }
    home
}

#[test]
fn the_terminal_is_given_back_however_the_console_ends() {
    let home = home();
    type End = fn(&mut Session);
    let endings: [(&str, End); 6] = [
        ("q", |session| session.type_bytes(b"q")),
        (":q", |session| session.type_bytes(b":q\r")),
        ("Ctrl-C", |session| session.type_bytes(b"\x03")),
        ("SIGTERM", |session| session.signal(Signal::TERM)),
        ("SIGHUP", |session| session.signal(Signal::HUP)),
        ("SIGINT", |session| session.signal(Signal::INT)),
    ];
    for (name, end) in endings {
        let mut session = Session::start(home.path(), (80, 24), &MODERN, &[]);
        session.wait_for_text("Who are you?");
        assert!(session.screen.screen().alternate_screen(), "{name}");
        assert!(session.is_raw(), "{name}: it is in raw mode");
        end(&mut session);
        session.ends(name);
    }
}

#[test]
fn an_evaluation_says_so_before_anybody_logs_in() {
    for is_evaluation in [true, false] {
        let home = home();
        if is_evaluation {
            std::fs::write(Home::at(home.path()).evaluation_mark(), "EVALUATION").expect("a file");
        }
        let mut session = Session::start(home.path(), (80, 24), &MODERN, &[]);
        session.wait_for_text("Who are you?");
        assert_eq!(session.has_sent("EVALUATION"), is_evaluation);
        session.type_bytes(b"q");
        session.ends("evaluation");
    }
}

#[test]
fn the_profile_follows_the_terminal_and_no_colour_is_sent_to_one_without() {
    let home = home();
    let cases = [
        ("modern", MODERN.to_vec(), None, false),
        ("VT220", vec![("TERM", "vt220"), ("LANG", "C.UTF-8")], None, true),
        ("--ascii", MODERN.to_vec(), Some("--ascii"), true),
        ("NO_COLOR", [&MODERN[..], &[("NO_COLOR", "1")]].concat(), None, false),
    ];
    for (name, variables, option, is_ascii) in cases {
        let mut session = Session::start(home.path(), (80, 24), &variables, option.as_slice());
        session.wait_for_text("q:quit");
        assert_eq!(session.sent.is_ascii(), is_ascii, "{name}");
        let is_modern = name == "modern";
        assert!(is_modern || !session.has_sent("38;") && !session.has_sent("48;"), "{name}");
        assert!(session.has_sent("\x1b[7m"), "{name}: the row under the cursor is reversed");
        session.type_bytes(b"q");
        session.ends(name);
    }
}

#[test]
fn a_terminal_without_a_size_is_asked_for_it() {
    let home = home();
    let mut session = Session::start(home.path(), (0, 0), &MODERN, &["--ascii"]);
    session.wait_for("question", |session| session.has_sent("\x1b[6n"));
    session.type_slowly(b"\x1b[30;100R");
    session.wait_for_text("Who are you?");
    let frame = format!("+- Log in {}+", "-".repeat(100 - 11));
    session.wait_for_text(&frame);
    session.type_bytes(b"q");
    session.ends("0x0");

    let mut session = Session::start(home.path(), (0, 0), &MODERN, &["--size", "60x20"]);
    session.wait_for_text("Who are you?");
    assert!(!session.has_sent("\x1b[6n"), "it was told");
    session.type_bytes(b"q");
    session.ends("--size");
}

#[test]
fn an_arrow_key_in_pieces_moves_and_does_not_leave() {
    let home = home();
    let mut session = Session::start(home.path(), (80, 24), &MODERN, &["--ascii"]);
    session.wait_for_text("> alice");
    session.type_slowly(b"\x1b[B");
    session.wait_for_text("> bo");
    session.type_slowly(b"\x1bOA");
    session.wait_for_text("> alice");
    session.type_bytes(b"q");
    session.ends("arrows");
}

#[test]
fn a_passphrase_is_not_echoed_and_a_wrong_one_is_slowed_down() {
    let home = home();
    let mut session = Session::start(home.path(), (80, 24), &MODERN, &["--ascii"]);
    session.wait_for_text("Who are you?");
    session.type_bytes(b"\r");
    session.wait_for_text("Passphrase (not shown):");
    session.type_bytes(b"wrong words\r");
    session.wait_for_text("That is not the passphrase.");
    session.wait_for_text("Next try in");
    assert!(!session.has_sent("wrong"));
    session.wait_for("end of the pause", |session| !session.screen.screen().contents().contains("Next try"));
    session.type_bytes(b"right words\r");
    session.wait_for_text("belongs to no appliance yet");
    assert!(!session.has_sent("right"));
    session.type_bytes(b"\x03");
    session.wait_for_text("q:quit");
    session.type_bytes(b"q");
    session.ends("login");
}

#[test]
fn the_size_of_the_terminal_may_change() {
    let home = home();
    let mut session = Session::start(home.path(), (80, 24), &MODERN, &["--ascii"]);
    session.wait_for_text(&format!("+- Log in {}+", "-".repeat(80 - 11)));
    session.resize(80, 9);
    session.wait_for_text("too small: 80x9");
    session.resize(132, 43);
    session.wait_for_text(&format!("+- Log in {}+", "-".repeat(132 - 11)));
    session.type_bytes(b"q");
    session.ends("resize");
}
