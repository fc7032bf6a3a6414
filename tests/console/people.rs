//! What people do at the console, and the appliance they do it with.

use std::path::{Path, PathBuf};

use portcullis::demo::stage::{CREDENTIAL, PEOPLE, SECRET, Stage, my_uid, passphrase};

use crate::session::Session;

pub const JOB: &str = "jobx.prod1";

/// An appliance that serves one job with what alice deposited.
pub fn stage(folder: &Path) -> Stage {
    stage_of(folder, "alice")
}

/// The same with what somebody else deposited.
pub fn stage_of(folder: &Path, depositor: &str) -> Stage {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_portcullis"));
    let mut stage = Stage::set(program, folder.join("home")).expect("a stage");
    stage.found().expect("set-up");
    stage.serve().expect("it serves");
    let terms =
        ["--owner", "mainframe team", "--reason", "RACF knows no federation", "--rotation-days", "90"];
    let deposit = [&["deposit", CREDENTIAL, "--sunset", "2099-12-31"][..], &terms].concat();
    let deposited = stage.run(Some(depositor), deposit, SECRET).expect("a deposit");
    deposited.expect(0, "deposit").expect("a deposit");
    stage.add_client(JOB, &[format!("unix:uid:{}", my_uid())], &[CREDENTIAL]).expect("a client");
    stage
}

/// Logs in at the login screen, whoever is chosen there.
pub fn log_in(session: &mut Session, person: &str) {
    log_in_with(session, person, b"j", &passphrase(person));
}

/// The same, with the bytes of a key that goes down.
pub fn log_in_with(session: &mut Session, person: &str, down: &[u8], passphrase: &str) {
    session.wait_for_text("Who are you?");
    session.type_bytes(b"g");
    session.wait_for_text(&format!("> {}", PEOPLE[0]));
    let place = PEOPLE.iter().position(|name| *name == person).expect("one of them");
    for next in &PEOPLE[1..=place] {
        session.type_bytes(down);
        session.wait_for_text(&format!("> {next}"));
    }
    session.type_bytes(b"\r");
    session.wait_for_text("Passphrase (not shown):");
    session.type_bytes(format!("{passphrase}\r").as_bytes());
    session.wait_for_text(&format!("op:{person}"));
}

/// Reads the first request to its end, and types all that an approval takes, but for the last key.
pub fn prepare_approval(session: &mut Session, id: &str, passphrase: &str) {
    session.wait_for_text(&format!(">{id}"));
    session.type_bytes(b"\r");
    read_to_its_end(session);
    session.type_bytes(b"a");
    prove(session, id, passphrase);
}

/// Reads an open request to its end.
pub fn read_to_its_end(session: &mut Session) {
    session.wait_for_text("fingerprint");
    session.type_bytes(b"G");
    session.wait_for_text("a:approve");
}

/// Types what an open approval takes, but for the last key.
pub fn prove(session: &mut Session, id: &str, passphrase: &str) {
    session.wait_for_text("Id of the request:");
    // The dialog takes keys from the moment it was shown; when that was, only its answer tells. The first
    // field never answers, so the cursor has to, once it rests: it passes many places while a line is slow.
    let prompt = |typed: &str| format!("Id of the request: {typed}");
    session.rest();
    while !session.stands_behind(&prompt("")) {
        session.type_bytes(b"\t");
        session.rest();
    }
    session.type_by_hand(b"\t");
    session.rest();
    session.wait_for("way back", |session| session.stands_behind("Passphrase (not shown): "));
    session.type_by_hand(format!("{passphrase}\r{id}").as_bytes());
    session.wait_for_text(&prompt(id));
}

/// Reads the first request to its end and approves it.
pub fn approve(session: &mut Session, person: &str, id: &str) {
    approve_with(session, person, id, &passphrase(person));
}

/// The same with words of one's own.
pub fn approve_with(session: &mut Session, person: &str, id: &str, passphrase: &str) {
    prepare_approval(session, id, passphrase);
    session.type_by_hand(b"\r");
    session.wait_for_text(&format!("{person} approved {id}"));
    assert!(!session.has_sent(passphrase), "what {person} typed is on the screen");
}

/// Waits until an open form takes keys; when that is, only its answer tells. Its field is empty then.
pub fn begin_form(session: &mut Session) {
    while !session.soon(|session| session.stands_behind("x")) {
        session.type_bytes(b"x");
    }
    session.rest();
    session.type_bytes(b"\x15");
    session.wait_for("empty field", |session| !session.stands_behind("x"));
}

/// Fills in the fields of a form, one after the other.
pub fn fill_in(session: &mut Session, fields: &[&str]) {
    for field in fields {
        session.type_by_hand(format!("{field}\r").as_bytes());
    }
}

/// The id of the request that this console has just made.
pub fn made(session: &mut Session) -> String {
    session.wait_for_text(" is its id.");
    let shown = session.screen.screen().contents();
    let (before, _) = shown.split_once(" is its id.").expect("just seen");
    before.rsplit(' ').next().unwrap_or_default().trim().to_owned()
}

/// Logs out.
pub fn log_out(session: &mut Session) {
    session.type_bytes(b"L");
    session.wait_for_text("Who are you?");
}
