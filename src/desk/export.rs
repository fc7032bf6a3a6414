//! Taking a bundle home: its parts from the keeper, its entries page by page, then one file.
//!
//! What was fetched stays in a folder beside the file until the file is whole, so that a stop in the
//! middle costs nothing: the next try goes on behind the last whole entry.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use super::client::Client;
use super::error::DeskError;
use crate::auditor::container::Bundle;
use crate::auditor::error::BundleError;
use crate::auditor::writer::write_bundle;
use crate::domain::audit::entry::ENTRY_LEN_MAX;
use crate::domain::audit::manifest::Member;
use crate::domain::ids::RequestId;
use crate::domain::operator::AgeRecipient;
use crate::domain::wire::operator::audit::{AuditAsk, AuditReply, Part};
use crate::domain::wire::operator::{Ask, Reply};

/// How far it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub step: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// Of how much.
    pub of: u64,
}

/// A bundle that is on the medium.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetched {
    /// The file.
    pub path: PathBuf,
    /// The entries in it: from the first number to before the second.
    pub range: (u64, u64),
    /// SHA-256 of its MANIFEST in hex.
    pub manifest: String,
}

/// Asks about the log.
///
/// # Errors
/// [`DeskError`].
pub fn ask(client: &mut Client, question: AuditAsk) -> Result<AuditReply, DeskError> {
    match client.ask(&Ask::Audit { question: Box::new(question) })? {
        Reply::Audit { answer } => Ok(answer),
        _ => Err(DeskError::Protocol { asked: "the log" }),
    }
}

/// Fetches the bundle of a request that was granted into the folder `into`, and tells how far it is.
///
/// # Errors
/// [`DeskError`]; what was fetched so far stays, and another try goes on with it.
pub fn fetch(
    client: &mut Client,
    id: &RequestId,
    recipients: &[AgeRecipient],
    into: &Path,
    tell: &mut dyn FnMut(Progress),
) -> Result<Fetched, DeskError> {
    fetch_while(client, id, recipients, into, &mut |progress| {
        tell(progress);
        true
    })
}

/// The same, for as long as whoever is told says so. From the writing of the bundle on it goes to its end.
///
/// # Errors
/// [`DeskError::Stopped`] when they said no; [`DeskError`] as for [`fetch`].
pub fn fetch_while(
    client: &mut Client,
    id: &RequestId,
    recipients: &[AgeRecipient],
    into: &Path,
    go_on: &mut dyn FnMut(Progress) -> bool,
) -> Result<Fetched, DeskError> {
    let mut tell =
        |progress| if go_on(progress) { Ok(()) } else { Err(DeskError::Stopped { id: id.clone() }) };
    let (range, parts) = make(client, id, &mut tell)?;
    let folder = into.join(format!("export-{id}.parts"));
    make_folder(&folder)?;
    for part in &parts {
        fetch_part(client, id, part, &folder)?;
    }
    let note = folder.join(Member::Manifest.path());
    let note = fs::read(&note).map_err(file_error(&note))?;
    fetch_entries(client, range, &folder, &mut tell)?;
    let written = write_bundle(&folder, into, recipients, &mut |so_far| {
        // Nothing is left behind by what is nearly done.
        let _ = tell(Progress { step: "writing the bundle", done: so_far.done, of: so_far.total });
    });
    let path = match written {
        // An earlier try came as far as this and was cut off before the keeper heard of it.
        Err(BundleError::Exists { path }) if is_same(&path, &note) => path,
        written => written.map_err(|error| other_entries(error, &folder))?,
    };
    let manifest = hex::encode(Sha256::digest(&note));
    let question = Box::new(AuditAsk::Written { id: id.clone(), manifest: manifest.clone() });
    let Reply::Done { .. } = client.ask(&Ask::Audit { question })? else {
        return Err(DeskError::Protocol { asked: "a bundle that is written" });
    };
    fs::remove_dir_all(&folder).map_err(file_error(&folder))?;
    Ok(Fetched { path, range, manifest })
}

/// Has the keeper make the parts.
fn make(
    client: &mut Client,
    id: &RequestId,
    tell: &mut dyn FnMut(Progress) -> Result<(), DeskError>,
) -> Result<((u64, u64), Vec<Part>), DeskError> {
    loop {
        match ask(client, AuditAsk::Make { id: id.clone() })? {
            AuditReply::Making { from, to, parts: Some(parts), .. } => return Ok(((from, to), parts)),
            AuditReply::Making { to, read, parts: None, .. } => {
                tell(Progress { step: "the keeper reads the log", done: read, of: to })?;
            }
            _ => return Err(DeskError::Protocol { asked: "a bundle" }),
        }
    }
}

/// Fetches one small part whole, under a name that a bundle has.
fn fetch_part(client: &mut Client, id: &RequestId, part: &Part, folder: &Path) -> Result<(), DeskError> {
    let strange = || DeskError::Protocol { asked: "a part of the bundle" };
    let member = Member::ALL.into_iter().find(|member| member.path() == part.path);
    let member = member.filter(|member| *member != Member::Entries).ok_or_else(strange)?;
    let path = folder.join(member.path());
    let mut file = BufWriter::new(create(&path)?);
    let mut offset = 0;
    while offset < part.len {
        let asked = AuditAsk::Part { id: id.clone(), path: part.path.clone(), offset };
        let AuditReply::Part { bytes } = ask(client, asked)? else { return Err(strange()) };
        let bytes = STANDARD.decode(bytes).map_err(|_| strange())?;
        if bytes.is_empty() || offset + bytes.len() as u64 > part.len {
            return Err(strange());
        }
        file.write_all(&bytes).map_err(file_error(&path))?;
        offset += bytes.len() as u64;
    }
    file.flush().map_err(file_error(&path))
}

/// Fetches the entries that are not there yet.
fn fetch_entries(
    client: &mut Client,
    (from, to): (u64, u64),
    folder: &Path,
    tell: &mut dyn FnMut(Progress) -> Result<(), DeskError>,
) -> Result<(), DeskError> {
    const PAGE: u32 = 256;
    let path = folder.join(Member::Entries.path());
    let have = whole_lines(&path)?;
    let mut next = from.saturating_add(have).min(to);
    let mut file = BufWriter::new(append(&path)?);
    while next < to {
        let count = u32::try_from(to - next).unwrap_or(PAGE).min(PAGE);
        let Reply::Entries { leaves, .. } = client.ask(&Ask::Entries { from: next, count })? else {
            return Err(DeskError::Protocol { asked: "entries" });
        };
        if leaves.is_empty() {
            return Err(DeskError::Protocol { asked: "entries" });
        }
        for leaf in leaves.iter().take(usize::try_from(to - next).unwrap_or(usize::MAX)) {
            file.write_all(leaf.as_bytes())
                .and_then(|()| file.write_all(b"\n"))
                .map_err(file_error(&path))?;
            next += 1;
        }
        tell(Progress { step: "fetching entries", done: next - from, of: to - from })?;
    }
    file.flush().map_err(file_error(&path))
}

/// Counts the whole lines of a file that may be cut off, and cuts it behind the last of them.
fn whole_lines(path: &Path) -> Result<u64, DeskError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(file_error(path)(error)),
    };
    let (mut reader, mut line) = (BufReader::new(file), Vec::with_capacity(ENTRY_LEN_MAX));
    let (mut count, mut len) = (0, 0);
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(file_error(path))?;
        if !line.ends_with(b"\n") {
            break;
        }
        (count, len) = (count + 1, len + read as u64);
    }
    let file = OpenOptions::new().write(true).open(path).map_err(file_error(path))?;
    file.set_len(len).map_err(file_error(path))?;
    Ok(count)
}

/// Whether there is a whole bundle at `path` with this MANIFEST. One that is encrypted does not say.
fn is_same(path: &Path, note: &[u8]) -> bool {
    Bundle::open(path).is_ok_and(|bundle| bundle.manifest_note() == note && bundle.finish().is_ok())
}

/// Entries that are not those of MANIFEST are removed, so that another try begins anew.
fn other_entries(error: BundleError, folder: &Path) -> DeskError {
    if !matches!(&error, BundleError::Member { member: Member::Entries, .. }) {
        return error.into();
    }
    let path = folder.join(Member::Entries.path());
    match fs::remove_file(&path) {
        Ok(()) => DeskError::OtherEntries { path },
        Err(error) => DeskError::File { path, error },
    }
}

fn make_folder(folder: &Path) -> Result<(), DeskError> {
    for inner in ["", "keys", "quote", "reports"] {
        let dir = folder.join(inner);
        match DirBuilder::new().mode(0o700).create(&dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(file_error(&dir))?,
        }
        // What somebody else put there could lead elsewhere, or be changed while it is read.
        let found = fs::symlink_metadata(&dir).map_err(file_error(&dir))?;
        let ours = found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0;
        if !found.is_dir() || !ours {
            let what = "it is not a folder of yours that nobody else writes to";
            return Err(file_error(&dir)(io::Error::new(io::ErrorKind::PermissionDenied, what)));
        }
    }
    Ok(())
}

/// Opens nothing but a plain file: no link that somebody left.
const NOFOLLOW: i32 = OFlags::NOFOLLOW.bits() as i32;

fn create(path: &Path) -> Result<File, DeskError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(NOFOLLOW)
        .open(path);
    file.map_err(file_error(path))
}

fn append(path: &Path) -> Result<File, DeskError> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(NOFOLLOW).open(path);
    file.map_err(file_error(path))
}

fn file_error(path: &Path) -> impl Fn(io::Error) -> DeskError {
    move |error| DeskError::File { path: path.to_owned(), error }
}
