//! The log in the words of existing collectors: one line for each entry, and the same line each time.

use crate::domain::audit::entry::{Body, ClockTrust, Delivery, Entry};

pub mod lines;
pub mod ocsf;
pub mod syslog;

/// How much an entry asks for attention.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Weight {
    /// The day's work.
    Routine,
    /// Somebody got nearer to a credential, or the appliance came or went.
    Notable,
    /// Somebody was refused, or something failed.
    Warning,
    /// Everything was brought down.
    Alarm,
}

impl Weight {
    fn of(entry: &Entry) -> Self {
        let own = match &entry.body {
            Body::Frozen { .. } => Self::Alarm,
            Body::Refused { .. } | Body::PassphraseFailed { .. } | Body::ArmFailed { .. } => Self::Warning,
            Body::Delivered { delivered: Delivery::Unknown, .. }
            | Body::Shown { delivered: Delivery::Unknown, .. } => Self::Warning,
            Body::Setup(_)
            | Body::Started { .. }
            | Body::Stopped
            | Body::Deposited { .. }
            | Body::Armed { .. }
            | Body::Denied { .. }
            | Body::Revoked { .. }
            | Body::Pulled { .. }
            | Body::Revealed { .. }
            | Body::PullReturned { .. }
            | Body::Exported { .. } => Self::Notable,
            Body::Requested { .. }
            | Body::Approved { .. }
            | Body::Expired { .. }
            | Body::Delivered { .. }
            | Body::Shown { .. }
            | Body::ChipSays { .. }
            | Body::Checkpoint { .. }
            | Body::Cosigned { .. } => Self::Routine,
        };
        match entry.clock {
            ClockTrust::Agrees => own,
            ClockTrust::Alarm => own.max(Self::Warning),
        }
    }
}

const fn clock_word(entry: &Entry) -> &'static str {
    match entry.clock {
        ClockTrust::Agrees => "agrees",
        ClockTrust::Alarm => "alarm",
    }
}

/// The name of the appliance in the origin of its log.
fn appliance_of(origin: &str) -> &str {
    origin.rsplit('/').next().unwrap_or(origin)
}
