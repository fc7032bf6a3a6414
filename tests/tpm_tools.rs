//! The chip holds the rules, not this program: whoever is root takes the sealed objects and stock
//! tpm2-tools to the chip, and it opens and refuses all the same.

mod common;

use std::sync::Arc;

use common::tools::Tools;
use portcullis::domain::secret::Key32;
use portcullis::tpm::{
    Chip, Hierarchies, NvAuths, PcrSelection, SealedWindow, SoftTpm, SoftTpmGuard, WindowBounds, provision,
};
use tempfile::TempDir;

fn key(byte: u8) -> Key32 {
    Key32::take(&mut [byte; 32])
}

/// A provisioned board and a directory for root's files.
struct Board {
    tpm: SoftTpmGuard,
    chip: Chip,
    auths: Arc<NvAuths>,
    owner: Key32,
    tools: Tools,
    _directory: TempDir,
}

impl Board {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let tpm = SoftTpm::start(&directory.path().join("tpm")).expect("swtpm starts").guarded();
        let auths = Arc::new(NvAuths { gate: key(1), epoch: key(2), head: key(3) });
        let hierarchies = Hierarchies { owner: key(4), lockout: key(5) };
        let tcti = tpm.tpm().tcti();
        let pins = provision(&tcti, &PcrSelection::DEFAULT, &hierarchies, &auths).expect("provisioned");
        let tools = Tools::new(&tcti, directory.path());
        let chip = Chip::new(tcti, pins);
        Self { tpm, chip, auths, owner: hierarchies.owner, tools, _directory: directory }
    }

    /// Seals a window that opens and closes so many milliseconds from now.
    fn arm(&self, opens: u64, closes: u64) -> SealedWindow {
        let (now, gate) = (self.chip.time().expect("time"), self.chip.gate(&self.auths).expect("gate"));
        let (opens_ms, closes_ms) = (now.clock_ms + opens, now.clock_ms + closes);
        let bounds = WindowBounds { opens_ms, closes_ms, boot: now.boot, gate };
        self.chip.seal_window(&key(9), &bounds).expect("sealed")
    }

    fn open(&self, window: &SealedWindow) -> Result<Vec<u8>, &'static str> {
        self.tools.open_window(window, &self.auths.gate)
    }
}

#[test]
fn stock_tools_open_a_window_inside_its_interval_and_neither_before_nor_after() {
    let board = Board::new();
    let window = board.arm(600_000, 1_200_000);
    let bounds = *window.bounds();
    assert_eq!(board.open(&window), Err("opens"), "before");
    board.tools.set_clock(&board.owner, bounds.opens_ms);
    assert_eq!(board.open(&window).as_deref(), Ok(&[9; 32][..]), "inside");
    assert!(!board.tools.force(window.key()), "inside, without its policy");
    board.tools.set_clock(&board.owner, bounds.closes_ms);
    assert_eq!(board.open(&window), Err("closes"), "after");
    assert!(!board.tools.force(window.key()), "after, without its policy");
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
