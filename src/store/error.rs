//! Why the store said no.

use std::path::PathBuf;

/// Why the store was not opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is none.
    #[error("there is no store at {}", .path.display())]
    Absent {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is one where a new one should go.
    #[error("there is a store at {} already", .path.display())]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// Another process has it open.
    #[error("the store at {} is in use by another process", .path.display())]
    InUse {
        /// Where it is.
        path: PathBuf,
    },
    /// It does not open under this key, or is damaged.
    #[error("the store at {} does not open under the sealed store key", .path.display())]
    NotOurs {
        /// Where it is.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("the store has schema {found}, and this program knows {known}")]
    Newer {
        /// What it has.
        found: u32,
        /// What this program knows.
        known: u32,
    },
    /// The file at the path is not the one that was opened.
    #[error("the file {} was deleted or replaced while the daemon ran", .path.display())]
    Moved {
        /// Where it was.
        path: PathBuf,
    },
    /// A leaf is missing.
    #[error("the store has no leaf {seq}")]
    Gap {
        /// The index that should be there.
        seq: u64,
    },
    /// Something is missing.
    #[error("the store has no {what}")]
    Missing {
        /// What.
        what: String,
    },
    /// A limit is reached.
    #[error("the store holds no more {what}")]
    Full {
        /// Of what.
        what: &'static str,
    },
    /// The file system said no.
    #[error("{}: {cause}", .path.display())]
    File {
        /// On what.
        path: PathBuf,
        /// What it said.
        cause: std::io::Error,
    },
    /// SQLite said no.
    #[error("the store could not be read or written: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl StoreError {
    /// What to do next.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Absent { .. } => {
                "set the appliance up first: portcullis setup; or name its home with --home"
            }
            Self::Exists { .. } => "name another home with --home, or start this one: portcullis serve",
            Self::InUse { .. } => "stop the other daemon first; only one may hold the store",
            Self::NotOurs { .. } => {
                "put back the store that belongs to this chip, and find out who changed it"
            }
            Self::Newer { .. } => "start the version of portcullis that wrote it, or a later one",
            Self::Moved { .. } => "put the file back where it was and start the daemon again",
            Self::Gap { .. } | Self::Missing { .. } => {
                "put back the store that belongs to this chip, and find out who changed it"
            }
            Self::Full { .. } | Self::Sqlite(_) => {
                "look at disk space and permissions, then run portcullis doctor"
            }
            Self::File { .. } => "look at its path, permissions and disk space",
        }
    }
}
