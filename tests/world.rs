//! A generated world: people, jobs, clocks that jump, crashes and restarts drive the rules, and the
//! promises of the design are checked after every event.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::seed::{Dice, campaign};
use portcullis::domain::appliance::State;
use portcullis::domain::appliance::step::Permit;
use portcullis::domain::audit::anchor::{
    Anchor, Anchored, Rollback, Start, StoreEnd, anchor_digest, compare,
};
use portcullis::domain::audit::entry::{Body, Entry, Founding};
use portcullis::domain::audit::tree::Tree;
use portcullis::domain::client::{ClientRecord, Grants};
use portcullis::domain::credential::{CredentialKind, Deposited, RotationDays, Terms};
use portcullis::domain::ids::{
    ApplianceName, CredentialName, Generation, JobName, OperatorId, RequestId, TrustDomain,
};
use portcullis::domain::operator::{AgeRecipient, OperatorPublic, Role, Roster, SignedRoster};
use portcullis::domain::refusal::Refusal;
use portcullis::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use portcullis::domain::request::state::Phase;
use portcullis::domain::selector::{Evidence, KernelProof, Selector, Selectors};
use portcullis::domain::text::Text;
use portcullis::domain::time::{ChipBoot, Interval, Length, Timestamp};
use portcullis::policy::{self, Facts, Pull};

const START: u64 = 1_790_000_000_000;

/// What the chip remembers.
#[derive(Clone, Copy)]
struct Chip {
    anchor: Anchor,
    boot: ChipBoot,
    gate: u64,
}

/// The disk: leaves, and the anchored commits among them.
#[derive(Clone)]
struct Disk {
    leaves: Vec<Vec<u8>>,
}

struct World {
    dice: Dice,
    disk: Disk,
    copies: Vec<Disk>,
    chip: Chip,
    state: State,
    tree: Tree,
    now: Timestamp,
    /// Pulls of each request, counted from outside.
    pulls: BTreeMap<RequestId, u32>,
    /// What the chip sealed for each armed request: bounds, boot, gate.
    sealed: BTreeMap<RequestId, (Interval, ChipBoot, u64)>,
    /// Who approved each request since its approvals were last void, seen from outside.
    yes: BTreeMap<RequestId, BTreeSet<OperatorId>>,
    frozen: bool,
}

fn name(text: &str) -> CredentialName {
    CredentialName::parse(text).expect("a credential name")
}

fn person(index: usize) -> OperatorId {
    OperatorId::parse(&format!("op{index}")).expect("an operator id")
}

fn job(index: usize) -> JobName {
    JobName::parse(&format!("job{index}")).expect("a job name")
}

fn text(words: &str) -> Text {
    Text::parse(words).expect("a text")
}

const PEOPLE: usize = 4;
const JOBS: usize = 3;

fn roster() -> SignedRoster {
    let people = (0..PEOPLE).map(|index| {
        let key = |use_: u8| [u8::try_from(index).expect("few") * 8 + use_ + 1; 32];
        OperatorPublic {
            id: person(index),
            roles: BTreeSet::from([Role::Operator, Role::Custodian]),
            age: AgeRecipient::from_key(key(0)),
            noise: key(1),
            approval: key(2),
            cosign: key(3),
        }
    });
    SignedRoster::unsigned(Roster::new(1, 2, people.collect()).expect("a roster"), [0; 32])
}

fn evidence(uid: u32) -> Evidence {
    let (user, group, path, sha256) = (None, None, None, None);
    Evidence { uid, gid: uid, user, group, pid: 1, path, sha256, kernel: KernelProof::Pidfd }
}

fn client(job: JobName, owner: Option<OperatorId>) -> Subject {
    let selectors = Selectors::new([Selector::parse("unix:uid:7").expect("a selector")]).expect("one");
    let grants = Grants::new(BTreeSet::from([name("a/one"), name("b/two")])).expect("two");
    Subject::Client { client: ClientRecord { job, selectors, grants, reason: text("standing"), owner } }
}

fn founding() -> Founding {
    Founding {
        appliance: ApplianceName::parse("gate").expect("a name"),
        trust_domain: TrustDomain::parse("example.org").expect("a domain"),
        roster: roster(),
        policy: policy::digest(),
        recovery: "age1".to_owned(),
        recovery_shares: (3, 5),
        keeper: "00".to_owned(),
        chip: "00".to_owned(),
        epoch_base: 0,
        version: "0".to_owned(),
    }
}

impl World {
    fn new(dice: Dice) -> Self {
        let boot = ChipBoot { reset_count: 1, restart_count: 0 };
        let now = Timestamp::from_ms(START);
        let body = Body::Setup(Box::new(founding()));
        let entry = Entry {
            v: 1,
            seq: 0,
            ts: now,
            mono: START,
            boot,
            epoch: 0,
            evaluation: true,
            actor: vec![],
            body,
        };
        let leaf = entry.to_leaf().expect("a leaf");
        let mut tree = Tree::default();
        tree.append(&leaf);
        let anchor = Anchor { epoch: 0, head: anchor_digest(0, &tree.root()) };
        let state = State::founded(&entry).expect("a set-up");
        let chip = Chip { anchor, boot, gate: 0 };
        let (pulls, sealed, yes) = Default::default();
        let disk = Disk { leaves: vec![leaf] };
        let mut world =
            Self { dice, disk, copies: vec![], chip, state, tree, now, pulls, sealed, yes, frozen: false };
        world.furnish();
        world
    }

    /// A credential and a client, by the same steps as everybody's.
    fn furnish(&mut self) {
        self.deposit();
        self.request(Requester::Operator(person(0)), client(job(0), None));
        let Some(id) = self.pick_request() else { return };
        for operator in [1, 2].map(person) {
            self.say_yes(&id, operator, (None, None));
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts { state: &self.state, now: self.now, clock_alarm: None }
    }

    /// The one commit path, as the ledger has it; a crash may strike between any two of its steps.
    fn commit(&mut self, body: Body) -> Result<Option<Permit>, Refusal> {
        let step = self.state.step(&body, self.now, self.chip.boot)?;
        let anchored = body.is_anchored();
        let entry = Entry {
            v: 1,
            seq: self.tree.size(),
            ts: self.now,
            mono: self.now.ms(),
            boot: self.chip.boot,
            epoch: self.state.epoch + u64::from(anchored),
            evaluation: true,
            actor: vec!["keeper".to_owned()],
            body,
        };
        let leaf = entry.to_leaf().expect("a leaf");
        let crash = self.dice.one_in(100).then(|| self.dice.below(3));
        self.disk.leaves.push(leaf.clone());
        self.tree.append(&leaf);
        if anchored && crash != Some(0) {
            self.chip.anchor.head = anchor_digest(entry.epoch, &self.tree.root());
            if crash != Some(1) {
                self.chip.anchor.epoch = entry.epoch;
            }
        }
        let permit = self.state.install(step, &entry);
        if crash.is_some() {
            self.restart();
            return Err(Refusal::Busy { what: "crashes" });
        }
        Ok(permit)
    }

    /// Reads the disk back as the keeper does at its start.
    fn read(&self, disk: &Disk) -> Result<(State, Tree, Start), Rollback> {
        let mut tree = Tree::default();
        let mut state: Option<State> = None;
        let (mut last, mut before, mut is_last_leaf) = (None, None, true);
        for (seq, leaf) in (0..).zip(&disk.leaves) {
            let entry = Entry::from_leaf(seq, leaf).expect("what was written reads");
            tree.append(leaf);
            match state.as_mut() {
                None => state = Some(State::founded(&entry).expect("a set-up")),
                Some(state) => {
                    let step = state.step(&entry.body, entry.ts, entry.boot);
                    drop(state.install(step.expect("what was committed follows"), &entry));
                }
            }
            is_last_leaf = entry.body.is_anchored() || seq == 0;
            if is_last_leaf {
                before = last;
                last = Some(Anchored { epoch: entry.epoch, root: tree.root() });
            }
        }
        let end = StoreEnd { last: last.expect("a set-up"), before, is_last_leaf };
        compare(&end, &self.chip.anchor).map(|start| (state.expect("a set-up"), tree, start))
    }

    fn restart(&mut self) {
        let (state, tree, start) = self.read(&self.disk).expect("the newest disk starts");
        match start {
            Start::Equal => {}
            Start::FinishBoth { head } => {
                self.chip.anchor = Anchor { epoch: self.chip.anchor.epoch + 1, head };
            }
            Start::FinishEpoch => self.chip.anchor.epoch += 1,
        }
        (self.state, self.tree) = (state, tree);
        self.started();
    }

    fn started(&mut self) {
        if self.state.frozen.is_some() {
            self.chip.gate += 1;
        }
        let (boot, gate) = (self.chip.boot, self.chip.gate);
        let (mut voided, mut ended) = (BTreeMap::new(), vec![]);
        for request in self.state.requests.values() {
            match &request.phase {
                Phase::Requested(r) if !r.approvals.is_empty() => {
                    voided.insert(request.doc.id.clone(), "ff".repeat(16));
                }
                Phase::Arming(_) => {
                    voided.insert(request.doc.id.clone(), "ff".repeat(16));
                }
                Phase::Armed(armed) if armed.boot != boot || armed.gate != gate => {
                    ended.push(request.doc.id.clone());
                }
                _ => {}
            }
        }
        for id in voided.keys() {
            self.yes.remove(id);
        }
        drop(self.commit(Body::Started { voided, ended, version: "0".to_owned() }));
    }

    fn pick_request(&mut self) -> Option<RequestId> {
        let ids: Vec<RequestId> = self.state.requests.keys().cloned().collect();
        self.dice.pick(&ids).cloned()
    }

    fn deposit(&mut self) {
        let credential = name(["a/one", "b/two"][self.dice.below(2)]);
        let depositor = person(self.dice.below(PEOPLE));
        let sunset = self.now.plus(Length::from_minutes(self.dice.number(3 * 24 * 60))).day();
        let terms = Terms {
            owner: text("team"),
            reason: text("cannot federate"),
            rotation_days: RotationDays::new(30).expect("in range"),
            sunset,
            kind: CredentialKind::Password,
        };
        let generation = self.state.next_generation(&credential);
        let deposited = Deposited { generation, terms, depositor, at: self.now, record: "00".to_owned() };
        if policy::may_deposit(&self.facts(), &deposited, generation != Generation::FIRST).is_ok() {
            drop(self.commit(Body::Deposited { credential, deposited: Box::new(deposited) }));
        }
    }

    fn window(&mut self) -> ReleaseWindow {
        let minutes = self.dice.number(26 * 60);
        if self.dice.one_in(2) {
            return ReleaseWindow::FromArming { length_ms: Length::from_minutes(minutes) };
        }
        let opens = self.now.plus(Length::from_minutes(self.dice.number(120)));
        let closes = opens.plus(Length::from_minutes(minutes + 1));
        ReleaseWindow::Fixed { interval: Interval::new(opens, closes).expect("not empty") }
    }

    fn request(&mut self, requester: Requester, subject: Subject) {
        let owner = match &subject {
            Subject::Release { job, .. } => {
                self.state.clients.get(job).and_then(|client| client.owner.clone())
            }
            _ => None,
        };
        let doc = RequestDoc {
            v: 1,
            origin: "example.org/gate".to_owned(),
            id: RequestId::from_entropy(u32::try_from(self.dice.number(1 << 20)).expect("20 bits")),
            subject,
            requester,
            on_behalf_of: owner,
            evidence: None,
            made: self.now,
            decision_ends: self.now.plus(RequestDoc::DECISION_LENGTH),
            reason: text("night batch"),
            ticket: text("INC-1"),
            policy: policy::digest(),
            roster: "00".to_owned(),
            nonce: "00".repeat(16),
        };
        if policy::may_request(&self.facts(), &doc).is_ok() {
            drop(self.commit(Body::Requested { doc: Box::new(doc) }));
        }
    }

    fn ask(&mut self) {
        let requester = Requester::Operator(person(self.dice.below(PEOPLE)));
        let subject = match self.dice.below(4) {
            0 => {
                let owner = self.dice.one_in(2).then(|| person(self.dice.below(PEOPLE)));
                client(job(self.dice.below(JOBS)), owner)
            }
            1 => Subject::Thaw,
            _ => {
                let credential = name(["a/one", "b/two"][self.dice.below(2)]);
                let current = self.state.current(&credential).map_or(1, |c| c.generation.number());
                let generation = Generation::from_number(current).expect("not zero");
                let (job, window) = (job(self.dice.below(JOBS)), self.window());
                let pulls = u32::try_from(self.dice.number(4)).expect("few");
                Subject::Release { credential, generation, job, channel: Channel::Unix, window, pulls }
            }
        };
        self.request(requester, subject);
    }

    fn approve(&mut self) {
        let Some(id) = self.pick_request() else { return };
        let operator = person(self.dice.below(PEOPLE + 1));
        let request = self.state.request(&id).expect("picked").clone();
        if policy::may_approve(&self.facts(), &request, &operator).is_err() {
            return;
        }
        let agreed = match &request.doc.subject {
            Subject::Release { pulls, .. } if self.dice.one_in(10) => (Some(self.window()), Some(*pulls)),
            Subject::Release { window, pulls, .. } => (Some(*window), Some(*pulls)),
            _ => (None, None),
        };
        self.say_yes(&id, operator, agreed);
    }

    fn say_yes(
        &mut self,
        id: &RequestId,
        operator: OperatorId,
        agreed: (Option<ReleaseWindow>, Option<u32>),
    ) {
        let (id, (window, pulls)) = (id.clone(), agreed);
        let Ok(subject) = self.state.request(&id).map(|request| request.doc.subject.clone()) else { return };
        let body = Body::Approved {
            request: id.clone(),
            operator: operator.clone(),
            window,
            pulls,
            signature: "00".to_owned(),
        };
        let outcome = self.commit(body);
        if outcome.is_ok() {
            let fresh = self.yes.entry(id.clone()).or_default().insert(operator.clone());
            assert!(fresh, "p03: {operator} was counted twice for {id}");
        }
        if let Ok(Some(Permit::Arm(permit))) = outcome {
            self.arm(permit.request());
        } else if outcome.is_ok() && matches!(self.state.requests[&id].phase, Phase::Granted(_)) {
            self.check_quorum(&id);
            self.frozen &= subject != Subject::Thaw;
        }
    }

    fn arm(&mut self, id: &RequestId) {
        self.check_quorum(id);
        let Phase::Arming(arming) = &self.state.requests[id].phase else { panic!("a permit means arming") };
        let (wanted, gate) = (arming.window, self.chip.gate);
        let (Some(window), false) = (wanted.armed_at(self.now), self.dice.one_in(8)) else {
            let body =
                Body::ArmFailed { request: id.clone(), why: "chip".to_owned(), nonce: "ee".repeat(16) };
            self.yes.remove(id);
            drop(self.commit(body));
            return;
        };
        self.sealed.insert(id.clone(), (window, self.chip.boot, gate));
        let chip = (window.opens().ms(), window.closes().ms());
        drop(self.commit(Body::Armed { request: id.clone(), window, chip, gate, sealed: "00".to_owned() }));
    }

    /// Two distinct people on the roster, none of whom asked or deposited.
    fn check_quorum(&self, id: &RequestId) {
        let request = &self.state.requests[id];
        let people = self.yes.get(id).cloned().unwrap_or_default();
        assert!(people.len() >= 2, "p01: {id} went on with {people:?}");
        for who in &people {
            assert!(self.state.roster().get(who).is_some(), "{who} is not on the roster");
            assert!(!request.doc.is_asked_by(who), "p04: {who} approved what they asked for");
            if let Subject::Release { credential, generation, .. } = &request.doc.subject {
                let deposited =
                    self.state.credentials[credential].iter().find(|d| d.generation == *generation);
                assert_ne!(&deposited.expect("exists").depositor, who, "{who} approved what they deposited");
            }
        }
    }

    fn pull(&mut self) {
        let (who, what) = (
            job(self.dice.below(JOBS * 2) / JOBS * self.dice.below(JOBS)),
            name(["a/one", "b/two"][self.dice.below(2)]),
        );
        let caller = evidence(if self.dice.one_in(6) { 8 } else { 7 });
        match policy::decide_pull(&self.facts(), &who, &what, &caller) {
            Ok(Pull::Serve(id)) => {
                assert_eq!(caller.uid, 7, "a caller with other evidence was served");
                self.spend(&id, &who);
            }
            Ok(Pull::Ask(generation)) => {
                let window = ReleaseWindow::FromArming { length_ms: ReleaseWindow::LENGTH_DEFAULT };
                let (job, channel) = (who.clone(), Channel::Unix);
                let subject =
                    Subject::Release { credential: what, generation, job, channel, window, pulls: 1 };
                self.request(Requester::Job(who), subject);
            }
            Ok(Pull::Wait(id)) => assert!(self.state.requests[&id].state().is_live(), "waits for the dead"),
            Err(_) => {}
        }
    }

    fn spend(&mut self, id: &RequestId, who: &JobName) {
        let body = Body::Pulled { request: id.clone(), job: who.clone(), evidence: "00".to_owned() };
        let asked = match &self.state.requests[id].doc.subject {
            Subject::Release { pulls, .. } => *pulls,
            _ => panic!("only a release is pulled"),
        };
        // A window of another boot or an older gate is still armed in the log until the chip refuses.
        let (window, boot, gate) = self.sealed[id];
        match self.commit(body) {
            Ok(Some(Permit::Release(permit))) => {
                assert_eq!(permit.request(), id);
                if (boot, gate) != (self.chip.boot, self.chip.gate) {
                    drop(self.commit(Body::PullReturned { request: id.clone(), why: "chip".to_owned() }));
                    return;
                }
                assert!(window.contains(self.now), "p14: released outside {window} at {}", self.now);
                assert!(!self.frozen, "released while frozen");
                let pulls = self.pulls.entry(id.clone()).or_default();
                *pulls += 1;
                assert!(*pulls <= asked, "p06: {id} was pulled {pulls} times of {asked}");
            }
            Ok(other) => panic!("a pull gave {other:?}"),
            Err(_) => {}
        }
    }

    fn end_one(&mut self) {
        let Some(request) = self.pick_request() else { return };
        let operator = person(self.dice.below(PEOPLE));
        let reason = text("no");
        let body = match self.dice.below(3) {
            0 => Body::Denied { request, operator, reason },
            1 => Body::Revoked { request, operator, reason },
            _ => Body::Expired { request },
        };
        drop(self.commit(body));
    }

    fn freeze(&mut self) {
        let body = Body::Frozen { operator: person(self.dice.below(PEOPLE)), reason: text("leak") };
        if self.commit(body).is_ok() {
            self.frozen = true;
            self.chip.gate += 1;
        } else {
            self.frozen = self.state.frozen.is_some();
        }
    }

    fn reboot(&mut self) {
        self.chip.boot.reset_count += 1;
        if self.dice.one_in(2) {
            self.restart();
        }
    }

    fn old_copy(&mut self) {
        if self.dice.one_in(3) {
            self.copies.push(self.disk.clone());
        }
        for copy in &self.copies {
            let anchored = |disk: &Disk| {
                let bodies = (0..)
                    .zip(&disk.leaves)
                    .map(|(seq, leaf)| Entry::from_leaf(seq, leaf).expect("reads").body);
                bodies.filter(Body::is_anchored).count()
            };
            if anchored(copy) < anchored(&self.disk) {
                assert!(self.read(copy).is_err(), "promise 4: an old copy of the store starts");
            }
        }
    }

    fn event(&mut self) {
        match self.dice.below(20) {
            0 => self.deposit(),
            1..=3 => self.ask(),
            4..=8 => self.approve(),
            9..=12 => self.pull(),
            13 => self.end_one(),
            14 if self.dice.one_in(6) => self.freeze(),
            15 if self.dice.one_in(4) => self.reboot(),
            16 if self.dice.one_in(4) => self.restart(),
            17 if self.dice.one_in(8) => self.old_copy(),
            // The clock goes on by a little, by a lot, or tries to go back.
            18 if self.dice.one_in(4) => self.now = self.now.plus(Length::from_minutes(self.dice.number(60))),
            19 if self.dice.one_in(4) => {
                let back = Timestamp::from_ms(self.now.ms() - self.dice.number(10_000));
                let kept = std::mem::replace(&mut self.now, back);
                if back < self.state.last_ts {
                    assert!(
                        self.commit(Body::Frozen { operator: person(0), reason: text("x") }).is_err(),
                        "p13"
                    );
                }
                self.now = kept;
            }
            _ => self.now = self.now.plus(Length::from_ms(self.dice.number(30_000))),
        }
    }

    fn check(&self) {
        assert_eq!(self.frozen, self.state.frozen.is_some(), "the freeze seen from outside");
        let (read, tree, _) = self.read(&self.disk).expect("the newest disk starts");
        assert_eq!(format!("{read:?}"), format!("{:?}", self.state), "state is the fold of the entries");
        assert_eq!(tree.head(), self.tree.head());
    }
}

#[test]
fn the_promises_hold_after_every_event_of_a_generated_world() {
    const EVENTS: u64 = 200;
    let campaign = campaign("world", 2_000);
    let (mut pulls, mut armed) = (0, 0);
    for round in 0..campaign.rounds {
        let mut world = World::new(campaign.dice(round));
        for _ in 0..EVENTS {
            world.event();
            world.check();
        }
        pulls += world.pulls.values().sum::<u32>();
        armed += world.sealed.len();
    }
    println!("world: {armed} windows armed, {pulls} pulls");
    assert!(
        armed > 0 && pulls > 0,
        "a world in which nothing happens proves nothing: {armed} armed, {pulls} pulled"
    );
}
