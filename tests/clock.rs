//! The system clock jumps under the real daemon: back refuses, ahead opens nothing early.

mod common;

use common::appliance::{refused, released};
use common::jumping::Jumping;
use portcullis::demo::stage::Output;
use serde_json::Value;

const OPEN: &str = "db/open";
const BRIEF: &str = "db/brief";
const ASKED: &str = "db/asked";
const AHEAD: &str = "db/ahead";

/// What the tests do with it.
trait Doing {
    fn pull(&self, credential: &str) -> Output;
    fn doctor(&self) -> (String, String);
    fn ask(&self, credential: &str) -> String;
}

impl Doing for Jumping {
    fn pull(&self, credential: &str) -> Output {
        let pull = ["pull", credential, "--job", "payroll", "--timeout", "1s"];
        self.appliance.run(None, pull, b"").expect("pulls")
    }

    /// What doctor finds of the clock: how bad, and what it says.
    fn doctor(&self) -> (String, String) {
        let found = self.appliance.run(Some("alice"), ["doctor", "--json"], b"").expect("runs");
        let found: Value = serde_json::from_str(&found.text()).expect("one object");
        let findings = found["findings"].as_array().expect("a list");
        let clock = findings.iter().find(|finding| finding["what"] == "clock");
        let clock = clock.expect("one of the clock");
        let word = |of: &str| clock[of].as_str().expect("text").to_owned();
        (word("level"), word("seen"))
    }

    fn ask(&self, credential: &str) -> String {
        let ask = ["request", credential, "--job", "payroll", "--reason", "night batch", "--ticket", "INC-1"];
        let asked = self.appliance.does("alice", &ask).expect("asked");
        self.appliance.request_id(&asked).expect("an id")
    }
}

#[test]
fn p13_a_clock_that_is_set_back_refuses_releases_and_approvals_and_opens_nothing_again() {
    let mut jumping = Jumping::found(&[OPEN, BRIEF, ASKED]);
    jumping.appliance.arm("payroll", OPEN, &["--for", "1h", "--pulls", "5"]).expect("armed");
    let asked = jumping.ask(ASKED);
    let brief = jumping.appliance.arm("payroll", BRIEF, &["--for", "1s", "--pulls", "5"]).expect("armed");
    let closed = jumping.appliance.wait_for("the chip's word", || {
        let log = jumping.appliance.log();
        let says =
            |entry: &&Value| entry["type"] == "chip-says" && entry["detail"]["request"] == brief.as_str();
        Ok(log.iter().find(says).map(|entry| entry["detail"]["answer"].to_string()))
    });
    assert!(closed.expect("the chip says it").contains("closed"));
    released(&jumping.pull(OPEN), "as the clock is");
    let cases = [("while it runs", false), ("before it starts", true)];
    for (case, restart) in cases {
        jumping.jump("-3600s");
        if restart {
            jumping.restart();
        }
        for credential in [OPEN, BRIEF] {
            let pulled = jumping.pull(credential);
            refused(&pulled, 3, case);
            assert!(pulled.stderr.to_lowercase().contains("clock"), "{case}: {}", pulled.stderr);
        }
        let approved = jumping.appliance.approve("bob", &asked).expect("runs");
        assert_eq!(approved.code, 3, "{case}: {}", approved.stderr);
        assert!(approved.stderr.contains("clock"), "{case}: {}", approved.stderr);
        let (level, seen) = jumping.doctor();
        assert_eq!(level, "fail", "{case}: {seen}");
        assert!(seen.contains("by log and chip"), "{case}: {seen}");
        jumping.jump("+0");
        released(&jumping.pull(OPEN), "the clock is right again");
        assert_eq!(jumping.doctor().0, "ok", "{case}");
        refused(&jumping.pull(BRIEF), 4, "what has closed waits for new approvals");
    }
    jumping.appliance.approve_by(&["bob", "carol"], &asked).expect("approved");
    released(&jumping.pull(ASKED), "the clock is right again");
}

#[test]
fn p13_a_clock_that_is_set_ahead_opens_nothing_early_and_ends_nothing_early() {
    let mut jumping = Jumping::found(&[OPEN, AHEAD]);
    jumping.appliance.arm("payroll", OPEN, &["--for", "1h", "--pulls", "5"]).expect("armed");
    jumping.appliance.arm("payroll", AHEAD, &["--opens", "+1h", "--for", "30m"]).expect("armed");
    refused(&jumping.pull(AHEAD), 4, "as the clock is");
    let cases = [("while it runs", false), ("before it starts", true)];
    for (case, restart) in cases {
        jumping.jump("+4000s");
        if restart {
            jumping.restart();
        }
        refused(&jumping.pull(AHEAD), 4, case);
        released(&jumping.pull(OPEN), case);
        let (level, seen) = jumping.doctor();
        assert_eq!(level, "warn", "{case}: {seen}");
        assert!(seen.contains("by log and chip"), "{case}: {seen}");
    }
    // After a reset of the board nothing but the system clock says what time it is, and no window is left.
    let reset = jumping.appliance.run(None, ["softtpm", "reset"], b"").expect("runs");
    assert_eq!(reset.code, 0, "{}", reset.stderr);
    jumping.restart();
    refused(&jumping.pull(AHEAD), 3, "the reset ended it");
    refused(&jumping.pull(OPEN), 4, "its hour is over by the clock that is believed now");
}
