//! What the chip signs and says, as bytes on disk: attestations, signatures, public areas and the values
//! of platform registers. Everything is read strictly; nothing is trusted before its signature is verified.

mod attest;
mod key;
mod pcrs;
mod reader;

pub use attest::{Attest, Attested};
pub use key::{ENDORSEMENT, Name, SigningKey};
pub use pcrs::{PcrSelection, PcrValues};

/// Why bytes are not what the chip would have written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum QuoteError {
    /// They end too early.
    #[error("the bytes end within {what}")]
    Short {
        /// What was being read.
        what: &'static str,
    },
    /// They go on after the end.
    #[error("{extra} bytes follow after the end")]
    Long {
        /// How many.
        extra: usize,
    },
    /// A field has another value than it may have.
    #[error("{what} is {found:#x}, not {wanted}")]
    Field {
        /// Which.
        what: &'static str,
        /// What it has.
        found: u64,
        /// What it may have.
        wanted: &'static str,
    },
    /// There are not as many register values as the selection has registers.
    #[error("{found} register values for a selection of {selected}")]
    Values {
        /// How many there are.
        found: usize,
        /// How many there should be.
        selected: usize,
    },
}

#[cfg(test)]
mod tests;
