//! A process that crashes, or that another one looks at, gives nothing away.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use crate::common::rig::{CREDENTIAL, JOB, Rig, children};

const NOBODY: u32 = 65_534;

/// The program from where every user may run it: the folder that it was built in may be closed to others.
fn portcullis(rig: &Rig, args: &[&str]) -> Command {
    let mut command = Command::new(rig.stage.copy_program("client-of-anybody").expect("a copy"));
    command.arg("--home").arg(rig.stage.home()).args(args).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// The limits of core files of a process: the one that holds, and the one up to which it could be raised.
fn core_limits(pid: u32) -> (String, String) {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).expect("limits");
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    let fields: Vec<&str> = line.split_whitespace().skip(4).collect();
    (fields[0].to_owned(), fields[1].to_owned())
}

/// Whether a process may be dumped and traced by its own user: the kernel gives the files of one that may
/// not to root.
fn is_open(pid: u32, uid: u32) -> bool {
    fs::metadata(format!("/proc/{pid}/environ")).expect("a process").uid() == uid
}

/// A process that ends with the test, however the test ends.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Root without the privilege to look into every process.
fn plain_root(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--inh-caps=-sys_ptrace", "--bounding-set=-sys_ptrace", program]);
    command
}

/// Whether that root may look into a process of its kind.
fn is_open_to_root(pid: u32) -> bool {
    let looked = plain_root("readlink").arg(format!("/proc/{pid}/exe")).output();
    looked.expect("setpriv is part of util-linux").status.success()
}

/// Kills a process by a fault of memory, after its limit was lifted as far as it goes; whether it left a core.
fn crash(child: &mut Child) -> bool {
    let pid = Pid::from_child(child);
    let hard = core_limits(child.id()).1.parse().ok();
    prlimit(Some(pid), Resource::Core, Rlimit { current: hard, maximum: hard }).expect("up to the limit");
    // The first one only takes away the handler that would report an overflow of the stack.
    let mut ended = None;
    for _ in 0..200 {
        kill_process(pid, Signal::SEGV).expect("it has not been waited for");
        std::thread::park_timeout(std::time::Duration::from_millis(20));
        ended = child.try_wait().expect("a child");
        if ended.is_some() {
            break;
        }
    }
    let status = ended.expect("a fault of memory ends it");
    assert_eq!(status.signal(), Some(Signal::SEGV.as_raw()));
    status.core_dumped()
}

fn core_files(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.starts_with("core")).collect()
}

#[test]
fn a_crash_of_keeper_or_listener_leaves_no_core_file() {
    let rig = Rig::new();
    let cores = tempfile::tempdir().expect("a folder");
    let mut keeper = plain_root(env!("CARGO_BIN_EXE_portcullis"));
    keeper.arg("--home").arg(rig.stage.home()).arg("serve").stderr(Stdio::piped());
    keeper.current_dir(cores.path()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut keeper = Ended(keeper.spawn().expect("a daemon"));
    let mut said = BufReader::new(keeper.0.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("the gate is kept")), "it serves");
    let listener = children(keeper.0.id())[0];
    for pid in [keeper.0.id(), listener] {
        assert_eq!(core_limits(pid), ("0".to_owned(), "0".to_owned()));
    }
    let other = plain_root("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let other = Ended(other.expect("a process"));
    // The eyes that see into it, once it is what it is to be, do not see into the keeper.
    let open = || Ok(is_open_to_root(other.0.id()).then_some(()));
    rig.stage.wait_for("a process to be open", open).expect("any other is");
    assert!(!is_open_to_root(keeper.0.id()), "the keeper is closed");
    // It closes itself before it reads anything, and may still be about to.
    let closed = || Ok((!is_open(listener, NOBODY)).then_some(()));
    rig.stage.wait_for("the listener to close itself", closed).expect("it is not to be dumped");
    assert!(!crash(&mut keeper.0), "a core of the keeper");
    assert_eq!(core_files(cores.path()), [""; 0]);
}

#[test]
fn a_crash_of_who_deposits_leaves_no_core_file() {
    let rig = Rig::new();
    let cores = tempfile::tempdir().expect("a folder");
    let terms = "--owner team --reason old --rotation-days 90 --sunset 2099-12-31";
    let args: Vec<&str> = ["deposit", CREDENTIAL].into_iter().chain(terms.split(' ')).collect();
    let start = |uid: Option<u32>| {
        let mut command = portcullis(&rig, &args);
        uid.map(|uid| command.uid(uid).gid(uid));
        let mut child = command.current_dir(cores.path()).spawn().expect("a custodian");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(&crate::secret()).expect("written");
        wait_until_read(&child);
        (child, input)
    };
    let (mut child, input) = start(None);
    assert_eq!(core_limits(child.id()).0, "0");
    assert!(!crash(&mut child), "a core of the one who deposits");
    drop(input);
    assert_eq!(core_files(cores.path()), [""; 0]);
    // Neither may another process of the same user look into it.
    let (mut child, input) = start(Some(NOBODY));
    assert!(!is_open(child.id(), NOBODY));
    drop(input);
    child.wait().expect("it ends");
}

/// Waits until a process sleeps in a read of its standard input.
fn wait_until_read(child: &Child) {
    const READ: &str = "0 0x0";
    for _ in 0..1_000 {
        let doing = fs::read_to_string(format!("/proc/{}/syscall", child.id())).expect("a process");
        if doing.starts_with(READ) {
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    panic!("it does not read what it should deposit");
}

#[test]
fn a_job_that_has_its_credential_is_closed_to_other_processes_of_its_user() {
    let mut rig = Rig::new();
    rig.stage.serve().expect("serving");
    rig.stage.add_client(JOB, &[format!("unix:uid:{NOBODY}")], &[CREDENTIAL]).expect("a client");
    let secret = crate::secret().repeat(1_000);
    rig.stage.deposit(CREDENTIAL, &secret, &[]).expect("deposited");
    rig.stage.arm(JOB, CREDENTIAL, &["--pulls", "1"]).expect("armed");
    // A pipe that nobody reads holds the job up with the credential in its memory.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).expect("a small pipe");
    let program = rig.stage.copy_program("client-of-nobody").expect("a copy");
    let mut job = {
        let mut command = Command::new(program);
        command.arg("--home").arg(rig.stage.home()).args(["pull", CREDENTIAL, "--job", JOB]);
        command.uid(NOBODY).gid(NOBODY).current_dir("/").stdout(writer).spawn().expect("a job")
    };
    let writes = |line: String| line.starts_with("1 0x1 ");
    let doing =
        || Ok(fs::read_to_string(format!("/proc/{}/syscall", job.id())).ok().map(writes).filter(|is| *is));
    rig.stage.wait_for("the job to write", doing).expect("it writes");
    assert!(!is_open(job.id(), NOBODY));
    assert_eq!(core_limits(job.id()).0, "0");
    let mut got = Vec::new();
    std::io::Read::read_to_end(&mut File::from(std::os::fd::OwnedFd::from(reader)), &mut got).expect("read");
    assert!(job.wait().expect("it ends").success());
    assert!(got == secret, "the job got {} bytes", got.len());
}
