//! What the chip refused, and what to do about it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One condition of a sealed object's policy, in the order in which they are asked.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyStep {
    /// The selected PCRs hold what they held at set-up.
    Pcr,
    /// The chip's clock has reached the opening.
    Opens,
    /// The chip's clock has not reached the closing.
    Closes,
    /// The chip is still in the boot that the window was armed in.
    Boot,
    /// The gate counter has not moved since the window was armed.
    Gate,
}

impl fmt::Display for PolicyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pcr => "the PCRs are not those of set-up",
            Self::Opens => "the window is not open yet",
            Self::Closes => "the window is closed",
            Self::Boot => "the board was restarted or resumed since the window was armed",
            Self::Gate => "the gate was closed since the window was armed",
        })
    }
}

/// What already belongs to somebody on a chip that was to be set up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken {
    /// The owner, lockout or endorsement hierarchy has an authorisation value.
    Hierarchy(&'static str),
    /// A persistent object sits at the handle of the storage root key.
    Object(u32),
    /// An NV index is already defined.
    Index(u32),
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hierarchy(name) => write!(f, "its {name} hierarchy has an authorisation value"),
            Self::Object(handle) => write!(f, "an object is kept at {handle:#010x}"),
            Self::Index(index) => write!(f, "NV index {index:#010x} is defined"),
        }
    }
}

/// Why the TPM room did not do what it was asked.
///
/// `Display` is one line that says what happened; [`TpmError::advice`] is the line that says what
/// to do next.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TpmError {
    /// A text does not name a TPM connection.
    #[error("{text:?} is not a TPM: write device:/dev/tpmrm0 or swtpm:host=127.0.0.1,port=2321")]
    Tcti {
        /// What was offered, shortened.
        text: String,
    },
    /// A text is not a PCR selection.
    #[error("{text:?} is not a PCR selection: write sha256: and numbers from 0 to 23, as in sha256:0,2,4,7")]
    Pcrs {
        /// What was offered, shortened.
        text: String,
    },
    /// Nothing answered at the connection.
    #[error("no TPM answers at {tcti}: {cause}")]
    Unreachable {
        /// The connection that was tried.
        tcti: String,
        /// What the library said.
        cause: String,
    },
    /// The chip was asked and nothing came back. The errand goes on: see [`TpmError::advice`].
    #[error("the TPM at {tcti} does not answer, after {} s", .waited.as_secs())]
    Silent {
        /// Where it was asked.
        tcti: String,
        /// How long its answer was waited for.
        waited: Duration,
    },
    /// The storage root key is not the one pinned at set-up.
    #[error("the key at {handle:#010x} is not the storage root key that this appliance was set up with")]
    NotOurs {
        /// Where the key should be.
        handle: u32,
    },
    /// An NV index is not the one pinned at set-up, or its authorisation value is another.
    #[error("NV index {index:#010x} is missing or is not the one that this appliance was set up with")]
    NvNotOurs {
        /// Which index.
        index: u32,
    },
    /// Set-up was asked for on a chip that has an owner.
    #[error("the TPM is already in use: {what}")]
    AlreadyTaken {
        /// What was found.
        what: Taken,
    },
    /// The chip refused one condition of the policy; it was not asked to unseal.
    #[error("the TPM refused: {step} (0x{rc:03x})")]
    PolicyRefused {
        /// Which condition.
        step: PolicyStep,
        /// The chip's response code.
        rc: u32,
    },
    /// The chip or its library answered with another code.
    #[error("{command} failed with 0x{rc:x}")]
    Rc {
        /// The command.
        command: &'static str,
        /// The response code.
        rc: u32,
    },
    /// The TSS library refused or reported a refusal, in its own words.
    #[error("{command} failed: {cause}")]
    Library {
        /// The command.
        command: &'static str,
        /// What the library said.
        cause: String,
    },
    /// The chip makes another attestation key than the pinned one.
    #[error("the TPM does not make the attestation key that this appliance was set up with")]
    AttestationNotOurs,
    /// What the chip is said to have signed does not verify, or says something else.
    #[error("{what} of the TPM does not verify")]
    Unproven {
        /// What was to be proven.
        what: &'static str,
    },
    /// The PCRs were extended each time while they were quoted.
    #[error("the PCRs changed while they were quoted, {attempts} times in a row")]
    PcrsMove {
        /// How often it was tried.
        attempts: u32,
    },
    /// Stored or received bytes are not what they should be.
    #[error("{what} is malformed")]
    Malformed {
        /// Which bytes.
        what: &'static str,
    },
    /// The software TPM could not be started, found or stopped.
    #[error("the software TPM {what}: {cause}")]
    Software {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        cause: String,
    },
}

impl TpmError {
    /// What a person should do next, in one line.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Tcti { .. } => "correct the TPM connection in portcullis.toml or in the answers file",
            Self::Pcrs { .. } => "choose PCRs of the sha256 bank; the default is sha256:0,2,4,7",
            Self::Unreachable { .. } => {
                "check that the TPM is enabled in the firmware, that /dev/tpmrm0 may be opened, or that swtpm runs"
            }
            Self::Silent { .. } => {
                "look whether the TPM or swtpm hangs; it is asked again as soon as it answers, and if it answers \
                 others only, restart the daemon"
            }
            Self::NotOurs { .. } => {
                "do not go on: the chip was cleared or replaced, or something sits between it and the board; \
                 on a new board use `portcullis recover`"
            }
            Self::NvNotOurs { .. } => {
                "do not go on: somebody with the owner authorisation changed the chip; look at the log, then recover"
            }
            Self::AlreadyTaken { .. } => {
                "clear the TPM in the firmware set-up (this destroys what others keep in it), then set up again"
            }
            Self::AttestationNotOurs => {
                "do not go on: the chip was replaced, or its endorsement seed was changed by the firmware"
            }
            Self::Unproven { .. } => {
                "do not go on: something sits between the chip and the board, or the chip is broken"
            }
            Self::PcrsMove { .. } => "try again when the board has finished starting",
            Self::PolicyRefused { step, .. } => step.advice(),
            Self::Rc { .. } | Self::Library { .. } => {
                "run `portcullis doctor`; if it finds nothing, restart the board"
            }
            Self::Malformed { .. } => "restore the store from the backup medium with `portcullis recover`",
            Self::Software { .. } => {
                "install the packages swtpm and swtpm-libs and check the state directory"
            }
        }
    }

    /// The chip's own response code, where there is one.
    pub const fn rc(&self) -> Option<u32> {
        match self {
            Self::PolicyRefused { rc, .. } | Self::Rc { rc, .. } => Some(*rc),
            _ => None,
        }
    }
}

impl PolicyStep {
    const fn advice(self) -> &'static str {
        match self {
            Self::Pcr => {
                "undo the change of firmware, boot loader or kernel, or recover with the recovery shares"
            }
            Self::Opens => "wait for the window to open",
            Self::Closes | Self::Boot | Self::Gate => "ask for a new approval",
        }
    }
}
