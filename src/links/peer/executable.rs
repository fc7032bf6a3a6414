//! The program that a process runs, as the kernel holds it.

use std::collections::HashMap;
use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Statx, StatxFlags, openat, readlinkat, statx};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::PeerError;
use super::process::Process;

const LINK: &str = "exe";

/// Which file in which state: another one whenever its bytes could be others.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct FileState {
    device: (u32, u32),
    inode: u64,
    size: u64,
    modified: (i64, u32),
    changed: (i64, u32),
}

impl From<&Statx> for FileState {
    fn from(found: &Statx) -> Self {
        Self {
            device: (found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            size: found.stx_size,
            modified: (found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec),
            changed: (found.stx_ctime.tv_sec, found.stx_ctime.tv_nsec),
        }
    }
}

/// The executable of a process: the name that the kernel gives it, and its state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Executable {
    name: CString,
    state: FileState,
}

impl Executable {
    /// Looks at the executable without opening it; `None` when that is not allowed.
    pub fn of(process: &Process) -> Result<Option<Self>, PeerError> {
        let looked = readlinkat(process.directory(), LINK, Vec::new()).and_then(|name| {
            // What the kernel knows already: a file system in the hands of the peer is not asked.
            let flags = AtFlags::STATX_DONT_SYNC;
            statx(process.directory(), LINK, flags, StatxFlags::BASIC_STATS).map(|found| (name, found))
        });
        let (name, found) = match looked {
            Ok(looked) => looked,
            Err(Errno::ACCESS | Errno::PERM) => return Ok(None),
            Err(cause) => return Err(process.unreadable(LINK, cause)),
        };
        if name.as_bytes().ends_with(b" (deleted)") || found.stx_nlink == 0 {
            return Err(PeerError::Deleted { pid: process.pid() });
        }
        Ok(Some(Self { name, state: FileState::from(&found) }))
    }

    /// The name, if it is text and the file of that name on this host is the one that runs.
    ///
    /// A peer may see other mounts (a container, a bind mount of its own, a file system detached meanwhile);
    /// then the kernel's name for the file is one that the peer could choose.
    pub fn path_on_this_host(&self) -> Option<String> {
        let here = statx(CWD, self.name.as_c_str(), AtFlags::empty(), StatxFlags::BASIC_STATS).ok()?;
        let here = FileState::from(&here);
        let same = (here.device, here.inode) == (self.state.device, self.state.inode);
        if same { self.name.to_str().ok().map(str::to_owned) } else { None }
    }

    /// Opens the file that runs, whatever has its name by now; `None` when that is not allowed.
    fn open(&self, process: &Process) -> Result<Option<OwnedFd>, PeerError> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match openat(process.directory(), LINK, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::ACCESS | Errno::PERM) => return Ok(None),
            Err(cause) => return Err(process.unreadable(LINK, cause)),
        };
        self.require_same(process, &file)?;
        Ok(Some(file))
    }

    fn require_same(&self, process: &Process, file: &OwnedFd) -> Result<(), PeerError> {
        let found = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS)
            .map_err(|cause| process.unreadable(LINK, cause))?;
        let regular = FileType::from_raw_mode(found.stx_mode.into()) == FileType::RegularFile;
        if regular && FileState::from(&found) == self.state {
            Ok(())
        } else {
            Err(PeerError::Changed { pid: process.pid(), what: "executable" })
        }
    }
}

/// Digests of executables, each read once as long as the file does not change.
#[derive(Debug, Default)]
pub struct ExecutableHashes(Mutex<HashMap<FileState, [u8; 32]>>);

impl ExecutableHashes {
    /// The largest executable that is read, in bytes: 512 MiB.
    pub const SIZE_MAX: u64 = 512 << 20;
    /// The most digests that are kept.
    const COUNT_MAX: usize = 256;

    /// A memory of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn digest(
        &self,
        process: &Process,
        executable: &Executable,
    ) -> Result<Option<[u8; 32]>, PeerError> {
        let size = executable.state.size;
        if size > Self::SIZE_MAX {
            return Err(PeerError::TooLarge { pid: process.pid(), size });
        }
        if let Some(known) = self.known().get(&executable.state) {
            return Ok(Some(*known));
        }
        let Some(file) = executable.open(process)? else { return Ok(None) };
        let digest = read_all(&file, size).map_err(|cause| process.unreadable(LINK, cause))?;
        executable.require_same(process, &file)?;
        let mut known = self.known();
        if known.len() >= Self::COUNT_MAX {
            known.clear();
        }
        known.insert(executable.state, digest);
        Ok(Some(digest))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<FileState, [u8; 32]>> {
        // Each entry is whole as soon as it is there, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hashes `size` bytes; a file that gives fewer or more is not the one that was looked at.
fn read_all(file: &OwnedFd, size: u64) -> Result<[u8; 32], Errno> {
    const BUFFER_LEN: usize = 64 << 10;
    let mut buffer = vec![0; BUFFER_LEN];
    let mut hash = Sha256::new();
    let mut left = size;
    loop {
        let len = match rustix::io::read(file, buffer.as_mut_slice()) {
            Err(Errno::INTR) => continue,
            outcome => outcome?,
        };
        if len == 0 {
            return if left == 0 { Ok(hash.finalize().into()) } else { Err(Errno::IO) };
        }
        left = left.checked_sub(len as u64).ok_or(Errno::IO)?;
        hash.update(&buffer[..len]);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn look(name: &std::path::Path) -> Executable {
        let name = CString::new(name.as_os_str().as_bytes()).expect("no NUL");
        let found = statx(CWD, name.as_c_str(), AtFlags::empty(), StatxFlags::BASIC_STATS).expect("is there");
        Executable { state: FileState::from(&found), name }
    }

    #[test]
    fn p32_a_name_counts_only_if_it_names_the_same_file_here() {
        let home = tempfile::tempdir().expect("directory");
        let (job, forged) = (home.path().join("job"), home.path().join("forged"));
        fs::write(&job, "right").expect("written");
        fs::write(&forged, "wrong").expect("written");
        let honest = look(&job);
        assert_eq!(honest.path_on_this_host().as_deref(), job.to_str());
        let elsewhere = Executable { state: look(&forged).state, ..honest.clone() };
        assert_eq!(elsewhere.path_on_this_host(), None, "another file runs under the name of the job");
        fs::remove_file(&job).expect("removed");
        assert_eq!(honest.path_on_this_host(), None, "nothing has that name here");
    }

    #[test]
    fn a_file_that_shrinks_or_grows_while_it_is_read_has_no_digest() {
        let home = tempfile::tempdir().expect("directory");
        let path = home.path().join("job");
        fs::write(&path, "eight ch").expect("written");
        for (size, fits) in [(7, false), (8, true), (9, false)] {
            let file = OwnedFd::from(fs::File::open(&path).expect("opened"));
            assert_eq!(read_all(&file, size).is_ok(), fits, "{size}");
        }
    }
}
