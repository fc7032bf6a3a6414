//! Bundles that the real program made and nobody changed, or one that somebody did.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::common::bundles::{export, unpack};
use super::world::{busy, keys, verify};

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn two_bundles_verify_together_and_alone_packed_and_unpacked() {
    let (appliance, keys) = busy();
    let first = export(&appliance, &appliance.prop("out"), None);
    let second = export(&appliance, &appliance.prop("out"), None);
    let unpacked = appliance.prop("unpacked");
    unpack(&second, &unpacked);
    let (first, second, unpacked, keys) = (text(&first), text(&second), text(&unpacked), text(&keys));
    for files in [vec![first], vec![second], vec![unpacked], vec![second, first], vec![first, unpacked]] {
        let said = verify([&files[..], &["--keys", keys, "--allow-evaluation"]].concat());
        assert_eq!(said.code, 0, "{files:?}: {}", said.stderr);
        let last = said.text().lines().last().expect("a last line").to_owned();
        assert!(last.starts_with("Verified: entries ") && last.contains("EVALUATION"), "{last}");
        let is_whole = files.contains(&first);
        assert_eq!(last.contains("the steps were not checked"), !is_whole, "{last}");
        assert!(!said.stderr.contains("NOBODY"), "{}", said.stderr);
    }
    let said = verify([first, second, "--allow-evaluation"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stderr.contains("NOBODY VOUCHES FOR THE KEYS"), "{}", said.stderr);
    assert!(said.text().contains("by keys that NOBODY VOUCHES FOR"), "{}", said.text());
    let said = verify(["--json", second, first, "--allow-evaluation"]);
    let told: Value = serde_json::from_slice(&said.stdout).expect("one object");
    assert_eq!(
        (&told["verified"], &told["pinned"], &told["complete"]),
        (&true.into(), &false.into(), &true.into())
    );
    let bundles = told["bundles"].as_array().expect("a list");
    assert_eq!((bundles.len(), &bundles[0]["from"]), (2, &0.into()), "in the order of the log");
    assert_eq!(bundles[0]["size"], bundles[1]["from"]);
    assert_eq!((&bundles[0]["operator_signatures"], &bundles[0]["reports_checked"]), (&6.into(), &6.into()));
    refusals(first, second, keys, &appliance.prop("changed"));
}

/// Exit codes, and what is said.
fn refusals(first: &str, second: &str, keys: &str, changed: &Path) {
    let mut bytes = std::fs::read(second).expect("read");
    let at = bytes.windows(9).position(|window| window == b"\"seq\":17,").expect("entry 17");
    bytes[at + 7] = b'8';
    std::fs::write(changed, bytes).expect("written");
    let log = changed.with_extension("keys");
    let list = std::fs::read_to_string(keys).expect("read");
    std::fs::write(&log, list.replace("example.org/demo+", "example.org/other+")).expect("written");
    let allow = "--allow-evaluation";
    let evaluation = format!("portcullis: {first}: the log is of an EVALUATION appliance");
    let cases: [(&str, Vec<&str>, i32, &str); 7] = [
        ("encrypted", vec!["gate-0-16.pcab.tar.age"], 1, "it is encrypted: decrypt it first"),
        ("evaluation", vec![first, "--keys", keys], 3, &evaluation),
        ("no file", vec!["/nonexistent.pcab.tar"], 1, "No such file"),
        ("no list", vec![first, "--keys", first], 2, "cannot be read"),
        ("a list of no keys", vec![first, "--keys", text(&log)], 2, "is no list of keys"),
        ("keys without files", vec!["--keys", keys], 2, "FILE"),
        ("an entry changed", vec![text(changed), allow], 6, "entry 17 says that it is entry 18"),
    ];
    for (case, args, code, expected) in cases {
        let said = verify(&args);
        assert_eq!(said.code, code, "{case}: {}", said.stderr);
        assert!(said.stderr.contains(expected), "{case}: {}", said.stderr);
        assert!(code == 2 || said.stderr.lines().count() >= 2, "{case}: {}", said.stderr);
    }
    let said = verify(["--json", text(changed), allow]);
    let told: Value = serde_json::from_slice(&said.stdout).expect("one object");
    assert_eq!((&told["error"]["code"], &told["error"]["exit"]), (&"entries".into(), &6.into()), "{told}");
}

#[test]
fn one_entry_is_proven_and_a_policy_of_witnesses_is_met_or_not() {
    let (appliance, keys) = busy();
    let first = export(&appliance, &appliance.prop("first"), None);
    let folder = appliance.prop("unpacked");
    unpack(&first, &folder);
    let list = std::fs::read_to_string(&keys).expect("read");
    let people = std::fs::read_to_string(folder.join("keys/operators.vkey")).expect("read");
    let log = list.lines().next().expect("the log's key");
    let mut policy = format!("log {log}\n");
    for (name, key) in ["alice", "bob", "carol"].iter().zip(people.lines()) {
        policy += &format!("witness {name} {key}\n");
    }
    policy += "group people 2 alice bob carol\nquorum people\n";
    let file = appliance.prop("policy");
    std::fs::write(&file, policy).expect("written");
    let args = [text(&first), "--keys", text(&keys), "--allow-evaluation", "--policy", text(&file)];
    let said = verify(args);
    assert_eq!(said.code, 3, "{}", said.stderr);
    assert!(said.stderr.contains("0 of the witnesses of the policy have cosigned it"), "{}", said.stderr);
    for person in ["bob", "carol"] {
        appliance.does(person, &["audit", "cosign"]).expect("cosigned");
    }
    // Taken again, it has the cosignatures that came meanwhile.
    let request = appliance.requests()[0]["doc"]["id"].as_str().expect("an id").to_owned();
    let again = appliance.prop("again");
    std::fs::create_dir(&again).expect("a folder");
    appliance
        .does("alice", &["audit", "export", "--request", &request, "--to", text(&again)])
        .expect("taken");
    let again = again.join(first.file_name().expect("a name"));
    let said = verify([&[text(&again)], &args[1..]].concat());
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.text().contains("the witnesses of the policy are enough"), "{}", said.text());
    assert!(said.text().contains("operators/bob"), "{}", said.text());
    let to = appliance.prop("out");
    std::fs::create_dir(&to).expect("a folder");
    appliance.does("carol", &["audit", "prove", "3", "--to", text(&to)]).expect("proven");
    let (proof, entry) = (to.join("3.tlog-proof"), to.join("3.json"));
    let with = [text(&proof), "--keys", text(&keys), "--allow-evaluation"];
    let said = verify(with);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.text().ends_with("Verified: one entry by its proof; of an EVALUATION appliance.\n"));
    assert_eq!(verify([text(&proof), "--keys", text(&keys)]).code, 3, "evaluation");
    assert_eq!(verify([text(&proof), "--allow-evaluation"]).code, 2, "without keys");
    let leaf = std::fs::read_to_string(&entry).expect("read");
    let cases = [
        (&entry, leaf.replace("\"seq\":3,", "\"seq\":4,"), "entry 3 says that it is entry 4"),
        (
            &entry,
            leaf.replace("\"mono\":", "\"mono\":1"),
            "the proof does not show that leaf 3 is in the tree",
        ),
        (
            &proof,
            std::fs::read_to_string(&proof).expect("read").replace("index 3", "index 2"),
            "3.json beside it",
        ),
    ];
    for (path, changed, expected) in cases {
        let good = std::fs::read(path).expect("read");
        std::fs::write(path, changed).expect("written");
        let said = verify(with);
        assert_eq!(said.code, 6, "{expected}: {}", said.stderr);
        assert!(said.stderr.contains(expected), "{expected}: {}", said.stderr);
        std::fs::write(path, good).expect("written");
    }
}

#[test]
fn p31_a_log_restored_with_its_chip_and_continued_contradicts_what_was_handed_over() {
    let (mut appliance, _) = busy();
    let out = appliance.prop("out");
    let list = std::fs::read(keys(&appliance)).expect("read");
    export(&appliance, &out, None);
    let stop = |appliance: &mut super::common::appliance::Appliance| {
        appliance.stop().expect("stopped");
        appliance.run(None, ["softtpm", "stop"], b"").expect("run");
    };
    stop(&mut appliance);
    let (home, aside) = (appliance.home().to_owned(), tempfile::tempdir().expect("a folder"));
    let copy = |from: &Path, to: &Path| {
        let status = Command::new("cp").arg("-aT").arg(from).arg(to).status().expect("cp runs");
        assert!(status.success(), "copied");
    };
    let (before, taken) = (aside.path().join("before"), aside.path().join("taken"));
    copy(&home, &before);
    appliance.serve().expect("serves");
    appliance.deposit("db/two", b"one", &[]).expect("deposited");
    let ours = export(&appliance, &out, None);
    copy(&out, &taken);
    stop(&mut appliance);
    // The whole machine as it was, with its chip.
    std::fs::remove_dir_all(&home).expect("removed");
    copy(&before, &home);
    appliance.serve().expect("serves");
    appliance.deposit("db/three", b"other", &[]).expect("deposited");
    let theirs = export(&appliance, &out, None);
    let (keys, ours) = (aside.path().join("keys"), taken.join(ours.file_name().expect("a name")));
    std::fs::write(&keys, list).expect("written");
    let rest = ["--keys", text(&keys), "--allow-evaluation"];
    for file in [&ours, &theirs] {
        let said = verify([&[text(file)], &rest[..]].concat());
        assert_eq!(said.code, 0, "each of them alone: {}", said.stderr);
    }
    let said = verify([&[text(&ours), text(&theirs)], &rest[..]].concat());
    assert_eq!(said.code, 6, "{}", said.stderr);
    for words in [text(&ours), text(&theirs), "contradicts", "restored from an older copy and continued"] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
    assert!(said.stderr.contains("is the first that differs"), "{}", said.stderr);
}
