//! Requests that nobody can mean, approvals that do not count, and what ends requests.

use portcullis::demo::stage::{Output, my_uid};

use super::common::appliance::Appliance;
use super::{known, nothing_changes, refused, still_serves};

fn run(appliance: &Appliance, person: &str, args: &[&str]) -> Output {
    appliance.run(Some(person), args, b"").expect("the program runs")
}

fn ask<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["request", "db/a", "--job", "payroll", "--reason", "r", "--ticket", "t"], more].concat()
}

#[test]
fn a_request_that_nobody_can_mean_is_not_made() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    appliance.deposit("db/other", b"x", &[]).expect("deposited");
    let codes = [
        "no-credential",
        "unknown-job",
        "not-granted",
        "bad-window",
        "unknown-owner",
        "no-quorum-possible",
        "no-request",
    ];
    nothing_changes(&appliance, &codes, "requests", || {
        let why = ["--reason", "r", "--ticket", "t"];
        let other = |name, job| [&["request", name, "--job", job], &why[..]].concat();
        let no_ticket = vec!["request", "db/a", "--job", "payroll", "--reason", "r"];
        let tomorrow = "a time of day was taken for another day's";
        let cases: [(&str, Vec<&str>, i32, &str); 14] = [
            ("no credential", other("db/none", "payroll"), 3, "there is no credential db/none"),
            ("no job", other("db/a", "nobody"), 3, "no client record for job nobody"),
            ("no grant", other("db/other", "payroll"), 3, "payroll is not granted db/other"),
            ("no name of a job", other("db/a", "pay roll"), 2, "is not a job name"),
            ("no pulls", ask(&["--pulls", "0"]), 2, "0 is not in 1..=100"),
            ("101 pulls", ask(&["--pulls", "101"]), 2, "101 is not in 1..=100"),
            ("25 hours", ask(&["--for", "25h"]), 2, "between 1s and 24h"),
            ("no length", ask(&["--for", "0s"]), 2, "longer than nothing"),
            ("8 days ahead", ask(&["--opens", "+192h", "--for", "1h"]), 3, "a window"),
            ("over", ask(&["--opens", "2020-01-01T00:00Z", "--for", "1h"]), 2, "would close at 2020-01-01"),
            ("backwards", ask(&["--opens", "+2h", "--closes", "+1h"]), 2, "would close at"),
            ("not a time", ask(&["--opens", "tonight"]), 2, "is not a time"),
            ("till tomorrow", ask(&["--opens", "12:00Z", "--closes", "12:00Z"]), 2, tomorrow),
            ("no ticket", no_ticket, 2, "--ticket"),
        ];
        for (name, args, code, what) in cases {
            refused(&run(&appliance, "alice", &args), code, what, name);
        }
        let owned = ["client", "add", "batch", "--select", "unix:uid:7", "--grant", "db/a", "--owner", "zed"];
        let owned = run(&appliance, "alice", &[&owned[..], &why[..]].concat());
        refused(&owned, 3, "the owner zed is not on the roster", "a slip in the owner of a client");
        let alone = run(&appliance, "bob", &ask(&[]));
        refused(
            &alone,
            3,
            "it takes 2 people to approve this, and the roster has 1",
            "alice deposited, bob asks",
        );
        let json = run(&appliance, "bob", &["deny", "ZZZZ", "--reason", "r", "--json"]);
        let object: serde_json::Value = serde_json::from_slice(&json.stdout).expect("an object");
        assert_eq!((json.code, &object["error"]["code"]), (3, &"no-request".into()));
        assert!(object["error"]["advice"].as_str().is_some_and(|advice| advice.contains("requests --all")));
    });
}

#[test]
fn a_yes_that_does_not_count_changes_nothing_and_the_rest_can_only_shorten() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    let mut job = appliance.pull_in_background("payroll", "db/a").expect("a job");
    let asked = appliance.wait_for_request().expect("it asks");
    let made = run(&appliance, "alice", &ask(&["--for", "10m", "--pulls", "5"]));
    let request = appliance.request_id(&made).expect("an id");
    let yes = |person: &str, again: &str, more: &[&str]| {
        run(&appliance, person, &[&["approve", &request, "--id-again", again], more].concat())
    };
    let typo = if request == "7K2M" || asked == "7K2M" { "8K2M" } else { "7K2M" };
    nothing_changes(&appliance, &[], "approvals", || {
        refused(&yes("carol", typo, &[]), 2, "is not the id of the request", "a mistyped id");
        refused(&yes("carol", "IIII", &[]), 2, "is not a request id", "no id at all");
        refused(&yes("alice", &request, &[]), 3, "alice asked for request", "one's own request");
        refused(&yes("carol", &request, &["--for", "11m"]), 2, "outside the window asked for", "longer");
        refused(&yes("carol", &request, &["--pulls", "101"]), 2, "101", "no count of pulls");
        refused(&yes("carol", &request, &["--pulls", "6"]), 3, "fewer pulls", "more pulls than asked for");
        let other = run(&appliance, "carol", &["approve", typo, "--id-again", typo]);
        refused(&other, 3, "there is no request", "a request that is not there");
    });
    let deposited = appliance.approve("alice", &asked).expect("runs");
    refused(&deposited, 3, "alice", "what one deposited");
    appliance.approve_by(&["bob"], &asked).expect("bob, for the job");
    let again = appliance.approve("bob", &asked).expect("runs");
    refused(&again, 3, "bob already approved", "the same person twice");
    yes("bob", &request, &["--for", "5m", "--pulls", "2"]).expect(0, "bob").expect("approved");
    yes("carol", &request, &["--for", "8m", "--pulls", "3"]).expect(0, "carol").expect("approved");
    let requests = appliance.requests();
    let armed = requests.as_array().expect("a list").iter().find(|one| one["doc"]["id"] == *request);
    let armed = armed.expect("it is listed");
    let window = |end: usize| armed["window"][end].as_u64().expect("an instant");
    assert_eq!(window(1) - window(0), 300_000, "the shorter of both");
    let got = appliance.collect(&mut job).expect("it ends").expect("the open window serves the waiting job");
    assert_eq!(got.code, 0, "{}", got.stderr);
    still_serves(&appliance, "the fewer pulls of both: the second");
    let third = appliance.pull_in_background("payroll", "db/a").expect("a job");
    drop(third);
    assert_eq!(known(&appliance).requests.iter().filter(|one| one.1 == "spent").count(), 1);
}

#[test]
fn what_ended_stays_ended() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    let me = format!("unix:uid:{}", my_uid());
    let client = ["client", "add", "batch", "--select", &me, "--grant", "db/a", "--ticket", "t"];
    let made = run(&appliance, "alice", &[&client[..], &["--reason", "pay\u{202e}gnp"]].concat());
    assert!(!made.stderr.contains('\u{202e}'));
    let denied = appliance.request_id(&made).expect("an id");
    let listed = run(&appliance, "bob", &["requests"]).text();
    assert!(listed.contains(&denied), "{listed}");
    let first = appliance.approve("bob", &denied).expect("runs");
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(first.stderr.contains("pay\\u{202e}gnp"), "shown escaped: {}", first.stderr);
    assert!(!first.stderr.contains('\u{202e}'), "and never as it is: {}", first.stderr);
    let end = |verb: &str, id: &str| run(&appliance, "bob", &[verb, id, "--reason", "r"]);
    assert_eq!(end("deny", &denied).code, 0);
    let soon = run(&appliance, "alice", &ask(&["--opens", "+1s", "--closes", "+3s"]));
    let late = appliance.request_id(&soon).expect("an id");
    let expired = || Ok(known(&appliance).requests.iter().any(|one| one.1 == "expired").then_some(()));
    appliance.wait_for("the end of a request", expired).expect("time ends it");
    nothing_changes(&appliance, &["wrong-state"; 2], "ended", || {
        let late_yes = appliance.approve("carol", &denied).expect("runs");
        refused(&late_yes, 3, "is DENIED", "a yes after a no");
        let told = &late_yes.stderr;
        assert!(
            !told.contains("nobody yet") && !told.contains("fingerprint"),
            "its state, and no more: {told}"
        );
        refused(&end("deny", &denied), 3, "is DENIED", "a second no");
        refused(&end("revoke", &denied), 3, "is DENIED", "a withdrawal after a no");
        refused(&appliance.approve("bob", &late).expect("runs"), 3, "is EXPIRED", "a yes too late");
    });
    assert_eq!(known(&appliance).clients.as_array().map(Vec::len), Some(1), "batch was not added");
}

#[test]
fn windows_that_were_revoked_or_frozen_serve_nobody() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a", "db/b"]);
    let pull = |name: &str| appliance.run(None, ["pull", name, "--job", "payroll", "--timeout", "1s"], b"");
    let window = appliance.arm("payroll", "db/a", &["--pulls", "9"]).expect("armed");
    still_serves(&appliance, "armed");
    let reason = ["--reason", "r"];
    run(&appliance, "carol", &[&["revoke", &window], &reason[..]].concat()).expect(0, "r").expect("revoked");
    refused(&pull("db/a").expect("runs"), 3, "was ended", "a pull after it");
    nothing_changes(&appliance, &["wrong-state", "not-frozen"], "revoked", || {
        let again = run(&appliance, "bob", &["revoke", &window, "--reason", "r"]);
        refused(&again, 3, "is REVOKED", "a second time");
        let thaw = run(&appliance, "bob", &["thaw", "--reason", "r", "--ticket", "t"]);
        refused(&thaw, 3, "is not frozen", "a thaw of nothing");
    });
    appliance.arm("payroll", "db/b", &["--pulls", "9"]).expect("armed");
    appliance.does("bob", &["freeze", "--reason", "r"]).expect("frozen");
    appliance.does("carol", &["freeze", "--reason", "r"]).expect("frozen again");
    refused(&pull("db/b").expect("runs"), 3, "frozen the appliance", "a pull while frozen");
    let thaw = appliance.does("alice", &["thaw", "--reason", "r", "--ticket", "t"]).expect("asked");
    let thaw = appliance.request_id(&thaw).expect("an id");
    nothing_changes(&appliance, &["frozen", "thaw-waits", "frozen"], "frozen", || {
        refused(&run(&appliance, "alice", &ask(&[])), 3, "is frozen", "a request while frozen");
        let second = run(&appliance, "bob", &["thaw", "--reason", "r", "--ticket", "t"]);
        refused(&second, 3, "is waiting already", "a second thaw");
        let terms = ["--owner", "o", "--reason", "r", "--rotate", "9d", "--sunset", "2099-12-31"];
        let deposit = appliance.run(Some("alice"), [&["deposit", "db/c"], &terms[..]].concat(), b"x");
        refused(&deposit.expect("runs"), 3, "is frozen", "a deposit while frozen");
    });
    appliance.approve_by(&["bob", "carol"], &thaw).expect("two people thaw");
    refused(&pull("db/b").expect("runs"), 3, "was ended", "the freeze ended the window for good");
}
