//! Files that are not what they should be: the daemon says what, and starts again once they are.

use super::common::appliance::{Appliance, program};
use super::{files, refused, still_serves};

#[test]
fn wiring_that_does_not_read_or_lead_to_a_tpm_keeps_the_appliance_down() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    appliance.arm("payroll", "db/a", &["--pulls", "9"]).expect("armed");
    appliance.stop().expect("stops");
    let config = appliance.home().join("portcullis.toml");
    let wiring = std::fs::read_to_string(&config).expect("the wiring");
    let closed = "[tpm]\ntcti = \"swtpm:host=127.0.0.1,port=1\"\n";
    let cases = [
        ("an unknown key", format!("{wiring}quorum = 1\n"), 1, "unknown field `quorum`"),
        ("an unknown table", format!("{wiring}[policy]\n"), 1, "unknown field `policy`"),
        ("no TOML", "tpm = ".to_owned(), 1, "portcullis.toml"),
        ("nothing", String::new(), 1, "missing field `tpm`"),
        ("a closed port", closed.to_owned(), 5, "no TPM answers at swtpm:host=127.0.0.1,port=1"),
        ("no device", "[tpm]\ntcti = \"device:/dev/nonexistent\"\n".to_owned(), 5, "/dev/nonexistent"),
        ("no chip", "[tpm]\ntcti = \"device:/dev/null\"\n".to_owned(), 5, ""),
        ("no way to a TPM", "[tpm]\ntcti = \"mssim\"\n".to_owned(), 5, "is not a TPM"),
    ];
    let store = files(&appliance.store());
    for (name, text, code, what) in cases {
        std::fs::write(&config, text).expect("written");
        refused(&appliance.run(None, ["serve"], b"").expect("runs"), code, what, name);
        assert_eq!(files(&appliance.store()), store, "{name}: the store is as it was");
    }
    std::fs::write(&config, wiring).expect("written");
    appliance.serve().expect("it starts again");
    still_serves(&appliance, "nothing was lost, not even the window");
    let second = appliance.run(None, ["serve"], b"").expect("runs");
    assert!(second.code != 0 && second.stderr.lines().count() == 2, "a second daemon: {}", second.stderr);
    still_serves(&appliance, "and the first goes on");
}

#[test]
fn without_an_appliance_or_a_daemon_every_verb_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = portcullis::demo::stage::Stage::set(program(), folder.path().to_owned()).expect("a stage");
    let run = |args: &[&str]| empty.run(None, args, b"").expect("runs");
    refused(&run(&["serve"]), 1, "there is no appliance at", "serve without set-up");
    refused(&run(&["softtpm", "stop"]), 1, "there is no appliance at", "softtpm without set-up");
    refused(&run(&["list"]), 2, "there is no key file", "list without set-up");
    let appliance = Appliance::found();
    let before = files(&appliance.home().join("operators"));
    let why = ["--reason", "r", "--ticket", "t"];
    let terms = ["--owner", "o", "--reason", "r", "--rotate", "9d", "--sunset", "2099-12-31"];
    let verbs: [&[&str]; 11] = [
        &["list"],
        &["show", "db/a"],
        &["requests"],
        &["client", "list"],
        &["audit", "show"],
        &["audit", "verify"],
        &["approve", "7K2M", "--id-again", "7K2M"],
        &["revoke", "7K2M", "--reason", "r"],
        &["freeze", "--reason", "r"],
        &[&["request", "db/a", "--job", "payroll"], &why[..]].concat(),
        &[&["deposit", "db/a"], &terms[..]].concat(),
    ];
    for args in verbs {
        let output = appliance.run(Some("bob"), args, b"x").expect("runs");
        refused(&output, 7, "cannot be reached", args[0]);
        assert!(output.stderr.contains("portcullis serve"), "{}: {}", args[0], output.stderr);
    }
    let pulled = appliance.run(None, ["pull", "db/a", "--job", "payroll"], b"").expect("runs");
    refused(&pulled, 7, "cannot connect", "pull");
    assert_eq!(files(&appliance.home().join("operators")), before);
}
