//! The ledger: the log, its tree, the state that is their fold, and the one commit path.

use sha2::{Digest, Sha256};

use super::{Board, Moment};
use crate::domain::appliance::State;
use crate::domain::appliance::step::Permit;
use crate::domain::audit::anchor::anchor_digest;
use crate::domain::audit::entry::{Body, Entry, EntryError};
use crate::domain::audit::heads::Heads;
use crate::domain::audit::tree::{Subtrees, Tree, TreeHash};
use crate::domain::refusal::Refusal;
use crate::domain::request::permit::ReleasePermit;
use crate::store::{Store, StoreError, Write};
use crate::tpm::{AnchoredPull, TpmError};

/// Log, tree, state and chip, which always agree or have stopped.
pub struct Ledger {
    pub(super) store: Store,
    pub(super) board: Board,
    tree: Tree,
    subtrees: Subtrees,
    heads: Heads,
    state: State,
    evaluation: bool,
    /// Why nothing is committed any more: the store and the chip may differ by the last leaf.
    stopped: Option<String>,
    /// Whether it was the chip that failed: then opening anew settles it.
    chip_failed: bool,
}

/// Why an entry was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// It does not follow from the state; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It has no leaf; nothing was written.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The store did not take it; the ledger has stopped.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chip did not take its anchor; the ledger has stopped.
    #[error("the entry is written and could not be anchored: {0}")]
    Anchor(TpmError),
    /// An earlier failure of the chip stopped the ledger, until it answers.
    #[error("nothing is committed since an earlier failure: {0}")]
    WaitsForChip(String),
    /// An earlier failure of the store stopped the ledger.
    #[error("nothing is committed until the daemon is restarted, since an earlier failure: {0}")]
    Stopped(String),
}

impl CommitError {
    /// The same as a refusal, for whoever asked.
    pub fn to_refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            other @ (Self::Anchor(_) | Self::WaitsForChip(_)) => Refusal::Chip {
                what: other.to_string(),
                advice: "run portcullis doctor; when the TPM answers again the daemon goes on by itself"
                    .to_owned(),
            },
            other => Refusal::Integrity { what: other.to_string() },
        }
    }
}

impl Ledger {
    /// A ledger over what was read back and found to agree with the chip.
    pub(super) fn new(
        store: Store,
        board: Board,
        (tree, subtrees): (Tree, Subtrees),
        (heads, state): (Heads, State),
        evaluation: bool,
    ) -> Self {
        Self { store, board, tree, subtrees, heads, state, evaluation, stopped: None, chip_failed: false }
    }

    /// The fold of the log.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The tree over the log.
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The nodes over groups of leaves, for proofs.
    pub const fn subtrees(&self) -> &Subtrees {
        &self.subtrees
    }

    /// The heads that were for signing.
    pub const fn heads(&self) -> &Heads {
        &self.heads
    }

    /// Whether a software TPM holds the keys.
    pub const fn is_evaluation(&self) -> bool {
        self.evaluation
    }

    /// Why nothing is committed any more.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// Whether the chip failed in the middle of a commit: store and chip differ by the last leaf.
    pub const fn chip_failed(&self) -> bool {
        self.chip_failed
    }

    /// Commits one entry and anchors it; the only function that does.
    ///
    /// The order is: does it follow, is it on disk, does the chip know it, only then is the state
    /// changed and the permit handed out that lets the caller act.
    ///
    /// # Errors
    /// [`CommitError`]. After `Store` and `Anchor` the ledger has stopped, because store and chip
    /// may differ by this leaf: the next start settles it.
    pub fn commit(
        &mut self,
        at: &Moment,
        actor: String,
        body: Body,
        writes: &[Write],
    ) -> Result<Option<Permit>, CommitError> {
        let anchor = |board: &Board, head: &[u8; 32]| board.chip.anchor(&board.auths, head);
        self.commit_by(at, (actor, body), writes, anchor).map(|(permit, _)| permit)
    }

    /// Commits a pull and anchors it, by the same path, and gives what opens its window: the permit,
    /// and the chip on the connection that anchored.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    pub fn commit_pull(
        &mut self,
        at: &Moment,
        actor: String,
        body: Body,
    ) -> Result<(ReleasePermit, AnchoredPull<'_>), CommitError> {
        match self
            .commit_by(at, (actor, body), &[], |board, head| board.chip.anchor_pull(&board.auths, head))?
        {
            (Some(Permit::Release(permit)), Some(anchored)) => Ok((permit, anchored)),
            _ => Err(Refusal::Impossible { why: "a pull that is committed gives its permit" }.into()),
        }
    }

    fn commit_by<'l, T>(
        &'l mut self,
        at: &Moment,
        (actor, body): (String, Body),
        writes: &[Write],
        anchor: impl FnOnce(&'l Board, &[u8; 32]) -> Result<T, TpmError>,
    ) -> Result<(Option<Permit>, Option<T>), CommitError> {
        if let Some(why) = &self.stopped {
            let stopped = if self.chip_failed { CommitError::WaitsForChip } else { CommitError::Stopped };
            return Err(stopped(why.clone()));
        }
        let step = self.state.step(&body, at.now, at.boot)?;
        self.heads.check(&body)?;
        let anchored = body.is_anchored();
        let entry = Entry {
            v: 1,
            seq: self.tree.size(),
            ts: at.now,
            mono: at.mono,
            boot: at.boot,
            clock: at.trust(),
            epoch: self.state.epoch + u64::from(anchored),
            evaluation: self.evaluation,
            actor: vec![actor],
            body,
        };
        let leaf = entry.to_leaf()?;
        if let Err(error) = self.store.append(entry.seq, &leaf, writes) {
            self.stopped = Some(error.to_string());
            return Err(error.into());
        }
        let hash = TreeHash::of_leaf(&leaf);
        self.tree.append_hash(hash);
        self.subtrees.append_hash(hash);
        self.heads.passed(&entry.body, &self.tree);
        let held = if anchored {
            let head = anchor_digest(entry.epoch, &self.tree.root());
            let held = anchor(&self.board, &head).map_err(|error| {
                self.stopped = Some(error.to_string());
                self.chip_failed = true;
                CommitError::Anchor(error)
            })?;
            Some(held)
        } else {
            None
        };
        Ok((self.state.install(step, &entry), held))
    }
}

/// SHA-256 of sealed or wrapped bytes, in hex: what a leaf names them by.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
