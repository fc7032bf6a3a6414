//! libtss2's structures, filled in: what the calls in `timed` point to.

use tss_esapi::tss2_esys::{
    TPM2B_AUTH, TPM2B_DIGEST, TPM2B_MAX_NV_BUFFER, TPM2B_OPERAND, TPM2B_SENSITIVE_CREATE, TPMT_SIG_SCHEME,
    TPMT_SYM_DEF, TPMU_SYM_KEY_BITS, TPMU_SYM_MODE,
};

use crate::domain::secret::Key32;

/// TPM_ALG_SHA256.
pub(super) const ALG_SHA256: u16 = 0x000b;

/// What a session is started for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Authorises with an authorisation value, as an HMAC that never shows it.
    Hmac = 0x00,
    /// Authorises with a policy.
    Policy = 0x01,
}

/// Whether the chip keeps a session after the command it is used for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Then {
    /// It is used again.
    Keep,
    /// This was its last command, so no command to flush it is needed.
    End,
}

/// The cipher for parameters: every TPM has AES-128, which is also the strength of the storage
/// root key.
pub(super) fn aes_128_cfb() -> TPMT_SYM_DEF {
    const ALG_AES: u16 = 0x0006;
    const ALG_CFB: u16 = 0x0043;
    TPMT_SYM_DEF {
        algorithm: ALG_AES,
        keyBits: TPMU_SYM_KEY_BITS { aes: 128 },
        mode: TPMU_SYM_MODE { aes: ALG_CFB },
    }
}

/// No signature.
pub(super) fn no_scheme() -> TPMT_SIG_SCHEME {
    const ALG_NULL: u16 = 0x0010;
    TPMT_SIG_SCHEME { scheme: ALG_NULL, ..Default::default() }
}

/// What a counter or a timer is compared with: 4 or 8 bytes.
pub(super) fn operand(bytes: &[u8]) -> TPM2B_OPERAND {
    let mut operand = TPM2B_OPERAND { size: bytes.len() as u16, ..Default::default() };
    operand.buffer[..bytes.len()].copy_from_slice(bytes);
    operand
}

/// A SHA-256 digest.
pub(super) fn digest(bytes: &[u8; 32]) -> TPM2B_DIGEST {
    let mut digest = TPM2B_DIGEST { size: 32, ..Default::default() };
    digest.buffer[..32].copy_from_slice(bytes);
    digest
}

/// What is written to a 32-byte index.
pub(super) fn nv_data(bytes: &[u8; 32]) -> TPM2B_MAX_NV_BUFFER {
    let mut data = TPM2B_MAX_NV_BUFFER { size: 32, ..Default::default() };
    data.buffer[..32].copy_from_slice(bytes);
    data
}

/// An authorisation value; the caller wipes `buffer`.
pub(super) fn auth(value: &Key32) -> TPM2B_AUTH {
    digest(value.expose())
}

/// A key to be sealed, without an authorisation value; the caller wipes `sensitive.data.buffer`.
pub(super) fn sensitive(key: &Key32) -> TPM2B_SENSITIVE_CREATE {
    let mut created = TPM2B_SENSITIVE_CREATE::default();
    created.sensitive.data.size = 32;
    created.sensitive.data.buffer[..Key32::LEN].copy_from_slice(key.expose());
    created
}
