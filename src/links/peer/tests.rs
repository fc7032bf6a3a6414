//! Evidence of real processes: other users, other programs, programs that change or go away.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, WaitId, WaitIdOptions, getrlimit, setrlimit, waitid};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;

const NOBODY: u32 = 65_534;
const PERL: &str = "/usr/bin/perl";
/// Connects, says so, and becomes another program when a line tells it to.
const JOB: &str = r#"
    use Socket; $| = 1; $^F = 255;
    socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die; connect($s, sockaddr_un($ARGV[0])) or die $!;
    # One byte at a time, so that nothing is read that the next program is to get.
    sub order { my $line = ""; while (sysread(STDIN, my $c, 1)) { last if $c eq "\n"; $line .= $c } $line }
    print "connected\n"; my $next = order();
    if ($next =~ /^uid (\d+)/) { $> = $1; print "changed\n"; $next = order() }
    exec $next if $next;
"#;

struct World {
    home: TempDir,
    listener: UnixListener,
}

struct Job {
    child: Child,
    said: BufReader<ChildStdout>,
    stream: UnixStream,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("directory");
        let socket = home.path().join("pull.sock");
        let listener = UnixListener::bind(&socket).expect("bound");
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("opened");
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).expect("opened");
        Self { home, listener }
    }

    /// A copy of the program, with the last byte of its ELF identification (padding) set to `pad`.
    ///
    /// Another process writes it: a descriptor open for writing here could be held by the child of a test
    /// that runs beside this one, and then the copy could not be started.
    fn program(&self, name: &str, pad: u8) -> PathBuf {
        const COPY: &str = r#"
            local $/; open my $in, "<:raw", $^X or die; my $bytes = <$in>; substr($bytes, 15, 1) = chr $ARGV[1];
            open my $out, ">:raw", $ARGV[0] or die; print $out $bytes; close $out or die; chmod 0755, $ARGV[0];
        "#;
        let path = self.home.path().join(name);
        let copied = Command::new(PERL).args(["-e", COPY, "--"]).arg(&path).arg(pad.to_string()).status();
        assert!(copied.expect("perl is part of every Debian").success());
        path
    }

    fn connect(&self, program: &Path, uid: u32) -> Job {
        let mut child = Command::new(program)
            .args(["-e", JOB, "--"])
            .arg(self.home.path().join("pull.sock"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .uid(uid)
            .gid(uid)
            .spawn()
            .expect("started");
        let mut said = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a word");
        assert_eq!(line, "connected\n");
        let (stream, _) = self.listener.accept().expect("accepted");
        Job { child, said, stream }
    }
}

impl Job {
    fn tell(&mut self, line: &str) {
        self.child.stdin.as_mut().expect("piped").write_all(line.as_bytes()).expect("told");
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.said.read_line(&mut line).expect("a word"), 0, "it ended");
        line
    }

    fn end(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().expect("ended");
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.end();
    }
}

fn sha256(path: &Path) -> Option<String> {
    Some(hex::encode(Sha256::digest(fs::read(path).expect("read"))))
}

#[test]
fn p32_evidence_is_what_the_kernel_says() {
    let world = World::new();
    let (program, other) = (world.program("job", 0), world.program("other", 1));
    let hashes = ExecutableHashes::new();
    for (path, uid, user) in [(&program, 0, "root"), (&program, NOBODY, "nobody"), (&other, NOBODY, "nobody")]
    {
        let job = world.connect(path, uid);
        let mut peer = observe(&job.stream).expect("a peer");
        assert_eq!(peer.evidence().sha256, None, "nothing is read before it is wanted");
        peer.measure(&hashes).expect("measured");
        let Evidence { uid: seen, gid, user: name, pid, path: seen_path, sha256: digest, .. } =
            peer.evidence();
        assert_eq!((*seen, *gid, name.as_deref(), *pid), (uid, uid, Some(user), job.child.id()));
        assert_eq!(seen_path.as_deref(), path.to_str());
        assert_eq!(*digest, sha256(path));
        assert_eq!(peer.recheck(), Ok(()));
    }
    assert_ne!(sha256(&program), sha256(&other), "one byte makes another program");
}

#[test]
fn p32_a_program_rewritten_in_place_is_read_again() {
    let world = World::new();
    let program = world.program("job", 0);
    let hashes = ExecutableHashes::new();
    let digest = |world: &World| {
        let job = world.connect(&program, 0);
        let mut peer = observe(&job.stream).expect("a peer");
        peer.measure(&hashes).expect("measured");
        peer.evidence().sha256.clone()
    };
    let before = digest(&world);
    assert_eq!(digest(&world), before);
    world.program("job", 1);
    assert_eq!(digest(&world), sha256(&program));
    assert_ne!(before, sha256(&program));
}

#[test]
fn p32_a_process_that_became_another_program_is_refused() {
    let world = World::new();
    let mut job = world.connect(&world.program("job", 0), 0);
    let peer = observe(&job.stream).expect("a peer");
    job.tell("/bin/cat\nthere\n");
    assert_eq!(job.hear(), "there\n", "the other program is running");
    assert_eq!(peer.recheck(), Err(PeerError::Changed { pid: job.child.id(), what: "executable" }));
}

#[test]
fn p32_a_process_that_changed_its_user_is_refused() {
    let world = World::new();
    let mut job = world.connect(&world.program("job", 0), 0);
    let peer = observe(&job.stream).expect("a peer");
    job.tell("uid 65534\n");
    assert_eq!(job.hear(), "changed\n");
    assert_eq!(peer.recheck(), Err(PeerError::Changed { pid: job.child.id(), what: "user" }));
    let later = observe(&job.stream).map(drop);
    assert_eq!(
        later,
        Err(PeerError::Changed { pid: job.child.id(), what: "user" }),
        "nor is it taken at first sight"
    );
}

#[test]
fn p32_a_process_that_ended_is_refused() {
    let world = World::new();
    let program = world.program("job", 0);
    let mut job = world.connect(&program, 0);
    let peer = observe(&job.stream).expect("a peer");
    job.end();
    assert_eq!(peer.recheck(), Err(PeerError::Gone { pid: job.child.id() }));
    assert_eq!(observe(&job.stream).map(drop), Err(PeerError::Gone { pid: job.child.id() }));
}

#[test]
fn p32_a_process_that_ended_is_refused_even_while_its_number_is_taken() {
    let world = World::new();
    let mut job = world.connect(&world.program("job", 0), 0);
    let peer = observe(&job.stream).expect("a peer");
    drop(job.child.stdin.take());
    let number = Pid::from_child(&job.child);
    waitid(WaitId::Pid(number), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        .expect("ended, and not reaped");
    assert_eq!(peer.process.recheck(), Err(PeerError::Gone { pid: job.child.id() }));
}

#[test]
fn p32_a_program_without_a_name_is_refused() {
    let world = World::new();
    for replaced in [false, true] {
        let program = world.program("job", 0);
        let job = world.connect(&program, 0);
        fs::remove_file(&program).expect("removed");
        if replaced {
            world.program("job", 1);
        }
        let refusal = observe(&job.stream).map(drop);
        assert_eq!(refusal, Err(PeerError::Deleted { pid: job.child.id() }), "replaced: {replaced}");
    }
}

#[test]
fn an_old_kernel_gives_the_same_evidence_and_says_how() {
    let world = World::new();
    let program = world.program("job", 0);
    let mut job = world.connect(&program, NOBODY);
    let by_number = |uid| Process::by_number(job.child.id(), (uid, NOBODY)).and_then(Peer::of);
    let peer = by_number(NOBODY).expect("a peer");
    assert_eq!(
        (peer.evidence().kernel, peer.evidence().path.as_deref()),
        (KernelProof::StartTime, program.to_str())
    );
    assert!(
        matches!(by_number(0), Err(PeerError::Changed { what: "user", .. })),
        "a reused number has another owner"
    );
    job.end();
    assert!(matches!(peer.recheck(), Err(PeerError::Gone { .. })));
}

#[test]
fn an_executable_over_512_mib_is_not_read() {
    let world = World::new();
    let program = world.program("job", 0);
    for (size, refused) in [(ExecutableHashes::SIZE_MAX + 1, true), (8 << 20, false)] {
        let sized = Command::new("truncate").args(["--size", &size.to_string()]).arg(&program).status();
        assert!(sized.expect("coreutils").success());
        let job = world.connect(&program, 0);
        let outcome = observe(&job.stream).expect("a peer").measure(&ExecutableHashes::new());
        assert_eq!(outcome == Err(PeerError::TooLarge { pid: job.child.id(), size }), refused, "{size}");
    }
}

/// Runs one test again as the only one of a process, because it changes what all of its threads share;
/// false in that process, where it is to be done.
fn runs_alone(test: &str) -> bool {
    const ALONE: &str = "PORTCULLIS_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return false;
    }
    let (_, room) = module_path!().split_once("::").expect("a crate and its rooms");
    let mut alone = Command::new(std::env::current_exe().expect("this program"));
    alone.args(["--exact", &format!("{room}::{test}"), "--test-threads=1"]).env(ALONE, "1");
    let output = alone.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    true
}

#[test]
fn a_want_of_descriptors_is_named_and_not_held_against_the_peer() {
    if runs_alone("a_want_of_descriptors_is_named_and_not_held_against_the_peer") {
        return;
    }
    let world = World::new();
    let program = world.program("job", 0);
    let mut job = world.connect(&program, NOBODY);
    let limit = getrlimit(Resource::Nofile);
    let with_descriptors = |spare: u64, look: &dyn Fn() -> Result<(), PeerError>| {
        // The next one that would be given is the first that is not.
        let next = fs::File::open("/dev/null").expect("one is left").as_raw_fd();
        let allowed = u64::from(next.unsigned_abs()) + spare;
        setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), ..limit }).expect("lowered");
        let outcome = look();
        setrlimit(Resource::Nofile, limit).expect("as it was");
        outcome
    };
    let pid = job.child.id();
    let exhausted = Err(PeerError::Exhausted { pid, cause: Errno::MFILE });
    // A handle of the process, its directory, and a file at a time of it.
    for (spare, expected) in [(0, exhausted), (1, exhausted), (2, exhausted), (3, Ok(()))] {
        let seen = with_descriptors(spare, &|| observe(&job.stream).map(drop));
        assert_eq!(seen, expected, "{spare} at first sight");
        let by_number = || Process::by_number(pid, (NOBODY, NOBODY)).map(drop);
        assert_eq!(with_descriptors(spare, &by_number), expected, "{spare}, as on an old kernel");
    }
    let peer = observe(&job.stream).expect("a peer");
    for (spare, expected) in [(0, exhausted), (1, Ok(()))] {
        assert_eq!(with_descriptors(spare, &|| peer.recheck()), expected, "{spare} at a second look");
    }
    job.end();
    assert_eq!(peer.recheck(), Err(PeerError::Gone { pid }), "and who is gone is gone");
}
