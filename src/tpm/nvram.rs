//! The three NV indices: what they are, how they are named, and what authorises them.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::secret::Key32;
use crate::tpm::error::TpmError;

/// The authorisation values of the NV indices, kept under the store key.
#[derive(Debug)]
pub struct NvAuths {
    /// Of the gate counter.
    pub gate: Key32,
    /// Of the epoch counter.
    pub epoch: Key32,
    /// Of the head index.
    pub head: Key32,
}

impl NvAuths {
    /// Of one of the three.
    pub(super) const fn of(&self, role: Role) -> &Key32 {
        match role {
            Role::Gate => &self.gate,
            Role::Epoch => &self.epoch,
            Role::Head => &self.head,
        }
    }

    /// A copy for another thread.
    pub(super) fn copy(&self) -> Self {
        Self { gate: copy(&self.gate), epoch: copy(&self.epoch), head: copy(&self.head) }
    }
}

/// A copy of a key for another thread, which is wiped as the key is.
pub(super) fn copy(key: &Key32) -> Key32 {
    let filled = Key32::try_fill(|to| -> Result<(), Infallible> {
        to.copy_from_slice(key.expose());
        Ok(())
    });
    filled.unwrap_or_else(|never| match never {})
}

/// Which of the three.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// Counts freezes: every window is bound to its value.
    Gate,
    /// Counts anchored commits.
    Epoch,
    /// Holds 32 bytes that name the last anchored commit.
    Head,
}

const ALG_SHA256: u16 = 0x000b;
/// TPMA_NV_AUTHWRITE, AUTHREAD and NO_DA, and nothing that the owner, the platform or a reboot
/// could use. NO_DA, because 32 random bytes cannot be guessed, while a lockout that root provokes
/// would stop the appliance.
const AUTH_ONLY: u32 = 1 << 2 | 1 << 18 | 1 << 25;
/// TPM_NT_COUNTER in the type field.
const COUNTER: u32 = 1 << 4;
/// Set by the chip at the first write.
const WRITTEN: u32 = 1 << 29;

impl Role {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Gate, Self::Epoch, Self::Head];

    /// Where it is, in the range that the TCG leaves to the owner.
    pub(super) const fn index(self) -> u32 {
        match self {
            Self::Gate => 0x0180_70c1,
            Self::Epoch => 0x0180_70c2,
            Self::Head => 0x0180_70c3,
        }
    }

    /// Its size in bytes.
    pub(super) const fn size(self) -> u16 {
        match self {
            Self::Gate | Self::Epoch => 8,
            Self::Head => 32,
        }
    }

    /// Its attributes when it is defined.
    pub(super) const fn attributes(self) -> u32 {
        match self {
            Self::Gate | Self::Epoch => AUTH_ONLY | COUNTER,
            Self::Head => AUTH_ONLY,
        }
    }

    /// Its public area once it was written, TPMS_NV_PUBLIC without a policy.
    ///
    /// # Source
    /// TPM 2.0 Library part 2, TPMS_NV_PUBLIC; part 1, "Names".
    fn public_area(self) -> Vec<u8> {
        let mut area = Vec::with_capacity(14);
        area.extend(self.index().to_be_bytes());
        area.extend(ALG_SHA256.to_be_bytes());
        area.extend((self.attributes() | WRITTEN).to_be_bytes());
        area.extend(0u16.to_be_bytes());
        area.extend(self.size().to_be_bytes());
        area
    }

    /// Its Name once it was written: it changes with every attribute, not with the value.
    pub(super) fn name(self) -> Vec<u8> {
        [&ALG_SHA256.to_be_bytes()[..], &Sha256::digest(self.public_area())].concat()
    }

    /// What libtss2 has to know of it.
    pub(super) fn description(self) -> Vec<u8> {
        const NV_RESOURCE: u32 = 2;
        describe(self.index(), &self.name(), NV_RESOURCE, &self.public_area())
    }

    /// Its form in the file of pins.
    pub(super) fn pin(self) -> NvPin {
        let attributes = self.attributes() | WRITTEN;
        NvPin { index: self.index(), attributes, size: self.size(), name: hex::encode(self.name()) }
    }
}

/// What is written down of one NV index. What set-up defines is a constant of this file, so the
/// pin says it to people and to other tools, and a pin that says anything else is refused.
#[derive(Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NvPin {
    index: u32,
    attributes: u32,
    size: u16,
    name: String,
}

impl NvPin {
    /// Refuses a pin that is not exactly what set-up defines for `role`.
    pub(super) fn require(&self, role: Role) -> Result<(), TpmError> {
        if *self == role.pin() { Ok(()) } else { Err(TpmError::Malformed { what: "a pinned NV index" }) }
    }
}

/// The form in which libtss2 keeps what it knows of an object: handle, Name, the tag of its kind,
/// public area (tpm2-tss `esys_mu.c`; tpm2-tools writes the same form by itself).
pub(super) fn describe(handle: u32, name: &[u8], kind: u32, public: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(12 + name.len() + public.len());
    bytes.extend(handle.to_be_bytes());
    bytes.extend((name.len() as u16).to_be_bytes());
    bytes.extend(name);
    bytes.extend(kind.to_be_bytes());
    bytes.extend((public.len() as u16).to_be_bytes());
    bytes.extend(public);
    bytes
}
