//! The encrypted store: one SQLCipher database that holds the log and ciphertext, nothing else.
//!
//! Only [`Store::append`] writes, in one transaction a leaf. After the start nothing that decides
//! is read back from here.

mod error;
mod open;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::ids::{CredentialName, Generation, RequestId};

pub use error::StoreError;
pub use open::Hold;

/// An open store, held by one process.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// Device and inode of the file that was opened, and a descriptor that keeps them from reuse.
    identity: (u64, u64),
    /// The same of the write-ahead log, once there is one.
    log_identity: Option<(u64, u64)>,
    _hold: Hold,
}

/// What goes into a transaction beside the leaf.
#[derive(Debug)]
pub enum Write {
    /// A credential generation: the sealed `T`, and the wrapped record.
    Record {
        /// The credential.
        name: CredentialName,
        /// Which value of it.
        generation: Generation,
        /// `T`, sealed to the chip.
        sealed: Vec<u8>,
        /// Salt, envelope, shares and recovery wrap, as JSON.
        record: Vec<u8>,
    },
    /// The window object of an armed request.
    Window {
        /// Which request.
        request: RequestId,
        /// Its data key, sealed to the chip.
        sealed: Vec<u8>,
    },
    /// A window that has ended.
    DropWindow {
        /// Which request.
        request: RequestId,
    },
    /// Something that the appliance itself keeps.
    Keep {
        /// Its name.
        name: &'static str,
        /// Its bytes.
        value: zeroize::Zeroizing<Vec<u8>>,
    },
}

impl Store {
    /// Appends one leaf with what belongs to it, in one transaction that is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when the file at the path is not the one that was opened, else what
    /// SQLite says; nothing was written then.
    pub fn append(&mut self, seq: u64, leaf: &[u8], writes: &[Write]) -> Result<(), StoreError> {
        self.check_in_place()?;
        let transaction = self.connection.transaction()?;
        let seq = i64::try_from(seq).map_err(|_| StoreError::Full { what: "leaves" })?;
        transaction
            .prepare_cached("INSERT INTO leaves (seq, entry) VALUES (?1, ?2)")?
            .execute(params![seq, leaf])?;
        for write in writes {
            apply(&transaction, write)?;
        }
        transaction.commit()?;
        if self.log_identity.is_none() {
            self.log_identity = identity_of(&log_path(&self.path));
        }
        Ok(())
    }

    /// A deleted or replaced file still takes writes through its descriptor, and they are lost (P27).
    fn check_in_place(&self) -> Result<(), StoreError> {
        let in_place = identity_of(&self.path) == Some(self.identity);
        let log_in_place =
            self.log_identity.is_none() || identity_of(&log_path(&self.path)) == self.log_identity;
        if in_place && log_in_place { Ok(()) } else { Err(StoreError::Moved { path: self.path.clone() }) }
    }

    /// Bytes of the database on disk, with what SQLite has not yet written back into it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn disk_len(&self) -> Result<u64, std::io::Error> {
        let log = std::fs::metadata(log_path(&self.path)).map_or(0, |log| log.len());
        Ok(std::fs::metadata(&self.path)?.len() + log)
    }

    /// Gives every leaf from `from` on to `each`, in order, until it says no or `count` were given.
    ///
    /// # Errors
    /// [`StoreError::Gap`] when a leaf is missing, what `each` returns, or what SQLite says.
    pub fn leaves<E: From<StoreError>>(
        &self,
        from: u64,
        count: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        let query = "SELECT seq, entry FROM leaves WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
        let mut statement = self.connection.prepare_cached(query).map_err(StoreError::from)?;
        let bounds = [from, count].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        let mut rows = statement.query(bounds).map_err(StoreError::from)?;
        let mut expected = from;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let seq: i64 = row.get(0).map_err(StoreError::from)?;
            if u64::try_from(seq) != Ok(expected) {
                return Err(StoreError::Gap { seq: expected }.into());
            }
            let leaf = row.get_ref(1).map_err(StoreError::from)?;
            let leaf = leaf.as_blob().map_err(|_| StoreError::Gap { seq: expected })?;
            if !each(expected, leaf)? {
                break;
            }
            expected += 1;
        }
        Ok(())
    }

    /// The sealed `T` and the wrapped record of one generation.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn record(
        &self,
        name: &CredentialName,
        generation: Generation,
    ) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let query = "SELECT sealed, record FROM records WHERE name = ?1 AND generation = ?2";
        let row = self
            .connection
            .prepare_cached(query)?
            .query_row(params![name.as_str(), generation.number()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        row.ok_or_else(|| StoreError::Missing { what: format!("record of {name} generation {generation}") })
    }

    /// The window object of one request.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn window(&self, request: &RequestId) -> Result<Vec<u8>, StoreError> {
        let query = "SELECT sealed FROM windows WHERE request = ?1";
        let mut statement = self.connection.prepare_cached(query)?;
        let row = statement.query_row([request.as_str()], |row| row.get(0)).optional()?;
        row.ok_or_else(|| StoreError::Missing { what: format!("window of request {request}") })
    }

    /// Something that the appliance itself keeps.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub fn kept(&self, name: &str) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT value FROM kept WHERE name = ?1")?;
        let row: Option<Vec<u8>> = statement.query_row([name], |row| row.get(0)).optional()?;
        let row = row.ok_or_else(|| StoreError::Missing { what: name.to_owned() })?;
        Ok(zeroize::Zeroizing::new(row))
    }
}

/// Device and inode of what is at a path.
fn identity_of(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// Where SQLite keeps the write-ahead log of a database.
fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

fn apply(transaction: &rusqlite::Transaction<'_>, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::Record { name, generation, sealed, record } => transaction
            .prepare_cached("INSERT INTO records (name, generation, sealed, record) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![name.as_str(), generation.number(), sealed, record])?,
        Write::Window { request, sealed } => transaction
            .prepare_cached("INSERT OR REPLACE INTO windows (request, sealed) VALUES (?1, ?2)")?
            .execute(params![request.as_str(), sealed])?,
        Write::DropWindow { request } => transaction
            .prepare_cached("DELETE FROM windows WHERE request = ?1")?
            .execute([request.as_str()])?,
        Write::Keep { name, value } => transaction
            .prepare_cached("INSERT INTO kept (name, value) VALUES (?1, ?2)")?
            .execute(params![name, value.as_slice()])?,
    };
    Ok(())
}
