//! Protections of the keeper's own process: no core files, no tracing, no swapping.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Descriptors that the keeper wants: four for each of a thousand jobs, and as many to spare.
const DESCRIPTORS: u64 = 8_192;

/// The kernel said no.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{what}: {cause}")]
pub struct HardenError {
    what: &'static str,
    cause: rustix::io::Errno,
}

/// What could be had.
#[derive(Clone, Debug)]
pub struct Hardened {
    /// Why memory is not locked, if it is not.
    pub memory: Option<String>,
}

/// Forbids core files and tracing by others of the same user, and locks memory where allowed.
///
/// # Errors
/// [`HardenError`] when core files or tracing cannot be forbidden.
pub fn process() -> Result<Hardened, HardenError> {
    no_dumps()?;
    descriptors()?;
    // With a limit, a lock on the future would make later allocations fail; root and units with
    // LimitMEMLOCK=infinity have none.
    let unlimited = getrlimit(Resource::Memlock).current.is_none() || rustix::process::geteuid().is_root();
    let memory = if unlimited {
        mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
            .err()
            .map(|e| e.to_string())
    } else {
        Some("RLIMIT_MEMLOCK is not unlimited".to_owned())
    };
    Ok(Hardened { memory })
}

/// Allows descriptors for as many connections as are taken, where the shell's limit is lower: the keeper
/// has up to four of each job, and without a spare one neither chip nor store can be opened.
fn descriptors() -> Result<(), HardenError> {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(DESCRIPTORS).min(DESCRIPTORS);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised).map_err(|cause| HardenError { what: "RLIMIT_NOFILE", cause })?;
    }
    Ok(())
}

/// Forbids core files, and tracing by others of the same user.
///
/// # Errors
/// [`HardenError`].
pub fn no_dumps() -> Result<(), HardenError> {
    let fail = |what| move |cause| HardenError { what, cause };
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(fail("RLIMIT_CORE"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(fail("PR_SET_DUMPABLE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_descriptors_for_every_connection() {
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(1_024), ..limit }).expect("lowered");
        descriptors().expect("raised");
        let raised = getrlimit(Resource::Nofile).current;
        setrlimit(Resource::Nofile, limit).expect("as it was");
        assert_eq!(raised, Some(limit.maximum.unwrap_or(DESCRIPTORS).min(DESCRIPTORS)));
    }
}
