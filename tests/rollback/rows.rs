//! Rows changed in the opened store, as root may.

use portcullis::demo::stage::CREDENTIAL;
use rusqlite::{Connection, params};
use serde_json::Value;

use super::common::appliance::{Appliance, copy_dir, refused, released};
use super::common::store::{blob, open};

const FORK: &str = "fork or an altered copy";
const OLD: &str = "this is an old copy";
const LAST: &str = "SELECT entry FROM leaves ORDER BY seq DESC LIMIT 1";

/// Appends the last leaf once more with a place and an epoch of its own, and whatever `change` does to it.
fn append(store: &Connection, epochs: u64, change: impl FnOnce(&mut Value)) {
    let mut leaf: Value = serde_json::from_slice(&blob(store, LAST)).expect("JSON");
    let seq = leaf["seq"].as_u64().expect("a number") + 1;
    leaf["seq"] = seq.into();
    leaf["epoch"] = (leaf["epoch"].as_u64().expect("a number") + epochs).into();
    change(&mut leaf);
    let bytes = serde_json_canonicalizer::to_vec(&leaf).expect("canonical");
    store.execute("INSERT INTO leaves VALUES (?1, ?2)", params![seq as i64, bytes]).expect("appended");
}

fn note(leaf: &mut Value) {
    leaf["type"] = "frozen".into();
    leaf["detail"] = serde_json::json!({ "operator": "alice", "reason": "a drill" });
}

fn approval(by: &'static str) -> impl FnOnce(&mut Value) {
    move |leaf| {
        let request = leaf["detail"]["doc"].clone();
        leaf["actor"] = serde_json::json!([format!("operator:{by}")]);
        leaf["type"] = "approved".into();
        leaf["detail"] = serde_json::json!({
            "request": request["id"], "operator": by, "signature": "00".repeat(64),
            "window": request["subject"]["window"], "pulls": request["subject"]["pulls"],
        });
    }
}

fn sql(statement: &'static str) -> Change {
    Box::new(move |store| assert!(store.execute(statement, []).expect(statement) > 0, "{statement}"))
}

/// Replaces words in the leaves that hold them; what comes out is canonical as well.
fn reword(from: &'static str, to: &'static str) -> Change {
    Box::new(move |store| {
        let sql = "UPDATE leaves SET entry = CAST(replace(CAST(entry AS TEXT), ?1, ?2) AS BLOB)
            WHERE instr(CAST(entry AS TEXT), ?1)";
        assert!(store.execute(sql, [from, to]).expect("updated") > 0, "{from}");
    })
}

type Change = Box<dyn Fn(&Connection)>;

fn changes() -> Vec<(&'static str, i32, &'static str, Change)> {
    let last = "DELETE FROM leaves WHERE seq = (SELECT max(seq) FROM leaves)";
    vec![
        ("a word of a reason", 6, FORK, reword("RACF knows no federation", "RACF knows no mercy")),
        ("the quorum of the roster", 6, "", reword("\"quorum\":2", "\"quorum\":3")),
        ("a role on the roster", 6, "does not verify", reword("\"custodian\",\"auditor\"", "\"custodian\"")),
        ("the grants of a client", 6, "signature", reword("racf/prod01", "racf/prod02")),
        ("the last leaf deleted", 6, OLD, sql(last)),
        ("the first leaf deleted", 6, "no leaf 0", sql("DELETE FROM leaves WHERE seq = 0")),
        ("a leaf in the middle deleted", 6, "no leaf 3", sql("DELETE FROM leaves WHERE seq = 3")),
        ("all leaves deleted", 6, "no log", sql("DELETE FROM leaves")),
        (
            "two leaves exchanged",
            6,
            "entry 2 says that it is entry 3",
            sql("UPDATE leaves SET entry = (SELECT entry FROM leaves o WHERE o.seq = 5 - leaves.seq)
                WHERE seq IN (2, 3)"),
        ),
        (
            "a leaf that reads and is spelt otherwise",
            6,
            "would be written otherwise",
            sql("UPDATE leaves SET entry = CAST(CAST(entry AS TEXT) || ' ' AS BLOB) WHERE seq = 2"),
        ),
        ("no leaf at all in a row", 6, "not canonical", sql("UPDATE leaves SET entry = x'00' WHERE seq = 2")),
        ("one more leaf in the epoch of the last", 6, "epoch", Box::new(|store| append(store, 0, note))),
        ("one more leaf, an epoch left out", 6, "epoch", Box::new(|store| append(store, 2, note))),
        (
            "two more leaves, each in its epoch",
            6,
            "this chip never saw that",
            Box::new(|store| (0..2).for_each(|_| append(store, 1, note))),
        ),
        (
            "one more approval that its operator never signed",
            6,
            "signature",
            Box::new(|store| append(store, 1, approval("bob"))),
        ),
        (
            "the auth value of the head",
            5,
            "0x018070c3",
            sql("UPDATE kept SET value = randomblob(32) WHERE name = 'nv-auth-head'"),
        ),
        ("no auth value", 6, "nv-auth-epoch", sql("DELETE FROM kept WHERE name = 'nv-auth-epoch'")),
        (
            "the keeper's key of the operators' channel",
            6,
            "keeper",
            sql("UPDATE kept SET value = randomblob(32) WHERE name = 'keeper-noise'"),
        ),
        ("the pins inside", 6, "pinned", sql("UPDATE kept SET value = x'7b7d' WHERE name = 'chip-pins'")),
        (
            "the log's key of checkpoints",
            6,
            "log-seed",
            sql("UPDATE kept SET value = x'7b7d' WHERE name = 'log-seed'"),
        ),
        ("no key of the log in the chip", 6, "log-key", sql("DELETE FROM kept WHERE name = 'log-key'")),
        (
            "a table dropped",
            6,
            "leaves",
            Box::new(|store| store.execute_batch("DROP TABLE leaves").expect("dropped")),
        ),
    ]
}

#[test]
fn p31_a_row_that_decides_and_was_changed_keeps_the_appliance_down() {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    let ask = ["request", CREDENTIAL, "--job", "payroll", "--reason", "night batch", "--ticket", "INC-1"];
    let request = appliance.does("alice", &ask).expect("asked");
    let request = appliance.request_id(&request).expect("an id");
    // Killed, so that the last entry is one that decides, and not the unanchored one of an orderly end.
    appliance.kill();
    copy_dir(&appliance.store(), &appliance.prop("new"));
    for (case, code, says, change) in changes() {
        copy_dir(&appliance.prop("new"), &appliance.store());
        let store = open(appliance.home());
        change(&store);
        store.close().expect("closed");
        let said = appliance.refuses_to_start(code, case);
        assert!(said.contains(says), "{case}: {said}");
    }
    copy_dir(&appliance.prop("new"), &appliance.store());
    appliance.serve().expect("the store as it was");
    appliance.approve_by(&["bob", "carol"], &request).expect("approved");
    released(&appliance.pull("payroll", CREDENTIAL).expect("pulls"), "as it was");
}

/// The credentials of the test below: two armed windows, and one request that waits for approvals.
const ARMED: [&str; 2] = [CREDENTIAL, "db/other"];
const ASKED: &str = "db/asked";

#[test]
fn p31_a_sealed_or_wrapped_row_that_was_changed_releases_nothing_and_spends_nothing() {
    let mut appliance = Appliance::found();
    appliance.furnish(&[ARMED[0], ARMED[1], ASKED]);
    for credential in ARMED {
        appliance.arm("payroll", credential, &[]).expect("armed");
    }
    let ask = ["request", ASKED, "--job", "payroll", "--reason", "night batch", "--ticket", "INC-1"];
    let request = appliance.does("alice", &ask).expect("asked");
    let request = appliance.request_id(&request).expect("an id");
    let cases = [
        ("windows exchanged", "windows", "sealed"),
        ("halves of the chip exchanged", "records", "sealed"),
        ("wrapped records exchanged", "records", "record"),
    ];
    for (case, table, column) in cases {
        appliance.stop().expect("stops");
        let saved = rotate(&appliance, table, column);
        appliance.serve().expect(case);
        for credential in ARMED {
            refused(&appliance.pull("payroll", credential).expect("pulls"), 6, case);
        }
        let approved = appliance.approve("bob", &request).expect("runs");
        if table == "records" {
            assert_eq!(approved.code, 6, "{case}: {}", approved.stderr);
            assert!(
                approved.stderr.contains("not the one that the log names"),
                "{case}: {}",
                approved.stderr
            );
        } else {
            assert_eq!(approved.code, 0, "{case}: {}", approved.stderr);
        }
        appliance.stop().expect("stops");
        put_back(&appliance, table, column, &saved);
        appliance.serve().expect("as it was");
    }
    appliance.approve_by(&["bob", "carol"], &request).expect("approved");
    for credential in [ARMED[0], ARMED[1], ASKED] {
        released(&appliance.pull("payroll", credential).expect("pulls"), "as it was");
    }
}

/// Gives each row of `table` the `column` of the next one; returns what there was.
fn rotate(appliance: &Appliance, table: &str, column: &str) -> Vec<(String, Vec<u8>)> {
    let key = if table == "windows" { "request" } else { "name" };
    let store = open(appliance.home());
    let query = format!("SELECT {key}, {column} FROM {table} ORDER BY {key}");
    let mut rows = store.prepare(&query).expect("a query");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    let saved: Vec<(String, Vec<u8>)> = rows.map(|row| row.expect("a row")).collect();
    let mut moved = saved.clone();
    for (at, row) in moved.iter_mut().enumerate() {
        row.1.clone_from(&saved[(at + 1) % saved.len()].1);
    }
    put_back(appliance, table, column, &moved);
    saved
}

fn put_back(appliance: &Appliance, table: &str, column: &str, rows: &[(String, Vec<u8>)]) {
    let key = if table == "windows" { "request" } else { "name" };
    let store = open(appliance.home());
    for (name, value) in rows {
        let update = format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2");
        assert_eq!(store.execute(&update, params![value, name]).expect("updated"), 1);
    }
}
