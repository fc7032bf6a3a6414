//! The certificate that the chip's maker left in it.

use tss_esapi::Context;
use tss_esapi::handles::{NvIndexHandle, TpmHandle};
use tss_esapi::interface_types::resource_handles::NvAuth;
use tss_esapi::interface_types::session_handles::AuthSession;

use crate::tpm::connect::{Chip, library};
use crate::tpm::error::TpmError;
use crate::tpm::provision::holds;

/// Where certificates of the endorsement keys are: ECC P-256, then RSA 2048.
///
/// # Source
/// TCG EK Credential Profile for TPM 2.0, section 2.2.1.4, NV indices of the low range.
const INDICES: [u32; 2] = [0x01c0_000a, 0x01c0_0002];

/// What anybody may read at `index`, if anything: it is no secret, and its maker signed it.
fn content(context: &mut Context, index: u32) -> Result<Option<Vec<u8>>, TpmError> {
    /// No certificate is longer.
    const LEN_MAX: usize = 8192;
    /// Every chip gives as much in one answer.
    const PART_LEN: usize = 512;
    if !holds(context, index)? {
        return Ok(None);
    }
    let failed = library("TPM2_NV_Read");
    let handle = TpmHandle::try_from(index).and_then(|handle| context.tr_from_tpm_public(handle));
    let index = NvIndexHandle::from(handle.map_err(&failed)?);
    let (public, _) = context.nv_read_public(index).map_err(&failed)?;
    let (attributes, len) = (public.attributes(), public.data_size());
    if !attributes.auth_read() || !attributes.written() || len > LEN_MAX {
        return Ok(None);
    }
    let mut content = Vec::with_capacity(len);
    for at in (0..len).step_by(PART_LEN) {
        let (offset, part) = (at as u16, PART_LEN.min(len - at) as u16);
        let read = context.execute_with_session(Some(AuthSession::Password), |context| {
            context.nv_read(NvAuth::NvIndex(index), index, part, offset)
        });
        content.extend_from_slice(read.map_err(&failed)?.value());
    }
    Ok(Some(content))
}

/// The one DER structure at the beginning: makers pad what follows it.
fn certificate(mut content: Vec<u8>) -> Option<Vec<u8>> {
    const SEQUENCE_OF_16_BIT_LEN: [u8; 2] = [0x30, 0x82];
    const HEADER_LEN: usize = 4;
    let len = content.strip_prefix(&SEQUENCE_OF_16_BIT_LEN)?.first_chunk::<2>()?;
    let len = HEADER_LEN + usize::from(u16::from_be_bytes(*len));
    (len <= content.len()).then(|| {
        content.truncate(len);
        content
    })
}

impl Chip {
    /// The certificate of the chip's endorsement key, as DER, when the maker left one that may be
    /// read; it is for others to verify, and is not authenticated here.
    ///
    /// # Errors
    /// [`TpmError::Unreachable`], [`TpmError::Silent`] or [`TpmError::Library`].
    pub fn endorsement_certificate(&self) -> Result<Option<Vec<u8>>, TpmError> {
        self.on_context(|context| {
            for index in INDICES {
                if let Some(found) = content(context, index)?.and_then(certificate) {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_ends_where_its_der_does() {
        let der = [&[0x30, 0x82, 0x01, 0x00][..], &[7; 256]].concat();
        let cases = [
            ("alone", der.clone(), Some(der.clone())),
            ("padded", [&der[..], &[0xff; 9]].concat(), Some(der.clone())),
            ("a byte short", der[..259].to_vec(), None),
            ("erased", vec![0xff; 300], None),
            ("nothing", Vec::new(), None),
            ("a header", vec![0x30, 0x82, 0x00], None),
        ];
        for (name, content, expected) in cases {
            assert_eq!(certificate(content), expected, "{name}");
        }
    }
}
