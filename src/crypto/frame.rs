//! Records on a stream: each after its length in 2 bytes, most significant first.

use super::channel::{ChannelError, check_record_len};

const HEADER_LEN: usize = 2;

/// Puts its length before a record or a handshake message.
///
/// # Errors
/// [`ChannelError::RecordLength`].
pub fn frame(record: &[u8]) -> Result<Vec<u8>, ChannelError> {
    let len = record.len();
    check_record_len(len)?;
    let header = u16::try_from(len).map_err(|_| ChannelError::RecordLength { len })?;
    Ok([&header.to_be_bytes(), record].concat())
}

/// Takes a stream apart again, in whatever pieces it comes; holds at most one record.
#[derive(Debug, Default)]
pub struct Deframer {
    held: Vec<u8>,
    closed: bool,
}

impl Deframer {
    /// Takes bytes off the front of `input` and gives the next record once it is whole.
    ///
    /// `None` means that `input` is used up; memory is taken only for bytes that came.
    ///
    /// # Errors
    /// [`ChannelError::RecordLength`] at the length itself; [`ChannelError::Closed`] ever after.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, ChannelError> {
        if self.closed {
            return Err(ChannelError::Closed);
        }
        self.take(input, HEADER_LEN);
        let Some(header) = self.held.first_chunk::<HEADER_LEN>() else { return Ok(None) };
        let len = usize::from(u16::from_be_bytes(*header));
        if let Err(error) = check_record_len(len) {
            *self = Self { held: Vec::new(), closed: true };
            return Err(error);
        }
        self.take(input, HEADER_LEN + len);
        if self.held.len() < HEADER_LEN + len {
            return Ok(None);
        }
        let record = self.held.split_off(HEADER_LEN);
        self.held = Vec::new();
        Ok(Some(record))
    }

    /// Whether a record has begun and not ended: the stream must not end here.
    pub const fn is_midway(&self) -> bool {
        !self.held.is_empty()
    }

    /// Moves bytes over until `wanted` are held.
    fn take(&mut self, input: &mut &[u8], wanted: usize) {
        let missing = wanted.saturating_sub(self.held.len()).min(input.len());
        let (now, later) = input.split_at(missing);
        self.held.extend_from_slice(now);
        *input = later;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_has_17_to_65535_bytes_on_both_sides() {
        for (len, fits) in [(0, false), (16, false), (17, true), (65_535, true), (65_536, false)] {
            assert_eq!(frame(&vec![7; len]).is_ok(), fits, "framing {len}");
            let Ok(header) = u16::try_from(len) else { continue };
            let outcome = Deframer::default().next(&mut &header.to_be_bytes()[..]);
            let expected = if fits { Ok(None) } else { Err(ChannelError::RecordLength { len }) };
            assert_eq!(outcome, expected, "taking apart {len}");
        }
    }

    #[test]
    fn after_a_wrong_length_nothing_more_is_read() {
        let mut deframer = Deframer::default();
        assert!(deframer.next(&mut &[0, 3][..]).is_err());
        let good = frame(&[1; 20]).expect("frames");
        assert_eq!(deframer.next(&mut &good[..]), Err(ChannelError::Closed));
    }

    #[test]
    fn a_length_alone_takes_no_memory() {
        let mut deframer = Deframer::default();
        assert_eq!(deframer.next(&mut &[0xFF, 0xFF, 1][..]), Ok(None));
        assert!(deframer.held.capacity() < 64 && deframer.is_midway());
    }

    proptest! {
        #[test]
        fn records_come_out_as_they_went_in_however_they_are_cut(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 17..200), 0..6),
            cut in 1_usize..50,
        ) {
            let stream: Vec<u8> = records.iter().flat_map(|r| frame(r).expect("frames")).collect();
            let (mut deframer, mut out) = (Deframer::default(), Vec::new());
            for mut piece in stream.chunks(cut) {
                while let Some(record) = deframer.next(&mut piece).expect("whole records") {
                    out.push(record);
                }
                prop_assert!(piece.is_empty());
            }
            prop_assert_eq!(out, records);
            prop_assert!(!deframer.is_midway());
        }
    }
}
