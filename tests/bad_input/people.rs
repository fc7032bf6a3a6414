//! Wrong passphrases and keys of others.

use super::common::appliance::Appliance;
use super::{files, nothing_changes, refused};

#[test]
fn a_wrong_passphrase_is_on_the_record_and_opens_nothing() {
    let mut appliance = Appliance::found();
    appliance.serve().expect("serves");
    let before = files(&appliance.home().join("operators"));
    let log = appliance.log().len();
    let key = appliance.home().join("operators/bob.pcop").display().to_string();
    for wrong in ["bob opens the gatE", "", "bob opens the gate "] {
        let args = ["--key", &key, "freeze", "--reason", "r"];
        let output = appliance.run_with_passphrase(wrong, &args).expect("the program runs");
        refused(&output, 3, "the passphrase does not open", wrong);
        assert!(wrong.is_empty() || !output.stderr.contains(wrong), "it is not repeated");
    }
    let new = appliance.log().split_off(log);
    assert_eq!(new.len(), 3, "{new:?}");
    for entry in new {
        assert_eq!(
            (&entry["type"], &entry["detail"]["operator"]),
            (&"passphrase-failed".into(), &"bob".into())
        );
    }
    assert_eq!(files(&appliance.home().join("operators")), before);
}

#[test]
fn keys_that_are_not_the_persons_own_are_refused() {
    let mut appliance = Appliance::found();
    appliance.serve().expect("serves");
    nothing_changes(&appliance, &["passphrase-failed"], "keys", || {
        let run = |args: &[&str]| appliance.run(None, args, b"").expect("the program runs");
        refused(&run(&["list"]), 2, "holds 3 key files", "nobody says who");
        refused(&run(&["list", "--operator", "dave"]), 2, "there is no key file", "nobody of that name");
        refused(&run(&["list", "--operator", "Bob"]), 2, "is not an operator id", "not a name");
        let path = appliance.prop("other.pcop");
        let named = path.display().to_string();
        let bob = std::fs::read_to_string(appliance.home().join("operators/bob.pcop")).expect("a key file");
        let renamed = bob.replace("\"bob\"", "\"carol\"");
        assert_ne!(renamed, bob);
        let cases = [
            ("no key file at all", "S3CRET", "bob opens the gate"),
            ("half of one", &bob[..bob.len() / 2], "bob opens the gate"),
            ("an unknown field", &bob.replacen('{', "{\"more\": 1,", 1), "bob opens the gate"),
            ("under another name", &renamed, "bob opens the gate"),
        ];
        for (name, text, passphrase) in cases {
            std::fs::write(&path, text).expect("written");
            let args = ["--key", &named, "list"];
            let output = appliance.run_with_passphrase(passphrase, &args).expect("the program runs");
            // One that reads is reported as a wrong passphrase would be, by the name that it claims.
            refused(&output, 3, "other.pcop", name);
            assert!(!output.stderr.contains("S3CRET"), "{name}: nothing of it is repeated");
        }
        std::fs::remove_file(&path).expect("removed");
    });
}
