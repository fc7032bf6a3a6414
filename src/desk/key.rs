//! Key files on the operator's medium.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand_core::OsRng;

use super::client::Client;
use super::error::DeskError;
use crate::crypto::key_file::{KdfCost, KeyFile, KeyFileError};
use crate::crypto::operator_key::{OperatorKey, random_key};
use crate::domain::home::Home;
use crate::domain::ids::OperatorId;
use crate::domain::secret::Passphrase;
use crate::domain::wire::operator::Ask;

/// The ending of a key file's name.
const EXTENSION: &str = "pcop";
/// More than any key file has, in bytes.
const FILE_LEN_MAX: u64 = 64 * 1024;
/// How long the keeper may take to note a wrong passphrase.
const REPORT_LIMIT: Duration = Duration::from_secs(2);

/// Finds the key file: the one named, else that of `operator` in the home, else the only one there.
///
/// # Errors
/// [`DeskError::NoKeyFile`] and [`DeskError::ManyKeyFiles`].
pub fn find_key_file(
    explicit: Option<&Path>,
    home: &Path,
    operator: Option<&OperatorId>,
) -> Result<PathBuf, DeskError> {
    if let Some(path) = explicit {
        return Ok(path.to_owned());
    }
    let home = Home::at(home);
    if let Some(operator) = operator {
        let path = home.key_file(operator);
        return if path.is_file() { Ok(path) } else { Err(DeskError::NoKeyFile { looked: path }) };
    }
    let folder = home.operators();
    let mut found: Vec<PathBuf> = listed(&folder).collect();
    match (found.pop(), found.len()) {
        (None, _) => Err(DeskError::NoKeyFile { looked: folder }),
        (Some(only), 0) => Ok(only),
        (Some(_), others) => Err(DeskError::ManyKeyFiles { folder, count: others + 1 }),
    }
}

/// Everybody whose key file may be used: that of the file or the operator named, else all in the home, in
/// order of name.
///
/// # Errors
/// [`DeskError::NoKeyFile`]; [`DeskError::File`] and [`DeskError::KeyFile`] of the one named.
pub fn key_files(
    explicit: Option<&Path>,
    home: &Path,
    operator: Option<&OperatorId>,
) -> Result<Vec<(OperatorId, PathBuf)>, DeskError> {
    let named = |path: PathBuf| -> Result<_, DeskError> { Ok((read_key_file(&path)?.id().clone(), path)) };
    if explicit.is_some() || operator.is_some() {
        return Ok(vec![named(find_key_file(explicit, home, operator)?)?]);
    }
    let folder = Home::at(home).operators();
    // What is not a key file in that folder is nobody's, and keeps nobody else out.
    let mut found: Vec<(OperatorId, PathBuf)> = listed(&folder).filter_map(|path| named(path).ok()).collect();
    found.sort();
    if found.is_empty() { Err(DeskError::NoKeyFile { looked: folder }) } else { Ok(found) }
}

/// The files of a folder whose names end as those of key files do.
fn listed(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let listed = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    listed.filter(|path| path.extension().is_some_and(|e| e == EXTENSION))
}

/// Reads a key file without opening it.
///
/// # Errors
/// [`DeskError::File`] and [`DeskError::KeyFile`].
pub fn read_key_file(path: &Path) -> Result<KeyFile, DeskError> {
    let file = |error| DeskError::File { path: path.to_owned(), error };
    let mut text = String::new();
    File::open(path).and_then(|f| f.take(FILE_LEN_MAX).read_to_string(&mut text)).map_err(file)?;
    KeyFile::parse(&text).map_err(|error| DeskError::KeyFile { path: path.to_owned(), error })
}

/// Opens a key file.
///
/// # Errors
/// [`DeskError::WrongPassphrase`], [`DeskError::File`] and [`DeskError::KeyFile`].
pub fn open_key_file(path: &Path, passphrase: &Passphrase) -> Result<OperatorKey, DeskError> {
    read_key_file(path)?.open(passphrase).map_err(|error| refused(path, error))
}

/// Makes new keys for a person and puts them into a new file.
///
/// # Errors
/// [`DeskError::File`], also when there is such a file already; [`DeskError::KeyFile`] without memory.
pub fn create_key_file(
    path: &Path,
    id: OperatorId,
    passphrase: &Passphrase,
) -> Result<OperatorKey, DeskError> {
    let key = OperatorKey::generate(id, &mut OsRng);
    let sealed = KeyFile::seal(&key, passphrase, KdfCost::Standard, &mut OsRng);
    let sealed = sealed.map_err(|error| DeskError::KeyFile { path: path.to_owned(), error })?;
    write_new(path, &sealed.to_text()).map_err(|error| DeskError::File { path: path.to_owned(), error })?;
    Ok(key)
}

/// Puts `file` in the place of the one at `path`, whole or not at all.
///
/// # Errors
/// [`DeskError::File`].
pub fn replace_key_file(path: &Path, file: &KeyFile) -> Result<(), DeskError> {
    let next = path.with_extension("pcop.new");
    // What an interrupted attempt left behind is ours and never in use.
    let _ = fs::remove_file(&next);
    let replaced =
        write_new(&next, &file.to_text()).and_then(|()| fs::rename(&next, path)).and_then(|()| sync(path));
    replaced.map_err(|error| DeskError::File { path: path.to_owned(), error })
}

/// Tells the keeper that a passphrase was wrong, so that its log and the other operators know.
///
/// Best effort: whoever stole a key file guesses without telling.
pub fn report_wrong_passphrase(socket: &Path, path: &Path) {
    let Ok(file) = read_key_file(path) else { return };
    let Some(pin) = file.keeper() else { return };
    let nobody = random_key(&mut OsRng);
    if let Ok(mut client) = Client::connect_as(socket, &nobody, &pin.noise, REPORT_LIMIT) {
        // Its answer changes nothing for the person at the terminal.
        let _ = client.ask(&Ask::PassphraseFailed { operator: file.id().clone() });
    }
}

/// Names the file that a passphrase, or memory, did not open.
pub(super) fn refused(path: &Path, error: KeyFileError) -> DeskError {
    let path = path.to_owned();
    match error {
        KeyFileError::Refused => DeskError::WrongPassphrase { path },
        error => DeskError::KeyFile { path, error },
    }
}

/// Writes a file that was not there, readable by its owner alone, in a folder of the same sort.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    sync(path)
}

/// Makes the name of a file durable.
fn sync(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
