//! Credentials that cannot be taken in, and those at the edge that can.

use super::common::appliance::Appliance;
use super::{nothing_changes, refused, still_serves};

const TERMS: [&str; 8] =
    ["--owner", "mf", "--reason", "no federation", "--rotation-days", "90", "--sunset", "2099-12-31"];

/// The terms with one of them changed, or left out where there is no value.
fn terms_with<'a>(option: &str, value: Option<&'a str>) -> Vec<&'a str> {
    let pairs = TERMS.chunks_exact(2).filter(|pair| pair[0] != option || value.is_some());
    pairs.flat_map(|pair| [pair[0], value.filter(|_| pair[0] == option).unwrap_or(pair[1])]).collect()
}

#[test]
fn a_deposit_that_cannot_be_meant_changes_nothing() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    let deposit = |name: &str, terms: &[&str], value: &[u8]| {
        let args = [&["deposit", name], terms].concat();
        appliance.run(Some("alice"), args, value).expect("the program runs")
    };
    nothing_changes(&appliance, &["past-sunset"], "deposits", || {
        for (name, value) in [("0 bytes", vec![]), ("65,537 bytes", vec![7; 65_537])] {
            refused(&deposit("db/b", &TERMS, &value), 2, "allowed are 1 to 65536", name);
        }
        for name in ["", "a/b/c", "/a", "a/", "a b", "ä", "-a", "a/b/", "a\u{1b}[2J", "nineteen/characters"]
        {
            refused(&deposit(name, &TERMS, b"x"), 2, "", name);
        }
        refused(
            &deposit("nineteen/characters", &TERMS, b"x"),
            2,
            "is not a credential name",
            "19 characters",
        );
        let long = "x".repeat(4_000);
        let escape = "a\u{1b}[31mb\u{7}";
        let cases = [
            ("--sunset", Some("2020-01-01"), 3, "the sunset of db/b was 2020-01-01"),
            ("--sunset", Some("2027-02-30"), 2, "is not a day"),
            ("--rotation-days", Some("0"), 2, "1 to 1096 days"),
            ("--rotation-days", Some("1097"), 2, "1 to 1096 days"),
            ("--reason", Some(""), 2, "the text is empty"),
            ("--reason", Some(&long), 2, "4000 characters, allowed are 500"),
            ("--owner", Some(escape), 2, "control character at place 2"),
            ("--owner", None, 2, "--owner"),
            ("--reason", None, 2, "--reason"),
            ("--rotation-days", None, 2, "--rotate"),
            ("--sunset", None, 2, "--sunset"),
        ];
        for (option, value, code, what) in cases {
            let output = deposit("db/b", &terms_with(option, value), b"x");
            let case = format!("{option} {:?}", value.map(str::len));
            refused(&output, code, what, &case);
            assert!(output.stderr.len() < 800, "{case}: what was typed is not repeated at length");
        }
        refused(&deposit("db/a", &TERMS, b"x"), 3, "credential db/a exists", "a name that is taken");
        let next = [&TERMS[..], &["--next"]].concat();
        refused(&deposit("db/none", &next, b"x"), 3, "there is no credential db/none", "no first generation");
    });
}

#[test]
fn a_credential_of_64_kib_is_delivered_byte_for_byte() {
    let mut appliance = Appliance::found();
    appliance.serve().expect("serves");
    let value: Vec<u8> = (0..65_536_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let me = format!("unix:uid:{}", portcullis::demo::stage::my_uid());
    appliance.add_client("payroll", &[me], &["db/big"]).expect("a client");
    appliance.deposit("db/big", &value, &[]).expect("65,536 bytes are taken");
    appliance.arm("payroll", "db/big", &["--pulls", "2"]).expect("armed");
    let pulled = appliance.pull("payroll", "db/big").expect("the program runs");
    assert_eq!(pulled.code, 0, "{}", pulled.stderr);
    assert!(pulled.stdout == value, "{} bytes, others than were deposited", pulled.stdout.len());
    let copy = appliance.prop("copy");
    let script = format!("cat <&$PORTCULLIS_FD > '{}'; exit 7", copy.display());
    let args = ["pull", "db/big", "--job", "payroll", "--exec", "sh", "-c", &script];
    let ran = appliance.run(None, args, b"").expect("the program runs");
    assert_eq!((ran.code, ran.stdout.len()), (7, 0), "the command's own exit code: {}", ran.stderr);
    assert!(std::fs::read(copy).expect("a copy") == value, "the descriptor carries the same bytes");
}

#[test]
fn the_next_generation_revokes_the_windows_of_the_one_before() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    let request = appliance.arm("payroll", "db/a", &["--pulls", "9"]).expect("armed");
    still_serves(&appliance, "the first generation");
    appliance.deposit("db/a", b"another", &["--next"]).expect("deposited");
    let requests = appliance.requests();
    let of = requests.as_array().expect("a list").iter().find(|one| one["doc"]["id"] == *request);
    assert_eq!(of.expect("it is listed")["state"], "revoked");
    let args = ["pull", "db/a", "--job", "payroll", "--timeout", "1s"];
    let late = appliance.run(None, args, b"").expect("the program runs");
    refused(&late, 4, "the time to wait is over", "the new generation needs approvals of its own");
}
