//! The firmware's own hierarchy, which stands above the owner's.

use crate::tpm::buffers::Then;
use crate::tpm::connect::Chip;
use crate::tpm::error::TpmError;

/// Who closed the platform hierarchy of this boot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PlatformLock {
    /// The firmware, as it should.
    Firmware,
    /// Nobody had: it was open until now, for whoever was root.
    Now,
}

impl Chip {
    /// Makes sure that nobody can use the platform hierarchy until the next reset.
    ///
    /// Firmware is meant to give it a random authorisation value at every boot. Some does not, and
    /// swtpm has none: root could then set the clock forward, delete indices or allow TPM2_Clear
    /// without the owner. To be called at every start, before anything is opened.
    ///
    /// # Errors
    /// As every verb of the room.
    /// # Source
    /// TPM 2.0 Library part 3, TPM2_HierarchyControl.
    pub fn lock_platform(&self) -> Result<PlatformLock, TpmError> {
        /// TPM_RC_AUTH_FAIL and TPM_RC_BAD_AUTH for session 1, TPM_RC_HIERARCHY for handle 1.
        const CLOSED: [u32; 3] = [0x98e, 0x9a2, 0x185];
        self.on_link(move |link| {
            let hmac = link.hmac()?;
            match link.esys.disable_platform(hmac, Then::End) {
                Ok(()) => Ok(PlatformLock::Now),
                // A chip that is not ours refuses too, so let it show that it shares this session.
                Err(TpmError::Rc { rc, .. }) if CLOSED.contains(&rc) => {
                    link.esys.get_time(hmac, Then::End).map(|_| PlatformLock::Firmware)
                }
                Err(other) => Err(other),
            }
        })
    }
}
