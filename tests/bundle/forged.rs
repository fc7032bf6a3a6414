//! A log and bundles of it, made by whoever holds all keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis::auditor::keys::KeyList;
use portcullis::auditor::verify::{Options, Verified, verify};
use portcullis::domain::appliance::State;
use portcullis::domain::audit::bundle::Making;
use portcullis::domain::audit::entry::{Body, ClockTrust, Entry};
use portcullis::domain::audit::heads::Heads;
use portcullis::domain::audit::manifest::Member;
use portcullis::domain::audit::tree::{Head, Tree};
use portcullis::domain::ids::RequestId;
use portcullis::domain::request::doc::{ApprovalStatement, RequestDoc, Requester, Subject};
use portcullis::domain::text::Text;
use portcullis::domain::time::{ChipBoot, Length, Timestamp};
use portcullis::policy;
use sha2::{Digest as _, Sha256};

use super::common::forge::{Chip, Parts, Seals, operator, unpack};

/// A log as it grows, kept by the rules unless a test says otherwise.
pub struct Log {
    pub seals: Seals,
    pub leaves: Vec<Vec<u8>>,
    pub state: State,
    tree: Tree,
    heads: Heads,
    now: Timestamp,
    mono: u64,
    requests: u32,
}

const BOOT: ChipBoot = ChipBoot { reset_count: 3, restart_count: 0 };

fn text(words: &str) -> Text {
    Text::parse(words).expect("a text")
}

impl Log {
    pub fn found(seals: Seals) -> Self {
        let now = Timestamp::parse("2026-11-02T00:00Z").expect("an instant");
        let body = Body::Setup(Box::new(seals.founding()));
        let first = Entry {
            v: 1,
            seq: 0,
            ts: now,
            mono: 1_000,
            boot: BOOT,
            clock: ClockTrust::Agrees,
            epoch: 0,
            evaluation: false,
            actor: vec!["operator:operator0".to_owned()],
            body,
        };
        let (leaf, mut tree) = (first.to_leaf().expect("a leaf"), Tree::default());
        tree.append(&leaf);
        let state = State::founded(&first).expect("a set-up");
        Self {
            seals,
            leaves: vec![leaf],
            state,
            tree,
            heads: Heads::default(),
            now,
            mono: 1_000,
            requests: 0,
        }
    }

    /// Appends one entry.
    pub fn does(&mut self, actor: &str, body: Body) {
        self.does_with(actor, body, |_| {});
    }

    /// The same, changed before it is written.
    pub fn does_with(&mut self, actor: &str, body: Body, change: impl FnOnce(&mut Entry)) {
        self.now = self.now.plus(Length::from_seconds(1));
        self.mono += 1_000;
        let step = self.state.step(&body, self.now, BOOT).expect("it follows");
        let epoch = self.state.epoch + u64::from(body.is_anchored());
        let mut entry = Entry {
            v: 1,
            seq: self.tree.size(),
            ts: self.now,
            mono: self.mono,
            boot: BOOT,
            clock: ClockTrust::Agrees,
            epoch,
            evaluation: false,
            actor: vec![actor.to_owned()],
            body,
        };
        self.state.install(step, &entry);
        change(&mut entry);
        let leaf = entry.to_leaf().expect("a leaf");
        self.tree.append(&leaf);
        self.heads.passed(&entry.body, &self.tree);
        self.leaves.push(leaf);
    }

    /// The head of so many entries.
    pub fn state_head(&self, size: u64) -> Head {
        let mut tree = Tree::default();
        self.leaves[..index(size)].iter().for_each(|leaf| tree.append(leaf));
        tree.head()
    }

    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Somebody is refused something: an entry that changes nothing.
    pub fn refuses(&mut self, what: &str) {
        let (wanted, code) = ("approve".to_owned(), "own-request".to_owned());
        self.does("operator:operator0", Body::Refused { wanted, code, what: what.to_owned() });
    }

    /// A request for a bundle from `from` on.
    pub fn asks(&mut self, from: u64) -> RequestDoc {
        self.requests += 1;
        let made = self.now.plus(Length::from_seconds(1));
        let subject = Subject::Export { from, medium: text("USB 7"), seal: None, recipients: Vec::new() };
        let doc = RequestDoc {
            v: 1,
            origin: self.seals.origin(),
            id: RequestId::from_entropy(self.requests * 7_919 % (1 << 20)),
            subject,
            requester: Requester::Operator(operator(0)),
            on_behalf_of: None,
            evidence: None,
            made,
            decision_ends: made.plus(RequestDoc::DECISION_LENGTH),
            reason: text("audit"),
            ticket: text("A-1"),
            policy: policy::digest(),
            roster: self.seals.roster_digest(),
            nonce: "0f".repeat(16),
        };
        self.does("operator:operator0", Body::Requested { doc: Box::new(doc.clone()) });
        doc
    }

    /// One approval of a request as it stands.
    pub fn approves(&mut self, index: u8, doc: &RequestDoc, signer: u8) {
        let statement = ApprovalStatement::as_asked(operator(index), doc.clone());
        let signature = self.seals.approve(signer, &statement);
        let (request, operator) = (doc.id.clone(), operator(index));
        let body = Body::Approved { request, operator, window: None, pulls: None, signature };
        self.does(&format!("operator:operator{index}"), body);
    }

    /// The head that may be signed.
    pub fn checkpoint(&mut self, request: Option<RequestId>) {
        let previous = self.heads.last().cloned();
        self.does("keeper", Body::Checkpoint { request, previous });
    }

    /// All that makes a bundle from `from` on.
    pub fn exports(&mut self, from: u64) -> (u64, u64) {
        let doc = self.asks(from);
        self.approves(1, &doc, 1);
        self.approves(2, &doc, 2);
        self.checkpoint(Some(doc.id.clone()));
        let range = (from, self.size());
        self.does(
            "operator:operator0",
            Body::Exported { request: doc.id, operator: operator(0), range, manifest: "00".repeat(32) },
        );
        range
    }

    /// The bundle of a range.
    pub fn bundle(&self, range: (u64, u64), chip: &Chip) -> Forged {
        let mut making = Making::new(range);
        for leaf in &self.leaves[..usize::try_from(range.1).expect("few")] {
            making.take(leaf).expect("it follows");
        }
        let made = making.finish().expect("complete");
        let mut members = self.seals.parts(range, &made, chip);
        members.insert(Member::Entries, lines(&self.leaves[index(range.0)..index(range.1)]));
        let mut forged = Forged { range, created: self.now, members };
        forged.sign(&self.seals);
        forged
    }
}

fn index(size: u64) -> usize {
    usize::try_from(size).expect("few")
}

/// Leaves, a line each.
pub fn lines(leaves: &[Vec<u8>]) -> Vec<u8> {
    leaves.iter().flat_map(|leaf| [leaf.as_slice(), b"\n"].concat()).collect()
}

/// A bundle in memory.
#[derive(Clone)]
pub struct Forged {
    pub range: (u64, u64),
    pub created: Timestamp,
    pub members: Parts,
}

impl Forged {
    /// Hashes and signs MANIFEST anew.
    pub fn sign(&mut self, seals: &Seals) {
        let digests = self.digests();
        self.members.insert(Member::Manifest, seals.manifest(self.range, self.created, digests));
    }

    /// Hashes it anew, under the old signature.
    pub fn hash(&mut self) {
        let old = String::from_utf8(self.members[&Member::Manifest].clone()).expect("text");
        let signatures = old.split_once("\n\n").expect("a note").1.to_owned();
        let new = Seals::default().manifest(self.range, self.created, self.digests());
        let new = String::from_utf8(new).expect("text");
        let text = new.split_once("\n\n").expect("a note").0;
        self.members.insert(Member::Manifest, format!("{text}\n\n{signatures}").into_bytes());
    }

    fn digests(&self) -> BTreeMap<Member, [u8; 32]> {
        let listed = self.members.iter().filter(|(member, _)| **member != Member::Manifest);
        listed.map(|(member, bytes)| (*member, Sha256::digest(bytes).into())).collect()
    }

    /// The same with one member changed, hashed and signed anew.
    pub fn with(&self, seals: &Seals, member: Member, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut other = self.clone();
        change(other.members.get_mut(&member).expect("there"));
        other.sign(seals);
        other
    }

    /// Writes it as a folder.
    pub fn write(&self, to: &Path) -> PathBuf {
        if to.exists() {
            std::fs::remove_dir_all(to).expect("removed");
        }
        unpack(to, &self.members);
        to.to_owned()
    }
}

/// What the verification says; in one line what is wrong.
pub fn judge(files: &[PathBuf], keys: Option<&KeyList>) -> Result<Verified, String> {
    let options = Options { keys, policy: None, allow_evaluation: false, clock: &|| Duration::ZERO };
    verify(files, &options).map_err(|refused| format!("[{}] {refused}", refused.fault.code()))
}

/// What is said of one bundle, under the right keys.
pub fn verdict(forged: &Forged, keys: &KeyList) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = forged.write(&folder.path().join("bundle"));
    match judge(&[file], Some(keys)) {
        Ok(_) => "verified".to_owned(),
        Err(refused) => refused.replace(&folder.path().display().to_string(), ""),
    }
}
