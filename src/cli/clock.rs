//! The system clock, read where the command line is itself the appliance: at set-up.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::time::Timestamp;

/// The system's time now.
#[expect(clippy::disallowed_methods, reason = "set-up has no keeper to ask for the appliance's clock")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
