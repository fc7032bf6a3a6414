//! What people do at the console, and the appliance they do it with.

use std::path::{Path, PathBuf};

use portcullis::demo::stage::{CREDENTIAL, PEOPLE, SECRET, Stage, my_uid, passphrase};

use crate::session::Session;

pub const JOB: &str = "jobx.prod1";

/// An appliance that serves one job.
pub fn stage(folder: &Path) -> Stage {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_portcullis"));
    let mut stage = Stage::set(program, folder.join("home")).expect("a stage");
    stage.found().expect("set-up");
    stage.serve().expect("it serves");
    stage.deposit(CREDENTIAL, SECRET, &[]).expect("a deposit");
    stage.add_client(JOB, &[format!("unix:uid:{}", my_uid())], &[CREDENTIAL]).expect("a client");
    stage
}

/// Logs in at the login screen as anybody but the first, whoever is chosen there.
pub fn log_in(session: &mut Session, person: &str) {
    log_in_with(session, person, b"j", &passphrase(person));
}

/// The same, with the bytes of a key that goes down.
pub fn log_in_with(session: &mut Session, person: &str, down: &[u8], passphrase: &str) {
    session.wait_for_text("Who are you?");
    session.type_bytes(b"g");
    session.wait_for_text(&format!("> {}", PEOPLE[0]));
    for next in PEOPLE.into_iter().skip(1) {
        session.type_bytes(down);
        session.wait_for_text(&format!("> {next}"));
        if next == person {
            break;
        }
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
    session.wait_for_text("fingerprint");
    session.type_bytes(b"G");
    session.wait_for_text("a:approve");
    session.type_bytes(b"a");
    fill_in(session, id, passphrase);
}

/// Types the passphrase and the id into the dialog that was just asked for.
pub fn fill_in(session: &mut Session, id: &str, passphrase: &str) {
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
