//! How the chip is reached, and how a session to it is known to end in the right chip.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tss_esapi::constants::{CapabilityType, Tss2ResponseCodeKind};
use tss_esapi::handles::TpmHandle;
use tss_esapi::structures::CapabilityData;
use tss_esapi::{Context, Error, TctiNameConf};
use zeroize::Zeroize as _;

use crate::domain::secret::Key32;
use crate::tpm::buffers::Kind;
use crate::tpm::errand::{Errands, PATIENCE};
use crate::tpm::error::TpmError;
use crate::tpm::nvram::Role;
use crate::tpm::pins::{Pins, SRK_HANDLE};
use crate::tpm::timed::{Esys, Tr};

/// Where the TPM is: a device of the kernel, or a software TPM on the loopback.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Tcti {
    /// A character device, as a rule `/dev/tpmrm0`.
    Device(PathBuf),
    /// swtpm's TCP socket; its control channel is at `port` + 1.
    Swtpm {
        /// An address, not a name: nothing is looked up.
        host: IpAddr,
        /// The data port.
        port: u16,
    },
}

impl FromStr for Tcti {
    type Err = TpmError;

    fn from_str(text: &str) -> Result<Self, TpmError> {
        let wrong = || TpmError::Tcti { text: text.chars().take(60).collect() };
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        match kind {
            "device" if rest.starts_with('/') && !rest.contains('\0') => {
                Ok(Self::Device(PathBuf::from(rest)))
            }
            "swtpm" => {
                let (host, port) = rest.split_once(',').ok_or_else(wrong)?;
                let host = host.strip_prefix("host=").and_then(|h| h.parse().ok()).ok_or_else(wrong)?;
                let port = port.strip_prefix("port=").and_then(|p| p.parse().ok()).ok_or_else(wrong)?;
                if (1..u16::MAX).contains(&port) { Ok(Self::Swtpm { host, port }) } else { Err(wrong()) }
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Tcti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(path) => write!(f, "device:{}", path.display()),
            Self::Swtpm { host, port } => write!(f, "swtpm:host={host},port={port}"),
        }
    }
}

impl TryFrom<String> for Tcti {
    type Error = TpmError;

    fn try_from(text: String) -> Result<Self, TpmError> {
        text.parse()
    }
}

impl From<Tcti> for String {
    fn from(tcti: Tcti) -> Self {
        tcti.to_string()
    }
}

/// Opens the safe wrapper, for the commands that it has.
pub(super) fn context(tcti: &Tcti) -> Result<Context, TpmError> {
    let conf = TctiNameConf::from_str(&tcti.to_string());
    conf.and_then(Context::new)
        .map_err(|cause| TpmError::Unreachable { tcti: tcti.to_string(), cause: cause.to_string() })
}

/// Turns the wrapper's error into ours.
pub(super) fn library(command: &'static str) -> impl Fn(tss_esapi::Error) -> TpmError {
    move |cause| TpmError::Library { command, cause: cause.to_string() }
}

/// The one chip of this appliance. Clones share it and take turns: a chip has room for three
/// sessions, and only `/dev/tpmrm0` swaps them for several connections.
#[derive(Clone, Debug)]
pub struct Chip {
    errands: Errands,
    pins: Arc<Pins>,
}

impl Chip {
    /// Names the chip; nothing is opened yet.
    pub fn new(tcti: Tcti, pins: Pins) -> Self {
        Self { errands: Errands::new(tcti, PATIENCE), pins: Arc::new(pins) }
    }

    /// The same chip, reached elsewhere: a software TPM that came back may have another port.
    #[must_use]
    pub fn moved_to(&self, tcti: Tcti) -> Self {
        Self { errands: self.errands.moved_to(tcti), pins: self.pins.clone() }
    }

    /// The same chip, given up on after another time than 20 seconds.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self { errands: self.errands.with_patience(patience), pins: self.pins.clone() }
    }

    /// Whether it owes an answer that nobody waits for any more; until it gives it, every verb is
    /// refused at once with [`TpmError::Silent`].
    pub fn is_silent(&self) -> bool {
        self.errands.are_late()
    }

    /// Refuses when [`Chip::is_silent`].
    ///
    /// # Errors
    /// [`TpmError::Silent`].
    pub fn require_answers(&self) -> Result<(), TpmError> {
        if self.is_silent() { Err(self.errands.silent()) } else { Ok(()) }
    }

    /// Where it is reached.
    pub const fn tcti(&self) -> &Tcti {
        self.errands.tcti()
    }

    /// What was pinned at set-up.
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// The same, for a thread.
    pub(super) fn shared_pins(&self) -> Arc<Pins> {
        self.pins.clone()
    }

    /// Its errands.
    pub(super) const fn errands(&self) -> &Errands {
        &self.errands
    }

    /// Runs one operation on a connection of its own. A failure is traced to its cause: a chip
    /// that has another key or another index than the pinned one is named as that.
    pub(super) fn on_link<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Link<'_>) -> Result<T, TpmError> + Send + 'static,
    ) -> Result<T, TpmError> {
        let (tcti, pins) = (self.tcti().clone(), self.shared_pins());
        let outcome =
            self.errands.run(move || Link::open(&tcti, &pins).and_then(|mut link| operation(&mut link)));
        outcome.map_err(|error| self.trace(error))
    }

    /// Runs one operation on the safe wrapper.
    pub(super) fn on_context<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Context) -> Result<T, TpmError> + Send + 'static,
    ) -> Result<T, TpmError> {
        let tcti = self.tcti().clone();
        self.errands.run(move || operation(&mut context(&tcti)?))
    }

    /// Finds out why an operation failed. What the chip says here is not authenticated: it may
    /// put a better name to a failure and never turns one into a success.
    pub(super) fn trace(&self, error: TpmError) -> TpmError {
        const LAYER_TCTI: u32 = 0x0a;
        match &error {
            TpmError::Rc { command, rc } if rc >> 16 == LAYER_TCTI => {
                TpmError::Unreachable { tcti: self.tcti().to_string(), cause: format!("{command} 0x{rc:x}") }
            }
            TpmError::Rc { .. } | TpmError::NvNotOurs { .. } => match self.check_names() {
                Err(named @ (TpmError::NotOurs { .. } | TpmError::NvNotOurs { .. })) => named,
                _ => error,
            },
            _ => error,
        }
    }

    /// Ends what a killed process left behind in a software TPM, which has room for three sessions
    /// and nobody who clears up; `/dev/tpmrm0` does so by itself. Nobody else may be at work there.
    ///
    /// # Errors
    /// [`TpmError::Unreachable`], [`TpmError::Silent`] or [`TpmError::Library`].
    pub fn end_strays(&self) -> Result<(), TpmError> {
        let Tcti::Swtpm { .. } = self.tcti() else { return Ok(()) };
        self.on_context(end_strays)
    }

    /// Compares the Names that the chip gives for the storage root key and the indices with the
    /// pinned ones, for `doctor` and to say why something failed.
    ///
    /// # Errors
    /// [`TpmError::NotOurs`] or [`TpmError::NvNotOurs`]; [`TpmError::Unreachable`],
    /// [`TpmError::Silent`] or [`TpmError::Library`] when the chip could not be asked.
    pub fn check_names(&self) -> Result<(), TpmError> {
        let pins = self.shared_pins();
        self.on_context(move |context| check_names(context, &pins))
    }
}

fn end_strays(context: &mut Context) -> Result<(), TpmError> {
    /// TPM_HT_LOADED_SESSION and TPM_HT_TRANSIENT, each as the first handle of its kind.
    const KINDS: [u32; 2] = [0x0200_0000, 0x8000_0000];
    for first in KINDS {
        let mut refused = None;
        for handle in held(context, first)? {
            let ended = context.tr_from_tpm_public(handle).and_then(|tr| context.flush_context(tr));
            refused = ended.err().or(refused);
        }
        // The library complains of policy sessions that the chip has ended: what the chip holds counts.
        if let Some(error) = refused
            && !held(context, first)?.is_empty()
        {
            return Err(library("TPM2_FlushContext")(error));
        }
    }
    Ok(())
}

fn check_names(context: &mut Context, pins: &Pins) -> Result<(), TpmError> {
    let mut holds = |handle: u32, name: &[u8]| {
        let tr = TpmHandle::try_from(handle).and_then(|handle| context.tr_from_tpm_public(handle));
        match tr.and_then(|tr| context.tr_get_name(tr)) {
            Ok(given) => Ok(given.value() == name),
            Err(Error::Tss2Error(rc)) if rc.kind() == Some(Tss2ResponseCodeKind::Handle) => Ok(false),
            Err(other) => Err(library("TPM2_ReadPublic")(other)),
        }
    };
    if !holds(SRK_HANDLE, pins.srk_name())? {
        return Err(TpmError::NotOurs { handle: SRK_HANDLE });
    }
    for role in Role::ALL {
        if !holds(role.index(), &role.name())? {
            return Err(TpmError::NvNotOurs { index: role.index() });
        }
    }
    Ok(())
}

/// Overwrites the stack that the library used: it decrypts there and does not clean up.
#[inline(never)]
pub(super) fn wipe_stack() {
    /// More than the deepest call needs.
    const LEN: usize = 64 * 1024;
    std::hint::black_box([0u8; LEN]).zeroize();
}

/// The handles of one kind that the chip holds, named by the first there can be.
fn held(context: &mut Context, first: u32) -> Result<Vec<TpmHandle>, TpmError> {
    const MANY: u32 = 64;
    match context.get_capability(CapabilityType::Handles, first, MANY) {
        Ok((CapabilityData::Handles(held), _)) => Ok(held.into_inner()),
        Ok(_) => Err(TpmError::Malformed { what: "an answer to TPM2_GetCapability" }),
        Err(error) => Err(library("TPM2_GetCapability")(error)),
    }
}

/// One open connection with the pinned storage root key known to the library.
pub(super) struct Link<'c> {
    /// The commands.
    pub esys: Esys,
    /// The storage root key.
    pub srk: Tr,
    /// What is pinned.
    pub pins: &'c Pins,
}

impl<'c> Link<'c> {
    /// Connects.
    pub(super) fn open(tcti: &Tcti, pins: &'c Pins) -> Result<Self, TpmError> {
        let mut esys = Esys::open(tcti)?;
        let srk = esys.adopt(&pins.srk_description())?;
        Ok(Self { esys, srk, pins })
    }

    /// A session that authorises with an authorisation value, salted to the pinned key.
    pub(super) fn hmac(&mut self) -> Result<Tr, TpmError> {
        self.esys.start(Kind::Hmac, self.srk)
    }

    /// A session that authorises with a policy, salted to the pinned key.
    pub(super) fn policy(&mut self) -> Result<Tr, TpmError> {
        self.esys.start(Kind::Policy, self.srk)
    }

    /// A pinned NV index with its authorisation value.
    pub(super) fn index(&mut self, role: Role, auth: &Key32) -> Result<Tr, TpmError> {
        let index = self.esys.adopt(&role.description())?;
        self.esys.set_auth(index, auth)?;
        Ok(index)
    }
}
