//! The console without a screen, from the first question to the last.

use portcullis::demo::stage::{SECRET, passphrase};
use rustix::process::{Pid, Signal, kill_process};

use super::terminal::{Kind, Terminal};
use super::{JOB, is_plain, log_in, with_request};
use crate::common::appliance::Appliance;

const WHICH_ID: &str = "type the request's id, or nothing to cancel: ";

fn approve(terminal: &mut Terminal, person: &str, id: &str) {
    terminal.answer(&format!("{person}, what next? "), &format!("approve {id}"));
    terminal.wait_for("fingerprint: ");
    terminal.answer(WHICH_ID, id);
    terminal.answer(&format!("Passphrase of {person}"), &passphrase(person));
    terminal.wait_for(&format!("{person} approved {id}."));
}

#[test]
fn two_people_at_a_teletype_open_the_gate_for_a_waiting_job() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    let mut job = appliance.pull_in_background(JOB, "db/a").expect("a job");
    let id = appliance.wait_for_request().expect("its request");
    let mut terminal = Terminal::run_on(Kind::TELETYPE, appliance.home(), &["console"]);
    terminal.answer("Who are you?", "mallory");
    terminal.wait_for("There is no key file of that name here.");
    log_in(&mut terminal, "bob");
    terminal.answer("bob, what next? ", "requests");
    for fact in [
        "1 of 1",
        &format!("request: {id}"),
        "state: REQUESTED, it waits for approvals",
        "approvals: 0 of 2, nobody yet",
        "jobs waiting: 1",
        "asks to: release db/a, generation 1, to job payroll",
        &format!("you can type: approve {id}"),
        &format!("you can type: deny {id}"),
        "That was all, 1.",
    ] {
        terminal.wait_for(fact);
    }
    approve(&mut terminal, "bob", &id);
    terminal.wait_for("approvals: 1 of 2, by bob");
    terminal.wait_for("bob is logged out.");
    log_in(&mut terminal, "carol");
    terminal.answer("carol, what next? ", &format!("show {id}"));
    terminal.wait_for("approvals: 1 of 2, by bob");
    approve(&mut terminal, "carol", &id);
    terminal.wait_for("carol is logged out.");
    terminal.answer("Who are you?", "");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    is_plain(&shown);
    assert!(!shown.contains(std::str::from_utf8(SECRET).expect("text")), "no console shows a credential");
    let got = appliance.collect(&mut job).expect("it ends").expect("it got something");
    assert_eq!(got.stdout, SECRET, "{}", got.stderr);
}

#[test]
fn who_is_named_on_the_command_line_is_not_asked_who_they_are() {
    let (appliance, _) = with_request();
    let mut terminal = Terminal::run_on(Kind::DUMB, appliance.home(), &["--operator", "bob", "console"]);
    terminal.answer("Passphrase of bob", &passphrase("bob"));
    terminal.answer("bob, what next? ", "quit");
    let (exit, shown) = terminal.end();
    assert!(exit == 0 && !shown.contains("Who are you?"), "{shown}");
}

#[test]
fn an_empty_answer_or_an_interrupt_changes_nothing() {
    let (appliance, id) = with_request();
    let before = appliance.log();
    let mut terminal = Terminal::run_on(Kind::DUMB, appliance.home(), &["console"]);
    // At the login there is nothing to change: the question comes again.
    terminal.answer("Who are you?", "bob");
    terminal.answer("Passphrase of bob", "");
    log_in(&mut terminal, "bob");
    let next = "bob, what next? ";
    let (approve, deny, revoke) = (format!("approve {id}"), format!("deny {id}"), format!("revoke {id}"));
    let questions = [
        (approve.as_str(), WHICH_ID),
        (&deny, "Reason to deny, or nothing to cancel: "),
        (&revoke, "Reason to revoke, or nothing to cancel: "),
        ("freeze", "Reason to freeze, or nothing to cancel: "),
    ];
    for (command, question) in questions {
        for way_out in ["\r", "   \r", "\x03", "typed\x03"] {
            terminal.answer(next, command);
            terminal.wait_for(question);
            terminal.type_in(way_out);
            terminal.wait_for("Nothing was changed.");
        }
    }
    // The id alone is no approval, nor is another's id, nor the right id with a passphrase that is not typed.
    terminal.answer(next, &approve);
    terminal.answer(WHICH_ID, "ZZZZ");
    terminal.wait_for("That is not the id of this request.");
    terminal.answer(next, &approve);
    terminal.answer(WHICH_ID, &id);
    terminal.answer("Passphrase of bob", "");
    terminal.wait_for("Nothing was changed.");
    // What is pasted past a question answers no other one.
    terminal.wait_for(next);
    terminal.type_in(&format!("{approve}\r{id}\r{}\r", passphrase("bob")));
    terminal.wait_for(WHICH_ID);
    terminal.type_in("\r");
    terminal.wait_for("Nothing was changed.");
    terminal.answer(next, "yes");
    terminal.wait_for("is nothing to do here");
    terminal.answer(next, "help");
    terminal.wait_for("approve ID: ");
    terminal.wait_for(next);
    terminal.type_in("\x03");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    is_plain(&shown);
    assert_eq!(appliance.log(), before, "not even an entry was made");
}

#[test]
fn what_was_done_is_said_with_where_it_stands() {
    let (appliance, id) = with_request();
    let mut terminal = Terminal::run_on(Kind::DUMB, appliance.home(), &["console"]);
    log_in(&mut terminal, "alice");
    terminal.answer("alice, what next? ", &format!("approve {id}"));
    terminal.wait_for("alice asked for request");
    terminal.answer("alice, what next? ", "logout");
    log_in(&mut terminal, "bob");
    terminal.answer("bob, what next? ", &format!("deny {id}"));
    terminal.wait_for("reason: night batch");
    terminal.answer("Reason to deny", "not tonight");
    terminal.wait_for(&format!("request: {id}"));
    terminal.wait_for("state: DENIED, an operator said no");
    terminal.answer("bob, what next? ", &format!("approve {id}"));
    terminal.wait_for("state: DENIED");
    terminal.wait_for("it cannot be approved.");
    terminal.answer("bob, what next? ", "requests");
    terminal.wait_for("There are no requests.");
    terminal.answer("bob, what next? ", "requests all");
    terminal.wait_for("state: DENIED");
    terminal.answer("bob, what next? ", "freeze");
    terminal.answer("Reason to freeze", "stolen laptop");
    terminal.answer("bob, what next? ", "logout");
    log_in(&mut terminal, "carol");
    terminal.answer("carol, what next? ", "quit");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    is_plain(&shown);
    assert!(shown.contains("FROZEN: bob"), "{shown}");
    let told = shown.matches("fingerprint: ").count();
    assert_eq!(told, 1, "what cannot be decided is not read out: {shown}");
}

#[test]
fn a_bundle_is_asked_for_at_a_teletype_and_taken_by_the_command_line() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    let mut terminal = Terminal::run_on(Kind::DUMB, appliance.home(), &["console"]);
    log_in(&mut terminal, "alice");
    let next = "alice, what next? ";
    terminal.answer(next, "export");
    terminal.answer("Onto which medium, or to whom, or nothing to cancel: ", "");
    terminal.wait_for("Nothing was changed.");
    terminal.answer(next, "export");
    terminal.answer("Onto which medium", "USB stick 7");
    terminal.answer("The first entry", "all");
    terminal.wait_for("\"all\" is not the number of an entry. Try again.");
    terminal.answer("The first entry", "0");
    terminal.answer("The number of the seal", "");
    terminal.answer("Recipient: ", "age1nobody");
    terminal.wait_for("is not an age recipient");
    terminal.answer("Recipient: ", "");
    terminal.answer("Reason", "quarterly audit");
    terminal.answer("Ticket", "AUD-12");
    terminal.wait_for("state: REQUESTED, it waits for approvals");
    let id = appliance.wait_for_request().expect("its request");
    for person in ["bob", "carol"] {
        terminal.answer("what next? ", "logout");
        log_in(&mut terminal, person);
        terminal.answer(&format!("{person}, what next? "), &format!("show {id}"));
        for fact in
            ["asks to: hand a part of the log over", "entries: from 0", "medium: USB stick 7", "seal: none"]
        {
            terminal.wait_for(fact);
        }
        terminal.wait_for("encrypted to: nobody: it leaves in the clear");
        approve(&mut terminal, person, &id);
        if person == "bob" {
            log_in(&mut terminal, "bob");
        }
    }
    log_in(&mut terminal, "alice");
    terminal.answer(next, &format!("show {id}"));
    terminal.wait_for("state: GRANTED, it took effect");
    terminal.wait_for(&format!("you can: take it: portcullis audit export --request {id} --to DIR"));
    terminal.answer(next, "quit");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    is_plain(&shown);
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().to_str().expect("text");
    appliance.does("alice", &["audit", "export", "--request", &id, "--to", to]).expect("taken");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "the bundle alone");
}

#[test]
fn a_long_list_is_told_page_by_page() {
    let (appliance, _) = with_request();
    for number in 2..=7 {
        let ticket = format!("INC-{number}");
        let ask = ["request", "db/a", "--job", JOB, "--reason", "night batch", "--ticket", &ticket];
        appliance.does("alice", &ask).expect("asked");
    }
    let mut terminal = Terminal::run_on(Kind::DUMB, appliance.home(), &["console"]);
    log_in(&mut terminal, "bob");
    terminal.answer("bob, what next? ", "requests");
    terminal.wait_for("5 of 7");
    terminal.wait_for("2 of 7 are left: more tells them.");
    terminal.answer("bob, what next? ", "more");
    terminal.wait_for("7 of 7");
    terminal.wait_for("That was all, 7.");
    terminal.answer("bob, what next? ", "more");
    terminal.wait_for("There is nothing more to tell");
    terminal.answer("bob, what next? ", "quit");
    let (_, shown) = terminal.end();
    is_plain(&shown);
    assert!(shown.find("6 of 7") > shown.find("are left"), "{shown}");
}

#[test]
fn a_wrong_passphrase_is_slowed_down_and_three_of_them_end_the_session() {
    let (appliance, id) = with_request();
    let mut terminal = Terminal::run_on(Kind::DUMB, appliance.home(), &["console"]);
    log_in(&mut terminal, "bob");
    terminal.answer("bob, what next? ", &format!("approve {id}"));
    terminal.answer(WHICH_ID, &id);
    for number in 1..=3 {
        terminal.answer("Passphrase of bob", "something else");
        terminal.wait_for(&format!("Wrong passphrase, {number} of 3."));
    }
    terminal.wait_for("bob is logged out.");
    terminal.answer("Who are you?", "");
    let (_, shown) = terminal.end();
    is_plain(&shown);
    let failed = appliance.log().iter().filter(|entry| entry["type"] == "passphrase-failed").count();
    assert_eq!(failed, 3, "others can read of it");
    assert!(appliance.requests()[0]["approvals"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn a_keeper_that_goes_away_is_said_and_the_next_login_finds_it_again() {
    let (mut appliance, id) = with_request();
    let mut terminal = Terminal::run_on(Kind::DUMB, appliance.home(), &["console"]);
    log_in(&mut terminal, "bob");
    terminal.wait_for("bob, what next? ");
    appliance.kill();
    terminal.type_in(&format!("deny {id}\r"));
    terminal.wait_for("the connection to the keeper broke");
    terminal.wait_for("bob is logged out.");
    terminal.answer("Who are you?", "carol");
    terminal.answer("Passphrase of carol", &passphrase("carol"));
    terminal.wait_for("portcullis: the keeper at ");
    terminal.wait_for("what to do: start it with `portcullis serve`");
    appliance.serve().expect("serves");
    log_in(&mut terminal, "carol");
    terminal.answer("carol, what next? ", "requests");
    terminal.wait_for("state: REQUESTED");
    terminal.answer("carol, what next? ", "quit");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    is_plain(&shown);
}

#[test]
fn a_signal_at_a_question_gives_the_terminal_back() {
    let (appliance, id) = with_request();
    let before = appliance.log();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        for question in ["Who are you?", "what next?", "Passphrase of bob", WHICH_ID] {
            let mut terminal = Terminal::run_on(Kind::DUMB, appliance.home(), &["console"]);
            let settings = terminal.given.clone();
            terminal.wait_for("EVALUATION");
            if question != "Who are you?" {
                terminal.answer("Who are you?", "bob");
            }
            if [WHICH_ID, "what next?"].contains(&question) {
                terminal.answer("Passphrase of bob", &passphrase("bob"));
            }
            if question == WHICH_ID {
                terminal.answer("what next?", &format!("approve {id}"));
            }
            terminal.wait_for(question);
            terminal.wait_for_settings(|now| now != settings);
            let process = Pid::from_raw(terminal.process().cast_signed()).expect("it runs");
            kill_process(process, signal).expect("it is ours");
            terminal.wait_for_settings(|now| now == settings);
            let (exit, shown) = terminal.end();
            assert_ne!(exit, 0, "{signal:?}: it did not end by itself: {shown}");
            is_plain(&shown);
        }
    }
    assert_eq!(appliance.log(), before, "the request is untouched");
}
