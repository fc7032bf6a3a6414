//! The listening sockets, which nobody can reach before their permissions are right.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::unistd::Group;

/// Why a socket could not be bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The kernel holds no more than [`PATH_LEN_MAX`] bytes of a socket's path.
    #[error("{path} is too long for a socket: {len} bytes, allowed are {PATH_LEN_MAX}")]
    PathTooLong {
        /// The path, the staging directory included.
        path: PathBuf,
        /// Its length in bytes.
        len: usize,
    },
    /// Somebody answers on the socket that is there.
    #[error("{path} is in use by a running process")]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something else has the name of the socket or its directory.
    #[error("{path} is {found}, not {wanted}")]
    InTheWay {
        /// What is in the way.
        path: PathBuf,
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// The system refused.
    #[error("{path}: cannot {doing}: {cause}")]
    System {
        /// The file or directory.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's answer.
        cause: io::Error,
    },
}

/// The longest path of a socket, in bytes.
///
/// # Source
/// unix(7): `sun_path` has 108 bytes, the last a NUL.
pub const PATH_LEN_MAX: usize = 107;

const STAGING: &str = ".new";

/// Name and permissions of one socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SocketKind {
    /// The name in the directory of sockets.
    pub name: &'static str,
    /// Who may connect.
    pub mode: u32,
    /// The group it belongs to, on hosts that have it.
    pub group: Option<&'static str>,
}

/// Jobs: anybody may connect, evidence decides.
pub const PULL: SocketKind = SocketKind { name: "pull.sock", mode: 0o666, group: None };
/// Operators: members of the group may connect, their keys decide.
pub const OPERATOR: SocketKind = SocketKind { name: "operator.sock", mode: 0o660, group: Some("portcullis") };

/// Binds a socket in `run`, which is made when it is missing.
///
/// It is bound in a directory that only this user may enter, given its permissions there, and then
/// renamed, so it is never reachable with wrong ones. A socket left behind by a process that is gone
/// is replaced. The descriptor is closed on exec.
///
/// # Errors
/// [`SocketError`]; a socket that answers is not touched.
pub fn bind(run: &Path, kind: SocketKind) -> Result<UnixListener, SocketError> {
    let path = run.join(kind.name);
    let staging = run.join(STAGING);
    let staged = staging.join(kind.name);
    let len = staged.as_os_str().len();
    if len > PATH_LEN_MAX {
        return Err(SocketError::PathTooLong { path: staged, len });
    }
    own_directory(run, 0o755)?;
    refuse_living(&path)?;
    own_directory(&staging, 0o700)?;
    let listener = bind_staged(&staged, &path, kind);
    // Whatever happened, no half-made socket stays; the directory is not empty if another one is in it.
    let _ = fs::remove_file(&staged);
    let _ = fs::remove_dir(&staging);
    listener
}

fn bind_staged(staged: &Path, path: &Path, kind: SocketKind) -> Result<UnixListener, SocketError> {
    match fs::remove_file(staged) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            return Err(SocketError::System {
                path: staged.into(),
                doing: "remove a half-made socket",
                cause,
            });
        }
        _ => {}
    }
    let listener = UnixListener::bind(staged).map_err(|cause| refused(staged, "bind", cause))?;
    if let Some(gid) = kind.group.and_then(|name| Group::from_name(name).ok().flatten()) {
        // Outside that group and without root the socket stays with the group of this user.
        match chown(staged, None, Some(gid.gid.as_raw())) {
            Err(cause) if cause.kind() != io::ErrorKind::PermissionDenied => {
                return Err(refused(staged, "give to its group", cause));
            }
            _ => {}
        }
    }
    fs::set_permissions(staged, Permissions::from_mode(kind.mode))
        .map_err(|cause| refused(staged, "set permissions of", cause))?;
    fs::rename(staged, path).map_err(|cause| refused(path, "put a socket at", cause))?;
    Ok(listener)
}

fn refused(path: &Path, doing: &'static str, cause: io::Error) -> SocketError {
    SocketError::System { path: path.into(), doing, cause }
}

/// Makes a directory, or takes one over that belongs to this user or root and that nobody else may change.
fn own_directory(path: &Path, mode: u32) -> Result<(), SocketError> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => {
            return Err(refused(path, "make", cause));
        }
        _ => {}
    }
    let found = fs::symlink_metadata(path).map_err(|cause| refused(path, "look at", cause))?;
    let in_the_way = |found, wanted| SocketError::InTheWay { path: path.into(), found, wanted };
    if !found.is_dir() {
        return Err(in_the_way("no directory", "a directory"));
    }
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if !ours && found.uid() != 0 {
        return Err(in_the_way("a directory of another user", "one of this user or root"));
    }
    if ours && found.mode() & 0o7777 != mode {
        fs::set_permissions(path, Permissions::from_mode(mode))
            .map_err(|cause| refused(path, "set permissions of", cause))?;
    }
    Ok(())
}

/// Refuses to replace anything but a socket on which nobody answers.
fn refuse_living(path: &Path) -> Result<(), SocketError> {
    match fs::symlink_metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(refused(path, "look at", cause)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::InTheWay { path: path.into(), found: "no socket", wanted: "a socket" });
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(SocketError::InUse { path: path.into() }),
        Err(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(cause) => Err(refused(path, "find out who answers on", cause)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("is there").mode() & 0o7777
    }

    #[test]
    fn p33_sockets_appear_with_their_permissions_and_nothing_else_stays() {
        let home = tempfile::tempdir().expect("directory");
        let run = home.path().join("run");
        let listeners = [PULL, OPERATOR].map(|kind| bind(&run, kind).expect("bound"));
        assert_eq!(
            [mode(&run), mode(&run.join("pull.sock")), mode(&run.join("operator.sock"))],
            [0o755, 0o666, 0o660]
        );
        let mut names: Vec<_> =
            fs::read_dir(&run).expect("directory").map(|e| e.expect("entry").file_name()).collect();
        names.sort();
        assert_eq!(names, ["operator.sock", "pull.sock"]);
        let job = UnixStream::connect(run.join("pull.sock")).expect("somebody listens");
        assert!(listeners[0].accept().is_ok());
        drop(job);
    }

    #[test]
    fn p33_a_socket_is_never_reachable_before_its_permissions_are_set() {
        let home = tempfile::tempdir().expect("directory");
        let staging = home.path().join(STAGING);
        own_directory(&staging, 0o700).expect("made");
        assert_eq!(mode(&staging), 0o700, "nobody else may enter while a socket has the mode of the umask");
        fs::set_permissions(&staging, Permissions::from_mode(0o777)).expect("widened");
        own_directory(&staging, 0o700).expect("taken over");
        assert_eq!(mode(&staging), 0o700, "one that was left open is closed again");
    }

    #[test]
    fn only_a_socket_without_an_owner_is_replaced() {
        let home = tempfile::tempdir().expect("directory");
        let run = home.path().join("run");
        let living = bind(&run, PULL).expect("bound");
        assert!(matches!(bind(&run, PULL), Err(SocketError::InUse { .. })));
        assert!(UnixStream::connect(run.join("pull.sock")).is_ok(), "and it still works");
        drop(living);
        assert!(bind(&run, PULL).is_ok(), "a stale one");
        fs::remove_file(run.join("pull.sock")).expect("removed");
        fs::write(run.join("pull.sock"), "precious").expect("written");
        assert!(matches!(bind(&run, PULL), Err(SocketError::InTheWay { .. })));
        assert_eq!(fs::read(run.join("pull.sock")).expect("kept"), b"precious");
    }

    #[test]
    fn a_directory_must_be_one_of_our_own() {
        let home = tempfile::tempdir().expect("directory");
        let (elsewhere, link, file) = (home.path().join("a"), home.path().join("b"), home.path().join("c"));
        fs::create_dir(&elsewhere).expect("made");
        symlink(&elsewhere, &link).expect("linked");
        fs::write(&file, "").expect("written");
        for run in [&link, &file] {
            assert!(matches!(bind(run, PULL), Err(SocketError::InTheWay { .. })), "{run:?}");
        }
        chown(&elsewhere, Some(65_534), None).expect("given away");
        assert!(matches!(bind(&elsewhere, PULL), Err(SocketError::InTheWay { .. })));
    }

    #[test]
    fn a_path_has_at_most_107_bytes() {
        let home = tempfile::tempdir().expect("directory");
        let taken = home.path().as_os_str().len() + "//.new/pull.sock".len();
        let run = |extra| home.path().join("r".repeat(PATH_LEN_MAX - taken + extra));
        assert!(bind(&run(0), PULL).is_ok());
        let refusal = bind(&run(1), PULL).expect_err("one byte more");
        assert!(matches!(refusal, SocketError::PathTooLong { len: 108, .. }), "{refusal}");
    }
}
