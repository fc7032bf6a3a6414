//! One process, held so that its number cannot be reused unnoticed.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use nix::sys::socket::{getsockopt, sockopt};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::{KernelProof, PeerError};

/// A process, its start time and its owner.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    /// Readable when the process has ended.
    handle: OwnedFd,
    /// `/proc/<pid>`, which stays that of this process.
    directory: OwnedFd,
    /// Clock ticks since boot.
    start: u64,
    /// Effective ids at connect.
    owner: (u32, u32),
    proof: KernelProof,
}

impl Process {
    /// The process that connected.
    pub fn connected(stream: &UnixStream) -> Result<Self, PeerError> {
        let socket = |cause: nix::Error| PeerError::Socket { cause: Errno::from_raw_os_error(cause as i32) };
        let peer = getsockopt(stream, sockopt::PeerCredentials).map_err(socket)?;
        let pid = u32::try_from(peer.pid()).ok().filter(|pid| *pid > 0).ok_or(PeerError::Elsewhere)?;
        let owner = (peer.uid(), peer.gid());
        match getsockopt(stream, sockopt::PeerPidfd) {
            Ok(handle) => Self::pin(pid, owner, handle, KernelProof::Pidfd),
            Err(nix::Error::ENOPROTOOPT) => Self::by_number(pid, owner),
            Err(cause) => {
                let cause = Errno::from_raw_os_error(cause as i32);
                Err(PeerError::looking_at(pid, cause, PeerError::Gone { pid }))
            }
        }
    }

    /// The process that has this number now: all that a kernel before 6.5 can say.
    pub fn by_number(pid: u32, owner: (u32, u32)) -> Result<Self, PeerError> {
        let gone = PeerError::Gone { pid };
        let number = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(gone)?;
        let handle = pidfd_open(number, PidfdFlags::empty());
        let handle = handle.map_err(|cause| PeerError::looking_at(pid, cause, gone))?;
        Self::pin(pid, owner, handle, KernelProof::StartTime)
    }

    fn pin(pid: u32, owner: (u32, u32), handle: OwnedFd, proof: KernelProof) -> Result<Self, PeerError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, format!("/proc/{pid}"), flags, Mode::empty());
        let gone = PeerError::Gone { pid };
        let directory = directory.map_err(|cause| PeerError::looking_at(pid, cause, gone))?;
        let mut process = Self { pid, handle, directory, start: 0, owner, proof };
        process.start = process.read_start()?;
        // Alive now means that the number was not free since the handle was made: the directory is its own.
        process.recheck()?;
        Ok(process)
    }

    /// The process number.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Effective user and group id at connect.
    pub const fn owner(&self) -> (u32, u32) {
        self.owner
    }

    /// How it was found.
    pub const fn proof(&self) -> KernelProof {
        self.proof
    }

    /// `/proc/<pid>`.
    pub const fn directory(&self) -> &OwnedFd {
        &self.directory
    }

    /// Looks again whether it lives, is the same, and belongs to the same user and group.
    pub fn recheck(&self) -> Result<(), PeerError> {
        let changed = |what| PeerError::Changed { pid: self.pid, what };
        if self.read_start()? != self.start {
            return Err(changed("start time"));
        }
        let status = self.read("status")?;
        if effective(&status, "Uid:") != Some(self.owner.0) {
            return Err(changed("user"));
        }
        if effective(&status, "Gid:") != Some(self.owner.1) {
            return Err(changed("group"));
        }
        let mut ended = [PollFd::new(&self.handle, PollFlags::IN)];
        match poll(&mut ended, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            Ok(0) => Ok(()),
            Ok(_) => Err(PeerError::Gone { pid: self.pid }),
            Err(cause) => Err(PeerError::looking_at(self.pid, cause, PeerError::Gone { pid: self.pid })),
        }
    }

    /// What reading `file` says when it fails.
    pub const fn unreadable(&self, file: &'static str, cause: Errno) -> PeerError {
        match cause {
            Errno::NOENT | Errno::SRCH => PeerError::Gone { pid: self.pid },
            _ => PeerError::looking_at(self.pid, cause, PeerError::Unreadable { pid: self.pid, file, cause }),
        }
    }

    fn read_start(&self) -> Result<u64, PeerError> {
        start_time(&self.read("stat")?).ok_or_else(|| self.unreadable("stat", Errno::INVAL))
    }

    fn read(&self, file: &'static str) -> Result<Vec<u8>, PeerError> {
        const LEN_MAX: usize = 4_096;
        let failed = |cause| self.unreadable(file, cause);
        let open = openat(&self.directory, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let open = open.map_err(failed)?;
        let mut text = vec![0; LEN_MAX];
        let mut len = 0;
        while len < LEN_MAX {
            match rustix::io::read(&open, &mut text[len..]).map_err(failed)? {
                0 => break,
                more => len += more,
            }
        }
        text.truncate(len);
        Ok(text)
    }
}

/// Field 22 of `/proc/<pid>/stat`.
///
/// The second field is the name of the command in brackets; the process chooses it and may put blanks and
/// brackets into it, so fields are counted from the last closing one.
///
/// # Source
/// proc_pid_stat(5).
pub fn start_time(stat: &[u8]) -> Option<u64> {
    const FIELDS_AFTER_NAME: usize = 22 - 3;
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    rest.split_ascii_whitespace().nth(FIELDS_AFTER_NAME)?.parse().ok()
}

/// The second number of a `Uid:` or `Gid:` line of `/proc/<pid>/status`: real, effective, saved, file system.
fn effective(status: &[u8], key: &str) -> Option<u32> {
    // The first line is the name of the command, in which the kernel escapes an end of line.
    let mut lines = status.split(|byte| *byte == b'\n').skip(1);
    let line = lines.find_map(|line| line.strip_prefix(key.as_bytes()))?;
    std::str::from_utf8(line).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p32_the_start_time_is_found_behind_any_command_name() {
        let fields = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20";
        let stat = |name: &str| format!("4242 ({name}) {fields}\n").into_bytes();
        for name in ["job", "", "a b", ") S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 666", "((", "a\nb)"]
        {
            assert_eq!(start_time(&stat(name)), Some(777), "{name:?}");
        }
        let binary = [b"1 (\xff\xfe) ".as_slice(), fields.as_bytes()].concat();
        assert_eq!(start_time(&binary), Some(777));
        for wrong in ["", "1 job S 1", "1 (job) S 1 2", "1 (job)"] {
            assert_eq!(start_time(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_owner_is_the_effective_one() {
        let status = b"Name:\tUid:\t0\t0\nUmask:\t0022\nUid:\t1000\t1001\t1002\t1003\nGid:\t1\t2\t3\t4\n";
        assert_eq!((effective(status, "Uid:"), effective(status, "Gid:")), (Some(1001), Some(2)));
        assert_eq!(effective(b"Uid:\t7\t7\n", "Uid:"), None);
    }
}
