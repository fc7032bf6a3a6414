//! Who may have a bundle, and of what.

use std::path::Path;

use base64::prelude::*;
use portcullis::demo::stage::SECRET;

use crate::common::appliance::{Appliance, released};
use crate::common::bundles::{ask, ask_arguments, files, granted, taken, try_take, unpack};
use crate::{Person, digest, entries, nobody_gets};

#[test]
fn one_approval_gives_nobody_a_bundle_and_two_give_it_to_who_asked() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/one"]);
    let [mut alice, mut bob, mut carol] =
        ["alice", "bob", "carol"].map(|name| Person::connect(&appliance, name));
    let id = ask(&appliance, &[]);
    nobody_gets(&mut alice, &id, "wrong-state", "nobody approved");
    let own = appliance.approve("alice", &id).expect("runs");
    assert_eq!(own.code, 3, "{}", own.stderr);
    appliance.approve_by(&["bob"], &id).expect("approved");
    let again = appliance.approve("bob", &id).expect("runs");
    assert_eq!(again.code, 3, "{}", again.stderr);
    for person in [&mut alice, &mut bob, &mut carol] {
        nobody_gets(person, &id, "wrong-state", "one approved");
    }
    assert!(entries(&appliance.log(), "checkpoint").is_empty(), "nothing was made");
    appliance.approve_by(&["carol"], &id).expect("approved");
    for (person, name) in [(&mut bob, "bob"), (&mut carol, "carol")] {
        nobody_gets(person, &id, "not-requester", name);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let refused = try_take(&appliance, "bob", &id, folder.path());
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("bob did not ask for request"), "{}", refused.stderr);
    assert!(refused.stderr.contains("portcullis audit export"), "what next: {}", refused.stderr);
    assert_eq!(files(folder.path()), Vec::<String>::new(), "nothing is left behind");
    taken(&appliance, &id, folder.path());
    let denied = ask(&appliance, &[]);
    appliance.does("bob", &["deny", &denied, "--reason", "one is enough"]).expect("denied");
    let refused = try_take(&appliance, "alice", &denied, folder.path());
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("DENIED"), "{}", refused.stderr);
}

#[test]
fn a_bundle_begins_where_the_last_one_ended_and_the_log_has_its_digest() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/one"]);
    // Granted and never taken: the next one begins as if it had not been.
    granted(&appliance, &[]);
    let first = taken(&appliance, &granted(&appliance, &[]), folder.path());
    appliance.does("bob", &["freeze", "--reason", "a leak was reported"]).expect("frozen");
    let second = taken(&appliance, &granted(&appliance, &[]), folder.path());
    assert_eq!((&first["from"], &second["from"]), (&0.into(), &first["to"]), "frozen or not");
    for wrong in ["1", "999999", "9007199254740992"] {
        let asked = [&ask_arguments()[..], &["--from", wrong]].concat();
        let refused = appliance.run(Some("alice"), asked, b"").expect("runs");
        assert_eq!(refused.code, 3, "{wrong}: {}", refused.stderr);
        assert!(
            refused.stderr.contains("begins at 0 or where an earlier bundle ended"),
            "{}",
            refused.stderr
        );
    }
    let end = first["to"].to_string();
    let again = tempfile::tempdir().expect("a folder");
    let third = taken(&appliance, &granted(&appliance, &["--from", &end]), again.path());
    assert_eq!(third["from"], second["from"], "where an earlier one ended");
    let log = appliance.log();
    let exported = entries(&log, "exported");
    assert_eq!(exported.len(), 3);
    for (entry, bundle) in exported.iter().zip([&first, &second, &third]) {
        let unpacked = tempfile::tempdir().expect("a folder");
        let into = unpacked.path().join("bundle");
        unpack(Path::new(bundle["bundle"].as_str().expect("a path")), &into);
        assert_eq!(entry["detail"]["manifest"], digest(&into.join("MANIFEST")).as_str());
        assert_eq!(entry["detail"]["manifest"], bundle["manifest"]);
        assert_eq!(entry["detail"]["range"], serde_json::json!([bundle["from"], bundle["to"]]));
        assert_eq!(entry["actor"], serde_json::json!(["operator:alice"]));
        let ends_with = &log[bundle["to"].as_u64().expect("a number") as usize - 1];
        assert_eq!(ends_with["type"], "checkpoint", "a bundle ends with the checkpoint made for it");
        assert_eq!(ends_with["detail"]["request"], entry["detail"]["request"]);
    }
}

#[test]
fn no_credential_is_in_a_bundle_nor_in_what_lies_beside_it_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut appliance = Appliance::found();
    let secret = b"xyzzy-plugh-4711-hunter2-correct-horse";
    appliance.furnish(&["db/one"]);
    appliance.deposit("db/two", secret, &[]).expect("deposited");
    appliance.add_client("night", &[crate::common::rig::me()], &["db/two"]).expect("a client");
    for (job, credential, value) in [("payroll", "db/one", SECRET), ("night", "db/two", secret)] {
        appliance.arm(job, credential, &["--for", "1h"]).expect("armed");
        let pulled = appliance.pull(job, credential).expect("pulls");
        assert_eq!((pulled.code, pulled.stdout.as_slice()), (0, value), "{}", pulled.stderr);
    }
    appliance.arm("payroll", "db/one", &["--for", "1h"]).expect("armed");
    released(&appliance.pull("payroll", "db/one").expect("pulls"), "again");
    let id = granted(&appliance, &[]);
    // A folder in the way of the bundle leaves all its parts behind.
    let size = appliance.log().len() + 1;
    let blocked = folder.path().join(format!("example.org-demo-0-{size}.pcab.tar"));
    std::fs::create_dir(&blocked).expect("a folder");
    let refused = try_take(&appliance, "alice", &id, folder.path());
    assert_ne!(refused.code, 0, "{}", refused.text());
    let parts = files(folder.path());
    assert!(parts.len() >= 27, "its parts are there: {parts:?}");
    look(folder.path(), &[SECRET, secret]);
    std::fs::remove_dir(&blocked).expect("removed");
    taken(&appliance, &id, folder.path());
    look(folder.path(), &[SECRET, secret]);
    let words: Vec<String> = ["alice", "bob", "carol"].map(portcullis::demo::stage::passphrase).into();
    look(folder.path(), &words.iter().map(String::as_bytes).collect::<Vec<_>>());
}

/// None of the files has any of these bytes, as they are, in hex, in base64 or as a hash.
fn look(folder: &Path, secrets: &[&[u8]]) {
    use sha2::{Digest as _, Sha256};
    for name in files(folder) {
        let bytes = std::fs::read(folder.join(&name)).expect("read");
        for secret in secrets {
            let forms = [
                secret.to_vec(),
                hex::encode(secret).into_bytes(),
                hex::encode_upper(secret).into_bytes(),
                BASE64_STANDARD_NO_PAD.encode(secret).into_bytes(),
                hex::encode(Sha256::digest(secret)).into_bytes(),
                Sha256::digest(secret).to_vec(),
            ];
            for form in forms {
                assert!(!bytes.windows(form.len()).any(|part| part == form), "a secret in {name}");
            }
        }
    }
}
