//! A bundle in one file.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

use super::error::{BundleError, Fault};
use super::header::{self, BLOCK, Said};
use crate::domain::audit::manifest::{Manifest, Member};

/// The file, and how far it was read.
pub(super) struct Tarball {
    file: BufReader<File>,
    path: PathBuf,
    len: u64,
    /// Of what was handed out or skipped, headers too.
    at: u64,
    /// In seconds; that of MANIFEST, and by it that of all.
    mtime: Option<u64>,
}

impl Tarball {
    pub(super) fn new(file: File, path: PathBuf, len: u64) -> Self {
        Self { file: BufReader::with_capacity(64 * 1024, file), path, len, at: 0, mtime: None }
    }

    /// Reads the header of `member`, and says how long it is.
    pub(super) fn begin(&mut self, member: Member) -> Result<u64, BundleError> {
        let refuse = |fault| Err(BundleError::member(member, fault));
        if self.len - self.at < BLOCK {
            return refuse(Fault::Ends);
        }
        let mut block = [0; 512];
        self.fill(&mut block)?;
        let Said { len, mtime } = header::read(member, &block)?;
        if *self.mtime.get_or_insert(mtime) != mtime {
            return refuse(Fault::Field { field: "time" });
        }
        let left = self.len - self.at;
        if len + header::padding(len) > left {
            return refuse(Fault::Truncated { declared: len, left });
        }
        Ok(len)
    }

    /// Compares what MANIFEST says with what its header said.
    pub(super) fn agree(&self, manifest: &Manifest) -> Result<(), BundleError> {
        let is_same = self.mtime == Some(manifest.created().ms() / 1_000);
        if is_same {
            Ok(())
        } else {
            Err(BundleError::member(Member::Manifest, Fault::Field { field: "time" }))
        }
    }

    /// Some of the member's bytes, at most as many as are left of it.
    pub(super) fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(to)?;
        self.at += read as u64;
        Ok(read)
    }

    /// Goes on behind some of the member's bytes.
    pub(super) fn pass_over(&mut self, count: u64) -> std::io::Result<()> {
        // A member has fewer than 2^33 bytes, and the file had as many when it was opened.
        self.file.seek_relative(count.cast_signed())?;
        self.at += count;
        Ok(())
    }

    /// Reads the zeros after a member of `len` bytes.
    pub(super) fn finish(&mut self, member: Member, len: u64) -> Result<(), BundleError> {
        if self.zeros(header::padding(len))? {
            Ok(())
        } else {
            Err(BundleError::member(member, Fault::Padding))
        }
    }

    /// Reads the end: zeros to the end of the record, and nothing more.
    pub(super) fn end(&mut self) -> Result<(), BundleError> {
        let refuse = |why| Err(BundleError::Trailer { why });
        let (left, trailer) = (self.len - self.at, header::trailer(self.at));
        if left < 2 * BLOCK {
            return refuse("the two blocks of zeros are missing: the file was cut off");
        }
        if !self.zeros(left.min(trailer))? {
            return refuse("there is something where zeros should be");
        }
        match left.cmp(&trailer) {
            std::cmp::Ordering::Less => refuse("the zeros end before the record does: the file was cut off"),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => refuse("the file goes on after the end of the bundle"),
        }
    }

    pub(super) const fn total(&self) -> u64 {
        self.len
    }

    fn zeros(&mut self, count: u64) -> Result<bool, BundleError> {
        let mut left = count;
        let mut block = [0; 512];
        while left > 0 {
            // At most 512.
            let some = left.min(BLOCK) as usize;
            self.fill(&mut block[..some])?;
            if block[..some].iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            left -= some as u64;
        }
        Ok(true)
    }

    fn fill(&mut self, to: &mut [u8]) -> Result<(), BundleError> {
        self.file.read_exact(to).map_err(BundleError::io(&self.path))?;
        self.at += to.len() as u64;
        Ok(())
    }
}
