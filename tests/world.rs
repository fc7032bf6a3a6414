//! A generated world: people, jobs, clocks that jump, crashes and restarts drive the rules, and the
//! promises of the design are checked after every event.

#[path = "world/cast.rs"]
mod cast;
mod common;
#[path = "world/deeds.rs"]
mod deeds;

use std::collections::{BTreeMap, BTreeSet};

use cast::{client, founding, job, person, text};
use common::seed::{Dice, campaign};
use portcullis::domain::appliance::State;
use portcullis::domain::appliance::step::Permit;
use portcullis::domain::audit::anchor::{
    Anchor, Anchored, Rollback, Start, StoreEnd, anchor_digest, compare,
};
use portcullis::domain::audit::entry::{Body, Entry};
use portcullis::domain::audit::tree::Tree;
use portcullis::domain::ids::{OperatorId, RequestId};
use portcullis::domain::refusal::Refusal;
use portcullis::domain::request::doc::Requester;
use portcullis::domain::request::state::Phase;
use portcullis::domain::time::{ChipBoot, Interval, Length, Timestamp};
use portcullis::policy::Facts;

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
    assert!(
        armed > 0 && pulls > 0,
        "a world in which nothing happens proves nothing: {armed} armed, {pulls} pulled"
    );
}
