//! What others do, and what becomes of the keeper, while somebody sits at a console.

use portcullis::demo::stage::{CREDENTIAL, Stage, passphrase};

use crate::people::{JOB, begin_form, log_in, prepare_approval, stage};
use crate::session::{MODERN, Session};

fn console_of(stage: &Stage, person: &str) -> Session {
    let mut session = Session::start(stage.home(), (80, 24), &MODERN, &["--ascii"]);
    log_in(&mut session, person);
    session
}

/// Alice asks from somewhere else.
fn ask(stage: &Stage, ticket: &str) -> String {
    let asked = ["request", CREDENTIAL, "--job", JOB, "--reason", "night batch", "--ticket", ticket];
    stage.request_id(&stage.does("alice", &asked).expect("a request")).expect("its id")
}

#[test]
fn a_freeze_and_the_end_of_the_keeper_are_seen_on_two_consoles_without_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let mut consoles = ["bob", "carol"].map(|person| (person, console_of(&stage, person)));
    let [(_, bob), (_, carol)] = &mut consoles;
    carol.type_bytes(b"2");
    carol.wait_for_text(&format!(">{CREDENTIAL}"));
    bob.type_bytes(b":freeze\r");
    bob.wait_for_text("Every window ends at once");
    begin_form(bob);
    bob.type_by_hand(b"a laptop was stolen\r");
    carol.wait_for_text("EVALUATION  FROZEN");
    carol.wait_for_text("a laptop was stolen");
    for how in ["stopped", "killed"] {
        if how == "stopped" {
            stage.stop().expect("it stops")
        } else {
            stage.kill()
        }
        for (_, session) in &mut consoles {
            session.wait_for_text("The keeper is gone");
        }
        stage.serve().expect("it serves again");
        for (person, session) in &mut consoles {
            session.wait_for_text("The keeper answers again.");
            log_in(session, person);
            session.wait_for_text("EVALUATION  FROZEN");
        }
    }
    for (_, mut session) in consoles {
        session.type_bytes(b":q\r");
        session.ends("two consoles");
    }
    stage.strike();
}

#[test]
fn what_others_decide_meanwhile_is_said_over_an_open_approval() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let mut bob = console_of(&stage, "bob");
    // Carol's approval leaves the dialog as it is, with what is typed into it.
    let id = ask(&stage, "INC-4711");
    prepare_approval(&mut bob, &id, &passphrase("bob"));
    bob.wait_for_text("approved by  nobody yet (0 of 2)");
    stage.approve_by(&["carol"], &id).expect("approved");
    bob.wait_for_text("approved by  carol (1 of 2)");
    bob.type_by_hand(b"\r");
    bob.wait_for_text(&format!("bob approved {id}, which is now ARMED"));
    // Carol's denial ends it, and what is typed next goes nowhere.
    let id = ask(&stage, "INC-4712");
    log_in(&mut bob, "bob");
    prepare_approval(&mut bob, &id, &passphrase("bob"));
    stage.does("carol", &["deny", &id, "--reason", "not tonight"]).expect("denied");
    bob.wait_for_text(&format!("{id} is DENIED now: nothing was sent. carol: not tonight"));
    bob.type_by_hand(b"\rg");
    bob.wait_for("no message", |bob| !bob.screen.screen().contents().contains("nothing was sent"));
    bob.wait_for_text("DENIED, 0 of 2: nobody yet");
    assert!(!bob.has_sent(&passphrase("bob")));
    bob.type_bytes(b":q\r");
    bob.ends("meanwhile");
    stage.strike();
}

#[test]
fn no_key_is_lost_while_the_list_is_read_again_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let mut bob = console_of(&stage, "bob");
    let first = ask(&stage, "INC-0");
    bob.wait_for_text(&format!(">{first}"));
    let reason = "the night batch of the ledger waits for this since the evening, and so does the morning";
    bob.type_bytes(b"d");
    bob.wait_for_text("Reason:");
    begin_form(&mut bob);
    let others = std::thread::scope(|scope| {
        let asking = scope.spawn(|| (1..6).map(|at| ask(&stage, &format!("INC-{at}"))).collect::<Vec<_>>());
        bob.type_by_hand(reason.as_bytes());
        asking.join().expect("asked")
    });
    bob.type_by_hand(b"\r");
    bob.wait_for_text("DENIED");
    bob.type_bytes(b"q");
    for id in others {
        bob.wait_for_text(&format!("{id} {CREDENTIAL}"));
    }
    let listed = stage.does("carol", &["requests", "--all", "--json"]).expect("the requests").text();
    assert!(listed.contains(&format!("bob: {reason}")), "{listed}");
    bob.type_bytes(b":q\r");
    bob.ends("typing");
    stage.strike();
}
