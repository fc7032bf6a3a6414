//! The process that reads what comes from outside, and what somebody gets who takes it over.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::rig::{CREDENTIAL, JOB, Rig, children};
use crate::common::tap::UNSEAL;

/// What the descriptors of a process lead to.
fn descriptors(pid: u32) -> Vec<String> {
    let listed = fs::read_dir(format!("/proc/{pid}/fd")).expect("descriptors").flatten();
    // One may be closed while we look.
    let links = listed.filter_map(|entry| fs::read_link(entry.path()).ok());
    links.map(|link| link.display().to_string()).collect()
}

/// The names of all TCP connections, as descriptors show them.
fn tcp_connections() -> BTreeSet<String> {
    let table = fs::read_to_string("/proc/net/tcp").expect("a table");
    let inodes = table.lines().skip(1).filter_map(|line| line.split_whitespace().nth(9));
    inodes.map(|inode| format!("socket:[{inode}]")).collect()
}

fn status(pid: u32, field: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.expect("a field").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_listener_has_neither_store_nor_chip_nor_rights() {
    let rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, &crate::secret(), &[]).expect("deposited");
    let request = rig.stage.arm(JOB, CREDENTIAL, &[]).expect("armed");
    let (keeper, listener) = (rig.keeper(), rig.listener());
    // Looked at in the middle of a release, when the keeper has everything open.
    rig.tap.hold_at(UNSEAL);
    let mut job = rig.stage.pull_in_background(JOB, CREDENTIAL).expect("a job");
    rig.tap.wait_until_held();
    let (tcp, home) = (tcp_connections(), rig.stage.home().display().to_string());
    let opens = |pid| {
        let all = descriptors(pid);
        let store = all.iter().any(|link| link.starts_with(&home));
        (store, all.iter().any(|link| tcp.contains(link)))
    };
    assert_eq!(opens(keeper), (true, true), "the keeper has store and chip");
    assert_eq!(opens(listener), (false, false));
    let known =
        |link: &&String| *link == "/dev/null" || link.starts_with("socket:[") || link.starts_with("pipe:[");
    let of_listener = descriptors(listener);
    assert!(of_listener.iter().all(|link| known(&link)), "{of_listener:?}");
    rig.tap.let_go();
    let outcome = rig.stage.collect(&mut job).expect("a job").expect("it has ended");
    assert!(outcome.code == 5 && outcome.stdout.is_empty(), "{}", outcome.said());
    rig.wait_for_entry("pull-returned", &request);

    for field in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status(listener, field), "0000000000000000", "{field}");
    }
    let users: BTreeSet<String> = status(listener, "Uid").split(' ').map(str::to_owned).collect();
    assert!(users.len() == 1 && !users.contains("0"), "{users:?}");
    assert_eq!((status(listener, "Groups"), status(listener, "NoNewPrivs")), (String::new(), "1".to_owned()));
    assert_eq!(fs::read(format!("/proc/{listener}/environ")).expect("readable"), b"");
}

#[test]
fn p33_nobody_reaches_more_than_the_sockets() {
    let rig = Rig::serving(&[CREDENTIAL]);
    let modes = [
        ("", 0o711),
        ("run", 0o755),
        ("run/pull.sock", 0o666),
        ("run/operator.sock", 0o660),
        ("store", 0o700),
        ("store/portcullis.db", 0o600),
        ("store/store.key", 0o600),
        ("store/hierarchies.age", 0o600),
    ];
    for (name, mode) in modes {
        let found = fs::metadata(rig.stage.home().join(name)).expect(name).mode() & 0o7777;
        assert_eq!(found, mode, "{name:?} has {found:o}");
    }
}

#[test]
fn a_listener_that_is_killed_is_replaced_and_nothing_is_lost() {
    let secret = crate::secret();
    let rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, &secret, &[]).expect("deposited");
    let mut jobs = [(); 2].map(|()| rig.stage.pull_in_background(JOB, CREDENTIAL).expect("a job"));
    let request = rig.stage.wait_for_request().expect("a request");
    rig.stage.approve_by(&["bob"], &request).expect("approved");
    let killed = rig.listener();
    let pid = Pid::from_raw(i32::try_from(killed).expect("a number")).expect("not zero");
    kill_process(pid, Signal::KILL).expect("it runs");
    for job in &mut jobs {
        let outcome = rig.stage.collect(job).expect("a job").expect("it is told at once");
        assert!(outcome.code == 7 && outcome.stdout.is_empty(), "{}", outcome.said());
    }
    let another = || Ok(children(rig.keeper()).into_iter().find(|pid| *pid != killed));
    rig.stage.wait_for("another listener", another).expect("there is one");
    // The request, its approval and who may not approve twice are all still there.
    let mut job = rig.stage.pull_in_background(JOB, CREDENTIAL).expect("a job");
    let again = rig.stage.approve("bob", &request).expect("run");
    assert_eq!(again.code, 3, "{}", again.said());
    rig.stage.approve_by(&["carol"], &request).expect("approved");
    let outcome = rig.stage.collect(&mut job).expect("a job").expect("it has ended");
    assert!(outcome.code == 0 && outcome.stdout == secret, "{}", outcome.said());
    assert_eq!(
        rig.entries("requested").iter().filter(|e| e["detail"]["doc"]["subject"]["job"] == JOB).count(),
        1
    );
}
