//! What the chip is told of the log, and what it answers at the start.

use super::Board;
use crate::domain::audit::anchor::Anchor;
use crate::tpm::TpmError;

impl Board {
    /// What the chip holds, with the epoch counted from set-up.
    pub(super) fn anchor(&self, epoch_base: u64) -> Result<Anchor, TpmError> {
        let read = self.chip.anchor_read(&self.auths)?;
        Ok(Anchor { epoch: read.epoch.saturating_sub(epoch_base), head: read.head })
    }
}
