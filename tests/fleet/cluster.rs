//! A PostgreSQL of our own: in a folder that is gone after the test, on a Unix socket, without a network.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// The server refuses to run as root, so root hands it to nobody.
const NOBODY: u32 = 65_534;

/// A running server.
pub struct Cluster {
    server: Child,
    folder: TempDir,
}

/// Where Debian and others have the server's programs.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let found = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let newest = found.filter(|folder| folder.join("postgres").is_file()).max();
    newest.expect("PostgreSQL is needed: ./packaging/setup.sh --test")
}

/// One of the server's programs, as somebody who is not root and ends with this test.
fn program(name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if rustix::process::geteuid().is_root() {
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
    }
    command.arg("--").arg(programs().join(name)).env("LC_ALL", "C").current_dir("/");
    command
}

impl Cluster {
    /// Makes and starts one, and returns when it takes connections.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("given away");
        }
        let data = folder.path().join("data");
        let mut made = program("initdb");
        made.args(["--auth=trust", "--username=auditor", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"]);
        let made = made.arg(&data).output().expect("setpriv is needed, from util-linux");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = program("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(folder.path());
        server.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "TimeZone=Asia/Tokyo"]);
        let mut server = server.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
        let mut lines = BufReader::new(server.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let ready = lines.by_ref().any(|line| line.contains("ready to accept connections"));
        // What it says later must go somewhere, or it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let cluster = Self { server, folder };
        assert!(ready, "the server came up");
        cluster
    }

    /// A program that finds `database` by its environment, with files in `folder`.
    pub fn client(&self, program: &str, database: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("PGHOST", self.folder.path()).env("PGUSER", "auditor").env("PGDATABASE", database);
        command.env("PSQLRC", "/dev/null").env("LC_ALL", "C.UTF-8").current_dir(folder);
        command
    }

    /// Has `psql` do something that must succeed; gives what it wrote.
    pub fn psql(&self, database: &str, folder: &Path, args: &[&str]) -> String {
        let mut psql = self.client("psql", database, folder);
        let output = psql.args(["--set", "ON_ERROR_STOP=1"]).args(args).output().expect("psql is needed");
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    }
}

/// What was written to standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.server);
        // Its fast shutdown; whatever happens, it is gone before its folder is.
        if rustix::process::kill_process(pid, rustix::process::Signal::INT).is_err() {
            drop(self.server.kill());
        }
        drop(self.server.wait());
    }
}
