//! A log that the rules accept, made without an appliance.

use std::collections::BTreeSet;

use portcullis::crypto::operator_key::OperatorKey;
use portcullis::domain::appliance::State;
use portcullis::domain::appliance::step::Permit;
use portcullis::domain::audit::entry::{Body, Caller, ClockTrust, Delivery, Entry};
use portcullis::domain::audit::founding::{Founding, LogKeys};
use portcullis::domain::audit::tree::{Head, Tree};
use portcullis::domain::client::{ClientRecord, Grants};
use portcullis::domain::credential::{CredentialKind, Deposited, RotationDays, Terms};
use portcullis::domain::ids::{
    ApplianceName, CredentialName, Generation, JobName, OperatorId, RequestId, TrustDomain,
};
use portcullis::domain::operator::{Role, Roster, SignedRoster};
use portcullis::domain::request::doc::{
    ApprovalStatement, Channel, ReleaseWindow, RequestDoc, Requester, Subject,
};
use portcullis::domain::request::permit::ReleasePermit;
use portcullis::domain::selector::{Selector, Selectors};
use portcullis::domain::text::Text;
use portcullis::domain::time::{ChipBoot, Day, Interval, Length, Timestamp};
use portcullis::policy;
use rand_core::OsRng;
use sha2::{Digest, Sha256};

const START_MS: u64 = 1_790_000_000_000;
const BOOT: ChipBoot = ChipBoot { reset_count: 3, restart_count: 0 };
/// A million entries in a year.
pub const BETWEEN: Length = Length::from_seconds(31);
const WINDOW: Length = Length::from_minutes(15);
const DAY: Length = Length::from_minutes(24 * 60);

/// A log as it grows.
pub struct World {
    /// The fold of it.
    pub state: State,
    /// The tree over it.
    pub tree: Tree,
    /// The tree as it was after the last entry that is anchored.
    pub anchored: Tree,
    /// When the next entry is written.
    pub now: Timestamp,
    requests: u64,
    /// Time between two entries.
    pub between: Length,
    boot: ChipBoot,
    mono: u64,
    evaluation: bool,
    checkpoint: (Timestamp, Option<Head>),
    /// Who approves, with their keys; the first of them asks.
    people: Vec<OperatorKey>,
    roster: String,
}

fn text(words: &str) -> Text {
    Text::parse(words).expect("a text")
}

/// 64 hex digits that are the same at every call and unlike all others.
fn digest(of: &str) -> String {
    hex::encode(Sha256::digest(of))
}

/// A job of the night.
pub fn job() -> JobName {
    JobName::parse("night.batch").expect("a job name")
}

/// One of up to a million credentials.
pub fn credential(number: usize) -> CredentialName {
    CredentialName::parse(&format!("racf{:02}/prod{number:06}", number % 40)).expect("a credential name")
}

fn three() -> Vec<OperatorKey> {
    let id = |index| OperatorId::parse(&format!("operator{index}")).expect("an operator id");
    (0..3).map(|index| OperatorKey::generate(id(index), &mut OsRng)).collect()
}

fn founding(people: &[OperatorKey]) -> Founding {
    let roles = BTreeSet::from([Role::Operator, Role::Custodian]);
    let people = people.iter().map(|key| key.public(roles.clone())).collect();
    let roster = Roster::new(1, 2, people).expect("a roster");
    Founding {
        appliance: ApplianceName::parse("gate").expect("a name"),
        trust_domain: TrustDomain::parse("example.org").expect("a domain"),
        roster: SignedRoster::unsigned(roster, [0; 32]),
        policy: policy::digest(),
        recovery: "age1".to_owned(),
        recovery_shares: (3, 5),
        keeper: digest("keeper"),
        chip: digest("chip"),
        epoch_base: 0,
        version: "0".to_owned(),
        program: digest("program"),
        pcrs: "sha256:0,2,4,7".to_owned(),
        pcr_digest: digest("pcrs"),
        keys: LogKeys {
            log: [1; 32],
            bundle: [2; 32],
            tpm: "00".to_owned(),
            attestation: "00".to_owned(),
            certified: "00".to_owned(),
            certificate: "00".to_owned(),
            expires: Day::parse("2099-12-31").expect("a day"),
        },
    }
}

impl World {
    /// The log after set-up, and its first leaf.
    pub fn found() -> (Self, Vec<u8>) {
        let ts = Timestamp::from_ms(START_MS);
        let people = three();
        let actor = vec![format!("operator:{}", people[0].id())];
        let body = Body::Setup(Box::new(founding(&people)));
        let mono = ts.ms();
        let clock = ClockTrust::Agrees;
        let first =
            Entry { v: 1, seq: 0, ts, mono, boot: BOOT, clock, epoch: 0, evaluation: true, actor, body };
        let leaf = first.to_leaf().expect("a leaf");
        (Self::go_on(&leaf, people), leaf)
    }

    /// The log of an appliance that was just set up by `people`.
    pub fn go_on(leaf: &[u8], people: Vec<OperatorKey>) -> Self {
        let first = Entry::from_leaf(0, leaf).expect("an entry");
        let state = State::founded(&first).expect("a set-up");
        let mut tree = Tree::default();
        tree.append(leaf);
        let Entry { ts: now, mono, boot, evaluation, .. } = first;
        let (requests, between, checkpoint) = (0, BETWEEN, (now, None));
        let roster = hex::encode(state.founding.roster.digest());
        let anchored = tree.clone();
        Self {
            state,
            tree,
            anchored,
            now,
            requests,
            between,
            boot,
            mono,
            evaluation,
            checkpoint,
            people,
            roster,
        }
    }

    fn person(&self, index: usize) -> OperatorId {
        self.people[index].id().clone()
    }

    /// As the log names them who act.
    fn actor(&self, index: usize) -> String {
        format!("operator:{}", self.people[index].id())
    }

    /// Appends one entry, as the ledger does.
    pub fn commit(&mut self, actor: &str, body: Body) -> (Vec<u8>, Option<Permit>) {
        self.now = self.next();
        let step = self.state.step(&body, self.now, self.boot).expect("it follows");
        let epoch = self.state.epoch + u64::from(body.is_anchored());
        let Self { now: ts, mono, boot, evaluation, .. } = *self;
        let (seq, actor) = (self.tree.size(), vec![actor.to_owned()]);
        let clock = ClockTrust::Agrees;
        let entry = Entry { v: 1, seq, ts, mono, boot, clock, epoch, evaluation, actor, body };
        let leaf = entry.to_leaf().expect("a leaf");
        self.tree.append(&leaf);
        if entry.body.is_anchored() {
            self.anchored = self.tree.clone();
        }
        (leaf, self.state.install(step, &entry))
    }

    /// When the next entry will be written.
    fn next(&self) -> Timestamp {
        self.now.plus(self.between)
    }

    /// Deposits one credential.
    pub fn deposit(&mut self, number: usize) -> Vec<u8> {
        let credential = credential(number);
        let days = u32::try_from(number % 365).expect("few") + 1;
        let terms = Terms {
            owner: text(&format!("team {}", number % 97)),
            reason: text("the vendor's appliance knows no federation"),
            rotation_days: RotationDays::new(days).expect("an interval"),
            sunset: Day::parse("2099-12-31").expect("a day"),
            kind: CredentialKind::Password,
        };
        let (generation, at) = (self.state.next_generation(&credential), self.next());
        let record = digest(credential.as_str());
        let deposited = Deposited { generation, terms, depositor: self.person(0), at, record };
        let deposited = Box::new(deposited);
        self.commit(&self.actor(0), Body::Deposited { credential, deposited }).0
    }

    /// Adds a client that may ask for 32 credentials.
    pub fn client(&mut self, number: usize) {
        let job = JobName::parse(&format!("job{number}")).expect("a job name");
        let selectors = Selectors::new([Selector::parse("unix:uid:7").expect("a selector")]).expect("one");
        let grants = (0..32).map(|offset| credential(number * 32 + offset)).collect();
        let grants = Grants::new(grants).expect("32 names");
        let client =
            ClientRecord { job: job.clone(), selectors, grants, reason: text("standing"), owner: None };
        self.state.clients.insert(job, client);
    }

    /// Asks for a window, and gives its request.
    fn request(&mut self, number: usize, pulls: u32) -> (RequestId, Vec<u8>) {
        self.requests += 1;
        let entropy = u32::try_from(self.requests * 7_919 % (1 << 20)).expect("20 bits");
        let id = RequestId::from_entropy(entropy);
        let made = self.next();
        let generation =
            self.state.current(&credential(number)).map_or(Generation::FIRST, |one| one.generation);
        let doc = RequestDoc {
            v: 1,
            on_behalf_of: None,
            origin: self.state.founding.origin(),
            id: id.clone(),
            requester: Requester::Operator(self.person(0)),
            subject: Subject::Release {
                credential: credential(number),
                generation,
                job: job(),
                channel: Channel::Unix,
                window: ReleaseWindow::FromArming { length_ms: WINDOW },
                pulls,
            },
            reason: text("the night batch of the mainframe"),
            ticket: text("INC-4711"),
            evidence: None,
            made,
            decision_ends: made.plus(RequestDoc::DECISION_LENGTH),
            policy: policy::digest(),
            roster: self.roster.clone(),
            nonce: "0f".repeat(16),
        };
        let (leaf, _) = self.commit(&self.actor(0), Body::Requested { doc: Box::new(doc) });
        (id, leaf)
    }

    /// What happens in a year, up to so many entries and the end of what has begun: releases for the
    /// most part, now and then a refusal, a denial or a rotation, and a checkpoint every day.
    pub fn live(&mut self, entries: u64, each: &mut impl FnMut(Vec<u8>)) {
        let mut number = 0;
        while self.tree.size() < entries {
            let (credential, pulls) = (number % 10_000, 1 + u32::try_from(number % 4).expect("few"));
            self.release(credential, pulls, each);
            number += 1;
            if number.is_multiple_of(10) {
                each(self.refuse());
            }
            if number.is_multiple_of(50) {
                let (request, leaf) = self.request(number % 10_000, 1);
                each(leaf);
                let (operator, reason) = (self.person(2), text("not in this week"));
                each(self.commit(&self.actor(2), Body::Denied { request, operator, reason }).0);
                each(self.deposit(number % 10_000));
            }
            if self.now >= self.checkpoint.0.plus(DAY) {
                each(self.checkpoint());
            }
        }
    }

    fn refuse(&mut self) -> Vec<u8> {
        let (wanted, code) = (format!("pull {}", credential(7)), "no-window".to_owned());
        let what = "no window is armed for this job and this credential".to_owned();
        self.commit("job:night.batch", Body::Refused { wanted, code, what }).0
    }

    fn checkpoint(&mut self) -> Vec<u8> {
        let previous = self.checkpoint.1.take();
        let (leaf, _) = self.commit("keeper", Body::Checkpoint { request: None, previous });
        self.checkpoint = (self.now, Some(self.tree.head()));
        leaf
    }

    /// One window from its request to its last pull: what most of a log is made of.
    pub fn release(&mut self, number: usize, pulls: u32, each: &mut impl FnMut(Vec<u8>)) {
        drop(self.open(number, pulls, each));
    }

    fn open(&mut self, number: usize, pulls: u32, each: &mut impl FnMut(Vec<u8>)) -> Vec<ReleasePermit> {
        let mut permits = Vec::new();
        let (request, leaf) = self.request(number, pulls);
        each(leaf);
        for index in [1, 2] {
            each(self.approve(&request, index));
        }
        each(self.arm(&request));
        for _ in 0..pulls {
            let evidence = digest("evidence");
            let (user, path) = (Some(digest("user")), Some(digest("path")));
            let caller = Caller { uid: 7, gid: 7, pid: 4242, user, path, sha256: Some(digest("program")) };
            let caller = Box::new(caller);
            let body = Body::Pulled { request: request.clone(), job: job(), evidence, caller };
            let (leaf, permit) = self.commit("job:night.batch", body);
            each(leaf);
            permits.extend(permit.and_then(|permit| match permit {
                Permit::Release(permit) => Some(permit),
                Permit::Arm(_) => None,
            }));
            let delivered = Delivery::Acknowledged;
            let body = Body::Delivered { request: request.clone(), job: job(), delivered };
            each(self.commit("keeper", body).0);
        }
        permits
    }

    /// Somebody approves a request as it was asked.
    fn approve(&mut self, request: &RequestId, index: usize) -> Vec<u8> {
        let doc = (*self.state.request(request).expect("it was asked").doc).clone();
        let statement = ApprovalStatement::as_asked(self.person(index), doc);
        let signature = hex::encode(self.people[index].sign_approval(&statement.canonical()));
        let ApprovalStatement { operator, window, pulls, .. } = statement;
        let body = Body::Approved { request: request.clone(), operator, window, pulls, signature };
        self.commit(&self.actor(index), body).0
    }

    /// One pull of a window of its own: its leaf, and the leave to open that window.
    pub fn pull(&mut self) -> (Vec<u8>, ReleasePermit) {
        let mut leaves = Vec::new();
        let permits = self.open(0, 1, &mut |leaf| leaves.push(leaf));
        let permit = permits.into_iter().next().expect("one pull, one permit");
        // The last is what was delivered, and the one before it is the pull.
        (leaves.swap_remove(leaves.len() - 2), permit)
    }

    fn arm(&mut self, request: &RequestId) -> Vec<u8> {
        let opens = self.now;
        let window = Interval::new(opens, opens.plus(WINDOW)).expect("an interval");
        let chip = (opens.ms(), opens.plus(WINDOW).ms());
        let body = Body::Armed { request: request.clone(), window, chip, gate: 7, sealed: digest("sealed") };
        self.commit("keeper", body).0
    }
}
