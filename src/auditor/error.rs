//! Why a bundle was refused.

use std::io;
use std::path::{Path, PathBuf};

use crate::crypto::recipient::WrapError;
use crate::domain::audit::manifest::{ManifestError, Member};

/// Why a bundle was not read or not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The system said no.
    #[error("{}: {error}", .path.display())]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Neither a file nor a folder.
    #[error("{} is neither a file nor a folder", .path.display())]
    NotABundle {
        /// What was named.
        path: PathBuf,
    },
    /// MANIFEST does not read.
    #[error("MANIFEST: {0}")]
    Manifest(#[from] ManifestError),
    /// One member is not as it must be.
    #[error("{member}: {fault}")]
    Member {
        /// Which; where something else stands, the one that should stand there.
        member: Member,
        /// How.
        fault: Fault,
    },
    /// Something that no bundle has stands in its folder.
    #[error("{name:?} in the folder {why}")]
    Stray {
        /// Its name, escaped and shortened.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The end of the file is not the end of a bundle.
    #[error("after the last member: {why}")]
    Trailer {
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is a file of this name already.
    #[error("{} exists already, and is never overwritten", .path.display())]
    Exists {
        /// Its name.
        path: PathBuf,
    },
    /// Somebody else is writing it.
    #[error("{} is being written by another process", .path.display())]
    InUse {
        /// Its name while it is written.
        path: PathBuf,
    },
    /// It cannot be encrypted to somebody.
    #[error(transparent)]
    Recipient(#[from] WrapError),
}

impl BundleError {
    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self::Io { path: path.clone(), error }
    }

    pub(super) const fn member(member: Member, fault: Fault) -> Self {
        Self::Member { member, fault }
    }
}

/// What is wrong with one member.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file ends where its header should stand.
    #[error("the file ends before its header")]
    Ends,
    /// The zeros of the end stand where its header should.
    #[error("the end of the bundle stands in its place")]
    Missing,
    /// The header does not add up.
    #[error("the checksum of its header is wrong")]
    Checksum,
    /// Not this kind of archive.
    #[error("its header is {found}, not of the archive format ustar")]
    Format {
        /// What it is.
        found: &'static str,
    },
    /// Not a regular file.
    #[error("it is {found}, not a plain file")]
    Kind {
        /// What it is.
        found: &'static str,
    },
    /// Another name stands in its place.
    #[error("in its place stands {found:?}, which {why}")]
    Name {
        /// The name, escaped and shortened.
        found: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A header field that is empty or another in every bundle.
    #[error("the {field} in its header is not the one that a bundle has")]
    Field {
        /// Which field.
        field: &'static str,
    },
    /// The size is not written as it must be.
    #[error("its size is not eleven octal digits")]
    Size,
    /// The file does not have what the header says.
    #[error("its header says {declared} bytes, and the file has {left} more")]
    Truncated {
        /// By the header.
        declared: u64,
        /// To the end of the file.
        left: u64,
    },
    /// Longer than it may be.
    #[error("it has {len} bytes, allowed are {max}")]
    TooLong {
        /// What it has.
        len: u64,
        /// What it may have.
        max: u64,
    },
    /// Too short for what MANIFEST says of it.
    #[error("it has {len} bytes, and MANIFEST says that {entries} entries are in it")]
    TooShort {
        /// What it has.
        len: u64,
        /// What should be in it.
        entries: u64,
    },
    /// The fill to the next block is not zero.
    #[error("the bytes between its end and the next header are not zero")]
    Padding,
    /// Other bytes than MANIFEST says.
    #[error("its SHA-256 is not the one in MANIFEST")]
    Digest,
    /// It is in the folder, and not in MANIFEST.
    #[error("MANIFEST does not list it")]
    Unlisted,
    /// It is in MANIFEST, and not in the folder.
    #[error("it is not in the folder")]
    Absent,
    /// It became longer or shorter while it was read.
    #[error("it changed while it was read")]
    Changed,
}
