//! A bundle from the question to the file, and a cosignature, at one console.

use std::path::{Path, PathBuf};

use portcullis::demo::stage::{Stage, passphrase};

use crate::people::{approve, begin_form, fill_in, log_in, log_out, made, stage};
use crate::session::{MODERN, Session};

/// What is in a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn ask(session: &mut Session) -> String {
    session.type_bytes(b"5");
    session.wait_for_text("x:export");
    session.type_bytes(b"x");
    session.wait_for_text("Export a signed bundle");
    begin_form(session);
    fill_in(session, &["0", "USB stick 7", "", "", "quarterly audit", "AUD-12"]);
    made(session)
}

/// Bob looks at what he would cosign.
fn witness(stage: &Stage) -> Session {
    let mut session = Session::start(stage.home(), (132, 43), &MODERN, &["--ascii"]);
    log_in(&mut session, "bob");
    session.type_bytes(b"5");
    session.wait_for_text("x:export c:cosign");
    look(&mut session);
    session
}

fn look(session: &mut Session) {
    session.type_bytes(b"c");
    session.wait_for_text("nothing: it is the first that you cosign");
    session.rest();
}

/// Types what a cosignature takes.
fn sign(session: &mut Session) {
    session.type_bytes(passphrase("bob").as_bytes());
    session.rest();
    session.type_bytes(b"\r");
}

fn take(session: &mut Session, folder: &str) {
    session.type_bytes(b"x");
    session.wait_for_text("Take the bundle of");
    begin_form(session);
    fill_in(session, &[folder]);
}

#[test]
fn two_approve_a_bundle_which_its_asker_takes_and_a_checkpoint_is_cosigned() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    // Short, so that it stands on one line.
    let medium = tempfile::tempdir_in("/tmp").expect("a folder");
    let mut session = Session::start(stage.home(), (132, 43), &MODERN, &["--ascii"]);
    log_in(&mut session, "alice");
    let id = ask(&mut session);
    session.type_bytes(b"x");
    session.wait_for_text("its bundle is taken once it is GRANTED");
    log_out(&mut session);
    for person in ["bob", "carol"] {
        log_in(&mut session, person);
        approve(&mut session, person, &id);
    }

    let mut witness = witness(&stage);
    log_in(&mut session, "alice");
    session.wait_for_text("Nothing is asked for");
    session.type_bytes(b"e");
    session.wait_for_text(&format!("{id} export from 0"));
    session.type_bytes(b"/export\r\r");
    session.wait_for_text("GRANTED, 2 of 2");
    take(&mut session, "/no/such/folder");
    session.wait_for_text("No such file or directory");
    take(&mut session, medium.path().to_str().expect("text"));
    session.wait_for_text(": entries 0 to ");
    let [bundle] = &files(medium.path())[..] else { panic!("{:?}", files(medium.path())) };
    assert!(bundle.to_string_lossy().ends_with(".pcab.tar"), "{}", bundle.display());
    let name = bundle.file_name().expect("a name").to_string_lossy();
    session.wait_for_text(&name);
    session.type_bytes(b":q\r");
    session.ends("whoever took it");

    // The bundle has brought a checkpoint that bob has not seen.
    sign(&mut witness);
    witness.wait_for_text("there is a newer checkpoint than the one that was shown");
    look(&mut witness);
    sign(&mut witness);
    witness.wait_for_text("Cosigned: the log up to entry");
    witness.wait_for_text("cosigned by bob");
    assert!(!witness.has_sent(&passphrase("bob")), "what bob typed is on the screen");
    witness.type_bytes(b":q\r");
    witness.ends("who cosigned");
    stage.strike();
}
