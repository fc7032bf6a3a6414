//! One appliance on a software TPM that is listened to.

use std::path::{Path, PathBuf};

use portcullis::demo::stage::{Stage, my_uid};
use portcullis::tpm::{SoftTpm, SoftTpmGuard};
use serde_json::Value;

use super::tap::Tap;

/// What is deposited and pulled where a test does not say otherwise.
pub const CREDENTIAL: &str = "db/one";
/// The job that may pull it.
pub const JOB: &str = "payroll";

/// Stage, chip and tap; the stage goes first, so that its daemon ends before the chip does.
pub struct Rig {
    pub stage: Stage,
    pub tap: Tap,
    pub chip: SoftTpmGuard,
    _dir: tempfile::TempDir,
}

impl Rig {
    /// An appliance that was set up and does not serve yet.
    pub fn new() -> Self {
        Self::with_program(|_| PathBuf::from(env!("CARGO_BIN_EXE_portcullis")))
    }

    /// The same with a program that is made in the folder given.
    pub fn with_program(program: impl FnOnce(&Path) -> PathBuf) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        open_to_others(dir.path());
        let chip = SoftTpm::start(&dir.path().join("chip")).expect("a software TPM").guarded();
        let tap = Tap::on(&chip.tpm().tcti());
        let stage = Stage::set(program(dir.path()), dir.path().join("home")).expect("a stage");
        stage.found_on(&tap.tcti().to_string()).expect("set-up");
        Self { stage, tap, chip, _dir: dir }
    }

    /// One that serves, with a client that may pull whatever `grants` names.
    pub fn serving(grants: &[&str]) -> Self {
        let mut rig = Self::new();
        rig.stage.serve().expect("serving");
        rig.stage.add_client(JOB, &[me()], grants).expect("a client");
        rig
    }

    /// The daemon's process.
    pub fn keeper(&self) -> u32 {
        self.stage.daemon_pid().expect("a daemon")
    }

    /// The process that reads what comes from outside: the daemon's only child.
    pub fn listener(&self) -> u32 {
        let children = children(self.keeper());
        assert_eq!(children.len(), 1, "the keeper's children: {children:?}");
        children[0]
    }

    /// The entries of the log of one type.
    pub fn entries(&self, kind: &str) -> Vec<Value> {
        let log = self.stage.does("carol", &["audit", "show", "--from", "0", "--json"]).expect("the log");
        let entries =
            log.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>();
        entries.into_iter().filter(|entry| entry["type"] == kind).collect()
    }

    /// Waits until the log has an entry of this type about this request.
    pub fn wait_for_entry(&self, kind: &str, request: &str) -> Value {
        let about = |entry: &Value| entry["detail"]["request"] == request;
        let found = self.stage.wait_for(kind, || Ok(self.entries(kind).into_iter().find(about)));
        found.expect("an entry in time")
    }
}

/// The user that runs the tests, as a selector.
pub fn me() -> String {
    format!("unix:uid:{}", my_uid())
}

/// The children of a process.
pub fn children(pid: u32) -> Vec<u32> {
    let listed =
        |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
    let all: String = tasks.flatten().map(listed).collect();
    all.split_whitespace().map(|pid| pid.parse().expect("a number")).collect()
}

/// Lets other users pass through a folder, so that programs in it can be run as them.
fn open_to_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o711)).expect("permissions");
}
