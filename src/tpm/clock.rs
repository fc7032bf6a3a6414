//! What the chip says of time.

use crate::domain::time::{ChipBoot, ChipTime};
use crate::tpm::buffers::Then;
use crate::tpm::connect::Chip;
use crate::tpm::error::TpmError;

/// Reads the clock of a TPMS_ATTEST of type TPM_ST_ATTEST_TIME.
///
/// The structure has the clock twice. In its common part the boot counters are obfuscated, since
/// no key of the endorsement hierarchy signs; in the attested part they are what policies see.
///
/// # Source
/// TPM 2.0 Library part 2, TPMS_ATTEST and TPMS_TIME_ATTEST_INFO.
fn parse(attest: &[u8]) -> Option<ChipTime> {
    const MAGIC_AND_TYPE: [u8; 6] = [0xff, 0x54, 0x43, 0x47, 0x80, 0x19];
    const CLOCK_INFO_LEN: usize = 17;
    const FIRMWARE_LEN: usize = 8;
    const TIME_LEN: usize = 8;
    fn sized(bytes: &[u8]) -> Option<&[u8]> {
        let (len, rest) = bytes.split_first_chunk::<2>()?;
        rest.get(usize::from(u16::from_be_bytes(*len))..)
    }
    let rest = attest.strip_prefix(&MAGIC_AND_TYPE)?;
    let after_signer = sized(rest)?;
    let after_extra = sized(after_signer)?;
    let attested = after_extra.get(CLOCK_INFO_LEN + FIRMWARE_LEN..)?;
    let (clock, rest) = attested.get(TIME_LEN..)?.split_first_chunk::<8>()?;
    let (reset_count, rest) = rest.split_first_chunk::<4>()?;
    let (restart_count, rest) = rest.split_first_chunk::<4>()?;
    let safe = match rest.first()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let boot = ChipBoot {
        reset_count: u32::from_be_bytes(*reset_count),
        restart_count: u32::from_be_bytes(*restart_count),
    };
    Some(ChipTime { clock_ms: u64::from_be_bytes(*clock), boot, safe })
}

impl Chip {
    /// The chip's clock and boot, authenticated by the session, which TPM2_ReadClock cannot be.
    ///
    /// # Errors
    /// As every verb of the room.
    pub fn time(&self) -> Result<ChipTime, TpmError> {
        self.on_link(move |link| {
            let hmac = link.hmac()?;
            let attest = link.esys.get_time(hmac, Then::End)?;
            parse(&attest).ok_or(TpmError::Malformed { what: "an answer to TPM2_GetTime" })
        })
    }
}
