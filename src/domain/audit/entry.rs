//! One entry of the log: a header, and what happened. Written once as canonical JSON, never again.

use serde::{Deserialize, Serialize};

use super::leaf;
use crate::domain::canonical;
use crate::domain::time::{ChipBoot, Timestamp};

pub use super::body::{Body, Caller, Delivery};

/// The longest entry, in bytes of its canonical form.
///
/// # Source
/// C2SP tlog-tiles: entries have a 16-bit length prefix.
pub const ENTRY_LEN_MAX: usize = 65_535;

/// One entry.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Entry {
    /// Format of these bytes: 1.
    pub v: u32,
    /// Index of the leaf, from 0.
    pub seq: u64,
    /// When, on the appliance's clock.
    pub ts: Timestamp,
    /// When, on the chip's clock, in milliseconds.
    pub mono: u64,
    /// The boot of the chip.
    pub boot: ChipBoot,
    /// Whether the system's clock and the chip's agreed.
    pub clock: ClockTrust,
    /// The anchored epoch: the one this entry brings about, or the one it was written in.
    pub epoch: u64,
    /// Whether a software TPM held the keys.
    pub evaluation: bool,
    /// Who did it: `operator:<id>`, `job:<name>`, `uid:<n>` or `keeper`.
    pub actor: Vec<String>,
    /// What happened.
    #[serde(flatten)]
    pub body: Body,
}

/// How far the time of an entry can be believed: it comes from the system's clock at the start, and from
/// the machine's own since.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockTrust {
    /// The system's clock and the chip's agree.
    Agrees,
    /// They do not: somebody set one of them.
    Alarm,
}

/// Why bytes are not an entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EntryError {
    /// Over [`ENTRY_LEN_MAX`].
    #[error("the entry has {len} bytes, allowed are {ENTRY_LEN_MAX}")]
    TooLong {
        /// What it would have.
        len: usize,
    },
    /// Not JSON, or not of a known type, or not canonical.
    #[error("entry {seq} is not canonical JSON of a known type: {why}")]
    Malformed {
        /// Where it stands.
        seq: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A leaf in another's place.
    #[error("entry {seq} says that it is entry {claims}")]
    OutOfPlace {
        /// Where it stands.
        seq: u64,
        /// What it says.
        claims: u64,
    },
}

impl EntryError {
    /// The same of leaf number `seq`.
    #[must_use]
    pub fn at(self, seq: u64) -> Self {
        match self {
            Self::Malformed { why, .. } => Self::Malformed { seq, why },
            Self::OutOfPlace { claims, .. } => Self::OutOfPlace { seq, claims },
            Self::TooLong { len } => Self::TooLong { len },
        }
    }
}

impl Entry {
    /// The leaf: RFC 8785 bytes.
    ///
    /// # Errors
    /// [`EntryError::TooLong`].
    pub fn to_leaf(&self) -> Result<Vec<u8>, EntryError> {
        let leaf = leaf::write(self);
        if leaf.len() > ENTRY_LEN_MAX { Err(EntryError::TooLong { len: leaf.len() }) } else { Ok(leaf) }
    }

    /// Reads leaf number `seq`. What is read is what would be written: unknown fields, another
    /// order or another spelling are refused.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn from_leaf(seq: u64, leaf: &[u8]) -> Result<Self, EntryError> {
        let entry = Self::from_leaf_anywhere(leaf).map_err(|error| error.at(seq))?;
        if entry.seq != seq {
            return Err(EntryError::OutOfPlace { seq, claims: entry.seq });
        }
        Ok(entry)
    }

    /// Reads a leaf whose number is not known yet.
    ///
    /// # Errors
    /// [`EntryError`], for whoever knows the number to put it in.
    pub fn from_leaf_anywhere(leaf: &[u8]) -> Result<Self, EntryError> {
        if leaf.len() > ENTRY_LEN_MAX {
            return Err(EntryError::TooLong { len: leaf.len() });
        }
        leaf::read(leaf).map_or_else(|| Self::from_any_json(leaf), Ok)
    }

    /// The same in the derived way, which also says what is wrong.
    pub(super) fn from_any_json(leaf: &[u8]) -> Result<Self, EntryError> {
        let malformed = |why: String| EntryError::Malformed { seq: 0, why };
        let entry: Self = serde_json::from_slice(leaf).map_err(|error| malformed(error.to_string()))?;
        if canonical::to_vec(&entry) != leaf {
            return Err(malformed("it reads, and would be written otherwise".to_owned()));
        }
        Ok(entry)
    }
}
