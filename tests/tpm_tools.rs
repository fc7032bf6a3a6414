//! The chip holds the rules, not this program: whoever is root takes the sealed objects and stock
//! tpm2-tools to the chip, and it opens and refuses all the same.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use portcullis::domain::secret::Key32;
use portcullis::tpm::{
    Chip, Hierarchies, NvAuths, PcrSelection, SealedWindow, SoftTpm, SoftTpmGuard, WindowBounds, provision,
};
use tempfile::TempDir;

const GATE: &str = "0x018070c1";

fn key(byte: u8) -> Key32 {
    Key32::take(&mut [byte; 32])
}

fn hex_of(key: &Key32) -> String {
    format!("hex:{}", hex::encode(key.expose()))
}

/// A provisioned board and a directory for root's files.
struct Board {
    tpm: SoftTpmGuard,
    chip: Chip,
    auths: NvAuths,
    owner: Key32,
    directory: TempDir,
}

impl Board {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let tpm = SoftTpm::start(&directory.path().join("tpm")).expect("swtpm starts").guarded();
        let auths = NvAuths { gate: key(1), epoch: key(2), head: key(3) };
        let hierarchies = Hierarchies { owner: key(4), lockout: key(5) };
        let tcti = tpm.tpm().tcti();
        let pins = provision(&tcti, &PcrSelection::DEFAULT, &hierarchies, &auths).expect("provisioned");
        Self { tpm, chip: Chip::new(tcti, pins), auths, owner: hierarchies.owner, directory }
    }

    /// Seals a window that opens and closes so many milliseconds from now.
    fn arm(&self, opens: u64, closes: u64) -> SealedWindow {
        let (now, gate) = (self.chip.time().expect("time"), self.chip.gate(&self.auths).expect("gate"));
        let (opens_ms, closes_ms) = (now.clock_ms + opens, now.clock_ms + closes);
        let bounds = WindowBounds { opens_ms, closes_ms, boot: now.boot, gate };
        self.chip.seal_window(&key(9), &bounds).expect("sealed")
    }

    fn set_clock(&self, clock_ms: u64) {
        self.must("tpm2_setclock", &["-p", &hex_of(&self.owner), &clock_ms.to_string()]);
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    fn tool(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(name);
        command.args(arguments).current_dir(self.root());
        command.env("TPM2TOOLS_TCTI", self.chip.tcti().to_string());
        command.output().unwrap_or_else(|error| panic!("{name} is needed, from tpm2-tools: {error}"))
    }

    fn must(&self, name: &str, arguments: &[&str]) {
        let output = self.tool(name, arguments);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Walks the policy of a window and unseals; says which tool was the first to be refused.
    fn open(&self, window: &SealedWindow) -> Result<Vec<u8>, &'static str> {
        let bounds = window.bounds();
        fs::write(self.root().join("w.priv"), window.key().private_bytes()).expect("written");
        fs::write(self.root().join("w.pub"), window.key().public_bytes()).expect("written");
        fs::write(self.root().join("gate"), bounds.gate.to_be_bytes()).expect("written");
        let (opens, closes) = (format!("clock={}", bounds.opens_ms), format!("clock={}", bounds.closes_ms));
        let resets = format!("resets={}", bounds.boot.reset_count);
        let restarts = format!("restarts={}", bounds.boot.restart_count);
        let auth = hex_of(&self.auths.gate);
        let steps: [(&'static str, &str, &[&str]); 9] = [
            ("load", "tpm2_load", &["-C", "0x81000001", "-r", "w.priv", "-u", "w.pub", "-c", "w.ctx"]),
            ("start", "tpm2_startauthsession", &["--policy-session", "-S", "s.ctx"]),
            ("pcr", "tpm2_policypcr", &["-S", "s.ctx", "-l", "sha256:0,2,4,7"]),
            ("opens", "tpm2_policycountertimer", &["-S", "s.ctx", "--uge", &opens]),
            ("closes", "tpm2_policycountertimer", &["-S", "s.ctx", "--ult", &closes]),
            ("resets", "tpm2_policycountertimer", &["-S", "s.ctx", "--eq", &resets]),
            ("restarts", "tpm2_policycountertimer", &["-S", "s.ctx", "--eq", &restarts]),
            ("gate", "tpm2_policynv", &["-S", "s.ctx", "-i", "gate", "-P", &auth, GATE, "eq"]),
            ("unseal", "tpm2_unseal", &["-c", "w.ctx", "-p", "session:s.ctx"]),
        ];
        let mut outcome = Ok(Vec::new());
        for (step, tool, arguments) in steps {
            let output = self.tool(tool, arguments);
            if !output.status.success() {
                outcome = Err(step);
                break;
            }
            outcome = Ok(output.stdout);
            self.must("tpm2_flushcontext", &["-t"]);
        }
        for kind in ["-t", "-l", "-s"] {
            self.must("tpm2_flushcontext", &[kind]);
        }
        outcome
    }

    /// Skips every condition and goes straight for the key, with whatever stands in for a policy.
    fn force(&self, window: &SealedWindow) -> bool {
        fs::write(self.root().join("w.priv"), window.key().private_bytes()).expect("written");
        fs::write(self.root().join("w.pub"), window.key().public_bytes()).expect("written");
        self.must("tpm2_load", &["-C", "0x81000001", "-r", "w.priv", "-u", "w.pub", "-c", "w.ctx"]);
        let tries: [&[&str]; 3] = [&[], &["-p", ""], &["-p", "pcr:sha256:0,2,4,7"]];
        tries.into_iter().any(|authorisation| {
            self.must("tpm2_flushcontext", &["-t"]);
            let unsealed = self.tool("tpm2_unseal", &[&["-c", "w.ctx"], authorisation].concat());
            self.must("tpm2_flushcontext", &["-t"]);
            unsealed.status.success()
        })
    }
}

#[test]
fn stock_tools_open_a_window_inside_its_interval_and_neither_before_nor_after() {
    let board = Board::new();
    let window = board.arm(600_000, 1_200_000);
    let bounds = *window.bounds();
    assert_eq!(board.open(&window), Err("opens"), "before");
    board.set_clock(bounds.opens_ms);
    assert_eq!(board.open(&window).as_deref(), Ok(&[9; 32][..]), "inside");
    assert!(!board.force(&window), "inside, without its policy");
    board.set_clock(bounds.closes_ms);
    assert_eq!(board.open(&window), Err("closes"), "after");
    assert!(!board.force(&window), "after, without its policy");
}

#[test]
fn stock_tools_are_refused_once_the_gate_was_closed() {
    let board = Board::new();
    let window = board.arm(0, 3_600_000);
    assert!(board.open(&window).is_ok());
    board.chip.close_gate(&board.auths).expect("closed");
    assert_eq!(board.open(&window), Err("gate"));
}

#[test]
fn stock_tools_are_refused_after_a_restart_of_the_board() {
    let mut board = Board::new();
    let window = board.arm(0, 3_600_000);
    assert!(board.open(&window).is_ok());
    board.tpm.tpm_mut().power_cycle().expect("comes back");
    assert_eq!(board.open(&window), Err("resets"));
}

#[test]
fn stock_tools_cannot_go_around_a_condition() {
    let mut board = Board::new();
    let window = board.arm(0, 3_600_000);
    let moved = |change: fn(&mut WindowBounds)| {
        let mut bounds = *window.bounds();
        change(&mut bounds);
        SealedWindow::new(window.key().clone(), bounds)
    };
    // Every condition holds as asked, but it is not what the object was sealed to.
    let later = moved(|bounds| bounds.closes_ms += 86_400_000);
    assert_eq!(board.open(&later), Err("unseal"), "a later closing");
    board.chip.close_gate(&board.auths).expect("closed");
    let reopened = moved(|bounds| bounds.gate += 1);
    assert_eq!(board.open(&reopened), Err("unseal"), "the gate's new value");
    board.tpm.tpm_mut().power_cycle().expect("comes back");
    let rebooted = moved(|bounds| {
        bounds.gate += 1;
        bounds.opens_ms = 0;
        bounds.boot.reset_count += 1;
    });
    assert_eq!(board.open(&rebooted), Err("unseal"), "the new boot");
    board.tpm.tpm().extend(0).expect("extended");
    assert_eq!(board.open(&rebooted), Err("unseal"), "the new PCRs");
}
