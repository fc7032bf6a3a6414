//! However a console ends, what stood half typed in it is not done, and the terminal can be used again.

use portcullis::demo::stage::{CREDENTIAL, Stage, passphrase};
use rustix::process::Signal;

use crate::people::{JOB, log_in, prepare_approval, stage};
use crate::session::{MODERN, Session};

const XOFF: u8 = 0x13;
const XON: u8 = 0x11;

/// Bob has typed all that an approval takes, but for the last key.
fn about_to_approve(stage: &Stage, id: &str) -> Session {
    let mut session = Session::start(stage.home(), (80, 24), &MODERN, &["--ascii"]);
    log_in(&mut session, "bob");
    prepare_approval(&mut session, id, &passphrase("bob"));
    session
}

fn is_untouched(stage: &Stage, id: &str) {
    let listed = stage.does("carol", &["requests", "--json"]).expect("the requests").text();
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let [request] = listed.as_array().expect("a list").as_slice() else { panic!("{listed}") };
    assert_eq!(request["doc"]["id"], *id);
    assert_eq!(request["state"], "requested");
    assert_eq!(request["approvals"], serde_json::json!([]));
}

#[test]
fn a_terminal_of_old_stops_and_starts_the_line_where_it_may() {
    let home = crate::home();
    for (options, stops) in [(&["--ascii"][..], true), (&[], false)] {
        let mut session = Session::start(home.path(), (80, 24), &MODERN, options);
        session.wait_for_text("> alice");
        session.type_bytes(&[XOFF]);
        session.rest();
        session.type_bytes(b"j");
        assert_eq!(session.shows_soon("> bo"), !stops, "{options:?}");
        session.type_bytes(&[XON]);
        session.wait_for_text("> bo");
        session.type_bytes(b"q");
        session.ends("XON");
    }
}

#[test]
fn an_approval_that_was_not_sent_is_not_given_however_the_console_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let asked = ["request", CREDENTIAL, "--job", JOB, "--reason", "night batch", "--ticket", "INC-4711"];
    let id = stage.request_id(&stage.does("alice", &asked).expect("a request")).expect("its id");
    type End = fn(Session, &str);
    let endings: [(&str, End); 5] = [
        ("SIGTERM", |session, name| {
            session.signal(Signal::TERM);
            session.ends(name);
        }),
        ("SIGHUP", |session, name| {
            session.signal(Signal::HUP);
            session.ends(name);
        }),
        ("SIGTERM after XOFF", |mut session, name| {
            session.type_bytes(&[XOFF]);
            session.type_bytes(b"\x0c");
            session.signal(Signal::TERM);
            session.ends(name);
        }),
        ("SIGKILL", |session, _| session.signal(Signal::KILL)),
        ("hang-up", |session, name| {
            let status = session.hang_up();
            assert!(status.code().is_some(), "{name}: it ended by itself: {status:?}");
        }),
    ];
    for (name, end) in endings {
        end(about_to_approve(&stage, &id), name);
    }
    is_untouched(&stage, &id);

    let mut session = about_to_approve(&stage, &id);
    stage.kill();
    session.wait_for_text("The keeper is gone");
    session.type_by_hand(b"\r");
    stage.serve().expect("it serves again");
    session.wait_for_text("The keeper answers again.");
    is_untouched(&stage, &id);
    session.type_bytes(b"\x03");
    session.wait_for_text("Who are you?");
    session.type_bytes(b"q");
    session.ends("a keeper that was killed");
    stage.strike();
}
