//! The listener as the keeper meets it: over the channel, with real connections.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use zeroize::Zeroizing;

use super::*;
use crate::daemon::channel::{KeeperEar, KeeperMouth, pair};
use crate::domain::ids::{CredentialName, JobName};
use crate::domain::secret::Plaintext;
use crate::domain::wire::pc1::{Line, Seq, ServerMessage, encode_secret};
use crate::domain::wire::record::{RECORD_LEN_MAX, frame};
use crate::links::peer::observe;
use crate::links::pull_client::pull;
use crate::links::sockets::{PULL, bind};

/// A listener in a thread, with a clock that stands still until a test moves it.
struct World {
    mouth: KeeperMouth,
    ear: KeeperEar,
    seconds: Arc<AtomicU64>,
    /// The keeper's own descriptors, by number.
    held: Vec<UnixStream>,
    thread: JoinHandle<Result<(), ListenerError>>,
}

impl World {
    fn new() -> Self {
        let (mouth, ear, theirs) = pair().expect("a channel");
        let seconds = Arc::new(AtomicU64::new(1_000));
        let clock = Arc::clone(&seconds);
        let listener = Listener::new(ListenerEnd::new(theirs).expect("an end"));
        let thread =
            thread::spawn(move || listener.serve(|| Duration::from_secs(clock.load(Ordering::SeqCst))));
        Self { mouth, ear, seconds, held: Vec::new(), thread }
    }

    /// A new connection: its number and the peer's end.
    fn connect(&mut self, kind: LinkKind) -> (Number, UnixStream) {
        let (ours, peers) = UnixStream::pair().expect("a pair");
        let number = self.held.len() as Number;
        self.mouth.announce(number, kind, ours.as_fd()).expect("announced");
        self.held.push(ours);
        (number, peers)
    }

    fn hear(&mut self) -> FromListener {
        self.ear.receive().expect("a message").expect("the listener lives")
    }

    /// Moves the clock, wakes the listener with a connection that comes and goes, and returns what else it says.
    ///
    /// What is overdue is told in the turn that takes the new connection, so before its end.
    fn pass(&mut self, seconds: u64) -> Vec<FromListener> {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
        let (number, peer) = self.connect(LinkKind::Pull);
        drop(peer);
        let ended = FromListener::Closed { conn: number };
        std::iter::repeat_with(|| self.hear()).take_while(|message| *message != ended).collect()
    }

    fn end(self) {
        drop((self.mouth, self.ear));
        self.thread.join().expect("no panic").expect("a good end");
    }
}

fn ended(conn: Number, fault: Fault) -> Vec<FromListener> {
    vec![FromListener::Malformed { conn, fault }, FromListener::Closed { conn }]
}

fn hello(conn: Number) -> FromListener {
    FromListener::Hello { conn, job: JobName::parse("jobx").expect("job") }
}

fn get(conn: Number) -> FromListener {
    let (seq, name) = (Seq::new(2).expect("2"), CredentialName::parse("racf/prod01").expect("credential"));
    FromListener::Get { conn, seq, name }
}

const QUESTION: &[u8] = b"PC1 01 HELO JOBX U\rPC1 02 GET RACF/PROD01\r";

#[test]
fn lines_and_records_arrive_as_messages_and_the_listener_says_nothing_itself() {
    let mut world = World::new();
    let (job, mut peer) = world.connect(LinkKind::Pull);
    peer.write_all(QUESTION).expect("said");
    assert_eq!([world.hear(), world.hear()], [hello(job), get(job)]);
    let (console, mut operator) = world.connect(LinkKind::Operator);
    for len in [1, RECORD_LEN_MAX] {
        operator.write_all(&frame(&vec![7; len]).expect("fits")).expect("said");
        assert_eq!(world.hear(), FromListener::Record { conn: console, bytes: vec![7; len] });
    }
    peer.write_all(b"PC1 01 NONSENSE\r").expect("said");
    assert_eq!(world.hear(), FromListener::Malformed { conn: job, fault: Fault::Verb });
    for stream in [&peer, &operator] {
        let mut byte = [0];
        let answer = recv(stream, &mut byte, RecvFlags::DONTWAIT).map(|(len, _)| len);
        assert_eq!(answer, Err(Errno::AGAIN), "only the keeper speaks to peers");
    }
    world.end();
}

#[test]
fn whatever_a_peer_sends_ends_that_peer_only() {
    let mut world = World::new();
    let (waiting, mut good) = world.connect(LinkKind::Pull);
    good.write_all(QUESTION).expect("said");
    assert_eq!([world.hear(), world.hear()], [hello(waiting), get(waiting)]);
    let all_bytes: Vec<u8> = (0..=u8::MAX).cycle().take(4_096).collect();
    let cases = [
        ("1 MB without an end", LinkKind::Pull, vec![b'A'; 1 << 20], Fault::LineTooLong),
        ("1 MB of ends", LinkKind::Pull, vec![b'\r'; 1 << 20], Fault::TooMuch),
        ("every byte value", LinkKind::Pull, all_bytes, Fault::Alphabet),
        ("unknown verbs", LinkKind::Pull, b"PC1 01 FETCH\r".repeat(9_000), Fault::Verb),
        ("empty records", LinkKind::Operator, vec![0; 1 << 20], Fault::Record),
    ];
    for (name, kind, bytes, first) in cases {
        let (number, mut peer) = world.connect(kind);
        // The peer's writing fails when the keeper closes the connection, as it is meant to.
        let writer = thread::spawn(move || peer.write_all(&bytes));
        assert_eq!(world.hear(), FromListener::Malformed { conn: number, fault: first }, "{name}");
        let mut messages = 1;
        while world.hear() != (FromListener::Closed { conn: number }) {
            messages += 1;
        }
        assert!(messages <= 3, "{name}: {messages} messages to the keeper");
        world.held[number as usize].shutdown(Shutdown::Both).expect("closed");
        let _ = writer.join().expect("no panic");
    }
    good.write_all(b"PC1 03 ACK 02\r").expect("said");
    let (seq, of) = (Seq::new(3).expect("3"), Seq::new(2).expect("2"));
    assert_eq!(world.hear(), FromListener::Ack { conn: waiting, seq, of });
    world.end();
}

#[test]
fn a_slow_writer_is_heard_and_a_half_line_is_dropped_after_30_seconds() {
    let mut world = World::new();
    let (slow, mut peer) = world.connect(LinkKind::Pull);
    for byte in QUESTION {
        peer.write_all(&[*byte]).expect("said");
    }
    assert_eq!([world.hear(), world.hear()], [hello(slow), get(slow)]);
    peer.write_all(b"PC1 03 ACK").expect("said");
    let (console, mut operator) = world.connect(LinkKind::Operator);
    operator.write_all(&[&frame(b"x").expect("fits")[..], &[0xff]].concat()).expect("said");
    assert_eq!(world.hear(), FromListener::Record { conn: console, bytes: b"x".to_vec() });
    assert_eq!(world.pass(29), []);
    let dropped = [slow, console].map(|conn| ended(conn, Fault::TooSlow)).concat();
    assert_eq!(world.pass(1), dropped);
    world.end();
}

#[test]
fn who_says_nothing_is_dropped_after_60_seconds_and_who_waits_is_not() {
    let mut world = World::new();
    let (waiting, mut good) = world.connect(LinkKind::Pull);
    good.write_all(QUESTION).expect("said");
    assert_eq!([world.hear(), world.hear()], [hello(waiting), get(waiting)]);
    let (silent, _peer) = world.connect(LinkKind::Pull);
    assert_eq!(world.pass(0), [], "it is admitted before the clock moves");
    assert_eq!(world.pass(59), []);
    assert_eq!(world.pass(1), ended(silent, Fault::Silent));
    assert_eq!(world.pass(100_000), []);
    good.write_all(b"PC1 03 BYE\r").expect("said");
    assert_eq!(world.hear(), FromListener::Bye { conn: waiting, seq: Seq::new(3).expect("3") });
    world.end();
}

#[test]
fn hang_ups_are_told_after_what_was_said_before_them() {
    let mut world = World::new();
    let (job, mut peer) = world.connect(LinkKind::Pull);
    peer.write_all(QUESTION).expect("said");
    drop(peer);
    assert_eq!(
        [world.hear(), world.hear(), world.hear()],
        [hello(job), get(job), FromListener::Closed { conn: job }]
    );

    let (half, mut peer) = world.connect(LinkKind::Pull);
    peer.write_all(QUESTION).expect("said");
    peer.shutdown(Shutdown::Write).expect("half closed");
    assert_eq!([world.hear(), world.hear()], [hello(half), get(half)]);
    assert_eq!(world.pass(100_000), []);
    drop(peer);
    assert_eq!(world.hear(), FromListener::Closed { conn: half }, "it waited for its answer until then");

    for kind in [LinkKind::Pull, LinkKind::Operator] {
        let (mute, peer) = world.connect(kind);
        peer.shutdown(Shutdown::Write).expect("half closed");
        assert_eq!(world.hear(), FromListener::Closed { conn: mute }, "{kind:?} that can never ask");
    }
    let (closed, peer) = world.connect(LinkKind::Pull);
    world.mouth.close(closed).expect("told");
    world.held[closed as usize].shutdown(Shutdown::Both).expect("closed");
    drop(peer);
    assert_eq!(world.pass(0), [], "the keeper knows what it closed");
    world.end();
}

#[test]
fn three_hundred_wait_and_one_more_works() {
    let mut world = World::new();
    let mut peers = Vec::new();
    for _ in 0..300 {
        let (job, mut peer) = world.connect(LinkKind::Pull);
        peer.write_all(QUESTION).expect("said");
        assert_eq!([world.hear(), world.hear()], [hello(job), get(job)]);
        peers.push(peer);
    }
    let (job, mut peer) = world.connect(LinkKind::Pull);
    peer.write_all(QUESTION).expect("said");
    assert_eq!([world.hear(), world.hear()], [hello(job), get(job)]);
    world.end();
}

#[test]
fn one_connection_too_many_is_refused_by_name() {
    for (kind, max) in [(LinkKind::Pull, CONNECTIONS_MAX), (LinkKind::Operator, OPERATORS_MAX)] {
        // Within a listener that is not asked to read, one descriptor may stand for all.
        let (_mouth, _ear, theirs) = pair().expect("a channel");
        let mut listener = Listener::new(ListenerEnd::new(theirs).expect("an end"));
        let (stream, _peer) = UnixStream::pair().expect("a pair");
        let allowed = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: allowed, maximum: allowed }).expect("more descriptors");
        for number in 0..=max {
            let duplicate = OwnedFd::from(stream.try_clone().expect("cloned"));
            listener.admit(number as Number, kind, Some(duplicate), Duration::ZERO);
        }
        let conn = max as Number;
        let refusal =
            [FromListener::Malformed { conn, fault: Fault::Crowded }, FromListener::Closed { conn }];
        assert_eq!((listener.connections.len(), &listener.outbox), (max, &VecDeque::from(refusal)));
        let other = if kind == LinkKind::Pull { LinkKind::Operator } else { LinkKind::Pull };
        listener.admit(conn + 1, other, Some(OwnedFd::from(stream)), Duration::ZERO);
        assert_eq!(listener.connections.len(), max + 1, "the other kind has its own room");
    }
}

#[test]
fn a_keeper_that_does_not_keep_up_stops_the_reading_and_nothing_is_lost() {
    const RECORDS: usize = 200;
    let mut world = World::new();
    let (console, mut operator) = world.connect(LinkKind::Operator);
    let writer = thread::spawn(move || {
        for index in 0..RECORDS {
            let record = vec![index as u8; RECORD_LEN_MAX];
            operator.write_all(&frame(&record).expect("fits")).expect("said");
        }
        operator
    });
    for index in 0..RECORDS {
        let record = FromListener::Record { conn: console, bytes: vec![index as u8; RECORD_LEN_MAX] };
        assert!(world.hear() == record, "record {index}");
    }
    drop(writer.join().expect("no panic"));
    assert_eq!(world.hear(), FromListener::Closed { conn: console });
    world.end();
}

#[test]
fn a_pull_goes_through_both_processes_and_its_receipt_comes_back() {
    let mut world = World::new();
    let home = tempfile::tempdir().expect("directory");
    let listener = bind(home.path(), PULL).expect("bound");
    let path = home.path().join(PULL.name);
    let job = thread::spawn(move || {
        let (job, name) = (JobName::parse("jobx"), CredentialName::parse("racf/prod01"));
        let mut waits = 0;
        let secret = pull(&path, &job.expect("job"), &name.expect("credential"), None, |_| waits += 1);
        (secret.expect("the credential").expose().to_vec(), waits)
    });
    let (mut stream, _) = listener.accept().expect("accepted");
    assert_eq!(observe(&stream).expect("a peer").evidence().pid, std::process::id());
    world.mouth.announce(7, LinkKind::Pull, stream.as_fd()).expect("announced");
    assert_eq!([world.hear(), world.hear()], [hello(7), get(7)]);

    let (two, three, four) = (Seq::new(2).expect("2"), Seq::new(3).expect("3"), Seq::new(4).expect("4"));
    let mut line = Line::empty();
    for (seq, message) in [(Seq::FIRST, ServerMessage::Challenge), (two, ServerMessage::Wait { seconds: 30 })]
    {
        message.write(seq, &mut line);
        stream.write_all(line.wire()).expect("said");
    }
    let secret = Plaintext::new(Zeroizing::new(vec![0x53; 65_536])).expect("fits");
    encode_secret(&secret, two, &mut |line| stream.write_all(line)).expect("said");
    assert_eq!(world.hear(), FromListener::Ack { conn: 7, seq: three, of: two });
    assert_eq!(world.hear(), FromListener::Bye { conn: 7, seq: four });
    assert_eq!(world.hear(), FromListener::Closed { conn: 7 });
    assert_eq!(job.join().expect("no panic"), (vec![0x53; 65_536], 1));
    world.end();
}

#[test]
fn a_keeper_that_does_not_read_costs_the_listener_one_turn_of_memory() {
    let (keeper, _ear, theirs) = pair().expect("a channel");
    let mut listener = Listener::new(ListenerEnd::new(theirs).expect("an end"));
    let (stream, peer) = UnixStream::pair().expect("a pair");
    listener.admit(1, LinkKind::Operator, Some(OwnedFd::from(stream)), Duration::ZERO);
    peer.set_nonblocking(true).expect("set");
    let records = frame(&[7; 1_000]).expect("fits").repeat(100);
    for _ in 0..500 {
        // The peer sends all it can, in whatever pieces; a message of the keeper ends the waiting.
        let _ = (&peer).write(&records);
        let woken = keeper.close(99);
        assert!(matches!(woken, Ok(()) | Err(ChannelError::Full)));
        assert_eq!(listener.turn(|| Duration::ZERO).expect("a turn"), Keeper::Here);
        assert!(listener.outbox.len() <= Listener::TURN_LEN / 1_000 + 1, "{listener:?}");
    }
    assert!(!listener.outbox.is_empty(), "the channel is full");
}

/// Both sides of the next test: without a channel a refusal, with one the listener itself.
#[test]
fn the_listener_runs_on_a_channel_and_on_nothing_else() {
    let stdin = io::stdin().as_fd().try_clone_to_owned().expect("a standard input");
    let has_channel = ListenerEnd::new(stdin.try_clone().expect("cloned")).is_ok();
    let outcome = run(stdin);
    assert_eq!(outcome.is_ok(), has_channel, "{outcome:?}");
}

#[test]
fn the_process_is_another_user_with_nothing_but_the_channel() {
    let (mouth, mut keeper, theirs) = pair().expect("a channel");
    let test = "daemon::listener::tests::the_listener_runs_on_a_channel_and_on_nothing_else";
    let args = ["--exact", test, "--test-threads=1"];
    let mut child = spawn(Path::new("/proc/self/exe"), &args, theirs).expect("started");
    let (ours, mut peer) = UnixStream::pair().expect("a pair");
    mouth.announce(1, LinkKind::Pull, ours.as_fd()).expect("announced");
    peer.write_all(QUESTION).expect("said");
    let heard = [keeper.receive(), keeper.receive()];
    assert_eq!(heard, [Ok(Some(hello(1))), Ok(Some(get(1)))]);

    // The test runner of the child has a thread of its own beside the listener's.
    let directory = fs::read_dir(format!("/proc/{}/task", child.id()))
        .expect("threads")
        .map(|entry| entry.expect("entry").path())
        .find(|path| fs::read(path.join("comm")).is_ok_and(|name| name.trim_ascii_end() == NAME.to_bytes()))
        .expect("the listener names itself");
    let read = |name: &str| fs::read_to_string(directory.join(name)).expect(name);
    let status = read("status");
    let field = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    let user = User::from_name(USER).expect("users").map_or(NOBODY, |user| user.uid.as_raw());
    assert_eq!(field("Uid:"), Some(format!("{user}\t{user}\t{user}\t{user}").as_str()));
    assert_eq!(
        (field("Groups:"), field("NoNewPrivs:"), field("CapEff:")),
        (Some(""), Some("1"), Some("0000000000000000"))
    );
    let core = read("limits").lines().find(|l| l.starts_with("Max core file size")).map(str::to_owned);
    assert!(core.is_some_and(|line| line.split_whitespace().skip(4).take(2).all(|limit| limit == "0")));
    assert!(fs::read(directory.join("environ")).expect("environment").is_empty());
    let mut sockets = 0;
    for entry in fs::read_dir(directory.join("fd")).expect("descriptors") {
        let path = entry.expect("entry").path();
        let target = fs::read_link(&path).expect("a descriptor");
        sockets += usize::from(target.to_string_lossy().starts_with("socket:"));
        let standard = path.ends_with("1") || path.ends_with("2");
        assert!(standard || target.to_string_lossy().starts_with("socket:"), "{path:?} -> {target:?}");
    }
    assert_eq!(sockets, 3, "the channel, the same as standard input, and one connection");
    drop((mouth, keeper));
    assert!(child.wait().expect("ended").success());
}
