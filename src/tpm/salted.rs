//! The safe wrapper in a session salted to the pinned storage root key, for commands that carry
//! neither a policy of time nor a key that must not stay in the library's memory.

use tss_esapi::attributes::SessionAttributesBuilder;
use tss_esapi::constants::{SessionType, Tss2ResponseCodeKind};
use tss_esapi::handles::{KeyHandle, SessionHandle, TpmHandle};
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::SymmetricDefinition;
use tss_esapi::{Context, Error};

use crate::tpm::connect::{Chip, library};
use crate::tpm::error::TpmError;
use crate::tpm::pins::{Pins, SRK_HANDLE};

/// One connection whose sessions end in the pinned chip. The wrapper flushes what is left of it
/// when it is dropped.
pub(super) struct Salted<'c> {
    /// The commands.
    pub context: &'c mut Context,
    /// The storage root key.
    pub srk: KeyHandle,
    /// What is pinned.
    pub pins: &'c Pins,
}

impl<'c> Salted<'c> {
    /// Asks for the storage root key and refuses another than the pinned one. The library computes
    /// the Name that is compared here from the public area that it will salt to, so a chip that
    /// gives another area is found out, whatever Name it gives.
    ///
    /// # Source
    /// tpm2-tss, `Esys_TR_GetName`.
    fn open(context: &'c mut Context, pins: &'c Pins) -> Result<Self, TpmError> {
        const NOT_OURS: TpmError = TpmError::NotOurs { handle: SRK_HANDLE };
        let found = TpmHandle::try_from(SRK_HANDLE).and_then(|handle| context.tr_from_tpm_public(handle));
        let srk = match found {
            Ok(srk) => srk,
            Err(Error::Tss2Error(rc)) if rc.kind() == Some(Tss2ResponseCodeKind::Handle) => {
                return Err(NOT_OURS);
            }
            Err(other) => return Err(library("TPM2_ReadPublic")(other)),
        };
        let name = context.tr_get_name(srk).map_err(library("TPM2_ReadPublic"))?;
        if name.value() == pins.srk_name() {
            Ok(Self { context, srk: KeyHandle::from(srk), pins })
        } else {
            Err(NOT_OURS)
        }
    }

    /// Starts a session that encrypts parameters both ways.
    pub(super) fn start(&mut self, kind: SessionType) -> Result<AuthSession, TpmError> {
        let failed = library("TPM2_StartAuthSession");
        let cipher = SymmetricDefinition::AES_128_CFB;
        let key = Some(self.srk);
        let session =
            self.context.start_auth_session(key, None, None, kind, cipher, HashingAlgorithm::Sha256);
        let session =
            session.map_err(&failed)?.ok_or(TpmError::Malformed { what: "a session of the TPM" })?;
        let (wanted, mask) = SessionAttributesBuilder::new().with_decrypt(true).with_encrypt(true).build();
        self.context.tr_sess_set_attributes(session, wanted, mask).map_err(&failed)?;
        Ok(session)
    }

    /// Ends a session before its time: the chip has room for three.
    pub(super) fn end(&mut self, session: AuthSession) -> Result<(), TpmError> {
        let session = SessionHandle::from(session);
        self.context.flush_context(session.into()).map_err(library("TPM2_FlushContext"))
    }

    /// Runs one command in one session.
    pub(super) fn run<T>(
        &mut self,
        session: AuthSession,
        command: &'static str,
        call: impl FnOnce(&mut Context) -> tss_esapi::Result<T>,
    ) -> Result<T, TpmError> {
        self.context.execute_with_session(Some(session), call).map_err(library(command))
    }
}

impl Chip {
    /// Runs one operation on the safe wrapper, with the pinned chip or not at all.
    pub(super) fn on_salted<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Salted<'_>) -> Result<T, TpmError> + Send + 'static,
    ) -> Result<T, TpmError> {
        let pins = self.shared_pins();
        self.on_context(move |context| {
            Salted::open(context, &pins).and_then(|mut salted| operation(&mut salted))
        })
    }
}
