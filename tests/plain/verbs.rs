//! One verb at a terminal: what it tells, what it asks and in which order, and how one leaves it.

use portcullis::demo::stage::{SECRET, my_uid, passphrase};

use super::terminal::{Kind, Terminal};
use super::{JOB, is_plain, with_request};
use crate::common::appliance::{Appliance, released};

/// One of the people runs a verb at a terminal without a screen, and has typed the passphrase.
fn does(appliance: &Appliance, person: &str, args: &[&str]) -> Terminal {
    let args = [&["--operator", person], args].concat();
    let mut terminal = Terminal::run_on(Kind::DUMB, appliance.home(), &args);
    terminal.answer("Passphrase of ", &passphrase(person));
    terminal
}

/// Waits for the end, and for the exit code it should have.
fn ends(terminal: Terminal, code: u32) -> String {
    let (exit, shown) = terminal.end();
    assert_eq!(exit, code, "{shown}");
    is_plain(&shown);
    shown
}

#[test]
fn requests_are_told_one_fact_a_line_with_what_can_be_typed_next() {
    let (appliance, id) = with_request();
    let shown = ends(does(&appliance, "bob", &["requests", "--plain"]), 0);
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    let says = |line: &str| lines.contains(&line);
    for line in [
        "1 of 1".to_owned(),
        format!("request: {id}"),
        "state: REQUESTED, it waits for approvals".to_owned(),
        "approvals: 0 of 2, nobody yet".to_owned(),
        "asks to: release db/a, generation 1, to job payroll".to_owned(),
        "window: 15m from the last approval".to_owned(),
        "requester: operator:alice".to_owned(),
        "ticket: INC-4711".to_owned(),
        format!("you can type: portcullis approve --plain {id}"),
        format!("you can type: portcullis deny --plain {id}"),
    ] {
        assert!(says(&line), "no {line:?}: {shown}");
    }
    let own = ends(does(&appliance, "alice", &["requests", "--plain"]), 0);
    assert!(!own.contains("approve --plain") && own.contains(&format!("revoke --plain {id}")), "{own}");
    appliance.does("bob", &["deny", &id, "--reason", "no"]).expect("denied");
    let none = ends(does(&appliance, "bob", &["requests", "--plain"]), 0);
    assert!(none.contains("There are no requests."), "{none}");
}

#[test]
fn deny_and_revoke_tell_the_request_and_ask_why_and_an_empty_answer_leaves_it() {
    let (appliance, id) = with_request();
    let before = appliance.log();
    for (verb, person) in [("deny", "bob"), ("revoke", "alice")] {
        for way_out in ["\r", "no\x03"] {
            let mut terminal = does(&appliance, person, &[verb, "--plain", &id]);
            for fact in [format!("request: {id}"), "approvals: 0 of 2".to_owned(), "fingerprint: ".to_owned()]
            {
                terminal.wait_for(&fact);
            }
            terminal.wait_for(&format!("Reason to {verb}, or nothing to cancel: "));
            terminal.type_in(way_out);
            let shown = ends(terminal, 1);
            assert!(shown.contains("what to do: nothing was done"), "{shown}");
        }
    }
    let mut terminal = does(&appliance, "bob", &["approve", "--plain", &id]);
    terminal.wait_for("Read the fingerprint to the other approver");
    terminal.answer("type the request's id, or nothing to cancel: ", "");
    ends(terminal, 1);
    let terminal =
        Terminal::run_on(Kind::DUMB, appliance.home(), &["--operator", "bob", "deny", "--plain", &id]);
    let mut terminal = terminal;
    terminal.answer("Passphrase of bob, or nothing to cancel: ", "");
    ends(terminal, 1);
    assert_eq!(appliance.log(), before, "not even an entry was made");
    let mut terminal = does(&appliance, "bob", &["deny", "--plain", &id]);
    terminal.answer("Reason to deny", "\u{7f}");
    ends(terminal, 1);
    let mut terminal = does(&appliance, "bob", &["deny", "--plain", &id]);
    terminal.answer("Reason to deny", "not tonight");
    let shown = ends(terminal, 0);
    assert!(shown.contains("state: DENIED, an operator said no"), "{shown}");
    let shown = ends(does(&appliance, "bob", &["revoke", "--plain", &id]), 3);
    assert!(shown.contains(&format!("request {id} is DENIED: it cannot be revoked")), "{shown}");
}

#[test]
fn a_request_is_asked_for_one_thing_after_the_other_and_made_by_a_yes() {
    let (appliance, _) = with_request();
    let count = || appliance.requests().as_array().map_or(0, Vec::len);
    let before = count();
    let answers = |terminal: &mut Terminal| {
        terminal.answer("Credential, like racf/prod01, or nothing to cancel: ", "no credential");
        terminal.wait_for("Try again.");
        terminal.answer("Credential, like racf/prod01, or nothing to cancel: ", "db/a");
        terminal.answer("Job that will pull it, or nothing to cancel: ", JOB);
        terminal.answer("When it opens", "");
        terminal.answer("How long it is open", "2h");
        terminal.answer("How often the job may pull", "101");
        terminal.answer("How often the job may pull", "3");
        terminal.answer("Reason, or nothing to cancel: ", "month end");
        terminal.answer("Ticket, or nothing to cancel: ", "CHG-0822");
        terminal.wait_for("window: 2h00m from the last approval");
    };
    for (answer, code, made) in [("", 1, 0), ("y", 1, 0), ("yes", 0, 1)] {
        let mut terminal = does(&appliance, "alice", &["request", "--plain"]);
        answers(&mut terminal);
        terminal.answer("Type yes to ask for it, or nothing to cancel: ", answer);
        ends(terminal, code);
        assert_eq!(count() - before, made, "{answer:?}");
    }
    let mut terminal =
        does(&appliance, "alice", &["request", "--plain", "db/a", "--job", JOB, "--for", "1h"]);
    terminal.answer("How often the job may pull", "");
    terminal.answer("Reason, or nothing to cancel: ", "");
    ends(terminal, 1);
    assert_eq!(count() - before, 1);
}

#[test]
fn a_window_beyond_today_is_asked_about_at_a_terminal() {
    let (appliance, _) = with_request();
    let before = appliance.requests();
    let why = ["--job", JOB, "--reason", "month end", "--ticket", "CHG-0822"];
    // From a time of day to the same: 24 hours, which nobody means who mistyped one of them.
    let window = ["--opens", "12:00Z", "--closes", "12:00Z"];
    let ask = [&["request", "db/a"], &why[..], &window[..]].concat();
    let mut terminal = does(&appliance, "alice", &ask);
    terminal.wait_for("The window goes beyond today: ");
    terminal.wait_for(", 24h00m.");
    terminal.answer("If that is meant, type yes: ", "no");
    let (exit, shown) = terminal.end();
    assert!(exit == 1 && shown.contains("nothing was done"), "{shown}");
    let made = |requests: serde_json::Value| requests.as_array().map(Vec::len);
    assert_eq!(made(appliance.requests()), made(before));
    let mut terminal = does(&appliance, "alice", &ask);
    terminal.answer("If that is meant, type yes: ", "yes");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    let listed = appliance.does("bob", &["requests"]).expect("listed").text();
    assert!(listed.contains("12:00Z, 24h00m"), "{listed}");
}

#[test]
fn a_credential_is_asked_for_last_and_not_at_all_when_it_would_be_refused() {
    let (appliance, _) = with_request();
    let terms = |sunset| ["--owner", "o", "--reason", "r", "--rotate", "9d", "--sunset", sunset];
    let deposit = |name, sunset| [&["deposit", name][..], &terms(sunset)].concat();
    let refusals = [
        ("a name that is taken", deposit("db/a", "2099-12-31"), "credential db/a exists"),
        ("past its sunset", deposit("db/b", "2020-01-01"), "the sunset of db/b was 2020-01-01"),
        (
            "no such name",
            [&deposit("db/b", "2099-12-31")[..], &["--next"]].concat(),
            "there is no credential db/b",
        ),
    ];
    for (name, args, what) in refusals {
        let (exit, shown) = does(&appliance, "alice", &args).end();
        assert!(exit == 3 && shown.contains(what), "{name}: {shown}");
        assert!(!shown.contains("password of"), "{name}: the credential was asked for: {shown}");
    }
    let mut terminal = does(&appliance, "alice", &deposit("db/b", "2099-12-31"));
    let secret = std::str::from_utf8(SECRET).expect("text");
    terminal.answer("password of db/b: ", secret);
    terminal.answer("The same again: ", "another");
    terminal.wait_for("They differ.");
    terminal.answer("password of db/b: ", secret);
    terminal.answer("The same again: ", secret);
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    assert!(!shown.contains(secret), "{shown}");
    let me = format!("unix:uid:{}", my_uid());
    appliance.add_client("batch", &[me], &["db/b"]).expect("a client");
    appliance.arm("batch", "db/b", &[]).expect("armed");
    released(&appliance.pull("batch", "db/b").expect("pulled"), "what was typed is what is released");
}

#[test]
fn the_log_is_shown_on_lines_that_a_terminal_has_room_for_and_an_entry_in_full() {
    let (appliance, id) = with_request();
    let all = appliance.does("carol", &["audit", "show", "--from", "0"]).expect("shown");
    let (lines, log) = (all.text(), appliance.log());
    assert_eq!(lines.lines().count(), log.len());
    for (line, entry) in lines.lines().zip(&log) {
        let kind = entry["type"].as_str().expect("a type");
        assert!(line.chars().count() <= 79 && line.contains("Z ") && line.contains(kind), "{line}");
    }
    let asked = format!("requested op:alice {id} db/a to payroll: night");
    assert!(lines.contains(&asked), "{lines}");
    let last = log.len() - 1;
    let whole = appliance.does("carol", &["audit", "show", &last.to_string()]).expect("shown").text();
    for value in [id.as_str(), "INC-4711", "night batch", "detail.doc.policy", "15m", "operator:alice"] {
        assert!(whole.contains(value), "{value}: {whole}");
    }
    let json =
        appliance.does("carol", &["audit", "show", &last.to_string(), "--json"]).expect("shown").text();
    let entry: serde_json::Value = serde_json::from_str(&json).expect("one entry");
    assert_eq!(entry, log[last], "all of it");
    let none = appliance.run(Some("carol"), ["audit", "show", "999999"], b"").expect("runs");
    assert_eq!((none.code, none.stdout.len()), (2, 0));
    assert!(
        none.stderr.contains(&format!("there is no entry 999999: the last is {last}")),
        "{}",
        none.stderr
    );
}
