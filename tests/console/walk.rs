//! A working day at one console: every tab, from a new request to a freeze and back.

use portcullis::demo::stage::{CREDENTIAL, SECRET, passphrase};

use crate::people::{
    JOB, approve, begin_form, fill_in, log_in, log_out, made, prove, read_to_its_end, stage_of,
};
use crate::session::{MODERN, Session};

fn ask(session: &mut Session, reason: &str) -> String {
    session.type_bytes(b"n");
    session.wait_for_text("New request");
    begin_form(session);
    fill_in(session, &["racf", "jobx", "", "1h", "2", reason, "CHG-0822"]);
    made(session)
}

/// Somebody approves an hour and two pulls, but only five minutes and one.
fn approve_less(session: &mut Session, person: &str, id: &str) {
    session.wait_for_text(&format!(">{id}"));
    session.type_bytes(b"\r");
    read_to_its_end(session);
    session.type_bytes(b"w");
    session.wait_for_text(&format!("Approve less of {id}"));
    begin_form(session);
    fill_in(session, &["5m", "1"]);
    prove(session, id, &passphrase(person));
    session.type_by_hand(b"\r");
    session.wait_for_text(&format!("{person} approved {id}"));
}

fn looks_around(session: &mut Session) {
    session.type_bytes(b"2");
    session.wait_for_text(&format!(">{CREDENTIAL}"));
    session.type_bytes(b"\r");
    session.wait_for_text("generation");
    session.type_bytes(b"G");
    session.wait_for_text(&format!("handed to    {JOB}, once"));
    session.type_bytes(b"3");
    session.wait_for_text("week of");
    session.wait_for_text("in 90 days");
    session.type_bytes(b"4");
    session.wait_for_text(&format!(">{JOB}"));
    session.type_bytes(b"\r");
    session.wait_for_text("last pull");
    assert!(!session.screen.screen().contents().contains("last pull    never"));
}

fn reads_the_log(session: &mut Session) {
    session.type_bytes(b"5");
    session.wait_for_text("pulled");
    session.type_bytes(b"/pulled\r");
    session.wait_for_text("filter: pulled");
    session.wait_for("filtered log", |session| {
        let shown = session.screen.screen().contents();
        shown.contains("pulled") && !shown.contains("deposited")
    });
    session.type_bytes(b"\r");
    session.wait_for_text("q:back");
    session.wait_for_text(JOB);
    session.type_bytes(b"q");
    session.wait_for_text("v:verify");
    session.type_bytes(b"v");
    session.wait_for_text("entries read back, root");
    session.type_bytes(b"6");
    session.wait_for_text("EVALUATION: a software TPM holds the keys");
    session.type_bytes(b"v");
    session.wait_for_text("looked       at");
}

/// Down with everything, and up again with three people.
fn freezes_and_thaws(session: &mut Session) {
    session.type_bytes(b":freeze\r");
    session.wait_for_text("Every window ends at once");
    begin_form(session);
    session.type_by_hand(b"a laptop was stolen\r");
    session.wait_for_text("frozen: every window is closed");
    session.wait_for_text("EVALUATION  FROZEN");
    session.type_bytes(b"1");
    session.wait_for_text("Nothing is asked for");
    session.type_bytes(b"n");
    session.wait_for_text("New request");
    begin_form(session);
    fill_in(session, &["racf", "jobx", "", "", "", "month end", "CHG-0823"]);
    session.wait_for_text("frozen");
    session.type_bytes(b"\x03");
    session.wait_for_text("Nothing was asked for.");
    session.type_bytes(b":thaw\r");
    session.wait_for_text("Thaw demo");
    begin_form(session);
    fill_in(session, &["it was found again", "INC-4712"]);
    let id = made(session);
    log_out(session);
    for person in ["alice", "carol"] {
        log_in(session, person);
        approve(session, person, &id);
    }
}

#[test]
fn a_working_day_from_a_new_request_to_a_freeze_and_back() {
    let folder = tempfile::tempdir().expect("a folder");
    // Whoever deposits may not approve, and neither may whoever asks: bob is both, which leaves two.
    let mut stage = stage_of(folder.path(), "bob");
    let mut session = Session::start(stage.home(), (80, 24), &MODERN, &["--ascii"]);
    log_in(&mut session, "bob");
    session.wait_for_text("Nothing is asked for");
    let id = ask(&mut session, "month end");
    log_out(&mut session);
    log_in(&mut session, "alice");
    approve_less(&mut session, "alice", &id);
    log_in(&mut session, "carol");
    session.type_bytes(b"\r");
    session.wait_for_text("they allow");
    session.type_bytes(b"q");
    approve(&mut session, "carol", &id);
    let got = stage.pull(JOB, CREDENTIAL).expect("it ends");
    assert_eq!(got.stdout.strip_suffix(b"\n").unwrap_or(&got.stdout), SECRET);

    log_in(&mut session, "bob");
    looks_around(&mut session);
    reads_the_log(&mut session);
    freezes_and_thaws(&mut session);
    log_in(&mut session, "bob");
    assert!(!session.screen.screen().contents().contains("FROZEN"));
    ask(&mut session, "year end");
    assert!(!session.has_sent("S3CRET#1"), "no console ever shows a credential");
    session.type_bytes(b":q\r");
    session.ends("a working day");
    stage.strike();
}
