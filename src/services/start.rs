//! Starting: open the store, fold the log, compare it with the chip, void what a restart voids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ledger::{CommitError, Ledger, digest};
use super::signing::Signing;
use super::{Appliance, Board, Moment, chip_refusal, home, nonce};
use crate::crypto::channel::public_of;
use crate::crypto::roster::{RosterChainError, verify_chain};
use crate::domain::appliance::State;
use crate::domain::audit::anchor::{Anchored, Rollback, Start, StoreEnd, compare};
use crate::domain::audit::entry::{Body, Delivery, Entry, EntryError};
use crate::domain::audit::heads::Heads;
use crate::domain::audit::tree::{Subtrees, Tree, TreeHash};
use crate::domain::home::Home;
use crate::domain::ids::RequestId;
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::Requester;
use crate::domain::request::state::{Phase, Request};
use crate::domain::secret::Key32;
use crate::domain::time::{ChipBoot, ChipTime, Timestamp};
use crate::store::{Hold, Store, StoreError, Write};
use crate::tpm::{Chip, NvAuths, Pins, SealedKey, TpmError};

/// Why the appliance stays down.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file is missing or unreadable.
    #[error(transparent)]
    Home(#[from] home::HomeError),
    /// The chip said no.
    #[error(transparent)]
    Tpm(#[from] TpmError),
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store is not the one that the chip last saw.
    #[error("{0}")]
    Rollback(#[from] Rollback),
    /// A leaf does not read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A leaf does not follow from those before it.
    #[error("entry {seq} does not follow from those before it: {why}")]
    Log {
        /// Which leaf.
        seq: u64,
        /// Which rule it breaks.
        why: Refusal,
    },
    /// The people on the roster are not those that the people before them agreed to.
    #[error(transparent)]
    Roster(#[from] RosterChainError),
    /// The store is empty.
    #[error("the store has no log")]
    NoLog,
    /// What is pinned inside the store is not what is pinned beside it.
    #[error("what is pinned of the chip beside the store is not what is pinned inside it")]
    PinsDiffer,
    /// The key of the operators' channel in the store is not the one of set-up.
    #[error("the keeper's key of the operators' channel is not the one of set-up")]
    KeeperDiffers,
    /// The key of the log in the store is not the one of set-up.
    #[error("the log's key in the store is not the one of set-up")]
    LogKeyDiffers,
    /// The entry that says "started" was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl StartError {
    /// Whether it may pass by itself: a chip that is away, a disk that is full. What says that
    /// something was undone or altered never does.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Tpm(error) => matches!(
                error,
                TpmError::Unreachable { .. } | TpmError::Silent { .. } | TpmError::Software { .. }
            ),
            Self::Store(error) => matches!(error, StoreError::Sqlite(_) | StoreError::File { .. }),
            Self::Commit(error) => matches!(error, CommitError::Store(_) | CommitError::Anchor(_)),
            _ => false,
        }
    }

    /// The exit code and what to do next.
    pub fn parts(&self) -> (u8, &'static str) {
        const UNEXPECTED: u8 = 1;
        const TPM: u8 = 5;
        const INTEGRITY: u8 = 6;
        const KEEP: &str = "keep this store as it is, put back the newest one, and find out who changed it";
        match self {
            Self::Home(error) => (UNEXPECTED, error.advice()),
            Self::Tpm(error) => (TPM, error.advice()),
            Self::Store(error @ StoreError::InUse { .. }) => (UNEXPECTED, error.advice()),
            Self::Store(error) => (INTEGRITY, error.advice()),
            Self::Roster(_)
            | Self::Rollback(_)
            | Self::Entry(_)
            | Self::Log { .. }
            | Self::NoLog
            | Self::PinsDiffer
            | Self::KeeperDiffers
            | Self::LogKeyDiffers => (INTEGRITY, KEEP),
            Self::Commit(_) => (INTEGRITY, "look at the clock, the disk and the TPM, then start again"),
        }
    }
}

/// Names of what the store keeps for the appliance itself.
pub(super) mod kept {
    pub(in crate::services) const GATE: &str = "nv-auth-gate";
    pub(in crate::services) const EPOCH: &str = "nv-auth-epoch";
    pub(in crate::services) const HEAD: &str = "nv-auth-head";
    pub(in crate::services) const KEEPER: &str = "keeper-noise";
    pub(in crate::services) const PINS: &str = "chip-pins";
    pub(in crate::services) const HASH: &str = "keyed-hash";
}

/// A store that agrees with its chip, and is not in service yet.
pub struct Opened {
    ledger: Ledger,
    keeper: Key32,
    hash_key: Key32,
    signing: Signing,
}

/// Opens the store of `home` and proves that nothing was undone.
///
/// # Errors
/// [`StartError`]; the appliance stays down.
pub fn open(home: &Home) -> Result<Opened, StartError> {
    let wiring = home::Wiring::read(home)?;
    let pins_json = home::read_file(&home::pins_file(home))?;
    let pins: Pins = serde_json::from_slice(&pins_json).map_err(|_| StartError::PinsDiffer)?;
    let evaluation = pins.is_software();
    // Before the chip is asked anything: another keeper may be at work with it.
    let hold = Hold::take(&home::store_file(home))?;
    let chip = Chip::new(wiring.tpm.connect(home)?, pins);
    chip.end_strays()?;
    chip.lock_platform()?;
    let sealed = home::read_file(&home::store_key_file(home))?;
    let sealed: SealedKey =
        serde_json::from_slice(&sealed).map_err(|_| TpmError::Malformed { what: "the sealed store key" })?;
    let store = Store::open(&home::store_file(home), &chip.open_store(&sealed)?, hold)?;
    let key = |name| kept_key(&store, name);
    let auths = NvAuths { gate: key(kept::GATE)?, epoch: key(kept::EPOCH)?, head: key(kept::HEAD)? };
    let auths = Arc::new(auths);
    let (keeper, hash_key) = (key(kept::KEEPER)?, key(kept::HASH)?);
    if store.kept(kept::PINS)?.as_slice() != pins_json {
        return Err(StartError::PinsDiffer);
    }
    let board = Board { chip, auths };
    let folded = fold(&store)?;
    if digest(&pins_json) != folded.state.founding.chip {
        return Err(StartError::PinsDiffer);
    }
    verify_chain(&folded.state.rosters)?;
    if hex::encode(public_of(&keeper)) != folded.state.founding.keeper {
        return Err(StartError::KeeperDiffers);
    }
    let signing = Signing::read(&store, &folded.state.founding)?;
    settle(&board, &folded)?;
    let ledger =
        Ledger::new(store, board, (folded.tree, folded.subtrees), (folded.heads, folded.state), evaluation);
    Ok(Opened { ledger, keeper, hash_key, signing })
}

fn kept_key(store: &Store, name: &str) -> Result<Key32, StartError> {
    let bytes = store.kept(name)?;
    let key = crate::domain::secret::SecretBytes::new(bytes).to_key();
    Ok(key.ok_or_else(|| StoreError::Missing { what: format!("key {name}") })?)
}

/// The log read back: its tree, its state, and its last two anchored commits.
struct Folded {
    tree: Tree,
    subtrees: Subtrees,
    heads: Heads,
    state: State,
    end: StoreEnd,
}

fn fold(store: &Store) -> Result<Folded, StartError> {
    let mut folded: Option<Folded> = None;
    store.leaves::<StartError>(0, u64::MAX, |seq, leaf| {
        let entry = Entry::from_leaf(seq, leaf)?;
        match folded.as_mut() {
            None => folded = Some(begin(&entry, leaf)?),
            Some(folded) => folded.add(&entry, leaf)?,
        }
        Ok(true)
    })?;
    folded.ok_or(StartError::NoLog)
}

fn begin(entry: &Entry, leaf: &[u8]) -> Result<Folded, StartError> {
    let state = State::founded(entry).map_err(|why| StartError::Log { seq: entry.seq, why })?;
    let mut tree = Tree::default();
    let mut subtrees = Subtrees::default();
    let hash = TreeHash::of_leaf(leaf);
    tree.append_hash(hash);
    subtrees.append_hash(hash);
    let last = Anchored { epoch: entry.epoch, root: tree.root() };
    Ok(Folded {
        subtrees,
        tree,
        heads: Heads::default(),
        state,
        end: StoreEnd { last, before: None, is_last_leaf: true },
    })
}

impl Folded {
    fn add(&mut self, entry: &Entry, leaf: &[u8]) -> Result<(), StartError> {
        let wrong = |why| StartError::Log { seq: entry.seq, why };
        let anchored = entry.body.is_anchored();
        if entry.epoch != self.state.epoch + u64::from(anchored) {
            return Err(wrong(Refusal::Impossible { why: "an epoch follows the one before it" }));
        }
        let step = self.state.step(&entry.body, entry.ts, entry.boot).map_err(wrong)?;
        self.heads.check(&entry.body).map_err(wrong)?;
        super::approve::check_logged(&self.state, &entry.body).map_err(wrong)?;
        self.state.install(step, entry);
        let hash = TreeHash::of_leaf(leaf);
        self.tree.append_hash(hash);
        self.subtrees.append_hash(hash);
        self.heads.passed(&entry.body, &self.tree);
        self.end.is_last_leaf = anchored;
        if anchored {
            self.end.before = Some(self.end.last);
            self.end.last = Anchored { epoch: entry.epoch, root: self.tree.root() };
        }
        Ok(())
    }
}

/// Finishes the anchor of a last leaf that a stop kept from the chip; refuses everything else.
fn settle(board: &Board, folded: &Folded) -> Result<(), StartError> {
    let anchor = board.anchor(folded.state.founding.epoch_base)?;
    match compare(&folded.end, &anchor)? {
        Start::Equal => {}
        Start::FinishBoth { head } => board.chip.anchor(&board.auths, &head)?,
        Start::FinishEpoch => {
            board.chip.anchor_epoch(&board.auths)?;
        }
    }
    Ok(())
}

impl Opened {
    /// The state that was read back, for reckoning the clock.
    pub const fn state(&self) -> &State {
        self.ledger.state()
    }

    /// The chip's own time.
    ///
    /// # Errors
    /// [`TpmError`].
    pub fn chip_time(&self) -> Result<ChipTime, TpmError> {
        self.ledger.board.chip.time()
    }

    /// Puts the appliance into service: approvals of the last run are void, windows that a reboot
    /// or a moved gate ended are said to be ended, and a freeze is carried out again.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn into_service(self, at: &Moment) -> Result<Appliance, StartError> {
        let Self { ledger, keeper, hash_key, signing } = self;
        let mut appliance = Appliance {
            ledger,
            shares: BTreeMap::new(),
            wary: BTreeSet::new(),
            gate_owed: false,
            again: None,
            closing: Vec::new(),
            keeper,
            hash_key,
            signing,
            making: BTreeMap::new(),
        };
        if appliance.state().frozen.is_some() {
            let board = &appliance.ledger.board;
            board.chip.close_gate(&board.auths)?;
        }
        let requests = appliance.state().requests.values();
        let voided = requests.filter(|request| has_approvals(request));
        let voided = voided.map(|request| (request.doc.id.clone(), nonce())).collect();
        appliance.begin_service(at, voided)?;
        // A stop between a pull and its outcome: nobody can say any more.
        for (request, who) in appliance.state().unsettled.clone() {
            match who {
                Requester::Job(job) => appliance.delivered(at, &request, &job, Delivery::Unknown),
                Requester::Operator(operator) => appliance.shown(at, &operator, &request, Delivery::Unknown),
            }
        }
        Ok(appliance)
    }
}

fn has_approvals(request: &Request) -> bool {
    match &request.phase {
        Phase::Requested(requested) => !requested.approvals.is_empty(),
        Phase::Arming(_) => true,
        _ => false,
    }
}

impl Appliance {
    /// The chip's own time.
    ///
    /// # Errors
    /// [`Refusal::Chip`].
    pub fn chip_time(&self) -> Result<ChipTime, Refusal> {
        self.ledger.board.chip.time().map_err(|error| chip_refusal(&error))
    }

    /// Asks the chip anything at all, after it failed; the appliance's own software TPM is started.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn ask_chip(&self, home: &Home) -> Result<(), StartError> {
        let tcti = home::Wiring::read(home)?.tpm.connect(home)?;
        self.ledger.board.chip.moved_to(tcti).time()?;
        Ok(())
    }

    /// When the last entry was written, on both clocks, and in which boot.
    pub fn log_end(&self) -> (Timestamp, u64, ChipBoot) {
        let state = self.state();
        (state.last_ts, state.last_mono, state.last_boot)
    }

    /// The board was restarted under the running daemon: what was armed before is over.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub fn restarted(&mut self, at: &Moment) -> Result<(), Refusal> {
        self.begin_service(at, BTreeMap::new()).map_err(|error| match error {
            StartError::Commit(error) => error.to_refusal(),
            other => Refusal::Integrity { what: other.to_string() },
        })
    }

    fn begin_service(&mut self, at: &Moment, voided: BTreeMap<RequestId, String>) -> Result<(), StartError> {
        let gate = self.ledger.board.chip.gate(&self.ledger.board.auths)?;
        let is_over = |request: &&Request| matches!(&request.phase, Phase::Armed(armed) if armed.boot != at.boot || armed.gate != gate);
        let ended = self.state().requests.values().filter(is_over);
        let ended: Vec<RequestId> = ended.map(|request| request.doc.id.clone()).collect();
        ended.iter().for_each(|id| self.take_window(id));
        let writes: Vec<_> =
            ended.iter().map(|request| Write::DropWindow { request: request.clone() }).collect();
        let program = home::program_digest()?;
        let body = Body::Started { voided, ended, version: env!("CARGO_PKG_VERSION").to_owned(), program };
        self.ledger.commit(at, "keeper".to_owned(), body, &writes)?;
        self.expire_due(at);
        Ok(())
    }
}
