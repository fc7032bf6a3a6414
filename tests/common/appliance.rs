//! The real program around an appliance in a folder that is gone after the test.

use std::io::{BufRead as _, BufReader};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use portcullis::demo::stage::{Output, SECRET, Stage, my_uid};
use tempfile::TempDir;

/// The program under test.
pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_portcullis"))
}

/// The stage, and the folder that it lives in.
pub struct Appliance {
    stage: Stage,
    folder: TempDir,
}

impl Deref for Appliance {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl DerefMut for Appliance {
    fn deref_mut(&mut self) -> &mut Stage {
        &mut self.stage
    }
}

impl Drop for Appliance {
    /// A test that fails shows what the daemon said last.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = std::fs::read_to_string(self.stage.prop("daemon.log")).unwrap_or_default();
            println!("the daemon said:\n{said}");
        }
    }
}

impl Appliance {
    /// One that is set up and not started.
    pub fn found() -> Self {
        Self::found_with(program(), "swtpm")
    }

    /// The same with another program in front, or with the TPM at `tcti`.
    pub fn found_with(program: PathBuf, tcti: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let stage = Stage::set(program, folder.path().join("home")).expect("a stage");
        stage.found_on(tcti).expect("set up");
        Self { stage, folder }
    }

    /// Starts it, and lets the job `payroll` of this user ask for `credentials`, which are deposited.
    pub fn furnish(&mut self, credentials: &[&str]) {
        self.stage.serve().expect("serves");
        let me = format!("unix:uid:{}", my_uid());
        self.stage.add_client("payroll", &[me], credentials).expect("a client");
        for credential in credentials {
            self.stage.deposit(credential, SECRET, &[]).expect("deposited");
        }
    }

    /// Lets other users pass through to its sockets.
    pub fn open_to_others(&self) {
        use std::os::unix::fs::PermissionsExt as _;
        let passable = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(self.folder.path(), passable).expect("permissions");
    }

    /// The folder of the store.
    pub fn store(&self) -> PathBuf {
        self.stage.home().join("store")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.store().join("portcullis.db")
    }

    /// Tries to start it, which must be refused with this exit code; gives what was said.
    pub fn refuses_to_start(&self, code: i32, case: &str) -> String {
        let mut daemon = self.spawn_serve();
        let lines = BufReader::new(daemon.stderr.take().expect("a pipe")).lines();
        let mut said = String::new();
        for line in lines.map_while(Result::ok) {
            if line.contains("the gate is kept") {
                kill(daemon.id());
            }
            said += &(line + "\n");
        }
        let status = daemon.wait().expect("it ended");
        assert_eq!(status.code(), Some(code), "{case}: {said}");
        said
    }

    /// A daemon that the test itself looks after.
    pub fn spawn_serve(&self) -> Child {
        let mut command = Command::new(program());
        command.arg("--home").arg(self.stage.home()).arg("serve").env_remove("PORTCULLIS_HOME");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().expect("the program runs")
    }

    /// The requests as JSON, newest first.
    pub fn requests(&self) -> serde_json::Value {
        let listed = self.stage.does("bob", &["requests", "--all", "--json"]).expect("listed");
        serde_json::from_slice(&listed.stdout).expect("JSON")
    }

    /// The entries of the log, as JSON.
    pub fn log(&self) -> Vec<serde_json::Value> {
        let shown = self.stage.does("carol", &["audit", "show", "--from", "0", "--json"]).expect("shown");
        shown.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// A pull that was refused and gave nothing.
pub fn refused(pulled: &Output, code: i32, case: &str) {
    assert_eq!(pulled.code, code, "{case}: {}", pulled.stderr);
    assert!(pulled.stdout.is_empty(), "{case}: something was released");
}

/// A pull that gave exactly what was deposited.
pub fn released(pulled: &Output, case: &str) {
    assert_eq!((pulled.code, pulled.stdout.as_slice()), (0, SECRET), "{case}: {}", pulled.stderr);
}

/// Makes `to` an exact copy of the folder `from`.
pub fn copy_dir(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).expect("removed");
    }
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("read") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

/// Ends one process at once.
pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("killed");
}
