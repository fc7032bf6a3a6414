//! Reading a bundle, as one file or as a folder: one member after the other, in constant memory.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::vec;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::error::{BundleError, Fault};
use super::folder::Folder;
use super::tarball::Tarball;
use crate::domain::audit::manifest::{Manifest, Member, Range};

/// A bundle of which MANIFEST was read. Every other member is compared with it when it ends.
pub struct Bundle {
    path: PathBuf,
    source: Source,
    note: Vec<u8>,
    manifest: Manifest,
    rest: vec::IntoIter<Member>,
    current: Option<Current>,
}

enum Source {
    Tarball(Tarball),
    Folder(Folder),
}

/// A member that has begun, and not ended yet.
struct Current {
    member: Member,
    len: u64,
    left: u64,
    hash: Sha256,
}

impl Bundle {
    /// Opens a bundle and reads its MANIFEST; whose it is and whether anybody signed it is not looked at.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let failed = BundleError::io(path);
        let nonblock = OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path).map_err(&failed)?;
        let about = file.metadata().map_err(&failed)?;
        let mut source = if about.is_dir() {
            Source::Folder(Folder::open(file.into(), path.to_owned())?)
        } else if about.is_file() {
            Source::Tarball(Tarball::new(file, path.to_owned(), about.len()))
        } else {
            return Err(BundleError::NotABundle { path: path.to_owned() });
        };
        let len = source.begin(Member::Manifest, None)?;
        let mut note = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
        Limited { source: &mut source, left: len }.read_to_end(&mut note).map_err(&failed)?;
        if note.len() as u64 != len {
            return Err(BundleError::member(Member::Manifest, Fault::Changed));
        }
        source.finish(Member::Manifest, len)?;
        let manifest = Manifest::in_note(&note)?;
        match &source {
            Source::Tarball(tarball) => tarball.agree(&manifest)?,
            Source::Folder(folder) => folder.agree(&manifest)?,
        }
        let rest: Vec<Member> = manifest.members().skip(1).collect();
        Ok(Self { path: path.to_owned(), source, note, manifest, rest: rest.into_iter(), current: None })
    }

    /// What MANIFEST says.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// MANIFEST as it was signed, with its signatures.
    pub fn manifest_note(&self) -> &[u8] {
        &self.note
    }

    /// Bytes of the bundle as one file.
    pub const fn total(&self) -> u64 {
        match &self.source {
            Source::Tarball(tarball) => tarball.total(),
            Source::Folder(folder) => folder.total(),
        }
    }

    /// Goes on with the next member, in the order of a bundle; `None` at its end, which was checked too.
    /// What was not read of the one before is read now and compared with MANIFEST.
    ///
    /// # Errors
    /// [`BundleError`]: of the one before, of the next, or of the end.
    pub fn next_part(&mut self) -> Result<Option<Part<'_>>, BundleError> {
        self.settle()?;
        let Some(member) = self.rest.next() else {
            if let Source::Tarball(tarball) = &mut self.source {
                tarball.end()?;
            }
            return Ok(None);
        };
        let len = self.source.begin(member, Some(self.manifest.range()))?;
        let current = Current { member, len, left: len, hash: Sha256::new() };
        self.current = Some(current);
        Ok(Some(Part { bundle: self, member, len }))
    }

    /// Reads all that was not read yet, and compares it with MANIFEST.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn finish(mut self) -> Result<(), BundleError> {
        while self.next_part()?.is_some() {}
        Ok(())
    }

    fn settle(&mut self) -> Result<(), BundleError> {
        const SOME: usize = 64 * 1024;
        if self.current.as_ref().is_some_and(|current| current.left > 0) {
            let mut some = vec![0; SOME];
            while self.read(&mut some).map_err(BundleError::io(&self.path))? > 0 {}
        }
        let Some(Current { member, len, left, hash }) = self.current.take() else { return Ok(()) };
        if left > 0 {
            return Err(BundleError::member(member, Fault::Changed));
        }
        self.source.finish(member, len)?;
        let digest: [u8; 32] = hash.finalize().into();
        if self.manifest.digest(member) == Some(&digest) {
            Ok(())
        } else {
            Err(BundleError::member(member, Fault::Digest))
        }
    }

    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.read_only(to)?;
        if let Some(current) = &mut self.current {
            current.hash.update(&to[..read]);
        }
        Ok(read)
    }

    /// Reads what somebody else hashes.
    fn read_only(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let Some(current) = &mut self.current else { return Ok(0) };
        let read = Limited { source: &mut self.source, left: current.left }.read(to)?;
        current.left -= read as u64;
        Ok(read)
    }
}

impl Source {
    /// Begins with `member`, and refuses one that has too many bytes or too few.
    fn begin(&mut self, member: Member, range: Option<Range>) -> Result<u64, BundleError> {
        let len = match self {
            Self::Tarball(tarball) => tarball.begin(member)?,
            Self::Folder(folder) => folder.begin(member)?,
        };
        let max = member.len_max(range);
        if len > max {
            return Err(BundleError::member(member, Fault::TooLong { len, max }));
        }
        if len < member.len_min(range) {
            let entries = range.map_or(0, Range::count);
            return Err(BundleError::member(member, Fault::TooShort { len, entries }));
        }
        Ok(len)
    }

    fn pass_over(&mut self, count: u64) -> io::Result<()> {
        match self {
            Self::Tarball(tarball) => tarball.pass_over(count),
            Self::Folder(folder) => folder.pass_over(count),
        }
    }

    fn finish(&mut self, member: Member, len: u64) -> Result<(), BundleError> {
        match self {
            Self::Tarball(tarball) => tarball.finish(member, len),
            Self::Folder(folder) => folder.finish(member),
        }
    }
}

/// Bytes of the current member that are hashed elsewhere.
struct Unhashed<'a>(&'a mut Bundle);

impl Read for Unhashed<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.0.read_only(to)
    }
}

/// The bytes of one member.
struct Limited<'a> {
    source: &'a mut Source,
    left: u64,
}

impl Read for Limited<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let len = usize::try_from(self.left).unwrap_or(usize::MAX).min(to.len());
        let read = match self.source {
            Source::Tarball(tarball) => tarball.read(&mut to[..len])?,
            Source::Folder(folder) => folder.read(&mut to[..len])?,
        };
        self.left -= read as u64;
        Ok(read)
    }
}

/// One member while it is read. Its bytes are not compared with MANIFEST before [`Part::finish`], or
/// before the bundle goes on.
pub struct Part<'a> {
    bundle: &'a mut Bundle,
    member: Member,
    len: u64,
}

impl Part<'_> {
    /// Which it is.
    pub const fn member(&self) -> Member {
        self.member
    }

    /// How many bytes it has.
    pub const fn total(&self) -> u64 {
        self.len
    }

    /// Reads what is left, and compares all of it with MANIFEST.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn finish(self) -> Result<(), BundleError> {
        self.bundle.settle()
    }

    /// Passes it over without reading it: nothing is known of its bytes then.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn pass_over(self) -> Result<(), BundleError> {
        let Some(Current { member, len, left, .. }) = self.bundle.current.take() else { return Ok(()) };
        self.bundle.source.pass_over(left).map_err(BundleError::io(&self.bundle.path))?;
        self.bundle.source.finish(member, len)
    }

    /// Lets `take` read all its bytes and hash them on the way, wherever it does that; then compares the hash
    /// with MANIFEST.
    ///
    /// # Errors
    /// What `take` says, or [`BundleError`].
    pub fn hashed_by<E: From<BundleError>>(
        self,
        take: impl FnOnce(&mut dyn Read, &mut Sha256) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut hash = Sha256::new();
        take(&mut Unhashed(self.bundle), &mut hash)?;
        if let Some(current) = &mut self.bundle.current {
            current.hash = hash;
        }
        Ok(self.bundle.settle()?)
    }

    /// All its bytes, compared with MANIFEST: for every member but the entries, which are read in pieces.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn bytes(mut self) -> Result<Vec<u8>, BundleError> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.len).unwrap_or_default());
        self.read_to_end(&mut bytes).map_err(BundleError::io(&self.bundle.path))?;
        self.finish()?;
        Ok(bytes)
    }
}

impl Read for Part<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.bundle.read(to)
    }
}
