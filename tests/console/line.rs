//! Two people at the end of a line of 9600 baud that knows nothing of its terminal's size.

use portcullis::demo::stage::{CREDENTIAL, SECRET, passphrase};

use crate::people::{JOB, approve, log_in_with, stage};
use crate::session::{MODERN, Session, Speed};

const DOWN: &[u8] = b"\x1b[B";
const UP: &[u8] = b"\x1b[A";

/// A row further, in both directions of the line.
const MOVE_MAX: usize = 260;
/// A filter of five keys; the whole screen would take more for each of them.
const FILTER_MAX: usize = 800;

/// Leaves only the wanted request on the list; says how many bytes that took.
fn filter(session: &mut Session, wanted: &str, other: &str) -> usize {
    let before = session.sent.len();
    session.type_bytes(format!("/{}", wanted.to_lowercase()).as_bytes());
    session.wait_for_text("1 of 2");
    session.wait_for_text("Enter:keep");
    session.type_bytes(b"\r");
    session.wait_for_text(&format!("filter: {}", wanted.to_lowercase()));
    session.wait_for_text(&format!(">{wanted}"));
    session.rest();
    assert!(!session.screen.screen().contents().contains(other), "{other} is not wanted");
    session.sent.len() - before
}

/// A job asks; two people open the gate for it, one after the other, and it gets what it waits for.
fn play(variables: &[(&str, &str)], is_ascii: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let mut job = stage.pull_in_background(JOB, CREDENTIAL).expect("a job");
    let id = stage.wait_for_request().expect("its request");
    // A second request, so that there is somewhere to move to.
    let asked = ["request", CREDENTIAL, "--job", JOB, "--reason", "month end", "--ticket", "CHG-0822"];
    let other = stage.does("alice", &asked).expect("a request");
    let other = stage.request_id(&other).expect("its id");

    let mut session = Session::start_at(Speed::Baud9600, stage.home(), (0, 0), variables, &[]);
    session.wait_for("question", |session| session.has_sent("\x1b[6n"));
    session.type_bytes(b"\x1b[24;80R");
    for (person, seen) in [("bob", "0/2"), ("carol", "1/2")] {
        log_in_with(&mut session, person, DOWN, &passphrase(person));
        session.wait_for_text(seen);
        let place = |id: &str| format!(">{id}");
        // Whichever of the two stands first.
        session.wait_for_text(&place(&other));
        session.type_bytes(DOWN);
        session.wait_for_text(&place(&id));
        session.type_bytes(UP);
        session.wait_for_text(&place(&other));
        // What was sent after the last row that was waited for is not counted.
        session.rest();
        let shown = session.sent.len();
        session.type_bytes(DOWN);
        session.wait_for_text(&place(&id));
        session.rest();
        let moved = session.sent.len() - shown;
        assert!(moved <= MOVE_MAX, "{variables:?}: a row further takes {moved} bytes");
        let filtered = filter(&mut session, &id, &other);
        assert!(filtered <= FILTER_MAX, "{variables:?}: a filter takes {filtered} bytes");
        approve(&mut session, person, &id);
    }
    let got = stage.collect(&mut job).expect("it ends").expect("it got something");
    assert_eq!(got.stdout.strip_suffix(b"\n").unwrap_or(&got.stdout), SECRET);
    assert_eq!(session.sent.is_ascii(), is_ascii, "{variables:?}");
    session.wait_for_text("Who are you?");
    session.type_bytes(b"q");
    session.ends("9600 baud");
    stage.strike();
}

#[test]
fn a_line_of_9600_baud_without_a_size_is_enough_for_two_people_and_a_job() {
    play(&MODERN, false);
}

#[test]
fn a_vt220_at_9600_baud_is_enough_for_two_people_and_a_job() {
    play(&[("TERM", "vt220"), ("LANG", "C.UTF-8")], true);
}
