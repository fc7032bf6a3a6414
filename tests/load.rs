//! Many jobs at once: nobody starves, nobody gets what is not theirs, and memory has a bound.

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::appliance::{Appliance, program, released};
use common::people::key_of;
use common::raw::{Job, Stranger, operator_socket};
use portcullis::demo::stage::SECRET;
use portcullis::desk::client::Client;
use portcullis::domain::wire::operator::Ask;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const SPENT: &str = "PC1 02 DENY SPENT";

/// A test holds one end of every connection.
fn many_descriptors() {
    let limits = getrlimit(Resource::Nofile);
    let wanted = limits.maximum.unwrap_or(4_096).min(4_096);
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limits.maximum })
        .expect("descriptors");
}

/// Jobs that have asked, and have all been told to wait.
fn waiting(appliance: &Appliance, count: usize, credential: &str) -> Vec<Job> {
    let mut jobs: Vec<Job> =
        (0..count).map(|_| Job::asking(appliance.home(), "payroll", credential)).collect();
    for job in &mut jobs {
        assert_eq!(job.hear().as_deref(), Some("PC1 01 CHAL -"));
        assert_eq!(job.hear().as_deref(), Some("PC1 02 WAIT 30"));
    }
    jobs
}

/// Asks as alice; gives the request's id.
fn ask(appliance: &Appliance, credential: &str, pulls: &str) -> String {
    let why = ["--reason", "night batch", "--ticket", "INC-4711", "--pulls", pulls];
    let args = [&["request", credential, "--job", "payroll"], &why[..]].concat();
    appliance.request_id(&appliance.does("alice", &args).expect("asked")).expect("an id")
}

/// How the waits ended: who got the credential, and the words of the others. Nobody hears two verdicts.
fn verdicts(jobs: &mut [Job]) -> (usize, Vec<String>) {
    let (mut served, mut words) = (0, Vec::new());
    for job in jobs {
        match job.verdict().expect("a verdict").as_str() {
            "PC1 02 OK 8" => {
                let data = format!("PC1 02 D 01 {}", hex::encode_upper(SECRET));
                assert_eq!(job.hear(), Some(data));
                assert_eq!(job.hear().as_deref(), Some("PC1 02 END -"));
                served += 1;
            }
            word => words.push(word.to_owned()),
        }
        job.send(b"PC1 03 BYE\r");
        assert_eq!(job.hear_all(), Vec::<String>::new(), "one verdict each");
    }
    (served, words)
}

/// One line of `/proc/PID/status`, in KiB.
fn kib(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
}

/// The keeper and the listener that it started.
fn processes(appliance: &Appliance) -> [u32; 2] {
    let keeper = appliance.daemon_pid().expect("it runs");
    let children = fs::read_to_string(format!("/proc/{keeper}/task/{keeper}/children")).expect("children");
    [keeper, children.trim().parse().expect("one child, the listener")]
}

#[test]
fn everything_goes_on_while_200_jobs_wait_and_each_gets_one_verdict() {
    many_descriptors();
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/night", "db/day", "db/no"]);
    appliance.arm("payroll", "db/day", &["--pulls", "10"]).expect("armed");
    let request = ask(&appliance, "db/night", "3");
    let mut jobs = waiting(&appliance, 200, "db/night");
    let mut refused = waiting(&appliance, 20, "db/no");
    released(&appliance.pull("payroll", "db/day").expect("runs"), "a pull through an open window");
    appliance.deposit("db/new", b"x", &[]).expect("a deposit");
    let listed = appliance.requests();
    let find = |id: &str| listed.as_array().expect("a list").iter().find(|one| one["doc"]["id"] == *id);
    assert_eq!(find(&request).expect("listed")["waiting"], 200);
    appliance.approve_by(&["bob"], &request).expect("an approval");
    released(&appliance.pull("payroll", "db/day").expect("runs"), "a second pull");
    appliance.approve_by(&["carol"], &request).expect("the last approval");
    let (served, words) = verdicts(&mut jobs);
    assert_eq!(served, 3, "as many as pulls were approved");
    assert_eq!(words, [SPENT; 197], "the others hear why not");
    let other = listed.as_array().expect("a list").iter().find(|one| one["waiting"] == 20).expect("listed");
    let other = other["doc"]["id"].as_str().expect("an id");
    appliance.does("bob", &["deny", other, "--reason", "no"]).expect("denied");
    assert_eq!(verdicts(&mut refused), (0, vec!["PC1 02 DENY DENIED".to_owned(); 20]));
    let log = appliance.log();
    let of = |kind: &str| {
        log.iter().filter(|entry| entry["type"] == kind && entry["detail"]["request"] == *request).count()
    };
    assert_eq!((of("pulled"), of("delivered")), (3, 3), "and the log knows of exactly these");
}

#[test]
fn five_hundred_waiting_jobs_take_at_most_64_mib_and_none_starves() {
    many_descriptors();
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/night"]);
    let request = ask(&appliance, "db/night", "100");
    let mut jobs = waiting(&appliance, 500, "db/night");
    let memory = processes(&appliance).map(|pid| kib(pid, "VmRSS"));
    assert!(memory.iter().sum::<u64>() <= 64 * 1024, "{memory:?} KiB");
    appliance.approve_by(&["bob", "carol"], &request).expect("approved");
    let (served, words) = verdicts(&mut jobs);
    assert_eq!((served, words), (100, vec![SPENT.to_owned(); 400]));
}

/// Says HELO on so many connections and holds them until standard input ends; says what it heard.
const CROWD: &str = r#"
    use Socket; $| = 1; my ($path, $count) = @ARGV; my (@all, %heard); $/ = "\r";
    for (1 .. $count) {
        socket(my $one, PF_UNIX, SOCK_STREAM, 0) or die; connect($one, sockaddr_un($path)) or die $!;
        # One that is turned away may have hung up already.
        $SIG{PIPE} = "IGNORE"; syswrite $one, "PC1 01 HELO PAYROLL U\r"; push @all, $one;
    }
    for my $one (@all) { my $line = <$one> // "nothing"; $heard{(split / \*/, $line)[0]}++ }
    print join(", ", map { "$heard{$_} $_" } sort keys %heard), "\n"; <STDIN>;
"#;

/// Connections of another user.
struct Crowd {
    process: Child,
    heard: String,
}

impl Crowd {
    fn come(appliance: &Appliance, uid: u32, count: usize) -> Self {
        let mut perl = Command::new("perl");
        perl.args(["-e", CROWD, "--"]).arg(appliance.home().join("run/pull.sock")).arg(count.to_string());
        perl.uid(uid).gid(uid).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = perl.spawn().expect("perl is part of every Debian");
        let mut heard = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut heard).expect("a word");
        Self { process, heard: heard.trim_end().to_owned() }
    }

    fn go(mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("it ended");
    }
}

#[test]
fn one_user_has_600_places_whoever_that_is_and_all_have_1000() {
    const OTHER: u32 = 65_533;
    const THIRD: u32 = 65_532;
    many_descriptors();
    // As services are started: with a soft limit of 1,024 descriptors.
    let folder = tempfile::tempdir().expect("a folder");
    let limited = folder.path().join("portcullis");
    let script = format!("#!/bin/sh\nulimit -Sn 1024\nexec '{}' \"$@\"\n", program().display());
    fs::write(&limited, script).expect("written");
    fs::set_permissions(&limited, fs::Permissions::from_mode(0o755)).expect("runnable");
    let mut appliance = Appliance::found_with(limited, "swtpm");
    appliance.open_to_others();
    appliance.furnish(&["db/day"]);
    appliance.arm("payroll", "db/day", &["--pulls", "10"]).expect("armed");
    let hello = |_| {
        let mut job = Job::connect(appliance.home());
        job.send(b"PC1 01 HELO PAYROLL U\r");
        job
    };
    let mut jobs: Vec<Job> = (0..610).map(hello).collect();
    let answers: Vec<Option<String>> = jobs.iter_mut().map(Job::hear).collect();
    let count = |word: &str| answers.iter().filter(|answer| answer.as_deref() == Some(word)).count();
    assert_eq!((count("PC1 01 CHAL -"), count("PC1 01 DENY BUSY")), (600, 10), "of one user");
    appliance.does("bob", &["requests"]).expect("operators have a door of their own");
    let busy = appliance.pull("payroll", "db/day").expect("runs");
    assert_eq!((busy.code, busy.stdout.len()), (4, 0), "not yet: {}", busy.stderr);

    let other = Crowd::come(&appliance, OTHER, 401);
    assert_eq!(other.heard, "400 PC1 01 CHAL -, 1 PC1 01 DENY BUSY", "the rest is for others");
    let third = Crowd::come(&appliance, THIRD, 1);
    assert_eq!(third.heard, "1 PC1 01 DENY BUSY", "and there is no more");
    third.go();
    other.go();
    let again = || Ok(Some(Crowd::come(&appliance, THIRD, 1)).filter(|third| third.heard.contains("CHAL")));
    appliance.wait_for("room", again).expect("there is room again").go();
    drop(jobs);
    let again = || Ok(Some(appliance.pull("payroll", "db/day")?).filter(|pulled| pulled.code == 0));
    released(&appliance.wait_for("room", again).expect("there is room again"), "afterwards");
}

#[test]
fn strangers_who_say_nothing_neither_keep_an_operator_out_nor_stay() {
    /// Less than a connection may be silent that nobody asked who it is, more than a proof may take.
    const SOON: Duration = Duration::from_secs(30);
    let mut appliance = Appliance::found();
    appliance.serve().expect("serves");
    let mut operator =
        Client::connect(&appliance.home().join("run/operator.sock"), &key_of(&appliance, "bob"))
            .expect("an operator");
    let key_file = appliance.home().join("operators/bob.pcop");
    let silent = (0..70).map(|_| operator_socket(appliance.home()));
    let mut silent: Vec<UnixStream> = silent.collect();
    // With a key of their own, which is on no roster.
    let strangers = (0..70).map(|_| Stranger::connect(appliance.home(), &key_file).stream);
    silent.extend(strangers);
    for person in ["alice", "bob", "carol"] {
        appliance.does(person, &["requests"]).expect("there is room for operators");
    }
    for (number, stream) in silent.iter_mut().enumerate() {
        stream.set_read_timeout(Some(SOON)).expect("a limit");
        assert_eq!(stream.read(&mut [0; 64]).expect("it is closed"), 0, "{number}");
    }
    operator.ask(&Ask::Status).expect("an operator may be silent for as long");
}

/// How often the threads of a process gave the processor back by themselves.
fn switches(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("threads");
    let of = |task: fs::DirEntry| {
        let status = fs::read_to_string(task.path().join("status")).expect("a thread");
        let line =
            status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).expect("a count");
        line.trim().parse::<u64>().expect("a number")
    };
    tasks.map(|task| of(task.expect("a thread"))).sum()
}

#[test]
fn an_idle_daemon_sleeps() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/night"]);
    let _waiting = waiting(&appliance, 5, "db/night");
    let processes = processes(&appliance);
    let count = || processes.iter().map(|pid| switches(*pid)).sum::<u64>();
    // It may still be finishing what came last; then three seconds of nothing.
    const SPAN: Duration = Duration::from_secs(3);
    let quiet = || {
        let before = count();
        // Nobody unparks it.
        std::thread::park_timeout(SPAN);
        Ok(Some(count() - before).filter(|woken| *woken <= 3))
    };
    appliance.wait_for("three quiet seconds", quiet).expect("it sleeps");
}
