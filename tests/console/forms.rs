//! What a tired operator types, and what the console makes of it.

use portcullis::demo::stage::{CREDENTIAL, Stage, passphrase};

use crate::people::{JOB, begin_form, fill_in, log_in, log_out, prepare_approval, stage};
use crate::session::{MODERN, Session};

/// Opens a new request with nothing in it.
fn begin_request(session: &mut Session) {
    session.type_bytes(b"n");
    session.wait_for_text("New request");
    begin_form(session);
}

/// The lines between the body and the keys, as one text, and how many there are.
fn message(session: &Session) -> (String, usize) {
    let shown = session.screen.screen().contents();
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    let end = lines.iter().rposition(|line| line.starts_with("+-")).expect("a frame") + 1;
    let keys = lines.iter().rposition(|line| line.contains(":cmd") || line.contains("Ctrl-C")).expect("keys");
    (lines[end..keys].join(" ").trim().to_owned(), keys - end)
}

fn last_request(stage: &Stage) -> Option<serde_json::Value> {
    let listed = stage.does("carol", &["requests", "--json"]).expect("the requests").text();
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    listed.get(0).cloned()
}

#[test]
fn a_field_that_is_wrong_keeps_what_was_typed_and_says_what_to_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let mut session = Session::start(stage.home(), (80, 24), &MODERN, &["--ascii"]);
    log_in(&mut session, "alice");
    begin_request(&mut session);
    // what is typed, what the field says then, what is typed instead
    let fields = [
        ("racf/prod99", "there is no credential racf/prod99", "racf"),
        ("joby", "joby may not ask for it", "job"),
        ("tonight", "\"tonight\" is not a time: write 22:00Z, +30m or 2026-11-23T21:00Z", "+10m"),
        ("tomorrow", "\"tomorrow\" is neither a length nor a time: write 1h, 22:00Z or +30m", "30h"),
        ("many", "\"many\" is not a number from 1 to 100", "2"),
    ];
    for (typed, said, instead) in fields {
        fill_in(&mut session, &[typed]);
        let is_said = |session: &Session| {
            let shown = session.screen.screen().contents();
            let shown: Vec<&str> = shown.split(['|', '\n']).flat_map(str::split_whitespace).collect();
            shown.join(" ").contains(said)
        };
        session.wait_for(said, is_said);
        session.wait_for_text(typed);
        // Back to it, and again.
        session.type_by_hand(b"\x1b[A");
        session.wait_for("field", |session| session.stands_behind(typed));
        session.type_by_hand(b"\x15");
        fill_in(&mut session, &[instead]);
    }
    // A window of 30 hours was left behind: the last Enter leads there, and the rest is kept.
    fill_in(&mut session, &["month end", "CHG-0822"]);
    session.wait_for_text("a window of 30h00m is not between 1s and 24h");
    session.wait_for("field", |session| session.stands_behind("30h"));
    for kept in ["racf/prod01", JOB, "+10m", "month end", "CHG-0822"] {
        session.wait_for_text(kept);
    }
    assert!(last_request(&stage).is_none(), "nothing was asked for yet");
    session.type_by_hand(b"\x151h");
    session.type_by_hand(b"\t\t\t\r");
    session.wait_for_text(" is its id.");
    let asked = last_request(&stage).expect("a request");
    assert_eq!(asked["doc"]["reason"], "month end");
    assert_eq!(asked["doc"]["subject"]["pulls"], 2);
    session.type_bytes(b":q\r");
    session.ends("wrong fields");
    stage.strike();
}

#[test]
fn a_refusal_says_why_and_what_to_do_in_two_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let mut session = Session::start(stage.home(), (80, 24), &MODERN, &["--ascii"]);
    // Alice deposited: when bob asks, carol alone is left.
    log_in(&mut session, "bob");
    begin_request(&mut session);
    fill_in(&mut session, &["racf", "jobx", "", "", "", "month end", "CHG-0822"]);
    session.wait_for_text("it takes 2 people to approve this");
    session.rest();
    let expected = "it takes 2 people to approve this, and the roster has 1 who neither asked nor deposited. \
                    Let somebody else ask or deposit, or put more people on the roster";
    assert_eq!(message(&session), (expected.to_owned(), 2));
    session.wait_for_text("month end");
    session.type_bytes(b"\x03");
    session.wait_for_text("Nothing was asked for.");
    log_out(&mut session);
    // A job asks: alice may not approve what she deposited.
    let mut job = stage.pull_in_background(JOB, CREDENTIAL).expect("a job");
    let id = stage.wait_for_request().expect("its request");
    log_in(&mut session, "alice");
    prepare_approval(&mut session, &id, &passphrase("alice"));
    session.type_by_hand(b"\r");
    session.wait_for_text("holds no share");
    session.rest();
    let expected = "alice holds no share of this credential: who deposited it has none, nor who came later. \
                    Another operator must decide this request";
    assert_eq!(message(&session), (expected.to_owned(), 2));
    session.type_bytes(b":q\r");
    session.ends("refusals");
    job.kill().expect("it waits");
    job.wait().expect("it ended");
    stage.strike();
}
