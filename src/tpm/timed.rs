//! The one file with `unsafe`: the calls into libtss2 that carry a policy or a secret.
//!
//! `tss-esapi` wraps neither `TPM2_PolicyCounterTimer` nor `TPM2_PolicyNV`, keeps the pointer of
//! its own context private, and cannot salt a session to a key that it did not ask the chip for.
//! So this file opens its own ESYS context and offers the commands as safe methods; what they are
//! combined to is decided in the files beside it, which contain no `unsafe`.
//!
//! What every call here relies on: `context` and `tcti` come from their `Initialize` function and
//! live until [`Esys::drop`]; every pointer argument is a live reference of the type that the
//! C prototype names, made by bindgen; out-pointers start as null and are freed by [`Owned`].
//! An `Esys` is neither `Send` nor `Sync`, as raw pointers are not.

#![allow(unsafe_code)]

use std::ffi::CString;
use std::ptr::{null, null_mut};

use tss_esapi::tss2_esys::*;
use zeroize::Zeroize;

use crate::domain::secret::Key32;
use crate::tpm::buffers::{self, Kind, Then};
use crate::tpm::connect::Tcti;
use crate::tpm::error::TpmError;

const SUCCESS: TSS2_RC = 0;
const NONE: ESYS_TR = ESYS_TR_NONE;
const SESSION_CONTINUE: TPMA_SESSION = 0x01;
const SESSION_DECRYPT: TPMA_SESSION = 0x20;
const SESSION_ENCRYPT: TPMA_SESSION = 0x40;
/// For a command whose parameters are no secret: encrypting them costs half a millisecond each way.
const PUBLIC: TPMA_SESSION = 0;
const SESSION_FLAGS: TPMA_SESSION = SESSION_CONTINUE | SESSION_DECRYPT | SESSION_ENCRYPT;

/// An object, index or session as the library knows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Tr(ESYS_TR);

/// Memory that libtss2 allocated for an answer.
struct Owned<T>(*mut T);

impl<T> Owned<T> {
    const fn none() -> Self {
        Self(null_mut())
    }

    fn get(&self, what: &'static str) -> Result<&T, TpmError> {
        // SAFETY: null, or an answer that the library filled in and that nobody else holds.
        unsafe { self.0.as_ref() }.ok_or(TpmError::Malformed { what })
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: null or allocated by the library; both are what Esys_Free takes.
        unsafe { Esys_Free(self.0.cast()) }
    }
}

/// A sealed object as the chip hands it out: ciphertext and public area.
pub(super) struct Created {
    /// TPM2B_PRIVATE without its length.
    pub private: Vec<u8>,
    /// The public area.
    pub public: TPM2B_PUBLIC,
}

/// One connection to the chip.
pub(super) struct Esys {
    tcti: *mut TSS2_TCTI_CONTEXT,
    context: *mut ESYS_CONTEXT,
    /// Sessions and loaded objects that the chip still holds for this connection.
    held: Vec<ESYS_TR>,
}

fn check(command: &'static str, rc: TSS2_RC) -> Result<(), TpmError> {
    if rc == SUCCESS { Ok(()) } else { Err(TpmError::Rc { command, rc }) }
}

impl Esys {
    /// Connects; sends no command.
    pub(super) fn open(tcti: &Tcti) -> Result<Self, TpmError> {
        let unreachable =
            |rc: TSS2_RC| TpmError::Unreachable { tcti: tcti.to_string(), cause: format!("0x{rc:x}") };
        let conf = CString::new(tcti.to_string()).map_err(|_| TpmError::Tcti { text: tcti.to_string() })?;
        let mut esys = Self { tcti: null_mut(), context: null_mut(), held: Vec::new() };
        // SAFETY: a NUL-terminated text and a place for one pointer.
        let rc = unsafe { Tss2_TctiLdr_Initialize(conf.as_ptr(), &mut esys.tcti) };
        check("connect", rc).map_err(|_| unreachable(rc))?;
        // SAFETY: a TCTI that was just made; a null ABI version means "any".
        let rc = unsafe { Esys_Initialize(&mut esys.context, esys.tcti, null_mut()) };
        check("connect", rc).map_err(|_| unreachable(rc))?;
        Ok(esys)
    }

    /// Makes the library know an object from its pinned description alone: nothing is asked of
    /// the chip, so nothing that sits between can offer another public key to salt to. The pinned
    /// Name goes into every HMAC, so a chip that has another object there cannot go along.
    pub(super) fn adopt(&mut self, description: &[u8]) -> Result<Tr, TpmError> {
        let mut tr = NONE;
        let len = description.len() as size_t;
        // SAFETY: a buffer with its length; the library copies what it needs.
        check("Esys_TR_Deserialize", unsafe {
            Esys_TR_Deserialize(self.context, description.as_ptr(), len, &mut tr)
        })?;
        Ok(Tr(tr))
    }

    /// Gives the authorisation value that HMACs for `object` are made with.
    pub(super) fn set_auth(&mut self, object: Tr, auth: &Key32) -> Result<(), TpmError> {
        let mut value = buffers::auth(auth);
        // SAFETY: the library copies the value.
        let rc = unsafe { Esys_TR_SetAuth(self.context, object.0, &value) };
        value.buffer.zeroize();
        check("Esys_TR_SetAuth", rc)
    }

    /// Starts a session salted to `key`, with AES-128-CFB for parameters.
    pub(super) fn start(&mut self, kind: Kind, key: Tr) -> Result<Tr, TpmError> {
        let symmetric = buffers::aes_128_cfb();
        let mut tr = NONE;
        // SAFETY: a null nonce means that the library makes one; the rest are live references.
        let rc = unsafe {
            let (s, none) = (&symmetric, NONE);
            let c = self.context;
            Esys_StartAuthSession(
                c,
                key.0,
                none,
                none,
                none,
                none,
                null(),
                kind as u8,
                s,
                buffers::ALG_SHA256,
                &mut tr,
            )
        };
        check("TPM2_StartAuthSession", rc)?;
        self.held.push(tr);
        Ok(Tr(tr))
    }

    /// Sets which way the next command encrypts its first parameter, and whether the session ends.
    fn prepare(&mut self, session: Tr, encryption: TPMA_SESSION, then: Then) -> Result<(), TpmError> {
        let flags = encryption | if then == Then::Keep { SESSION_CONTINUE } else { 0 };
        // SAFETY: plain values.
        let rc = unsafe { Esys_TRSess_SetAttributes(self.context, session.0, flags, SESSION_FLAGS) };
        check("Esys_TRSess_SetAttributes", rc)
    }

    /// Notes that the chip dropped a session by itself, when the command succeeded.
    fn used(&mut self, session: Tr, then: Then, command: &'static str, rc: TSS2_RC) -> Result<(), TpmError> {
        check(command, rc)?;
        if then == Then::End {
            self.held.retain(|held| *held != session.0);
        }
        Ok(())
    }

    /// TPM2_PolicyPCR with the digest that is expected, so that the chip refuses here.
    pub(super) fn policy_pcr(
        &mut self,
        policy: Tr,
        digest: &[u8; 32],
        pcrs: &TPML_PCR_SELECTION,
    ) -> Result<(), TpmError> {
        let expected = buffers::digest(digest);
        // SAFETY: live references.
        check("TPM2_PolicyPCR", unsafe {
            Esys_PolicyPCR(self.context, policy.0, NONE, NONE, NONE, &expected, pcrs)
        })
    }

    /// TPM2_PolicyCounterTimer: a field of TPMS_TIME_INFO compared with as many bytes.
    pub(super) fn policy_counter_timer(
        &mut self,
        policy: Tr,
        operand: &[u8],
        offset: u16,
        operation: u16,
    ) -> Result<(), TpmError> {
        let operand = buffers::operand(operand);
        // SAFETY: live references.
        check("TPM2_PolicyCounterTimer", unsafe {
            Esys_PolicyCounterTimer(self.context, policy.0, NONE, NONE, NONE, &operand, offset, operation)
        })
    }

    /// TPM2_PolicyNV: the 8 bytes of a counter compared, authorised by the counter's own value.
    pub(super) fn policy_nv(
        &mut self,
        (policy, hmac): (Tr, Tr),
        index: Tr,
        operand: &[u8],
        operation: u16,
        then: Then,
    ) -> Result<(), TpmError> {
        let operand = buffers::operand(operand);
        self.prepare(hmac, PUBLIC, then)?;
        // SAFETY: live references.
        let rc = unsafe {
            let (c, nv) = (self.context, index.0);
            Esys_PolicyNV(c, nv, nv, policy.0, hmac.0, NONE, NONE, &operand, 0, operation)
        };
        self.used(hmac, then, "TPM2_PolicyNV", rc)
    }

    /// TPM2_Create of a sealed object; the key is encrypted on its way to the chip.
    pub(super) fn create(
        &mut self,
        (parent, hmac): (Tr, Tr),
        key: &Key32,
        public: &TPM2B_PUBLIC,
        then: Then,
    ) -> Result<Created, TpmError> {
        self.prepare(hmac, SESSION_DECRYPT | SESSION_ENCRYPT, then)?;
        let (outside, pcrs) = (TPM2B_DATA::default(), TPML_PCR_SELECTION::default());
        let (mut private, mut made) = (Owned::<TPM2B_PRIVATE>::none(), Owned::<TPM2B_PUBLIC>::none());
        let (mut data, mut hash) = (Owned::<TPM2B_CREATION_DATA>::none(), Owned::<TPM2B_DIGEST>::none());
        let mut ticket = Owned::<TPMT_TK_CREATION>::none();
        let mut sensitive = buffers::sensitive(key);
        let (c, s) = (self.context, hmac.0);
        // SAFETY: live references, and places for five answers.
        let rc = unsafe {
            let (secret, o, p) = (&sensitive, &outside, &pcrs);
            let (d, h, t) = (&mut data.0, &mut hash.0, &mut ticket.0);
            let (private, made) = (&mut private.0, &mut made.0);
            Esys_Create(c, parent.0, s, NONE, NONE, secret, public, o, p, private, made, d, h, t)
        };
        sensitive.sensitive.data.buffer.zeroize();
        // SAFETY: live references. The library keeps a copy of its last input; this call, for a
        // parent that cannot be, overwrites that copy and is refused before anything is sent.
        unsafe { Esys_Create_Async(c, NONE - 1, s, NONE, NONE, &sensitive, public, &outside, &pcrs) };
        self.used(hmac, then, "TPM2_Create", rc)?;
        let what = "a sealed object from the TPM";
        let private = private.get(what)?;
        let bytes = private.buffer.get(..usize::from(private.size)).ok_or(TpmError::Malformed { what })?;
        Ok(Created { private: bytes.to_vec(), public: *made.get(what)? })
    }

    /// TPM2_Load under the storage root key of what is ciphertext already.
    pub(super) fn load(
        &mut self,
        (parent, hmac): (Tr, Tr),
        (private, public): (&TPM2B_PRIVATE, &TPM2B_PUBLIC),
        then: Then,
    ) -> Result<Tr, TpmError> {
        self.prepare(hmac, PUBLIC, then)?;
        let mut tr = NONE;
        // SAFETY: live references.
        let rc = unsafe { Esys_Load(self.context, parent.0, hmac.0, NONE, NONE, private, public, &mut tr) };
        self.used(hmac, then, "TPM2_Load", rc)?;
        self.held.push(tr);
        Ok(Tr(tr))
    }

    /// TPM2_Unseal in a policy session whose conditions were all met; the key is encrypted on its
    /// way from the chip, and every copy that the library made is wiped.
    pub(super) fn unseal(&mut self, item: Tr, policy: Tr) -> Result<Key32, TpmError> {
        self.prepare(policy, SESSION_ENCRYPT, Then::End)?;
        let mut out = Owned::<TPM2B_SENSITIVE_DATA>::none();
        // SAFETY: a place for one answer.
        let rc = unsafe { Esys_Unseal(self.context, item.0, policy.0, NONE, NONE, &mut out.0) };
        self.wipe_response();
        self.used(policy, Then::End, "TPM2_Unseal", rc)?;
        // SAFETY: filled in by the library, and held by nobody else until `out` is dropped.
        let bytes = unsafe { out.0.as_mut() }.and_then(|data| data.buffer.get_mut(..usize::from(data.size)));
        let key = bytes.and_then(|bytes| {
            let key = <&mut [u8; 32]>::try_from(&mut *bytes).map(Key32::take);
            bytes.zeroize();
            key.ok()
        });
        key.ok_or(TpmError::Malformed { what: "an unsealed key" })
    }

    /// The library decrypts an answer in its own buffer and leaves it there: wipe it.
    fn wipe_response(&mut self) {
        let (mut sys, mut used, mut response) = (null_mut(), 0, null());
        // SAFETY: places for a pointer, a length and a pointer into the library's own heap buffer;
        // nobody reads that buffer before the next command overwrites it.
        unsafe {
            if Esys_GetSysContext(self.context, &mut sys) == SUCCESS
                && Tss2_Sys_GetRpBuffer(sys, &mut used, &mut response) == SUCCESS
            {
                std::slice::from_raw_parts_mut(response.cast_mut(), used as usize).zeroize();
            }
        }
    }

    /// TPM2_NV_Read of `len` bytes; they and where they came from are authenticated.
    pub(super) fn nv_read(&mut self, index: Tr, hmac: Tr, len: u16, then: Then) -> Result<Vec<u8>, TpmError> {
        self.prepare(hmac, SESSION_ENCRYPT, then)?;
        let mut out = Owned::<TPM2B_MAX_NV_BUFFER>::none();
        // SAFETY: a place for one answer.
        let rc = unsafe {
            let (c, nv) = (self.context, index.0);
            Esys_NV_Read(c, nv, nv, hmac.0, NONE, NONE, len, 0, &mut out.0)
        };
        self.used(hmac, then, "TPM2_NV_Read", rc)?;
        let what = "an answer to TPM2_NV_Read";
        let out = out.get(what)?;
        out.buffer.get(..usize::from(out.size)).map(<[u8]>::to_vec).ok_or(TpmError::Malformed { what })
    }

    /// TPM2_NV_Write of a whole 32-byte index.
    pub(super) fn nv_write(
        &mut self,
        index: Tr,
        hmac: Tr,
        bytes: &[u8; 32],
        then: Then,
    ) -> Result<(), TpmError> {
        self.prepare(hmac, SESSION_DECRYPT, then)?;
        let data = buffers::nv_data(bytes);
        // SAFETY: live references.
        let rc = unsafe {
            let (c, nv) = (self.context, index.0);
            Esys_NV_Write(c, nv, nv, hmac.0, NONE, NONE, &data, 0)
        };
        self.used(hmac, then, "TPM2_NV_Write", rc)
    }

    /// TPM2_NV_Increment of a counter.
    pub(super) fn nv_increment(&mut self, index: Tr, hmac: Tr, then: Then) -> Result<(), TpmError> {
        self.prepare(hmac, PUBLIC, then)?;
        // SAFETY: plain values.
        let rc = unsafe { Esys_NV_Increment(self.context, index.0, index.0, hmac.0, NONE, NONE) };
        self.used(hmac, then, "TPM2_NV_Increment", rc)
    }

    /// TPM2_GetTime without a signature: the session authenticates the answer, a TPMS_ATTEST.
    pub(super) fn get_time(&mut self, hmac: Tr, then: Then) -> Result<Vec<u8>, TpmError> {
        self.prepare(hmac, SESSION_DECRYPT | SESSION_ENCRYPT, then)?;
        let (scheme, data) = (buffers::no_scheme(), TPM2B_DATA::default());
        let (mut out, mut signature) = (Owned::<TPM2B_ATTEST>::none(), Owned::<TPMT_SIGNATURE>::none());
        let (admin, signer, password) = (ESYS_TR_RH_ENDORSEMENT, ESYS_TR_RH_NULL, ESYS_TR_PASSWORD);
        // SAFETY: live references. The password is the empty one of the null hierarchy.
        let rc = unsafe {
            let (c, o, s) = (self.context, &mut out.0, &mut signature.0);
            Esys_GetTime(c, admin, signer, hmac.0, password, NONE, &data, &scheme, o, s)
        };
        self.used(hmac, then, "TPM2_GetTime", rc)?;
        let what = "an answer to TPM2_GetTime";
        let out = out.get(what)?;
        let bytes = out.attestationData.get(..usize::from(out.size));
        bytes.map(<[u8]>::to_vec).ok_or(TpmError::Malformed { what })
    }

    /// TPM2_HierarchyControl: switches the platform hierarchy off until the next reset.
    pub(super) fn disable_platform(&mut self, hmac: Tr, then: Then) -> Result<(), TpmError> {
        const NO: u8 = 0;
        self.prepare(hmac, PUBLIC, then)?;
        let platform = ESYS_TR_RH_PLATFORM;
        // SAFETY: plain values.
        let rc = unsafe { Esys_HierarchyControl(self.context, platform, hmac.0, NONE, NONE, platform, NO) };
        self.used(hmac, then, "TPM2_HierarchyControl", rc)
    }

    /// TPM2_FlushContext of a loaded object.
    pub(super) fn flush(&mut self, object: Tr) -> Result<(), TpmError> {
        self.held.retain(|held| *held != object.0);
        // SAFETY: a plain value.
        check("TPM2_FlushContext", unsafe { Esys_FlushContext(self.context, object.0) })
    }
}

impl Drop for Esys {
    fn drop(&mut self) {
        for held in std::mem::take(&mut self.held) {
            // What a failure left behind; a chip that cannot flush it now drops it at its next reset.
            let _ = self.flush(Tr(held));
        }
        // SAFETY: made by their Initialize functions, and not used afterwards; null is left alone.
        unsafe {
            Esys_Finalize(&mut self.context);
            Tss2_TctiLdr_Finalize(&mut self.tcti);
        }
    }
}
