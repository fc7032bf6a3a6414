//! What the chip counts and remembers: the gate, the epoch, and the head of the log.

use crate::tpm::buffers::Then;
use crate::tpm::connect::{Chip, Link};
use crate::tpm::error::TpmError;
use crate::tpm::nvram::{NvAuths, Role};
use crate::tpm::timed::Tr;
use std::sync::Arc;

/// What the chip remembers of the last anchored commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Anchor {
    /// How many commits were anchored, counted from whatever the counter started with.
    pub epoch: u64,
    /// What the last one wrote; 32 zero bytes after set-up.
    pub head: [u8; 32],
}

impl Role {
    /// Reads a refused authorisation as what it means: this is not the index of set-up.
    pub(super) fn refused(self) -> impl Fn(TpmError) -> TpmError {
        /// TPM_RC_AUTH_FAIL, TPM_RC_BAD_AUTH and TPM_RC_HANDLE without their position.
        const NOT_OURS: [u32; 3] = [0x08e, 0x0a2, 0x08b];
        /// TSS2_ESYS_RC_RSP_AUTH_FAILED: somebody else answered.
        const ANSWER_FORGED: u32 = 0x0007_001b;
        let index = self.index();
        move |error| match error {
            TpmError::Rc { rc, .. } if NOT_OURS.contains(&(rc & 0xff)) && rc < 0x1000 => {
                TpmError::NvNotOurs { index }
            }
            TpmError::Rc { rc: ANSWER_FORGED, .. } => TpmError::NvNotOurs { index },
            other => other,
        }
    }
}

impl Link<'_> {
    fn count(&mut self, role: Role, index: Tr, hmac: Tr, then: Then) -> Result<u64, TpmError> {
        let bytes = self.esys.nv_read(index, hmac, role.size(), then).map_err(role.refused())?;
        let bytes = bytes.try_into().map_err(|_| TpmError::Malformed { what: "the value of a TPM counter" });
        bytes.map(u64::from_be_bytes)
    }

    /// Writes the head, then advances the epoch; gives the session, which goes on unless it ends here.
    pub(super) fn anchor(&mut self, auths: &NvAuths, head: &[u8; 32], then: Then) -> Result<Tr, TpmError> {
        let epoch = self.index(Role::Epoch, &auths.epoch)?;
        let (index, hmac) = (self.index(Role::Head, &auths.head)?, self.hmac()?);
        self.esys.nv_write(index, hmac, head, Then::Keep).map_err(Role::Head.refused())?;
        self.esys.nv_increment(epoch, hmac, then).map_err(Role::Epoch.refused())?;
        Ok(hmac)
    }
}

impl Chip {
    fn counter(&self, role: Role, auths: &Arc<NvAuths>, increment: bool) -> Result<u64, TpmError> {
        let auths = auths.clone();
        self.on_link(move |link| {
            let (index, hmac) = (link.index(role, auths.of(role))?, link.hmac()?);
            if increment {
                link.esys.nv_increment(index, hmac, Then::Keep).map_err(role.refused())?;
            }
            link.count(role, index, hmac, Then::End)
        })
    }

    /// The gate counter.
    ///
    /// # Errors
    /// As every verb of the room.
    pub fn gate(&self, auths: &Arc<NvAuths>) -> Result<u64, TpmError> {
        self.counter(Role::Gate, auths, false)
    }

    /// Ends every window on the chip, and returns the new value of the gate counter.
    ///
    /// # Errors
    /// As every verb of the room.
    pub fn close_gate(&self, auths: &Arc<NvAuths>) -> Result<u64, TpmError> {
        self.counter(Role::Gate, auths, true)
    }

    /// Advances the epoch counter alone, and returns its new value.
    ///
    /// # Errors
    /// As every verb of the room.
    pub fn anchor_epoch(&self, auths: &Arc<NvAuths>) -> Result<u64, TpmError> {
        self.counter(Role::Epoch, auths, true)
    }

    /// Reads both parts of the anchor.
    ///
    /// # Errors
    /// As every verb of the room.
    pub fn anchor_read(&self, auths: &Arc<NvAuths>) -> Result<Anchor, TpmError> {
        let malformed = TpmError::Malformed { what: "the head in the TPM" };
        let auths = auths.clone();
        self.on_link(move |link| {
            let epoch = link.index(Role::Epoch, &auths.epoch)?;
            let (head, hmac) = (link.index(Role::Head, &auths.head)?, link.hmac()?);
            let epoch = link.count(Role::Epoch, epoch, hmac, Then::Keep)?;
            let bytes = link.esys.nv_read(head, hmac, Role::Head.size(), Then::End);
            let bytes = bytes.map_err(Role::Head.refused())?;
            Ok(Anchor { epoch, head: bytes.try_into().map_err(|_| malformed)? })
        })
    }

    /// Writes the head index alone.
    ///
    /// # Errors
    /// As every verb of the room.
    pub fn anchor_head(&self, auths: &Arc<NvAuths>, head: &[u8; 32]) -> Result<(), TpmError> {
        let (auths, head) = (auths.clone(), *head);
        self.on_link(move |link| {
            let (index, hmac) = (link.index(Role::Head, &auths.head)?, link.hmac()?);
            link.esys.nv_write(index, hmac, &head, Then::End).map_err(Role::Head.refused())
        })
    }

    /// Anchors one commit: writes the head, then advances the epoch, in one session. The new epoch
    /// is not read back, since it goes into `head` and so is known.
    ///
    /// # Errors
    /// As every verb of the room; the head may have been written without the epoch then, which
    /// [`Chip::anchor_read`] shows.
    pub fn anchor(&self, auths: &Arc<NvAuths>, head: &[u8; 32]) -> Result<(), TpmError> {
        let (auths, head) = (auths.clone(), *head);
        self.on_link(move |link| link.anchor(&auths, &head, Then::End).map(drop))
    }
}
