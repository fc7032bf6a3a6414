//! Who is at the other end of a Unix socket: only what the kernel says, never what the peer says.
//!
//! The kernel fixes the answer when the peer connects, and hands out a handle of that process (a pidfd).
//! Everything read from `/proc` is bracketed by that handle, the start time and the owner, so that a reused
//! process number, a process that became another program or changed its user is refused, before the decision
//! and again before the delivery. What no kernel can say is with whom the peer shares its descriptor: a
//! process may pass it on or leave it to a child, and so speaks for everybody it trusts.

use std::os::unix::net::UnixStream;

use nix::unistd::{Gid, Group, Uid, User};
use rustix::io::Errno;

use crate::domain::selector::{Evidence, KernelProof};

mod executable;
mod process;

use executable::Executable;
pub use executable::ExecutableHashes;
use process::Process;

/// Why there is no evidence of a peer, or no longer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// The kernel does not say who connected.
    #[error("the kernel does not say who connected: {cause}")]
    Socket {
        /// Its answer.
        cause: Errno,
    },
    /// The peer is in a process namespace that this host's kernel does not show to the appliance.
    #[error("the peer is in another process namespace")]
    Elsewhere,
    /// The process ended.
    #[error("process {pid} is gone")]
    Gone {
        /// The process number it had.
        pid: u32,
    },
    /// The process is not what it was when it connected, or when it was first looked at.
    #[error("process {pid} changed its {what} since it connected")]
    Changed {
        /// The process number.
        pid: u32,
        /// What is different now.
        what: &'static str,
    },
    /// The executable has no name any more, so nobody can say what it is.
    #[error("the executable of process {pid} was deleted or replaced while it runs")]
    Deleted {
        /// The process number.
        pid: u32,
    },
    /// The executable is larger than what is read of a stranger's files.
    #[error("the executable of process {pid} has {size} bytes, read are at most {max}", max = ExecutableHashes::SIZE_MAX)]
    TooLarge {
        /// The process number.
        pid: u32,
        /// Its size in bytes.
        size: u64,
    },
    /// The appliance has no descriptor or memory left to look at the process with, which says nothing
    /// of the process.
    #[error("process {pid} could not be looked at: {cause}")]
    Exhausted {
        /// The process number.
        pid: u32,
        /// The system's answer.
        cause: Errno,
    },
    /// A file of the process cannot be read.
    #[error("cannot read {file} of process {pid}: {cause}")]
    Unreadable {
        /// The process number.
        pid: u32,
        /// Its name under `/proc/<pid>`.
        file: &'static str,
        /// The system's answer.
        cause: Errno,
    },
}

impl PeerError {
    /// What the system says when it cannot look at a process; `what` else it means by that.
    const fn looking_at(pid: u32, cause: Errno, what: Self) -> Self {
        match cause {
            Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS => Self::Exhausted { pid, cause },
            _ => what,
        }
    }

    /// Whether it says something of the appliance, and nothing of the peer.
    pub const fn is_exhausted(&self) -> bool {
        matches!(self, Self::Exhausted { .. })
    }
}

/// A peer, held by a handle of its process.
#[derive(Debug)]
pub struct Peer {
    process: Process,
    executable: Option<Executable>,
    evidence: Evidence,
}

/// Asks the kernel who connected.
///
/// The evidence has no digest yet: see [`Peer::measure`]. It has no path when the executable may not be
/// looked at (the appliance is neither root nor the same user), or when the file of that name on this host
/// is another one (the peer sees other mounts).
///
/// # Errors
/// [`PeerError`]: then the peer gets nothing.
pub fn observe(stream: &UnixStream) -> Result<Peer, PeerError> {
    Peer::of(Process::connected(stream)?)
}

impl Peer {
    fn of(process: Process) -> Result<Self, PeerError> {
        let executable = Executable::of(&process)?;
        let (uid, gid) = process.owner();
        let pid = process.pid();
        let user = named(pid, User::from_uid(Uid::from_raw(uid)))?;
        let group = named(pid, Group::from_gid(Gid::from_raw(gid)))?;
        let evidence = Evidence {
            uid,
            gid,
            user: user.map(|user| user.name),
            group: group.map(|group| group.name),
            pid: process.pid(),
            path: executable.as_ref().and_then(Executable::path_on_this_host),
            sha256: None,
            kernel: process.proof(),
        };
        let peer = Self { process, executable, evidence };
        peer.recheck()?;
        Ok(peer)
    }

    /// What the kernel said.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Reads the executable and puts its digest into the evidence.
    ///
    /// It costs the reading of a file that the peer chose, so it is for peers that match a client record in
    /// everything else. It changes nothing when the executable may not be looked at.
    ///
    /// # Errors
    /// [`PeerError`]: then the peer gets nothing.
    pub fn measure(&mut self, hashes: &ExecutableHashes) -> Result<(), PeerError> {
        if let Some(executable) = &self.executable {
            let digest = hashes.digest(&self.process, executable)?;
            self.recheck()?;
            self.evidence.sha256 = digest.map(hex::encode);
        }
        Ok(())
    }

    /// Looks again whether process, owner and executable are those of the evidence.
    ///
    /// # Errors
    /// [`PeerError`]: then the evidence is void and the peer gets nothing.
    pub fn recheck(&self) -> Result<(), PeerError> {
        self.process.recheck()?;
        if Executable::of(&self.process)? != self.executable {
            return Err(PeerError::Changed { pid: self.process.pid(), what: "executable" });
        }
        // The executable was read between two looks at the process, so it is that of this process.
        self.process.recheck()
    }
}

/// Whoever has no name here has none; nor has one whose name cannot be looked up, unless it is for want
/// of descriptors.
fn named<T>(pid: u32, found: nix::Result<Option<T>>) -> Result<Option<T>, PeerError> {
    found.or_else(|cause| {
        let cause = Errno::from_raw_os_error(cause as i32);
        let error = PeerError::looking_at(pid, cause, PeerError::Elsewhere);
        if error.is_exhausted() { Err(error) } else { Ok(None) }
    })
}

#[cfg(test)]
mod tests;
