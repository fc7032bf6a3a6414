//! A stop between the commit and its anchor in the chip, and what can be made of the copy.

use portcullis::demo::stage::{CREDENTIAL, SECRET, Stage};
use portcullis::tpm::{SoftTpm, SoftTpmGuard, Tcti};

use super::common::appliance::{Appliance, copy_dir, kill, program, refused};
use super::common::interposer::{Interposer, NV_INCREMENT, NV_WRITE, PATIENCE};

/// An appliance, and somebody on the wire to its TPM.
struct Wired {
    appliance: Appliance,
    wire: Interposer,
    _tpm: SoftTpmGuard,
    _folder: tempfile::TempDir,
}

impl Wired {
    fn found() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let tpm = SoftTpm::start(folder.path()).expect("swtpm starts").guarded();
        let Tcti::Swtpm { port, .. } = tpm.tpm().tcti() else { panic!("a software TPM has a port") };
        let wire = Interposer::before(port);
        let appliance = Appliance::found_with(program(), &wire.tcti());
        Self { appliance, wire, _tpm: tpm, _folder: folder }
    }

    /// Kills the daemon when it sends `command` while `act` is done.
    fn stop_at<T: Send>(&mut self, command: u32, act: impl FnOnce(&Stage) -> T + Send) -> T {
        let caught = self.wire.catch(command);
        let (stage, pid) = (&*self.appliance, self.appliance.daemon_pid().expect("it runs"));
        let done = std::thread::scope(|scope| {
            let acting = scope.spawn(|| act(stage));
            caught.recv_timeout(PATIENCE).expect("the command comes");
            kill(pid);
            acting.join().expect("no panic")
        });
        self.appliance.kill();
        done
    }

    /// Starts the daemon and kills it when it sends `command`.
    fn start_stops_at(&self, command: u32) {
        let caught = self.wire.catch(command);
        let mut daemon = self.appliance.spawn_serve();
        caught.recv_timeout(PATIENCE).expect("the command comes");
        kill(daemon.id());
        daemon.wait().expect("it ended");
    }

    fn keep(&self, name: &str) {
        copy_dir(&self.appliance.store(), &self.appliance.prop(name));
    }

    fn put_back(&self, name: &str) {
        copy_dir(&self.appliance.prop(name), &self.appliance.store());
    }

    fn serves(&mut self, case: &str) {
        self.appliance.serve().expect(case);
        self.appliance.does("carol", &["audit", "verify"]).expect("log, tree and chip agree");
    }
}

#[test]
fn a_stop_before_the_anchor_is_finished_at_the_next_start_and_its_copy_is_an_old_one_later() {
    let mut wired = Wired::found();
    wired.appliance.furnish(&[CREDENTIAL]);
    for (command, credential) in [(NV_WRITE, "db/head"), (NV_INCREMENT, "db/epoch")] {
        let deposited = wired.stop_at(command, |stage| stage.deposit(credential, SECRET, &[]).is_ok());
        assert!(!deposited, "nobody was told that it was done");
        wired.keep(credential);
        wired.serves("the start finishes the anchor by itself");
        let shown = wired.appliance.does("alice", &["show", credential, "--json"]).expect("it is in the log");
        assert!(shown.text().contains(credential));
        wired.appliance.deposit(&format!("{credential}2"), SECRET, &[]).expect("it goes on");
        wired.appliance.stop().expect("stops");
        wired.keep("newest");
        wired.put_back(credential);
        let said = wired.appliance.refuses_to_start(6, credential);
        assert!(said.contains("this is an old copy"), "{said}");
        wired.put_back("newest");
        wired.serves("the newest store");
    }
}

#[test]
fn p06_a_pull_that_stops_before_its_anchor_is_spent_and_nothing_was_released() {
    let mut wired = Wired::found();
    wired.appliance.furnish(&[CREDENTIAL]);
    for command in [NV_WRITE, NV_INCREMENT] {
        let request = wired.appliance.arm("payroll", CREDENTIAL, &["--for", "1h"]).expect("armed");
        let pulled = wired.stop_at(command, |stage| stage.pull("payroll", CREDENTIAL).expect("pulls"));
        assert_ne!(pulled.code, 0, "{}", pulled.stderr);
        assert!(pulled.stdout.is_empty(), "nothing is released before the chip knows of it");
        wired.serves("the start finishes the anchor by itself");
        let again = wired.appliance.pull("payroll", CREDENTIAL).expect("pulls");
        refused(&again, 3, "the pull stays spent");
        let listed = wired.appliance.requests();
        let spent =
            listed.as_array().expect("a list").iter().find(|view| view["doc"]["id"] == request.as_str());
        assert_eq!(spent.expect("the request")["state"], "spent");
        wired.appliance.deposit(CREDENTIAL, SECRET, &["--next"]).expect("the next generation is free");
    }
}

#[test]
fn the_fork_of_one_epoch_is_refused_on_either_side() {
    let mut wired = Wired::found();
    wired.appliance.furnish(&[CREDENTIAL]);
    wired.appliance.stop().expect("stops");
    wired.keep("before");
    wired.start_stops_at(NV_WRITE);
    wired.keep("one side");
    wired.put_back("before");
    wired.serves("what the chip last saw");
    // Killed, so that nothing but its own first entry is one epoch on.
    wired.appliance.kill();
    wired.keep("other side");
    wired.put_back("one side");
    let said = wired.appliance.refuses_to_start(6, "the side that was not anchored");
    assert!(said.contains("this is a fork"), "{said}");
    wired.put_back("other side");
    wired.serves("the side that was anchored");
    wired.appliance.stop().expect("stops");

    wired.keep("before");
    wired.start_stops_at(NV_INCREMENT);
    wired.keep("one side");
    wired.put_back("before");
    let said = wired.appliance.refuses_to_start(6, "the head of another future is written");
    assert!(said.contains("fork or an altered copy"), "{said}");
    wired.put_back("one side");
    wired.serves("the future that the chip has begun");
}
