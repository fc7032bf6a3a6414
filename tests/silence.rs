//! A TPM that hangs: whoever asks the appliance hears so in time, and when it answers again all goes on.

mod common;

use common::appliance::{Appliance, program, refused, released};
use portcullis::demo::stage::{CREDENTIAL, Output};
use portcullis::tpm::{SoftTpm, SoftTpmGuard};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// An appliance on a software TPM that can be made to hold still.
struct Rig {
    appliance: Appliance,
    tpm: SoftTpmGuard,
    _folder: tempfile::TempDir,
}

impl Rig {
    /// With an armed window for [`CREDENTIAL`].
    fn armed() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let tpm = SoftTpm::start(folder.path()).expect("swtpm starts").guarded();
        let mut appliance = Appliance::found_with(program(), &tpm.tpm().tcti().to_string());
        appliance.furnish(&[CREDENTIAL, "db/other"]);
        appliance.arm("payroll", CREDENTIAL, &["--pulls", "2"]).expect("armed");
        Self { appliance, tpm, _folder: folder }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.tpm.tpm().pid()).expect("a pid")).expect("a pid");
        kill_process(pid, signal).expect("it is there");
    }

    fn run(&self, person: &str, args: &[&str]) -> Output {
        self.appliance.run(Some(person), args, b"").expect("it runs")
    }

    /// A request for `db/other` that bob has approved, and nobody else.
    fn half_approved(&self) -> String {
        let why = ["--reason", "night batch", "--ticket", "INC-4711"];
        let args = [&["request", "db/other", "--job", "payroll"], &why[..]].concat();
        let asked = self.appliance.does("alice", &args).expect("asked");
        let id = self.appliance.request_id(&asked).expect("an id");
        self.appliance.approve_by(&["bob"], &id).expect("an approval");
        id
    }

    fn entries(&self, kind: &str) -> Vec<Value> {
        self.appliance.log().into_iter().filter(|entry| entry["type"] == kind).collect()
    }

    fn agrees(&self) {
        self.appliance.does("carol", &["audit", "verify"]).expect("log, tree and chip agree");
    }
}

/// The last two lines are what is wrong and what to do.
fn says_so(output: &Output, case: &str) {
    assert_eq!(output.code, 5, "{case}: {}", output.stderr);
    let lines: Vec<&str> = output.stderr.lines().rev().take(2).collect();
    assert!(lines[1].contains("does not answer") && lines[0].contains("TPM"), "{case}: {}", output.stderr);
}

/// Between two questions the chip begins to hang: nothing is written, and nothing is lost.
fn hangs_before_it_is_asked() {
    let rig = Rig::armed();
    let daemon = rig.appliance.daemon_pid();
    let id = rig.half_approved();
    rig.signal(Signal::STOP);
    says_so(&rig.appliance.approve("carol", &id).expect("it runs"), "an approval");
    refused(&rig.appliance.pull("payroll", CREDENTIAL).expect("pulls"), 5, "a pull");
    rig.appliance.does("carol", &["requests"]).expect("what needs no chip is answered");
    let found = rig.run("carol", &["doctor"]);
    assert!(found.text().contains("does not answer"), "{}", found.text());
    rig.signal(Signal::CONT);
    let approved = || Ok(Some(rig.appliance.approve("carol", &id)?).filter(|approved| approved.code == 0));
    rig.appliance.wait_for("the chip", approved).expect("and bob's approval still counts");
    for credential in [CREDENTIAL, CREDENTIAL, "db/other"] {
        released(&rig.appliance.pull("payroll", credential).expect("pulls"), "no pull was spent for nothing");
    }
    assert_eq!((rig.entries("pulled").len(), rig.appliance.daemon_pid()), (3, daemon));
    rig.agrees();
}

/// In the middle of a commit: it is in the log, and the next start of the log settles it.
fn hangs_in_mid_commit() {
    let rig = Rig::armed();
    let daemon = rig.appliance.daemon_pid();
    rig.signal(Signal::STOP);
    refused(&rig.appliance.pull("payroll", CREDENTIAL).expect("pulls"), 5, "a pull");
    rig.appliance.does("carol", &["requests"]).expect("what needs no chip is answered");
    let asked = ["request", "db/other", "--job", "payroll", "--reason", "night", "--ticket", "INC-1"];
    says_so(&rig.run("alice", &asked), "a request");
    refused(&rig.appliance.pull("payroll", CREDENTIAL).expect("pulls"), 5, "the next pull");
    rig.signal(Signal::CONT);
    let again = || Ok(Some(rig.appliance.pull("payroll", CREDENTIAL)?).filter(|pulled| pulled.code == 0));
    released(&rig.appliance.wait_for("the chip", again).expect("the second pull"), "it is still approved");
    refused(&rig.appliance.pull("payroll", CREDENTIAL).expect("pulls"), 3, "the first stays spent");
    let outcomes: Vec<_> =
        rig.entries("delivered").iter().map(|entry| entry["detail"]["delivered"].to_string()).collect();
    assert_eq!(rig.entries("pulled").len(), 2, "each pull that was spent is in the log");
    assert!(outcomes.len() == 2 && outcomes[0].contains("unknown"), "{outcomes:?}");
    assert_eq!(rig.appliance.daemon_pid(), daemon);
    rig.agrees();
}

/// A freeze that comes after the chip failed is not forgotten when the chip comes back.
fn is_frozen_while_it_hangs() {
    let rig = Rig::armed();
    rig.signal(Signal::STOP);
    refused(&rig.appliance.pull("payroll", CREDENTIAL).expect("pulls"), 5, "a pull");
    let frozen = rig.run("carol", &["freeze", "--reason", "somebody is in the room"]);
    says_so(&frozen, "a freeze");
    assert!(frozen.stderr.contains("the freeze waits for the TPM"), "{}", frozen.stderr);
    rig.signal(Signal::CONT);
    let answered = || Ok(Some(rig.appliance.pull("payroll", CREDENTIAL)?).filter(|pulled| pulled.code != 5));
    let pulled = rig.appliance.wait_for("the chip", answered).expect("the chip comes back");
    refused(&pulled, 3, "what was armed before the freeze");
    assert_eq!(rig.entries("frozen").len(), 1, "once");
    rig.agrees();
}

#[test]
fn whoever_asks_while_the_chip_hangs_is_answered_and_nothing_is_lost() {
    // All wait as long as a chip is waited for, so they wait together.
    std::thread::scope(|scope| {
        let others = [scope.spawn(hangs_before_it_is_asked), scope.spawn(is_frozen_while_it_hangs)];
        hangs_in_mid_commit();
        others.into_iter().for_each(|other| other.join().expect("no panic"));
    });
}
