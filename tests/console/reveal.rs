//! A person is shown a credential: on the screen, for a while, and nowhere else.

use portcullis::demo::stage::{CREDENTIAL, Stage, passphrase};

use crate::heap::words;
use crate::memory::Memory;
use crate::people::{prove, stage};
use crate::search::Needles;
use crate::session::{MODERN, Session};

const XOFF: u8 = 0x13;
const XON: u8 = 0x11;

/// Alice asks to be shown the credential, and two others agree.
fn armed(stage: &Stage) -> String {
    let asked = ["request", CREDENTIAL, "--reveal", "--reason", "console by hand", "--ticket", "INC-4711"];
    let id = stage.request_id(&stage.does("alice", &asked).expect("a request")).expect("its id");
    stage.approve_by(&["bob", "carol"], &id).expect("approved");
    id
}

/// Alice has logged in and opened her request.
fn opened(stage: &Stage, id: &str, options: &[&str]) -> Session {
    let mut session = Session::start(stage.home(), (80, 24), &MODERN, options);
    session.wait_for_text("Who are you?");
    session.type_bytes(b"g\r");
    session.wait_for_text("Passphrase (not shown):");
    session.type_bytes(format!("{}\r", passphrase("alice")).as_bytes());
    session.wait_for_text("op:alice");
    session.wait_for_text(&format!(">{id}"));
    session.type_bytes(b"\r");
    session.wait_for_text("ARMED, 2 of 2");
    session
}

fn state(stage: &Stage, id: &str) -> String {
    let listed = stage.does("carol", &["requests", "--all", "--json"]).expect("the requests").text();
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let all = listed.as_array().expect("a list");
    let request = all.iter().find(|request| request["doc"]["id"] == *id).expect("it is there");
    request["state"].as_str().expect("a word").to_owned()
}

#[test]
fn what_a_person_was_shown_is_gone_from_the_screen_the_line_and_the_memory_of_the_console() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let value = words();
    stage.deposit(CREDENTIAL, value.as_bytes(), &["--next"]).expect("a deposit");
    let id = armed(&stage);
    let needles = Needles::new().random("the credential", value.as_bytes());

    let mut session = opened(&stage, &id, &["--ascii"]);
    let pid = session.child.id();
    session.type_bytes(b"v");
    session.wait_for_text("Look who stands behind you.");
    prove(&mut session, &id, &passphrase("alice"));
    assert!(!session.has_sent(&value), "it is not there before it is asked for");
    session.type_by_hand(b"\r");
    session.wait_for_text(&value);
    let shown = session.screen.screen().contents();
    let lines: Vec<&str> = shown.lines().filter(|line| !line.is_empty()).collect();
    assert!(matches!(lines[..], [_, _, last] if last == value), "nothing else: {shown}");
    // While it is shown it is there, and these eyes see it.
    assert!(!Memory::of("the console", pid).find(&needles).is_empty());
    session.rest();
    session.type_bytes(b" ");
    session.wait_for("countdown", |session| session.screen.screen().contents().contains(" 3 s, with Space"));
    assert!(session.screen.screen().contents().contains(&value), "it is held");
    let sent = session.sent.len();
    session.type_bytes(b"x");
    session.wait_for_text("is gone from this screen. Rotate it by");
    let mut found = Memory::of("the console after it was shown", pid).find(&needles);
    found.extend(needles.find("what went to the terminal afterwards", &session.sent[sent..]));
    found.extend(needles.find("the screen", session.screen.screen().contents().as_bytes()));
    assert!(found.is_empty(), "{}", found.join("\n"));
    session.wait_for_text("SPENT");
    assert_eq!(state(&stage, &id), "spent");
    session.type_bytes(b"v");
    session.wait_for_text("it is shown while that is ARMED");
    session.type_bytes(b"\x03");
    session.ends("reveal");
    stage.strike();
}

#[test]
fn a_terminal_that_has_stopped_or_is_logged_is_shown_nothing_and_nothing_is_spent() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let id = armed(&stage);
    let mut session = opened(&stage, &id, &["--ascii", "--logged"]);
    session.type_bytes(b"v");
    session.wait_for_text("this line is logged");
    session.type_bytes(b"\x03");
    session.ends("logged");

    let mut session = opened(&stage, &id, &["--ascii"]);
    session.type_bytes(b"v");
    prove(&mut session, &id, &passphrase("alice"));
    session.type_bytes(&[XOFF]);
    session.rest();
    session.type_by_hand(b"\r");
    // Longer than the console waits for a terminal; each rest is 400 ms.
    for _ in 0..20 {
        session.rest();
    }
    session.type_bytes(&[XON]);
    session.wait_for_text("This terminal takes nothing: nothing was shown on it");
    assert_eq!(state(&stage, &id), "armed");
    session.type_bytes(b"\x03");
    session.ends("XOFF");
    stage.strike();
}
