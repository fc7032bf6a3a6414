//! What the chip asks for before it opens anything: proof, as a value, that the rules were met.
//!
//! A permit is made by one transition of the state machine, cannot be cloned, and is consumed by
//! the verb of the TPM room that it allows.

use crate::domain::ids::{CredentialName, Generation, RequestId};

/// Leave to open the sealed half of one credential's key: its request has its quorum and the
/// entry that says so is anchored.
#[derive(Debug)]
#[must_use = "a permit that is dropped was a quorum for nothing"]
pub struct ArmPermit {
    request: RequestId,
    credential: CredentialName,
    generation: Generation,
}

impl ArmPermit {
    /// Only the state machine makes one.
    pub(super) const fn new(request: RequestId, credential: CredentialName, generation: Generation) -> Self {
        Self { request, credential, generation }
    }

    /// The request whose quorum this is.
    pub const fn request(&self) -> &RequestId {
        &self.request
    }

    /// What may be opened.
    pub const fn credential(&self) -> (&CredentialName, Generation) {
        (&self.credential, self.generation)
    }
}

/// Leave to open one window once: one pull of it is spent and the entry that says so is anchored.
#[derive(Debug)]
#[must_use = "a permit that is dropped is a pull spent for nothing"]
pub struct ReleasePermit {
    request: RequestId,
}

impl ReleasePermit {
    /// Only `Armed::pull` and `Armed::reveal` make one.
    pub(super) const fn new(request: RequestId) -> Self {
        Self { request }
    }

    /// The request whose pull was spent.
    pub const fn request(&self) -> &RequestId {
        &self.request
    }
}

/// Leave to sign one head of the log: the entry that ends it says so and is anchored.
#[derive(Debug)]
pub struct SignPermit {
    size: u64,
}

impl SignPermit {
    /// Only the state of the appliance makes one.
    pub(in crate::domain) const fn new(size: u64) -> Self {
        Self { size }
    }

    /// Entries under the head.
    pub const fn size(&self) -> u64 {
        self.size
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A permit for tests of the room that consumes it.
    pub(crate) fn arm_permit() -> ArmPermit {
        let credential = CredentialName::parse("test/one").expect("a name");
        ArmPermit::new(RequestId::from_entropy(1), credential, Generation::FIRST)
    }

    /// A permit for tests of the room that consumes it.
    pub(crate) fn release_permit() -> ReleasePermit {
        ReleasePermit::new(RequestId::from_entropy(1))
    }
}
