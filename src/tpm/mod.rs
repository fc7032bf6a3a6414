//! The chip: what is sealed to it, what it counts, what it says of time, and its stand-in in software.
//!
//! From outside there are few verbs, on [`Chip`]; each opens its own connection and closes it.
//! Every session is salted to the storage root key as it was pinned at set-up and encrypts what
//! may be secret both ways. Nothing of `tss-esapi` leaves this room, because its buffers print
//! their bytes.
//!
//! libtss2 writes to standard error whatever the chip refuses, also refusals that are expected.
//! It reads `TSS2_LOG` from the environment when it first has something to say: whoever starts a
//! process that uses this room gives it `TSS2_LOG=all+NONE`.

mod attest;
mod buffers;
mod clock;
mod connect;
mod counter;
mod endorsement;
mod errand;
mod error;
mod log_key;
mod nvram;
mod pcr;
mod pins;
mod platform;
mod policy;
mod provision;
mod salted;
mod seal;
mod signing;
mod software;
mod timed;
mod window;

pub use attest::{Attestation, Quote, Statement};
pub use connect::{Chip, Tcti};
pub use counter::Anchor;
pub use error::{PolicyStep, Taken, TpmError};
pub use log_key::LogKey;
pub use nvram::NvAuths;
pub use pcr::{PcrSelection, PcrStatus};
pub use pins::Pins;
pub use platform::PlatformLock;
pub use provision::{Hierarchies, provision, refuse_taken};
pub use seal::SealedKey;
pub use software::{SoftTpm, SoftTpmGuard};
pub use window::{AnchoredPull, SealedWindow, WindowBounds, WindowProbe};

#[cfg(test)]
mod tests;
