//! The errands, against the keeper's end of the very channel they use.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rand_core::OsRng;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::Happening;
use super::keeper::Keeper;
use crate::console::event::{Effect, Errand, Event, FailureSort, News, Wanted};
use crate::console::samples;
use crate::crypto::channel::{Channel, Responder, public_of};
use crate::crypto::key_file::{KdfCost, KeyFile};
use crate::crypto::operator_key::{KeeperPin, OperatorKey, random_key};
use crate::desk::export::Progress;
use crate::domain::ids::ApplianceName;
use crate::domain::secret::{Key32, Passphrase};
use crate::domain::wire::operator::audit::{AuditAsk, AuditReply};
use crate::domain::wire::operator::{Ask, Hello, Refused, Reply, VERSION};
use crate::domain::wire::record::{Deframer, frame};

/// Long enough for a key file to be opened on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// The keeper's end of one connection.
pub(super) struct End {
    stream: UnixStream,
    channel: Channel,
    deframer: Deframer,
}

impl End {
    fn accept(mut stream: UnixStream, own: &Key32) -> Self {
        let mut deframer = Deframer::default();
        let hello = record(&mut stream, &mut deframer).expect("a handshake");
        let (channel, reply) =
            Responder::read(own, &hello, &mut OsRng).and_then(Responder::accept).expect("it is ours");
        stream.write_all(&frame(&reply).expect("short")).expect("the console reads");
        let mut end = Self { stream, channel, deframer };
        let hello: Hello = serde_json::from_slice(&end.next().expect("a hello")).expect("a hello");
        assert_eq!(hello.v, VERSION);
        end.say(&Hello { v: VERSION });
        end
    }

    fn say(&mut self, message: &impl serde::Serialize) {
        let bytes = serde_json::to_vec(message).expect("JSON");
        for record in self.channel.seal(&bytes).expect("open") {
            self.stream.write_all(&frame(&record).expect("short")).expect("the console reads");
        }
    }

    /// The next message; `None` when the console has closed.
    pub(super) fn next(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        loop {
            let record = record(&mut self.stream, &mut self.deframer)?;
            if let Some(message) = self.channel.open(&record).expect("ours") {
                return Some(message);
            }
        }
    }
}

/// One byte at a time, so that nothing is read ahead.
fn record(stream: &mut UnixStream, deframer: &mut Deframer) -> Option<Vec<u8>> {
    loop {
        let mut byte = [0];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        if let Some(record) = deframer.take(&mut &byte[..]).expect("framed") {
            return Some(record);
        }
    }
}

/// A listening keeper that answers with the samples, and tells what it was asked.
pub(super) struct Place {
    folder: TempDir,
    keeper: Keeper,
    happenings: Receiver<Happening>,
    asked: Receiver<(usize, Ask)>,
    /// Ends of connections that have asked to watch.
    pub(super) watched: Receiver<End>,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let own = random_key(&mut OsRng);
        let pin = KeeperPin {
            appliance: ApplianceName::parse("host01").expect("a name"),
            noise: public_of(&own),
            roster: [8; 32],
        };
        let key = OperatorKey::generate(samples::operator("bo"), &mut OsRng);
        let words = passphrase("right words");
        let file = KeyFile::seal(&key, &words, KdfCost::Standard, &mut OsRng).expect("seals");
        let file = file.with_keeper(pin, &words, &mut OsRng).expect("opens");
        std::fs::write(folder.path().join("bo.pcop"), file.to_text()).expect("a file");
        let socket = folder.path().join("operator.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let (asks, asked) = channel();
        let (watches, watched) = channel();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let end = End::accept(stream.expect("a connection"), &own);
                let (asks, watches) = (asks.clone(), watches.clone());
                thread::spawn(move || serve(end, number, &asks, &watches));
            }
        });
        let (sender, happenings) = channel();
        let keeper = Keeper::start(socket, sender).expect("a thread");
        Self { folder, keeper, happenings, asked, watched }
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("operator.sock")
    }

    pub(super) fn key_path(&self) -> PathBuf {
        self.folder.path().join("bo.pcop")
    }

    fn log_in(&self, words: &str) -> Event {
        let (path, passphrase) = (self.key_path(), passphrase(words));
        self.errand(Effect::LogIn { session: 7, path, passphrase })
    }

    fn errand(&self, errand: Effect) -> Event {
        self.keeper.send(errand).expect("the thread runs");
        self.happening()
    }

    fn happening(&self) -> Event {
        match self.happenings.recv_timeout(LIMIT).expect("something happens") {
            Happening::Outside(event) => event,
            Happening::Ended(does) => panic!("the part that {does} has ended"),
            _ => panic!("neither terminal nor signals here"),
        }
    }

    /// What was asked so far, by connection.
    fn asked(&self) -> Vec<(usize, String)> {
        self.asked.try_iter().map(|(number, ask)| (number, word(&ask))).collect()
    }
}

fn passphrase(words: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(words.to_owned()))
}

fn word(ask: &Ask) -> String {
    let value = serde_json::to_value(ask).expect("JSON");
    value["ask"].as_str().expect("every ask has its word").to_owned()
}

fn serve(mut end: End, number: usize, asks: &Sender<(usize, Ask)>, watches: &Sender<End>) {
    while let Some(message) = end.next() {
        let ask: Ask = serde_json::from_slice(&message).expect("an ask");
        let reply = answer(&ask);
        let is_watch = matches!(ask, Ask::Watch);
        asks.send((number, ask)).expect("the test listens");
        end.say(&reply);
        if is_watch {
            // Who watches asks nothing more; the test speaks from now on.
            return watches.send(end).expect("the test listens");
        }
    }
}

fn answer(ask: &Ask) -> Reply {
    let mut requests = samples::requests();
    match ask {
        Ask::Status => Reply::Status(Box::new(samples::status(true))),
        Ask::Requests { .. } => Reply::Requests { requests, more: false },
        Ask::Request { .. } => Reply::Request { view: Box::new(requests.remove(1)), share: None },
        Ask::Watch => Reply::Watching,
        Ask::Approve { .. } => {
            requests[1].approvals = vec![samples::operator("bo")];
            Reply::Done { request: Some(Box::new(requests.remove(1))), message: "approved".to_owned() }
        }
        // A log that never comes to its end.
        Ask::Audit { question } if matches!(**question, AuditAsk::Make { .. }) => {
            Reply::Audit { answer: AuditReply::Making { from: 0, to: 9, read: 1, parts: None } }
        }
        Ask::Deny { .. } => Reply::Done { request: None, message: "denied".to_owned() },
        Ask::Freeze { .. } => Reply::Done { request: None, message: "frozen".to_owned() },
        _ => Reply::Refused(Refused {
            code: "no".to_owned(),
            exit: 3,
            what: "it is not allowed".to_owned(),
            advice: "ask somebody".to_owned(),
        }),
    }
}

#[test]
fn a_login_holds_two_connections_and_hears_of_changes_and_of_the_end() {
    let place = Place::new();
    match place.log_in("right words") {
        Event::LoggedIn { session: 7, status, requests } => {
            assert_eq!((status.operator, requests.len()), (samples::operator("bo"), 4));
        }
        other => panic!("{other:?}"),
    }
    let asked = [(1, "watch"), (0, "status"), (0, "requests")].map(|(n, word)| (n, word.to_owned()));
    assert_eq!(place.asked(), asked, "first watch, so that nothing changes unheard");
    let mut watching = place.watched.recv_timeout(LIMIT).expect("it watches");
    watching.say(&Reply::Changed { size: 9 });
    assert!(matches!(place.happening(), Event::Changed { session: 7 }));
    let open = Some(samples::request_id("9QF3"));
    place.keeper.send(Effect::Refresh(Wanted::Requests { ended: true, open })).expect("the thread runs");
    assert!(matches!(place.happening(), Event::Loading(4)));
    match place.happening() {
        Event::Fresh { news: News::Requests(requests), open: Some(_), .. } => assert_eq!(requests.len(), 4),
        other => panic!("{other:?}"),
    }
    drop(watching);
    match place.happening() {
        Event::Lost { session: 7, why } => assert_eq!(why, "it closed the connection"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(place.errand(Effect::Probe), Event::Reachable(true)));
}

#[test]
fn a_logout_closes_both_connections_and_nothing_can_be_asked_after_it() {
    let place = Place::new();
    assert!(matches!(place.log_in("right words"), Event::LoggedIn { .. }));
    let mut watching = place.watched.recv_timeout(LIMIT).expect("it watches");
    place.keeper.send(Effect::LogOut).expect("the thread runs");
    assert!(watching.next().is_none(), "the connection that watched is closed");
    match place.errand(Effect::Refresh(Wanted::Credentials)) {
        Event::Failed(failure) => {
            assert_eq!((failure.during, failure.sort), (Errand::Refresh, FailureSort::Lost))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wrong_passphrase_is_told_to_the_keeper_by_nobody_in_particular() {
    let place = Place::new();
    match place.log_in("wrong words") {
        Event::Failed(failure) => {
            assert_eq!((failure.during, failure.sort), (Errand::LogIn, FailureSort::WrongPassphrase));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(place.asked(), [(0, "passphrase-failed".to_owned())]);
}

#[test]
fn only_what_was_shown_is_signed() {
    let place = Place::new();
    assert!(matches!(place.log_in("right words"), Event::LoggedIn { .. }));
    let shown = samples::requests().remove(1).doc;
    let mut other = shown.clone();
    other.nonce = "00".repeat(16);
    let approve = |doc: &crate::domain::request::doc::RequestDoc, words: &str| Effect::Approve {
        path: place.key_path(),
        doc: Box::new(doc.clone()),
        window: None,
        pulls: None,
        passphrase: passphrase(words),
    };
    place.asked();
    match place.errand(approve(&other, "right words")) {
        Event::Failed(failure) => {
            assert_eq!((failure.during, failure.sort), (Errand::Approve, FailureSort::Refused))
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(place.asked(), [(0, "request".to_owned())], "nothing was signed");
    match place.errand(approve(&shown, "wrong words")) {
        Event::Failed(failure) => assert_eq!(failure.sort, FailureSort::WrongPassphrase),
        other => panic!("{other:?}"),
    }
    place.asked();
    match place.errand(approve(&shown, "right words")) {
        Event::Approved(view) => assert_eq!(view.approvals, [samples::operator("bo")]),
        other => panic!("{other:?}"),
    }
    let asks: Vec<Ask> = place.asked.try_iter().map(|(_, ask)| ask).collect();
    match asks.last() {
        Some(Ask::Approve { id, statement, share: None, .. }) => {
            assert_eq!(*id, shown.id);
            let doc = String::from_utf8(shown.canonical()).expect("text");
            assert!(statement.contains(&doc), "the very bytes that were shown: {statement}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bundle_is_fetched_no_further_once_it_is_stopped_or_nobody_is_there() {
    let place = Place::new();
    let take = |into: &str| Effect::Take {
        id: samples::request_id("XP0R"),
        recipients: Vec::new(),
        into: place.folder.path().join(into),
    };
    for is_log_out in [false, true] {
        assert!(matches!(place.log_in("right words"), Event::LoggedIn { .. }));
        let first = place.errand(take(""));
        assert!(matches!(first, Event::Taking(Progress { done: 1, of: 9, .. })), "{first:?}");
        if is_log_out {
            place.keeper.send(Effect::LogOut).expect("the thread runs");
        } else {
            place.keeper.stop();
        }
        let failure = loop {
            match place.happening() {
                Event::Taking(_) => {}
                Event::Failed(failure) => break failure,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((failure.during, failure.sort), (Errand::Take, FailureSort::Refused));
        assert_eq!(failure.what, "the bundle of XP0R was stopped before it was whole");
    }
    assert!(matches!(place.log_in("right words"), Event::LoggedIn { .. }));
    for wrong in ["nowhere", "bo.pcop"] {
        match place.errand(take(wrong)) {
            Event::Failed(failure) => assert!(failure.what.contains(wrong), "{}", failure.what),
            other => panic!("{wrong}: {other:?}"),
        }
    }
}

#[test]
fn a_refusal_and_a_keeper_that_is_not_there_are_told_apart() {
    let place = Place::new();
    assert!(matches!(place.log_in("right words"), Event::LoggedIn { .. }));
    let reason = crate::domain::text::Text::parse("no").expect("a text");
    let id = samples::request_id("7K2M");
    match place.errand(Effect::Deny { id: id.clone(), reason: reason.clone() }) {
        Event::Done(what) => assert_eq!(what, "denied"),
        other => panic!("{other:?}"),
    }
    place.asked();
    match place.errand(Effect::Freeze { reason: reason.clone() }) {
        Event::Done(what) => assert_eq!(what, "frozen"),
        other => panic!("{other:?}"),
    }
    assert_eq!(place.asked(), [(0, "freeze".to_owned())]);
    match place.errand(Effect::Revoke { id, reason }) {
        Event::Failed(failure) => {
            assert_eq!((failure.during, failure.sort), (Errand::Reason, FailureSort::Refused));
            assert_eq!(failure.advice, "ask somebody");
        }
        other => panic!("{other:?}"),
    }
    std::fs::remove_file(place.folder.path().join("operator.sock")).expect("the keeper goes");
    assert!(matches!(place.errand(Effect::Probe), Event::Reachable(false)));
    match place.log_in("right words") {
        Event::Failed(failure) => {
            assert_eq!((failure.during, failure.sort), (Errand::LogIn, FailureSort::Lost))
        }
        other => panic!("{other:?}"),
    }
}
