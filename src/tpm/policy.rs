//! Policy digests, computed here and not by a trial session: the chip is not asked what it will
//! later be held to.

use sha2::{Digest, Sha256};

use crate::tpm::pcr::PcrSelection;

/// TPM2_EO_EQ.
pub(super) const EQUAL: u16 = 0x0000;
/// TPM2_EO_UNSIGNED_LT.
pub(super) const BELOW: u16 = 0x0005;
/// TPM2_EO_UNSIGNED_GE.
pub(super) const AT_LEAST: u16 = 0x0007;

/// The digest of a policy session after some policy commands.
///
/// # Source
/// TPM 2.0 Library part 3, TPM2_PolicyPCR, TPM2_PolicyNV and TPM2_PolicyCounterTimer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct PolicyDigest([u8; 32]);

impl PolicyDigest {
    const POLICY_NV: u32 = 0x0149;
    const POLICY_COUNTER_TIMER: u32 = 0x016d;
    const POLICY_PCR: u32 = 0x017f;

    /// A session that has just been started.
    pub(super) const fn start() -> Self {
        Self([0; 32])
    }

    /// The bytes that go into an object's public area.
    pub(super) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn extend(self, command: u32, arguments: &[&[u8]]) -> Self {
        let mut hash = Sha256::new().chain_update(self.0).chain_update(command.to_be_bytes());
        for argument in arguments {
            hash.update(argument);
        }
        Self(hash.finalize().into())
    }

    /// After TPM2_PolicyPCR with `digest` over `pcrs`.
    pub(super) fn pcr(self, pcrs: PcrSelection, digest: &[u8; 32]) -> Self {
        self.extend(Self::POLICY_PCR, &[&pcrs.wire(), digest])
    }

    /// After TPM2_PolicyCounterTimer.
    pub(super) fn counter_timer(self, operand: &[u8], offset: u16, operation: u16) -> Self {
        self.extend(Self::POLICY_COUNTER_TIMER, &[&comparison(operand, offset, operation)])
    }

    /// After TPM2_PolicyNV on the index that has `name`.
    pub(super) fn nv(self, operand: &[u8], operation: u16, name: &[u8]) -> Self {
        self.extend(Self::POLICY_NV, &[&comparison(operand, 0, operation), name])
    }
}

fn comparison(operand: &[u8], offset: u16, operation: u16) -> [u8; 32] {
    let hash = Sha256::new().chain_update(operand).chain_update(offset.to_be_bytes());
    hash.chain_update(operation.to_be_bytes()).finalize().into()
}
