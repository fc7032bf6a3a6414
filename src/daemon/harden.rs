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
    room_for_descriptors();
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

/// Makes room for a thousand jobs, each with a connection and two handles of its process: the usual
/// soft limit of 1,024 is for programs that use `select`.
fn room_for_descriptors() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(DESCRIPTORS, |maximum| maximum.min(DESCRIPTORS));
    if current.is_some_and(|current| current < wanted) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
        if let Err(error) = raised {
            tracing::warn!(%error, "no more descriptors than at the start");
        }
    }
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
        room_for_descriptors();
        let raised = getrlimit(Resource::Nofile).current;
        setrlimit(Resource::Nofile, limit).expect("as it was");
        assert_eq!(raised, Some(limit.maximum.unwrap_or(DESCRIPTORS).min(DESCRIPTORS)));
    }
}
