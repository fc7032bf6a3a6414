//! People whose terminal prints one line under the other, or is read out to them: questions and answers.

#[path = "../common/mod.rs"]
mod common;
#[path = "../terminal/mod.rs"]
mod terminal;

mod choice;
mod dialogue;
mod verbs;

use common::appliance::Appliance;
use portcullis::demo::stage::passphrase;
use terminal::Terminal;

/// The job that may pull.
const JOB: &str = "payroll";

/// What a teletype can print, and a person can follow: no escape codes, only ASCII, no line over 79.
fn is_plain(shown: &str) {
    assert!(shown.is_ascii() && !shown.contains('\u{1b}'), "{shown:?}");
    for line in shown.lines() {
        assert!(line.trim_end_matches('\r').len() <= 79, "{} columns: {line:?}", line.len());
    }
    for person in ["alice", "bob", "carol"] {
        assert!(!shown.contains(&passphrase(person)), "what {person} typed is shown: {shown}");
    }
}

/// Answers the two questions of a console without a screen.
fn log_in(terminal: &mut Terminal, person: &str) {
    terminal.answer("Who are you?", person);
    terminal.answer(&format!("Passphrase of {person}"), &passphrase(person));
    terminal.wait_for(&format!("{person} is logged in at example.org/demo."));
    terminal.wait_for("Open requests: ");
}

/// An appliance that serves, with `db/a` for the job, and a request that alice made for it.
fn with_request() -> (Appliance, String) {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    // Who deposits cannot approve, and who asks cannot either: alice did both.
    let ask = ["request", "db/a", "--job", JOB, "--reason", "night batch", "--ticket", "INC-4711"];
    let made = appliance.does("alice", &ask).expect("asked");
    let id = appliance.request_id(&made).expect("an id");
    (appliance, id)
}
