//! Writing a bundle: a folder of its members becomes one file, or nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, OFlags, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::container::Bundle;
use super::error::{BundleError, Fault};
use super::header;
use crate::crypto::recipient::encrypt_to;
use crate::domain::audit::manifest::Member;
use crate::domain::operator::AgeRecipient;

/// How far a bundle is written, in bytes before any encryption.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Written.
    pub done: u64,
    /// Of so many.
    pub total: u64,
}

/// Writes the bundle whose members are in the folder `parts` into the folder `to`, under the name that
/// follows from it, with `.age` after it when it is encrypted to `recipients`. What is there by this
/// name is never overwritten; while it is written the name ends in `.part`.
///
/// # Errors
/// [`BundleError`]; then nothing is there by the final name that was not before.
pub fn write_bundle(
    parts: &Path,
    to: &Path,
    recipients: &[AgeRecipient],
    progress: &mut dyn FnMut(Progress),
) -> Result<PathBuf, BundleError> {
    let bundle = Bundle::open(parts)?;
    let ending = if recipients.is_empty() { "" } else { ".age" };
    let target = to.join(format!("{}{ending}", bundle.manifest().file_name()));
    let failed = BundleError::io(&target);
    let unfinished = Unfinished::begin(target.clone())?;
    let out = BufWriter::with_capacity(64 * 1024, &unfinished.file);
    let out = if recipients.is_empty() {
        write_to(bundle, out, progress, &failed)?
    } else {
        let closed = write_to(bundle, encrypt_to(recipients, out)?.map_err(&failed)?, progress, &failed)?;
        closed.finish().map_err(&failed)?
    };
    out.into_inner().map_err(|error| failed(error.into_error()))?;
    unfinished.publish()?;
    Ok(target)
}

/// Writes every member behind its header, and the end.
fn write_to<W: Write>(
    mut bundle: Bundle,
    mut out: W,
    progress: &mut dyn FnMut(Progress),
    failed: &dyn Fn(io::Error) -> BundleError,
) -> Result<W, BundleError> {
    const SOME: usize = 256 * 1024;
    let (created, total) = (bundle.manifest().created(), bundle.total());
    let (mut done, mut some) = (0, vec![0; SOME]);
    let mut put = |bytes: &[u8]| {
        out.write_all(bytes).map_err(failed)?;
        done += bytes.len() as u64;
        progress(Progress { done, total });
        Ok::<u64, BundleError>(done)
    };
    let note = bundle.manifest_note();
    put(&header::write(Member::Manifest, note.len() as u64, created))?;
    put(note)?;
    put(zeros(header::padding(note.len() as u64)))?;
    while let Some(mut part) = bundle.next_part()? {
        let (member, len) = (part.member(), part.total());
        put(&header::write(member, len, created))?;
        let mut left = len;
        while left > 0 {
            let read = part.read(&mut some).map_err(failed)?;
            if read == 0 {
                return Err(BundleError::member(member, Fault::Changed));
            }
            put(&some[..read])?;
            left -= read as u64;
        }
        part.finish()?;
        put(zeros(header::padding(len)))?;
    }
    let end = put(&[])?;
    put(zeros(header::trailer(end)))?;
    out.flush().map_err(failed)?;
    Ok(out)
}

/// Fewer than twelve kibibytes of zeros.
fn zeros(count: u64) -> &'static [u8] {
    const ZEROS: [u8; 12_288] = [0; 12_288];
    // Padding is shorter than a block, and the end is shorter than a record and two blocks.
    &ZEROS[..count as usize]
}

/// A file that does not have its name yet; dropped, it is gone.
struct Unfinished {
    file: File,
    part: PathBuf,
    target: PathBuf,
    published: bool,
}

impl Unfinished {
    /// Opens the file for `target`. One that a crash left is written anew.
    fn begin(target: PathBuf) -> Result<Self, BundleError> {
        if target.symlink_metadata().is_ok() {
            return Err(BundleError::Exists { path: target });
        }
        let mut name = target.clone().into_os_string();
        name.push(".part");
        let part = PathBuf::from(name);
        let failed = BundleError::io(&part);
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
        let file = options.open(&part).map_err(&failed)?;
        let in_use = || BundleError::InUse { path: part.clone() };
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            Errno::WOULDBLOCK => in_use(),
            error => failed(error.into()),
        })?;
        // Whoever had the lock may have given the file its name meanwhile: then it is not ours to change.
        let (ours, there) = (file.metadata().map_err(&failed)?, part.symlink_metadata());
        if !ours.is_file() || !there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
        {
            return Err(in_use());
        }
        // One that somebody else made, or may write to, would be theirs when it has its name.
        if ours.uid() != rustix::process::geteuid().as_raw() || ours.mode() & 0o022 != 0 {
            return Err(in_use());
        }
        file.set_len(0).map_err(&failed)?;
        Ok(Self { file, part, target, published: false })
    }

    /// Gives it its name, once it is on the disk.
    fn publish(mut self) -> Result<(), BundleError> {
        let failed = BundleError::io(&self.target);
        self.file.sync_all().map_err(&failed)?;
        match renameat_with(CWD, &self.part, CWD, &self.target, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Err(BundleError::Exists { path: self.target.clone() }),
            // Some file systems of removable media cannot say "unless it is there".
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                if self.target.symlink_metadata().is_ok() {
                    return Err(BundleError::Exists { path: self.target.clone() });
                }
                std::fs::rename(&self.part, &self.target).map_err(&failed)?;
            }
            Err(error) => return Err(failed(error.into())),
        }
        self.published = true;
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be removed is written anew the next time.
            drop(std::fs::remove_file(&self.part));
        }
    }
}
