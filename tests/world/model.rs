//! The world: a chip, a disk, a log, and the one commit path with crashes in it.

use std::collections::{BTreeMap, BTreeSet};

use super::common::seed::Dice;
use portcullis::domain::appliance::State;
use portcullis::domain::appliance::step::Permit;
use portcullis::domain::audit::anchor::{
    Anchor, Anchored, Rollback, Start, StoreEnd, anchor_digest, compare,
};
use portcullis::domain::audit::entry::{Body, Caller, ClockTrust, Entry};
use portcullis::domain::audit::founding::{Founding, LogKeys};
use portcullis::domain::audit::tree::Tree;
use portcullis::domain::client::{ClientRecord, Grants};
use portcullis::domain::ids::{
    ApplianceName, CredentialName, Generation, JobName, OperatorId, RequestId, TrustDomain,
};
use portcullis::domain::operator::{AgeRecipient, OperatorPublic, Role, Roster, SignedRoster};
use portcullis::domain::refusal::Refusal;
use portcullis::domain::request::doc::{Requester, Subject};
use portcullis::domain::request::state::Phase;
use portcullis::domain::selector::{Evidence, KernelProof, Selector, Selectors};
use portcullis::domain::text::Text;
use portcullis::domain::time::{ChipBoot, Day, Interval, Timestamp};
use portcullis::policy::{self, Facts};

const START: u64 = 1_790_000_000_000;

/// What the chip remembers.
#[derive(Clone, Copy)]
pub struct Chip {
    pub anchor: Anchor,
    pub boot: ChipBoot,
    pub gate: u64,
}

/// The disk: leaves, and the anchored commits among them.
#[derive(Clone)]
pub struct Disk {
    pub leaves: Vec<Vec<u8>>,
}

pub struct World {
    pub dice: Dice,
    pub disk: Disk,
    pub copies: Vec<Disk>,
    pub chip: Chip,
    pub state: State,
    pub tree: Tree,
    pub now: Timestamp,
    /// Pulls of each request, counted from outside.
    pub pulls: BTreeMap<RequestId, u32>,
    /// What the chip sealed for each armed request: bounds, boot, gate.
    pub sealed: BTreeMap<RequestId, (Interval, ChipBoot, u64)>,
    /// Who approved each request since its approvals were last void, seen from outside.
    pub yes: BTreeMap<RequestId, BTreeSet<OperatorId>>,
    pub frozen: bool,
    /// What people have seen, and when, seen from outside.
    pub shown: Vec<(CredentialName, Generation, Timestamp)>,
}

pub fn name(text: &str) -> CredentialName {
    CredentialName::parse(text).expect("a credential name")
}

pub fn person(index: usize) -> OperatorId {
    OperatorId::parse(&format!("op{index}")).expect("an operator id")
}

pub fn job(index: usize) -> JobName {
    JobName::parse(&format!("job{index}")).expect("a job name")
}

pub fn text(words: &str) -> Text {
    Text::parse(words).expect("a text")
}

pub const PEOPLE: usize = 4;
pub const JOBS: usize = 3;

pub fn roster() -> SignedRoster {
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

pub fn evidence(uid: u32) -> Evidence {
    let (user, group, path, sha256) = (None, None, None, None);
    Evidence { uid, gid: uid, user, group, pid: 1, path, sha256, kernel: KernelProof::Pidfd }
}

pub fn client(job: JobName, owner: Option<OperatorId>) -> Subject {
    let selectors = Selectors::new([Selector::parse("unix:uid:7").expect("a selector")]).expect("one");
    let grants = Grants::new(BTreeSet::from([name("a/one"), name("b/two")])).expect("two");
    Subject::Client { client: ClientRecord { job, selectors, grants, reason: text("standing"), owner } }
}

pub fn caller() -> Box<Caller> {
    Box::new(Caller::of(&evidence(7), str::to_owned))
}

pub fn founding() -> Founding {
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
        program: "00".to_owned(),
        pcrs: "sha256:0,2,4,7".to_owned(),
        pcr_digest: "00".to_owned(),
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
    pub fn new(dice: Dice) -> Self {
        let boot = ChipBoot { reset_count: 1, restart_count: 0 };
        let now = Timestamp::from_ms(START);
        let body = Body::Setup(Box::new(founding()));
        let entry = Entry {
            v: 1,
            seq: 0,
            ts: now,
            mono: START,
            boot,
            clock: ClockTrust::Agrees,
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
        let (pulls, sealed, yes, shown) = Default::default();
        let disk = Disk { leaves: vec![leaf] };
        let mut world = Self {
            dice,
            disk,
            copies: vec![],
            chip,
            state,
            tree,
            now,
            pulls,
            sealed,
            yes,
            frozen: false,
            shown,
        };
        world.furnish();
        world
    }

    /// A credential, a client and a request to be shown the credential, by the same steps as everybody's.
    pub fn furnish(&mut self) {
        self.deposit();
        self.request(Requester::Operator(person(0)), client(job(0), None));
        let Some(id) = self.pick_request() else { return };
        for operator in [1, 2].map(person) {
            self.say_yes(&id, operator, (None, None));
        }
        self.ask_to_be_shown();
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts { state: &self.state, now: self.now, clock_alarm: None }
    }

    /// The one commit path, as the ledger has it; a crash may strike between any two of its steps.
    pub fn commit(&mut self, body: Body) -> Result<Option<Permit>, Refusal> {
        let step = self.state.step(&body, self.now, self.chip.boot)?;
        let anchored = body.is_anchored();
        let entry = Entry {
            v: 1,
            seq: self.tree.size(),
            ts: self.now,
            mono: self.now.ms(),
            boot: self.chip.boot,
            clock: ClockTrust::Agrees,
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
    pub fn read(&self, disk: &Disk) -> Result<(State, Tree, Start), Rollback> {
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
                    state.install(step.expect("what was committed follows"), &entry);
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

    pub fn restart(&mut self) {
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

    pub fn started(&mut self) {
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
        drop(self.commit(Body::Started { voided, ended, version: "0".to_owned(), program: "0".to_owned() }));
    }

    pub fn pick_request(&mut self) -> Option<RequestId> {
        let any = self.dice.one_in(4);
        let requests = self.state.requests.values().filter(|request| any || request.state().is_live());
        let ids: Vec<RequestId> = requests.map(|request| request.doc.id.clone()).collect();
        self.dice.pick(&ids).cloned()
    }
}
