//! Old files put back.

use std::fs::{self, OpenOptions};

use portcullis::demo::stage::{CREDENTIAL, SECRET};

use super::common::appliance::{Appliance, copy_dir, kill, refused, released};
use super::common::store;

const OLD: &str = "this is an old copy";
const FOREIGN: &str = "does not open under the sealed store key";

/// An appliance whose store has a window with one pull, as it was before that pull (`old`) and after
/// it and a deposit (`new`).
pub fn spent() -> Appliance {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    appliance.arm("payroll", CREDENTIAL, &[]).expect("armed");
    appliance.stop().expect("stops");
    copy_dir(&appliance.store(), &appliance.prop("old"));
    appliance.serve().expect("serves");
    released(&appliance.pull("payroll", CREDENTIAL).expect("pulls"), "the one pull");
    appliance.deposit("db/later", SECRET, &[]).expect("deposited");
    appliance.stop().expect("stops");
    copy_dir(&appliance.store(), &appliance.prop("new"));
    appliance
}

/// The newest store is put back and serves, and the spent pull stays spent.
fn is_whole_again(appliance: &mut Appliance, case: &str) {
    copy_dir(&appliance.prop("new"), &appliance.store());
    appliance.serve().expect(case);
    refused(&appliance.pull("payroll", CREDENTIAL).expect("pulls"), 3, case);
    appliance.does("carol", &["audit", "verify"]).expect("the log verifies");
    appliance.stop().expect("stops");
}

#[test]
fn p34_an_old_store_or_a_part_of_it_keeps_the_appliance_down() {
    let mut appliance = spent();
    let (old, new) = (appliance.prop("old"), appliance.prop("new"));
    let len = fs::metadata(new.join("portcullis.db")).expect("a database").len();
    let cut = |to: u64| {
        move |appliance: &Appliance| {
            let file = OpenOptions::new().write(true).open(appliance.database()).expect("opened");
            file.set_len(to).expect("cut");
        }
    };
    let from_old = old.clone();
    type Change<'a> = Box<dyn Fn(&Appliance) + 'a>;
    let cases: Vec<(&str, &str, Change<'_>)> = vec![
        ("the whole folder", OLD, Box::new(|appliance| copy_dir(&from_old, &appliance.store()))),
        (
            "the database alone",
            OLD,
            Box::new(|appliance| {
                fs::copy(old.join("portcullis.db"), appliance.database()).expect("copied");
            }),
        ),
        ("without its last page", "", Box::new(cut(len - 4096))),
        ("half of it", "", Box::new(cut(len / 2))),
        ("not a whole page", "", Box::new(cut(len / 2 - 1))),
        ("its first page", "", Box::new(cut(4096))),
        ("empty", FOREIGN, Box::new(cut(0))),
        (
            "none",
            "there is no store",
            Box::new(|appliance| fs::remove_file(appliance.database()).expect("removed")),
        ),
        (
            "a byte changed in the first page",
            FOREIGN,
            Box::new(|appliance| {
                let mut bytes = fs::read(appliance.database()).expect("read");
                bytes[100] ^= 1;
                fs::write(appliance.database(), bytes).expect("written");
            }),
        ),
    ];
    for (case, says, change) in &cases {
        copy_dir(&new, &appliance.store());
        change(&appliance);
        let said = appliance.refuses_to_start(6, case);
        assert!(said.contains(says), "{case}: {said}");
    }
    is_whole_again(&mut appliance, "after all that");
}

#[test]
fn an_old_write_ahead_log_beside_a_newer_database_keeps_the_appliance_down() {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    appliance.arm("payroll", CREDENTIAL, &["--pulls", "2"]).expect("armed");
    let wal = "portcullis.db-wal";
    appliance.kill();
    copy_dir(&appliance.store(), &appliance.prop("old"));
    assert!(fs::metadata(appliance.prop("old").join(wal)).expect("a log").len() > 0, "a kill leaves a log");
    appliance.serve().expect("serves");
    released(&appliance.pull("payroll", CREDENTIAL).expect("pulls"), "the first of two");
    appliance.kill();
    copy_dir(&appliance.store(), &appliance.prop("killed"));
    appliance.serve().expect("serves");
    released(&appliance.pull("payroll", CREDENTIAL).expect("pulls"), "the second");
    appliance.stop().expect("stops");
    copy_dir(&appliance.store(), &appliance.prop("new"));
    for (case, from) in [("two kills ago", "old"), ("the last kill", "killed")] {
        copy_dir(&appliance.prop("new"), &appliance.store());
        fs::copy(appliance.prop(from).join(wal), appliance.store().join(wal)).expect("copied");
        let said = appliance.refuses_to_start(6, case);
        assert!(!said.is_empty(), "{case}");
        copy_dir(&appliance.prop(from), &appliance.store());
        let said = appliance.refuses_to_start(6, case);
        assert!(said.contains(OLD), "{case}, with its own database: {said}");
    }
    is_whole_again(&mut appliance, "after all that");
}

#[test]
fn p23_the_pins_and_the_key_of_another_appliance_keep_this_one_down() {
    let mut appliance = spent();
    let (new, other) = (appliance.prop("new"), Appliance::found());
    let chip = store::chip(appliance.home());
    let own_key = serde_json::to_vec(&chip.seal(&store::store_key(other.home())).expect("sealed"));
    let own_key = own_key.expect("JSON");
    let pins = fs::read_to_string(new.join("chip.json")).expect("pins");
    let real = pins.replace("\"is_software\":true", "\"is_software\":false");
    assert_ne!(pins, real, "what the pins say of the chip is found");
    let theirs = |file: &str| fs::read(other.store().join(file)).expect("read");
    let cases = [
        ("the pins of another chip", 5, vec![("chip.json", theirs("chip.json"))], "0x81000001"),
        ("pins that call software hardware", 6, vec![("chip.json", real.into_bytes())], "pinned"),
        ("no pins", 6, vec![("chip.json", Vec::new())], "pinned"),
        ("a key that another chip sealed", 5, vec![("store.key", theirs("store.key"))], "TPM"),
        ("another key, sealed to this chip", 6, vec![("store.key", own_key.clone())], FOREIGN),
        ("no key", 5, vec![("store.key", Vec::new())], "sealed store key"),
        (
            "the store of another appliance, its key sealed to this chip",
            6,
            vec![("store.key", own_key.clone()), ("portcullis.db", theirs("portcullis.db"))],
            "pinned",
        ),
        (
            "the same with its pins",
            5,
            vec![
                ("store.key", own_key),
                ("portcullis.db", theirs("portcullis.db")),
                ("chip.json", theirs("chip.json")),
            ],
            "0x81000001",
        ),
    ];
    for (case, code, files, says) in cases {
        copy_dir(&new, &appliance.store());
        for (name, bytes) in files {
            fs::write(appliance.store().join(name), bytes).expect("written");
        }
        let said = appliance.refuses_to_start(code, case);
        assert!(said.contains(says), "{case}: {said}");
    }
    is_whole_again(&mut appliance, "after all that");
}

#[test]
fn a_store_of_a_newer_schema_is_refused_and_left_as_it_is() {
    let appliance = Appliance::found();
    let connection = store::open(appliance.home());
    connection.pragma_update(None, "user_version", 99).expect("updated");
    connection.close().expect("closed");
    let before = fs::read(appliance.database()).expect("read");
    let said = appliance.refuses_to_start(6, "a newer schema");
    assert!(said.contains("schema 99, and this program knows 1"), "{said}");
    assert_eq!(fs::read(appliance.database()).expect("read"), before, "not a byte is changed");
}

#[test]
fn p27_a_store_that_is_exchanged_under_the_running_daemon_takes_nothing_and_releases_nothing() {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    appliance.arm("payroll", CREDENTIAL, &[]).expect("armed");
    fs::copy(appliance.database(), appliance.prop("copy")).expect("copied");
    fs::rename(appliance.prop("copy"), appliance.database()).expect("exchanged");
    let pulled = appliance.pull("payroll", CREDENTIAL).expect("pulls");
    refused(&pulled, 6, "the file at the path is another");
    let daemon = appliance.daemon_pid().expect("it runs");
    kill(daemon);
    appliance.kill();
}
