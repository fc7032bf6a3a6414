//! A short story, played by the real program.

use portcullis::demo::stage::CREDENTIAL;

use crate::common::appliance::{Appliance, refused, released};

/// The leaves of a log that was written by people and jobs at work.
pub fn story() -> Vec<Vec<u8>> {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL, "db/other"]);
    appliance.arm("payroll", CREDENTIAL, &["--pulls", "2"]).expect("armed");
    released(&appliance.pull("payroll", CREDENTIAL).expect("a pull"), "the first pull");
    refused(&appliance.pull("stranger", CREDENTIAL).expect("a pull"), 3, "an unknown job");
    let why = ["--reason", "console by hand", "--ticket", "INC-4712"];
    let ask = |more: &[&str]| {
        let asked = appliance.does("alice", &[&["request", "db/other"], more, &why].concat()).expect("asked");
        appliance.request_id(&asked).expect("an id")
    };
    let (denied, shown) = (ask(&["--job", "payroll"]), ask(&["--reveal"]));
    appliance.does("bob", &["deny", &denied, "--reason", "not tonight"]).expect("denied");
    appliance.approve_by(&["bob", "carol"], &shown).expect("approved");
    let wrong = appliance.run_with_passphrase("wrong", &["--operator", "bob", "requests"]).expect("it runs");
    assert_ne!(wrong.code, 0, "a wrong passphrase opens nothing");
    appliance.stop().expect("stopped");
    appliance.serve().expect("serves again");
    appliance.does("carol", &["freeze", "--reason", "a theft"]).expect("frozen");
    let shown = appliance.does("carol", &["audit", "show", "--from", "0", "--json"]).expect("the log");
    appliance.strike();
    let text = shown.stdout;
    text.split(|&byte| byte == b'\n').filter(|leaf| !leaf.is_empty()).map(<[u8]>::to_vec).collect()
}
