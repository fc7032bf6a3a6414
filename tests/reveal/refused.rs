//! Whoever is not to be shown it, or not now: refused, written down, and nothing unsealed.

use portcullis::demo::stage::{Output, SECRET};

use crate::common::rig::{CREDENTIAL, JOB, Rig};
use crate::common::tap::{POLICY_COUNTER_TIMER, POLICY_PCR, UNSEAL};
use crate::{CONDITIONS, armed, look, refusal, view};

/// Tries as `person`, and gives the commands that the chip saw: never an unseal.
fn refused(rig: &Rig, case: &str, (person, request): (&str, &str), code: &str) -> Vec<u32> {
    let count = |entries: Vec<serde_json::Value>| {
        entries.iter().filter(|entry| entry["detail"]["code"] == code).count()
    };
    let before = count(rig.entries("refused"));
    rig.tap.take_codes();
    let refused = refusal(look(rig, person, request));
    let codes = rig.tap.take_codes();
    assert_eq!(refused.code, code, "{case}: {}", refused.what);
    assert!(!codes.contains(&UNSEAL), "{case}: {codes:x?}");
    assert_eq!(count(rig.entries("refused")), before + 1, "{case}: it is written down");
    codes
}

fn without_the_chip(rig: &Rig, case: &str, whose: (&str, &str), code: &str) {
    let codes = refused(rig, case, whose, code);
    assert!(!codes.iter().any(|code| CONDITIONS.contains(code)), "{case}: {codes:x?}");
}

fn pull(rig: &Rig) -> Output {
    rig.stage.run(None, ["pull", CREDENTIAL, "--job", JOB, "--timeout", "1s"], b"").expect("run")
}

#[test]
fn nobody_but_who_asked_is_shown_it_and_nobody_twice_and_the_chip_hears_nothing() {
    let rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, SECRET, &[]).expect("deposited");
    let ask = ["request", CREDENTIAL, "--reveal", "--reason", "by hand", "--ticket", "INC-1"];
    let asked = rig.stage.does("alice", &ask).expect("asked");
    let waits = rig.stage.request_id(&asked).expect("a request");
    without_the_chip(&rig, "no approval", ("alice", &waits), "wrong-state");
    rig.stage.approve_by(&["bob"], &waits).expect("approved");
    without_the_chip(&rig, "one approval", ("alice", &waits), "wrong-state");
    let own = rig.stage.approve("alice", &waits).expect("run");
    assert_eq!(own.code, 3, "who asks does not approve: {}", own.said());
    rig.stage.does("bob", &["deny", &waits, "--reason", "use the job"]).expect("denied");
    without_the_chip(&rig, "denied", ("alice", &waits), "ended");
    let request = armed(&rig, CREDENTIAL, &[]);
    for other in ["bob", "carol"] {
        without_the_chip(&rig, "who approved", (other, &request), "not-requester");
    }
    let ahead = armed(&rig, CREDENTIAL, &["--opens", "+1h", "--for", "15m"]);
    without_the_chip(&rig, "a window ahead", ("alice", &ahead), "outside-window");
    assert!(look(&rig, "alice", &request).expect("shown").plaintext.expose() == SECRET);
    without_the_chip(&rig, "a second time", ("alice", &request), "ended");
    rig.stage.does("bob", &["revoke", &ahead, "--reason", "not tonight"]).expect("revoked");
    without_the_chip(&rig, "revoked", ("alice", &ahead), "ended");
    let over = armed(&rig, CREDENTIAL, &["--for", "1s"]);
    let said = rig.wait_for_entry("chip-says", &over);
    assert!(said["detail"]["answer"].as_str().is_some_and(|said| said.starts_with("closed")), "{said}");
    without_the_chip(&rig, "a window that is over", ("alice", &over), "ended");
    let frozen = armed(&rig, CREDENTIAL, &[]);
    rig.stage.does("bob", &["freeze", "--reason", "a leak was reported"]).expect("frozen");
    without_the_chip(&rig, "frozen", ("alice", &frozen), "frozen");
    let said = rig.wait_for_entry("chip-says", &frozen);
    assert!(said["detail"]["answer"].as_str().is_some_and(|said| said.starts_with("closed")), "{said}");
}

#[test]
fn a_window_for_a_person_serves_no_job_and_a_window_for_a_job_no_person() {
    let rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, SECRET, &[]).expect("deposited");
    let reveal = armed(&rig, CREDENTIAL, &[]);
    rig.tap.take_codes();
    let job = pull(&rig);
    let codes = rig.tap.take_codes();
    assert!(job.code == 4 && job.stdout.is_empty(), "the job asks for itself: {}", job.said());
    assert!(!codes.contains(&UNSEAL) && !codes.iter().any(|code| CONDITIONS.contains(code)), "{codes:x?}");
    let release = rig.stage.arm(JOB, CREDENTIAL, &[]).expect("armed");
    without_the_chip(&rig, "the window of a job", ("alice", &release), "not-shown");
    // Both are there, and each serves its own.
    assert!(look(&rig, "alice", &reveal).expect("shown").plaintext.expose() == SECRET);
    let job = pull(&rig);
    assert!(job.code == 0 && job.stdout == SECRET, "{}", job.said());
    without_the_chip(&rig, "the window of a job that is spent", ("alice", &release), "not-shown");
    let (pulled, revealed) = (rig.entries("pulled"), rig.entries("revealed"));
    let about = |entries: &[serde_json::Value]| {
        entries
            .iter()
            .map(|entry| entry["detail"]["request"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!((about(&pulled), about(&revealed)), (vec![release], vec![reveal]));
}

#[test]
fn in_another_state_or_another_boot_the_chip_refuses_and_nobody_has_seen_it() {
    let mut rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, SECRET, &[]).expect("deposited");
    let (drift, reset) = (armed(&rig, CREDENTIAL, &[]), armed(&rig, CREDENTIAL, &[]));
    rig.chip.tpm().extend(7).expect("measured");
    let codes = refused(&rig, "another measured state", ("alice", &drift), "chip");
    assert!(codes.contains(&POLICY_PCR), "the chip was asked: {codes:x?}");
    rig.wait_for_entry("pull-returned", &drift);
    rig.chip.tpm_mut().power_cycle().expect("another boot");
    let codes = refused(&rig, "another boot", ("alice", &reset), "chip");
    assert!(codes.contains(&POLICY_COUNTER_TIMER), "the chip was asked: {codes:x?}");
    // The appliance has noticed by now, and what was armed before is void.
    without_the_chip(&rig, "another boot, again", ("alice", &drift), "ended");
    assert_eq!(view(&rig, CREDENTIAL).seen, [], "no plaintext existed, so nobody has seen it");
}

#[test]
fn the_command_line_asks_and_never_shows() {
    let rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, SECRET, &[]).expect("deposited");
    let why = ["--reason", "by hand", "--ticket", "INC-1"];
    let cases = [
        ("for a job and a person", vec!["--reveal", "--job", JOB], 2),
        ("for nobody", vec![], 2),
        ("more than once", vec!["--reveal", "--pulls", "2"], 2),
        ("for longer than 15 minutes", vec!["--reveal", "--for", "16m"], 3),
        ("for 15 minutes", vec!["--reveal", "--for", "15m"], 0),
    ];
    for (case, options, code) in cases {
        let args = [&["request", CREDENTIAL][..], &options, &why].concat();
        let output = rig.stage.run(Some("alice"), &args, b"").expect("run");
        assert_eq!(output.code, code, "{case}: {}", output.said());
    }
    let help = rig.stage.run(None, ["request", "--help"], b"").expect("run");
    assert!(help.text().contains("command prints a credential to a person"), "{}", help.said());
}
