//! Questions that the command never asks.

use crate::common::appliance::Appliance;
use crate::common::bundles::{ask, granted};
use crate::{Person, entries};

use portcullis::domain::wire::operator::audit::AuditReply;

#[test]
fn parts_that_are_none_places_behind_the_end_and_other_digests_are_refused() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/one"]);
    let mut alice = Person::connect(&appliance, "alice");
    let id = granted(&appliance, &[]);
    let (code, words) = alice.part(&id, "MANIFEST", 0).expect_err("nothing is made yet");
    assert_eq!(code, "message", "{words}");
    let AuditReply::Making { parts: Some(parts), from: 0, to, .. } = alice.makes(&id).expect("made") else {
        panic!("a short log is read in one step");
    };
    let strange = [
        "",
        "manifest",
        "MANIFEST ",
        "./MANIFEST",
        "MANIFEST\0",
        "../store/portcullis.db",
        "/etc/passwd",
        "entries.ndjson",
        "keys",
        "keys/",
        "quote/../MANIFEST",
    ];
    let long = "x".repeat(100_000);
    for path in strange.into_iter().chain([long.as_str()]) {
        let (code, words) = alice.part(&id, path, 0).expect_err(path);
        assert_eq!(code, "message", "{path}: {words}");
    }
    for part in &parts {
        let (path, len) = (part.path.as_str(), part.len);
        let whole = alice.part(&id, path, 0).expect(path);
        assert_eq!(whole.len() as u64, len, "{path}");
        assert_eq!(alice.part(&id, path, len).expect(path), b"", "{path}: at its end is nothing");
        if let Some(last) = len.checked_sub(1) {
            assert_eq!(alice.part(&id, path, last).expect(path), whole[whole.len() - 1..], "{path}");
        }
        for behind in [len + 1, 1 << 32, u64::MAX] {
            let (code, words) = alice.part(&id, path, behind).expect_err(path);
            assert_eq!(code, "message", "{path} at {behind}: {words}");
        }
    }
    for other in ["", "0", &"0".repeat(64), &"x".repeat(64), "MANIFEST"] {
        let (code, words) = alice.says_written(&id, other).expect_err(other);
        assert_eq!(code, "message", "{other}: {words}");
    }
    let again = alice.makes(&id).expect("made");
    assert!(matches!(again, AuditReply::Making { to: same, .. } if same == to), "the same bundle");
    let log = appliance.log();
    assert!(entries(&log, "exported").is_empty(), "nothing was handed over");
    assert_eq!(entries(&log, "checkpoint").len(), 1, "one export, one checkpoint");
}

#[test]
fn what_is_no_export_gives_no_bundle() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/one"]);
    let mut alice = Person::connect(&appliance, "alice");
    let release = appliance.arm("payroll", "db/one", &["--for", "1h"]).expect("armed");
    let revoked = ask(&appliance, &[]);
    appliance.does("alice", &["revoke", &revoked, "--reason", "not now"]).expect("revoked");
    let cases = [("a release", release.as_str(), "not-export"), ("revoked", revoked.as_str(), "wrong-state")];
    for (case, id, expected) in cases {
        let (code, words) = alice.makes(id).expect_err(case);
        assert_eq!(code, expected, "{case}: {words}");
    }
    let known = appliance.requests().to_string();
    let free = ["7K2M", "0000", "ZZZZ"].into_iter().find(|id| !known.contains(id)).expect("an id");
    assert_eq!(alice.makes(free).expect_err("no request").0, "no-request");
    assert!(entries(&appliance.log(), "checkpoint").is_empty(), "nothing was made");
}

#[test]
fn bundles_that_nobody_came_back_for_keep_nobody_from_theirs() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/one"]);
    let mut alice = Person::connect(&appliance, "alice");
    let ids: Vec<String> = (0..6).map(|_| granted(&appliance, &[])).collect();
    for id in &ids {
        alice.makes(id).expect(id);
    }
    let kept = ids.iter().filter(|id| alice.part(id, "MANIFEST", 0).is_ok()).count();
    assert!((1..6).contains(&kept), "not all of them are kept: {kept}");
    for id in &ids {
        alice.makes(id).expect("made, or made again");
        assert!(!alice.part(id, "MANIFEST", 0).expect(id).is_empty());
    }
    assert_eq!(entries(&appliance.log(), "checkpoint").len(), 6, "each has one checkpoint, once");
}
