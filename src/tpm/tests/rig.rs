//! A board for one test: a private software TPM, provisioned, gone when the test ends.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::domain::request::permit::tests::release_permit;
use crate::domain::secret::Key32;
use crate::tpm::{
    Chip, Hierarchies, NvAuths, PcrSelection, Pins, SealedWindow, SoftTpm, SoftTpmGuard, TpmError,
    WindowBounds, provision,
};

/// A key that is the same at every call and unlike every other.
pub(super) fn key(name: &str) -> Key32 {
    Key32::take(&mut Sha256::digest(name).into())
}

pub(super) fn auths() -> Arc<NvAuths> {
    Arc::new(NvAuths { gate: key("gate auth"), epoch: key("epoch auth"), head: key("head auth") })
}

pub(super) fn hierarchies() -> Hierarchies {
    Hierarchies { owner: key("owner auth"), lockout: key("lockout auth") }
}

/// Pulls once: anchors, then opens the window.
pub(super) fn pull(chip: &Chip, auths: &Arc<NvAuths>, window: &SealedWindow) -> Result<Key32, TpmError> {
    chip.anchor_pull(auths, key("head").expose())?.open_window(window, release_permit())
}

/// Requires that nothing is left loaded on a board.
pub(super) fn idle(rig: &Rig, name: &str) {
    for held in ["handles-transient", "handles-loaded-session", "handles-saved-session"] {
        assert_eq!(rig.tool("tpm2_getcap", &[held]), "", "{name}: {held}");
    }
}

/// A P-256 point as other tools read public keys.
pub(super) fn pem(point: &[u8; 65]) -> String {
    let prefix = hex::decode("3059301306072a8648ce3d020106082a8648ce3d030107034200").expect("hex");
    let info = STANDARD.encode([&prefix[..], point].concat());
    let (first, second) = info.split_at(64);
    format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
}

/// A software TPM that nobody owns yet.
pub(super) struct Blank {
    pub(super) tpm: SoftTpmGuard,
    pub(super) directory: TempDir,
}

impl Blank {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let tpm = SoftTpm::start(&directory.path().join("tpm")).expect("swtpm starts").guarded();
        Self { tpm, directory }
    }

    pub(super) fn provision(&self) -> Result<Pins, TpmError> {
        self.provision_with(&PcrSelection::DEFAULT)
    }

    pub(super) fn provision_with(&self, pcrs: &PcrSelection) -> Result<Pins, TpmError> {
        provision(&self.tpm.tpm().tcti(), pcrs, &hierarchies(), &auths())
    }
}

/// A provisioned board.
pub(super) struct Rig {
    pub(super) chip: Chip,
    pub(super) auths: Arc<NvAuths>,
    pub(super) blank: Blank,
}

impl Rig {
    pub(super) fn new() -> Self {
        let blank = Blank::new();
        let pins = blank.provision().expect("a chip that nobody owns");
        Self::of(blank, pins)
    }

    pub(super) fn of(blank: Blank, pins: Pins) -> Self {
        Self { chip: Chip::new(blank.tpm.tpm().tcti(), pins), auths: auths(), blank }
    }

    pub(super) fn tpm(&mut self) -> &mut SoftTpm {
        self.blank.tpm.tpm_mut()
    }

    /// Bounds from `opens` to `closes` milliseconds after now.
    pub(super) fn bounds(&self, opens: u64, closes: u64) -> WindowBounds {
        let now = self.chip.time().expect("a clock");
        let gate = self.chip.gate(&self.auths).expect("a gate");
        WindowBounds {
            opens_ms: now.clock_ms + opens,
            closes_ms: now.clock_ms + closes,
            boot: now.boot,
            gate,
        }
    }

    /// Moves the chip's clock forward, which takes the owner.
    pub(super) fn set_clock(&self, clock_ms: u64) {
        let auth = format!("hex:{}", hex::encode(key("owner auth").expose()));
        self.tool("tpm2_setclock", &["-p", &auth, &clock_ms.to_string()]);
    }

    /// Runs one of tpm2-tools on this board; it must be installed and succeed.
    pub(super) fn tool(&self, name: &str, arguments: &[&str]) -> String {
        let output = self.try_tool(name, arguments);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    pub(super) fn try_tool(&self, name: &str, arguments: &[&str]) -> Output {
        try_tool(&self.chip.tcti().to_string(), self.blank.directory.path(), name, arguments)
    }
}

pub(super) fn try_tool(tcti: &str, directory: &Path, name: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(directory).env("TPM2TOOLS_TCTI", tcti).env("TSS2_LOG", "all+NONE");
    command.output().expect("tpm2-tools are installed")
}
