//! A bundle that was unpacked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{Dir, FileType, Mode, OFlags, fstat, openat};

use super::error::{BundleError, Fault};
use super::header;
use crate::domain::audit::manifest::{Manifest, Member};
use crate::domain::text::escape;

/// The open files of a folder.
pub(super) struct Folder {
    path: PathBuf,
    files: BTreeMap<Member, (File, u64)>,
    current: Option<File>,
    total: u64,
}

const SUBFOLDERS: [&str; 3] = ["keys", "quote", "reports"];

impl Folder {
    /// Opens every member, and refuses a folder with anything else in it. Nothing is read.
    pub(super) fn open(top: OwnedFd, path: PathBuf) -> Result<Self, BundleError> {
        let mut folder = Self { path, files: BTreeMap::new(), current: None, total: 0 };
        folder.take_all(&top, None)?;
        let end: u64 =
            folder.files.values().map(|(_, len)| header::BLOCK + len + header::padding(*len)).sum();
        folder.total = end + header::trailer(end);
        Ok(folder)
    }

    /// Opens what is in one folder: the top, or one below it.
    fn take_all(&mut self, folder: &OwnedFd, below: Option<&str>) -> Result<(), BundleError> {
        let failed = BundleError::io(&self.path);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        for entry in Dir::read_from(folder).map_err(|error| failed(error.into()))? {
            let entry = entry.map_err(|error| failed(error.into()))?;
            let name = entry.file_name().to_string_lossy();
            if name == "." || name == ".." {
                continue;
            }
            let path = below.map_or_else(|| name.to_string(), |below| format!("{below}/{name}"));
            let stray =
                |why| BundleError::Stray { name: escape(&path.chars().take(60).collect::<String>()), why };
            if below.is_none() && SUBFOLDERS.contains(&&*name) {
                let inner = openat(folder, entry.file_name(), flags | OFlags::DIRECTORY, Mode::empty());
                self.take_all(&inner.map_err(|_| stray("is no folder"))?, Some(&name))?;
                continue;
            }
            let member = Member::of_path(&path).ok_or_else(|| stray("is no member of a bundle"))?;
            let file = openat(folder, entry.file_name(), flags, Mode::empty());
            self.files.insert(member, regular(member, file)?);
        }
        Ok(())
    }

    /// Goes on with `member`, and says how long it is.
    pub(super) fn begin(&mut self, member: Member) -> Result<u64, BundleError> {
        let (file, len) = self.files.remove(&member).ok_or(BundleError::member(member, Fault::Absent))?;
        self.current = Some(file);
        Ok(len)
    }

    /// Refuses a folder that has other members than MANIFEST says.
    pub(super) fn agree(&self, manifest: &Manifest) -> Result<(), BundleError> {
        for member in Member::listed() {
            let fault = match (self.files.contains_key(&member), manifest.digest(member).is_some()) {
                (true, false) => Fault::Unlisted,
                (false, true) => Fault::Absent,
                _ => continue,
            };
            return Err(BundleError::member(member, fault));
        }
        Ok(())
    }

    /// Some of the member's bytes.
    pub(super) fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        self.current.as_mut().map_or(Ok(0), |file| file.read(to))
    }

    /// Goes on behind some of the member's bytes.
    pub(super) fn pass_over(&mut self, count: u64) -> std::io::Result<()> {
        let file = self.current.as_mut();
        file.map_or(Ok(()), |file| file.seek_relative(count.cast_signed()))
    }

    /// The member must have ended.
    pub(super) fn finish(&mut self, member: Member) -> Result<(), BundleError> {
        let more = self.read(&mut [0]).map_err(BundleError::io(&self.path))?;
        self.current = None;
        if more == 0 { Ok(()) } else { Err(BundleError::member(member, Fault::Changed)) }
    }

    /// Bytes that it would have as one file.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }
}

/// An open file and its length, unless it is something else.
fn regular(member: Member, opened: rustix::io::Result<OwnedFd>) -> Result<(File, u64), BundleError> {
    let not_plain = |found| BundleError::member(member, Fault::Kind { found });
    let file = opened.map_err(|error| match error {
        rustix::io::Errno::LOOP => not_plain("a symbolic link"),
        // What cannot be opened without waiting for somebody.
        rustix::io::Errno::NXIO => not_plain("a socket"),
        error => BundleError::Io { path: member.path().into(), error: error.into() },
    })?;
    let stat = fstat(file.as_fd())
        .map_err(|error| BundleError::Io { path: member.path().into(), error: error.into() })?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok((file.into(), u64::try_from(stat.st_size).unwrap_or(0))),
        FileType::Directory => Err(not_plain("a folder")),
        FileType::Fifo => Err(not_plain("a named pipe")),
        _ => Err(not_plain("a device")),
    }
}
