//! No core files of a process that holds a passphrase or a credential.

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

use super::args::Verb;
use super::failure::{Failure, Stop};

/// Forbids core files, and what this user's other processes could do to this one.
///
/// A pull stays open to those until it has its credential: the keeper has to see its executable.
///
/// # Errors
/// [`Stop`] when the kernel says no.
pub fn forbid(verb: &Verb) -> Result<(), Stop> {
    // The hard limit is left to the programs that are started from here.
    let hard = getrlimit(Resource::Core).maximum;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: hard }).map_err(failure)?;
    if matches!(verb, Verb::Pull(_)) { Ok(()) } else { close() }
}

/// Closes this process to this user's other processes, and to dumps of every kind.
///
/// # Errors
/// [`Stop`] when the kernel says no.
pub fn close() -> Result<(), Stop> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(failure)
}

fn failure(error: Errno) -> Stop {
    let what = format!("core files cannot be forbidden: {error}");
    Failure::unexpected("dumps", what, "run it where prctl and setrlimit are allowed").into()
}
