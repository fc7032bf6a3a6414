//! One keeper at a time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::channel;

use portcullis::demo::stage::{CREDENTIAL, SECRET, Stage};
use portcullis::tpm::SoftTpm;

use super::common::appliance::{Appliance, copy_dir, kill, program, refused, released};
use super::common::interposer::PATIENCE;
use super::common::seed::campaign;

#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    appliance.arm("payroll", CREDENTIAL, &[]).expect("armed");
    for round in 0..3 {
        if round == 2 {
            // Somebody tidies up what looks like a left-over: SQLite's own lock still holds.
            std::fs::remove_file(appliance.store().join("portcullis.lock")).expect("there is one");
        }
        let said = appliance.refuses_to_start(1, "a second daemon");
        assert!(said.contains("in use by another process"), "round {round}: {said}");
    }
    appliance.deposit("db/later", SECRET, &[]).expect("the first takes deposits");
    released(&appliance.pull("payroll", CREDENTIAL).expect("pulls"), "the first serves jobs");
    refused(&appliance.pull("payroll", CREDENTIAL).expect("pulls"), 3, "spent once");
    appliance.does("carol", &["audit", "verify"]).expect("log, tree and chip agree");
}

#[test]
fn a_copied_appliance_on_the_same_chip_is_found_out_and_neither_starts_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let tpm = SoftTpm::start(&folder.path().join("tpm")).expect("swtpm starts").guarded();
    let mut appliance = Appliance::found_with(program(), &tpm.tpm().tcti().to_string());
    appliance.serve().expect("serves");
    let home = folder.path().join("copy");
    for part in ["store", "operators"] {
        copy_dir(&appliance.home().join(part), &home.join(part));
    }
    std::fs::copy(appliance.home().join("portcullis.toml"), home.join("portcullis.toml")).expect("copied");
    let mut copy = Stage::set(program(), home).expect("a stage");
    copy.serve().expect("until somebody commits, the copy agrees with the chip");
    for (case, one) in [("the first", &*appliance), ("the copy", &copy)] {
        one.deposit("db/later", SECRET, &[]).expect("deposited");
        let verified = one.run(Some("carol"), ["audit", "verify"], b"").expect("runs");
        assert_eq!(verified.code, 6, "{case}: {}", verified.stderr);
        assert!(verified.stderr.contains("the chip is at epoch"), "{case}: {}", verified.stderr);
    }
    copy.stop().expect("stops");
    appliance.stop().expect("stops");
    appliance.refuses_to_start(6, "the first");
    let started = copy.serve().expect_err("the copy").to_string();
    assert!(started.contains("this is an old copy") && started.contains("exit status: 6"), "{started}");
}

#[test]
fn a_daemon_whose_terminal_is_closed_keeps_the_gate() {
    let appliance = Appliance::found();
    let mut daemon = appliance.spawn_serve();
    let mut lines = BufReader::new(daemon.stderr.take().expect("a pipe")).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| line.contains("the gate is kept"))));
    drop(lines);
    // A record that is no handshake: the daemon says on its standard error that it let go.
    let mut peer = UnixStream::connect(appliance.home().join("run/operator.sock")).expect("connected");
    peer.write_all(&[[0, 32].as_slice(), &[65; 32]].concat()).expect("said");
    drop(peer.read(&mut [0; 64]));
    appliance.does("carol", &["requests"]).expect("it answers");
    kill(daemon.id());
    daemon.wait().expect("it ended");
}

#[test]
fn of_two_daemons_that_start_at_once_one_keeps_the_gate() {
    let mut appliance = Appliance::found();
    let campaign = campaign("two starts", 100);
    for round in 0..campaign.rounds {
        let mut daemons = [appliance.spawn_serve(), appliance.spawn_serve()];
        let (tell, heard) = channel();
        for (which, daemon) in daemons.iter_mut().enumerate() {
            let lines = BufReader::new(daemon.stderr.take().expect("a pipe")).lines();
            let tell = tell.clone();
            std::thread::spawn(move || {
                let mut lines = lines.map_while(Result::ok);
                let keeps = lines.any(|line| line.contains("the gate is kept"));
                // The test may be over, having failed.
                let _ = tell.send((which, keeps));
                lines.for_each(drop);
            });
        }
        let mut outcomes = [false; 2];
        for _ in 0..2 {
            let (which, keeps) = heard.recv_timeout(PATIENCE).expect("it starts or ends");
            outcomes[which] = keeps;
        }
        assert_eq!(outcomes.iter().filter(|keeps| **keeps).count(), 1, "round {round}: {outcomes:?}");
        appliance.does("carol", &["audit", "verify"]).expect("the one that keeps it answers");
        for (daemon, keeps) in daemons.iter_mut().zip(outcomes) {
            if keeps {
                kill(daemon.id());
            }
            let code = daemon.wait().expect("it ended").code();
            assert_eq!(code, if keeps { None } else { Some(1) }, "round {round}");
        }
    }
    appliance.serve().expect("it starts again");
}
