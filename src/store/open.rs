//! Making and opening the database: key, settings, migrations.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use zeroize::Zeroizing;

use super::{Store, StoreError, identity_of};
use crate::domain::secret::Key32;

/// One file a version, only ever added to.
const MIGRATIONS: [&str; 1] = [include_str!("../../schemas/store/0001_founding.sql")];

/// "PCUL": tells a portcullis store from any other database.
const APPLICATION_ID: i32 = 0x5043_554C;

impl Store {
    /// Makes a new store, readable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::File`], [`StoreError::Sqlite`].
    pub fn create(path: &Path, key: &Key32) -> Result<Self, StoreError> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map(drop).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::AlreadyExists => StoreError::Exists { path: path.to_owned() },
            _ => StoreError::File { path: path.to_owned(), cause },
        })?;
        let hold = Hold::take(path)?;
        let connection = connect(path, key)?;
        connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}"))?;
        Self::finish(path, connection, hold)
    }

    /// Opens the store that is held, and brings an older schema up to this program's.
    ///
    /// # Errors
    /// [`StoreError::Absent`], [`StoreError::InUse`], [`StoreError::NotOurs`], [`StoreError::Newer`].
    pub fn open(path: &Path, key: &Key32, hold: Hold) -> Result<Self, StoreError> {
        let connection = connect(path, key)?;
        let id: i32 = connection
            .pragma_query_value(None, "application_id", |row| row.get(0))
            .map_err(|error| foreign(path, error))?;
        if id != APPLICATION_ID {
            return Err(StoreError::NotOurs { path: path.to_owned() });
        }
        Self::finish(path, connection, hold)
    }

    fn finish(path: &Path, mut connection: Connection, hold: Hold) -> Result<Self, StoreError> {
        migrate(&mut connection)?;
        // By its name: to close another descriptor of the file would give up SQLite's own locks on it.
        let identity = identity_of(path).ok_or_else(|| StoreError::Absent { path: path.to_owned() })?;
        Ok(Self { connection, path: path.to_owned(), identity, log_identity: None, _hold: hold })
    }
}

/// The right to open a store, which one process has at a time. SQLite's own locks are released
/// between transactions and need the key; this one is for the whole run, and taken before SQLite
/// touches anything: whoever opens the database beside a running daemon and closes it again removes the
/// write-ahead log that the daemon writes to.
#[derive(Debug)]
pub struct Hold {
    _file: File,
}

impl Hold {
    /// Takes the store at `path`.
    ///
    /// # Errors
    /// [`StoreError::Absent`], [`StoreError::InUse`], [`StoreError::File`].
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Absent { path: path.to_owned() });
        }
        let lock = path.with_extension("lock");
        let file_error = |cause| StoreError::File { path: lock.clone(), cause };
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&lock);
        let file = file.map_err(file_error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(cause)) => Err(file_error(cause)),
        }
    }
}

fn connect(path: &Path, key: &Key32) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // NOFOLLOW refuses a symbolic link anywhere in the path, so the path is resolved first.
    let resolved = path.canonicalize().map_err(|cause| StoreError::File { path: path.to_owned(), cause })?;
    let connection = Connection::open_with_flags(resolved, flags)?;
    // SQLCipher writes its own log to standard error; what matters comes back as an error.
    connection.execute_batch("PRAGMA cipher_log_level = NONE; PRAGMA cipher_memory_security = ON;")?;
    let mut pragma = Zeroizing::new(String::with_capacity(128));
    pragma.push_str("PRAGMA key = \"x'");
    let mut digits = Zeroizing::new([0; 64]);
    // Twice the length of the key, by its type.
    hex::encode_to_slice(key.expose(), digits.as_mut_slice()).expect("64 digits for 32 bytes");
    pragma.push_str(std::str::from_utf8(digits.as_slice()).expect("hex is ASCII"));
    pragma.push_str("'\"");
    connection.execute_batch(&pragma)?;
    // The write-ahead log needs one fsync a commit; exclusive mode keeps its index in our memory.
    let settings = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;
        PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -2048;";
    connection.execute_batch(settings).map_err(|error| foreign(path, error))?;
    Ok(connection)
}

/// Under a wrong key, and after damage, SQLCipher says that this is no database.
fn foreign(path: &Path, error: rusqlite::Error) -> StoreError {
    let busy = [ErrorCode::DatabaseBusy, ErrorCode::DatabaseLocked];
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::NotOurs { path: path.to_owned() }
        }
        Some(code) if busy.contains(&code) => StoreError::InUse { path: path.to_owned() },
        _ => StoreError::Sqlite(error),
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, sql) in (1_u32..).zip(MIGRATIONS).skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key32 {
        Key32::take(&mut [byte; 32])
    }

    fn open(path: &Path, key: &Key32) -> Result<Store, StoreError> {
        Store::open(path, key, Hold::take(path)?)
    }

    #[test]
    fn a_store_opens_again_under_its_key_only() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("store.db");
        let mut store = Store::create(&path, &key(1)).expect("new");
        store.append(0, b"{\"leaf\":\"zero\"}", &[]).expect("append");
        assert!(matches!(open(&path, &key(1)), Err(StoreError::InUse { .. })), "two holders");
        drop(store);
        assert!(matches!(Store::create(&path, &key(1)), Err(StoreError::Exists { .. })));
        assert!(matches!(open(&path, &key(2)), Err(StoreError::NotOurs { .. })), "another key");
        let store = open(&path, &key(1)).expect("same key");
        let mut seen = Vec::new();
        store
            .leaves::<StoreError>(0, u64::MAX, |seq, leaf| {
                seen.push((seq, leaf.to_vec()));
                Ok(true)
            })
            .expect("leaves");
        assert_eq!(seen, [(0, b"{\"leaf\":\"zero\"}".to_vec())]);
        let file = std::fs::read(&path).expect("file");
        assert!(!file.windows(4).any(|bytes| bytes == b"leaf"), "the file is encrypted");
        assert!(!file.starts_with(b"SQLite format 3"), "so is its header");
    }

    #[test]
    fn whoever_is_refused_beside_a_running_daemon_leaves_its_write_ahead_log_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("store.db");
        let mut store = Store::create(&path, &key(1)).expect("new");
        store.append(0, b"{}", &[]).expect("append");
        let log = identity_of(&super::super::log_path(&path));
        assert!(log.is_some());
        assert!(matches!(open(&path, &key(1)), Err(StoreError::InUse { .. })));
        assert_eq!(identity_of(&super::super::log_path(&path)), log);
        store.append(1, b"{}", &[]).expect("and it goes on");
    }

    #[test]
    fn a_store_from_a_newer_schema_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("store.db");
        let store = Store::create(&path, &key(1)).expect("new");
        store.connection.pragma_update(None, "user_version", 99).expect("pragma");
        drop(store);
        let refused = open(&path, &key(1));
        assert!(matches!(refused, Err(StoreError::Newer { found: 99, known: 1 })));
    }

    #[test]
    fn p27_a_file_that_was_deleted_or_replaced_takes_no_more_entries() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("store.db");
        let mut store = Store::create(&path, &key(1)).expect("new");
        store.append(0, b"{}", &[]).expect("in place");
        std::fs::copy(&path, dir.path().join("copy")).expect("copy");
        std::fs::remove_file(&path).expect("remove");
        assert!(matches!(store.append(1, b"{}", &[]), Err(StoreError::Moved { .. })), "deleted");
        std::fs::rename(dir.path().join("copy"), &path).expect("rename");
        assert!(matches!(store.append(1, b"{}", &[]), Err(StoreError::Moved { .. })), "replaced");
    }

    #[test]
    fn p27_a_write_ahead_log_that_was_deleted_takes_no_more_entries() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("store.db");
        let mut store = Store::create(&path, &key(1)).expect("new");
        store.append(0, b"{}", &[]).expect("in place");
        std::fs::remove_file(dir.path().join("store.db-wal")).expect("there is one");
        assert!(matches!(store.append(1, b"{}", &[]), Err(StoreError::Moved { .. })), "deleted");
    }
}
