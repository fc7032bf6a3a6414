//! Two people and a job, through the console, on a whole appliance.

use std::path::PathBuf;

use portcullis::demo::stage::{CREDENTIAL, PEOPLE, SECRET, Stage, my_uid, passphrase};

use crate::session::{MODERN, Session};

const JOB: &str = "jobx.prod1";

/// Logs in at the login screen as anybody but the first, whoever is chosen there.
fn log_in(session: &mut Session, person: &str) {
    session.wait_for_text("Who are you?");
    session.type_bytes(b"g");
    session.wait_for_text(&format!("> {}", PEOPLE[0]));
    for next in PEOPLE.into_iter().skip(1) {
        session.type_bytes(b"j");
        session.wait_for_text(&format!("> {next}"));
        if next == person {
            break;
        }
    }
    session.type_bytes(b"\r");
    session.wait_for_text("Passphrase (not shown):");
    session.type_bytes(format!("{}\r", passphrase(person)).as_bytes());
    session.wait_for_text(&format!("op:{person}"));
}

/// Reads the first request to its end and approves it.
fn approve(session: &mut Session, person: &str, id: &str) {
    session.wait_for_text(&format!(">{id}"));
    session.type_bytes(b"\r");
    session.wait_for_text("fingerprint");
    session.type_bytes(b"G");
    session.wait_for_text("a:approve");
    session.type_bytes(b"a");
    session.wait_for_text("Id of the request:");
    // The dialog takes keys from the moment it was shown; when that was, only its answer tells. The first
    // field never answers, so the cursor has to.
    let prompt = |typed: &str| format!("Id of the request: {typed}");
    while !session.soon(|session| session.stands_behind(&prompt(""))) {
        session.type_bytes(b"\t");
    }
    session.type_by_hand(b"\t");
    session.wait_for("way back", |session| session.stands_behind("Passphrase (not shown): "));
    session.type_by_hand(format!("{}\r{id}", passphrase(person)).as_bytes());
    session.wait_for_text(&prompt(id));
    session.type_by_hand(b"\r");
    session.wait_for_text(&format!("{person} approved {id}"));
    assert!(!session.has_sent(&passphrase(person)), "what {person} typed is on the screen");
}

#[test]
fn two_people_at_one_console_open_the_gate_for_a_waiting_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_portcullis"));
    let mut stage = Stage::set(program, folder.path().join("home")).expect("a stage");
    stage.found().expect("set-up");
    stage.serve().expect("it serves");
    stage.deposit(CREDENTIAL, SECRET, &[]).expect("a deposit");
    let uid = format!("unix:uid:{}", my_uid());
    stage.add_client(JOB, &[uid], &[CREDENTIAL]).expect("a client");
    let mut job = stage.pull_in_background(JOB, CREDENTIAL).expect("a job");
    let id = stage.wait_for_request().expect("its request");

    let mut session = Session::start(stage.home(), (80, 24), &MODERN, &["--ascii"]);
    log_in(&mut session, "bob");
    session.wait_for_text("EVALUATION");
    session.wait_for_text("0/2");
    approve(&mut session, "bob", &id);
    session.wait_for_text("1 of 2");
    log_in(&mut session, "carol");
    session.wait_for_text("1/2");
    approve(&mut session, "carol", &id);
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
