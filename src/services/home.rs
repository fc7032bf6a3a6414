//! The files of an appliance: where they are, and the wiring of this host.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::home::Home;
use crate::tpm::{SoftTpm, Tcti, TpmError};

/// Why a file of the appliance could not be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The file system said no.
    #[error("{}: {cause}", .path.display())]
    File {
        /// On what.
        path: PathBuf,
        /// What it said.
        cause: std::io::Error,
    },
    /// The configuration does not read.
    #[error("{}: {why}", .path.display())]
    Config {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is no appliance here.
    #[error("there is no appliance at {}", .dir.display())]
    Absent {
        /// Where it should be.
        dir: PathBuf,
    },
}

impl HomeError {
    /// What to do next.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::File { .. } => "look at its path, permissions and disk space",
            Self::Config { .. } => "mend the file: it holds [tpm] tcti and nothing else",
            Self::Absent { .. } => "set it up first: portcullis setup; or name its home with --home",
        }
    }
}

/// `portcullis.toml`: the wiring of this host and nothing that decides.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Wiring {
    /// The TPM.
    pub tpm: WiredTpm,
}

/// Where the TPM is.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WiredTpm {
    /// `swtpm`: a software TPM that portcullis starts by itself, for evaluation;
    /// `swtpm:host=..,port=..`: one that somebody else runs; `device:/dev/tpmrm0`: a chip.
    pub tcti: String,
}

impl WiredTpm {
    /// The software TPM that portcullis starts by itself.
    pub const OWN: &'static str = "swtpm";

    /// Whether portcullis starts it by itself.
    pub fn is_own(&self) -> bool {
        self.tcti == Self::OWN
    }

    /// The connection; starts the appliance's own software TPM when it is not running.
    ///
    /// # Errors
    /// [`TpmError`].
    pub fn connect(&self, home: &Home) -> Result<Tcti, TpmError> {
        if !self.is_own() {
            return self.tcti.parse();
        }
        let dir = soft_tpm_dir(home);
        Ok(match SoftTpm::attach(&dir)? {
            Some(running) => running.tcti(),
            None => SoftTpm::start(&dir)?.tcti(),
        })
    }
}

impl Wiring {
    /// Reads the wiring of an appliance.
    ///
    /// # Errors
    /// [`HomeError::Absent`], [`HomeError::Config`].
    pub fn read(home: &Home) -> Result<Self, HomeError> {
        let path = config_file(home);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return Err(HomeError::Absent { dir: home.dir().to_owned() });
            }
            Err(cause) => return Err(HomeError::File { path, cause }),
        };
        toml::from_str(&text).map_err(|error| HomeError::Config { path, why: error.message().to_owned() })
    }
}

/// The configuration.
pub fn config_file(home: &Home) -> PathBuf {
    home.dir().join("portcullis.toml")
}

/// State of the software TPM.
pub fn soft_tpm_dir(home: &Home) -> PathBuf {
    home.dir().join("tpm")
}

/// The folder of the store.
pub fn store_dir(home: &Home) -> PathBuf {
    home.dir().join("store")
}

/// The database.
pub fn store_file(home: &Home) -> PathBuf {
    store_dir(home).join("portcullis.db")
}

/// The store key, sealed to the chip.
pub fn store_key_file(home: &Home) -> PathBuf {
    store_dir(home).join("store.key")
}

/// What was pinned of the chip.
pub fn pins_file(home: &Home) -> PathBuf {
    store_dir(home).join("chip.json")
}

/// The owner and lockout authorisations of the chip, wrapped to the recovery recipient.
pub fn hierarchies_file(home: &Home) -> PathBuf {
    store_dir(home).join("hierarchies.age")
}

/// Makes the folder of an appliance: others may pass through to its sockets and see nothing.
///
/// # Errors
/// [`HomeError::File`].
pub fn make_home(path: &Path) -> Result<(), HomeError> {
    make(path, 0o711)
}

/// Makes a folder that only its owner enters.
///
/// # Errors
/// [`HomeError::File`].
pub fn make_dir(path: &Path) -> Result<(), HomeError> {
    make(path, 0o700)
}

fn make(path: &Path, mode: u32) -> Result<(), HomeError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(mode).create(path);
    made.map_err(|cause| HomeError::File { path: path.to_owned(), cause })
}

/// Writes a file whole or not at all, readable by its owner only, and lets it reach the disk.
///
/// # Errors
/// [`HomeError::File`].
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let fail = |cause| HomeError::File { path: path.to_owned(), cause };
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fail)?;
    std::fs::rename(&new, path).map_err(fail)?;
    let dir = path.parent().unwrap_or(Path::new("/"));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(fail)
}

/// Leaves the mark of an evaluation, for everybody to read.
///
/// # Errors
/// [`HomeError::File`].
pub fn mark_evaluation(home: &Home) -> Result<(), HomeError> {
    const TEXT: &str = "EVALUATION: a software TPM holds the keys of this appliance, and protects nothing.\n";
    let path = home.evaluation_mark();
    write_file(&path, TEXT.as_bytes())?;
    let everybody = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&path, everybody).map_err(|cause| HomeError::File { path, cause })
}

/// SHA-256 in hex of the file of this program, as it runs.
///
/// # Errors
/// [`HomeError::File`].
pub fn program_digest() -> Result<String, HomeError> {
    let path = Path::new("/proc/self/exe");
    let mut hash = Sha256::new();
    let read = File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut hash));
    read.map_err(|cause| HomeError::File { path: path.to_owned(), cause })?;
    Ok(hex::encode(hash.finalize()))
}

/// Reads a file of at most 1 MiB.
///
/// # Errors
/// [`HomeError::File`].
pub fn read_file(path: &Path) -> Result<Vec<u8>, HomeError> {
    use std::io::Read as _;
    const LEN_MAX: u64 = 1 << 20;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LEN_MAX).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|cause| HomeError::File { path: path.to_owned(), cause })
}
