//! Two people and a job, through the console, on a whole appliance.

use portcullis::demo::stage::{CREDENTIAL, SECRET};

use crate::people::{JOB, approve, log_in, stage};
use crate::session::{MODERN, Session};

#[test]
fn two_people_at_one_console_open_the_gate_for_a_waiting_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let mut job = stage.pull_in_background(JOB, CREDENTIAL).expect("a job");
    let id = stage.wait_for_request().expect("its request");

    let mut session = Session::start(stage.home(), (80, 24), &MODERN, &["--ascii"]);
    log_in(&mut session, "bob");
    session.wait_for_text("EVALUATION");
    session.wait_for_text("0/2");
    // Somebody else looks on without touching a key.
    let mut watching = Session::start(stage.home(), (80, 24), &MODERN, &["--ascii"]);
    log_in(&mut watching, "carol");
    watching.wait_for_text("0/2");
    approve(&mut session, "bob", &id);
    watching.wait_for_text("1/2");
    session.wait_for_text("1 of 2");
    log_in(&mut session, "carol");
    session.wait_for_text("1/2");
    approve(&mut session, "carol", &id);
    watching.wait_for("end", |watching| !watching.screen.screen().contents().contains("1/2"));
    watching.type_bytes(b":q\r");
    watching.ends("who looked on");
    let got = stage.collect(&mut job).expect("it ends").expect("it got something");
    assert_eq!(got.stdout.strip_suffix(b"\n").unwrap_or(&got.stdout), SECRET);
    assert!(!session.has_sent("S3CRET#1"), "no console ever shows a credential");

    // What others do is seen without a key, and so is the end of the keeper.
    log_in(&mut session, "carol");
    let asked = ["request", CREDENTIAL, "--job", JOB, "--reason", "night batch", "--ticket", "INC-4712"];
    let id = stage.request_id(&stage.does("alice", &asked).expect("a request")).expect("its id");
    session.wait_for_text(&format!("{id} {CREDENTIAL}"));
    session.type_bytes(b"d");
    session.wait_for_text("Reason:");
    while !session.shows_soon(" x") {
        session.type_bytes(b"x");
    }
    session.type_by_hand(b"not tonight\r");
    session.wait_for_text("DENIED");

    // One person brings everything down.
    session.type_bytes(b":freeze\r");
    session.wait_for_text("Every window ends at once");
    while !session.shows_soon(" x") {
        session.type_bytes(b"x");
    }
    session.type_by_hand(b" stolen\r");
    session.wait_for_text("frozen: every window is closed");
    session.wait_for_text("EVALUATION  FROZEN");
    stage.kill();
    session.wait_for_text("The keeper is gone");
    stage.serve().expect("it serves again");
    session.wait_for_text("The keeper answers again.");
    session.type_bytes(b"q");
    session.ends("q");
    stage.strike();
}
