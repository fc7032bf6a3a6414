//! Records of the operators' channel: two bytes of length, big-endian, then that many bytes.
//!
//! What is in a record (a Noise message) is not looked at here.

use std::fmt;

/// The longest record, in bytes: the longest Noise message.
///
/// # Source
/// The Noise Protocol Framework, revision 34, section 3.
pub const RECORD_LEN_MAX: usize = 65_535;

const HEADER_LEN: usize = 2;

/// A record of no bytes, or of more than [`RECORD_LEN_MAX`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a record has {len} bytes, allowed are 1 to {RECORD_LEN_MAX}")]
pub struct RecordLength {
    /// What was offered, in bytes.
    pub len: usize,
}

/// Puts the length before a record.
///
/// # Errors
/// [`RecordLength`] for a record that the other side would refuse.
pub fn frame(record: &[u8]) -> Result<Vec<u8>, RecordLength> {
    let len = record.len();
    let header = u16::try_from(len).ok().filter(|len| *len > 0).ok_or(RecordLength { len })?;
    let mut framed = Vec::with_capacity(HEADER_LEN + len);
    framed.extend_from_slice(&header.to_be_bytes());
    framed.extend_from_slice(record);
    Ok(framed)
}

/// Cuts a stream of bytes into records.
///
/// It holds at most one unfinished record, and memory only for bytes that came, not for a length that
/// was claimed.
#[derive(Default)]
pub struct Deframer {
    pending: Vec<u8>,
    broken: bool,
}

impl Deframer {
    /// Takes bytes from the front of `input` up to the end of one record, and returns that record.
    ///
    /// `None` says that all of `input` is taken and the record is not finished.
    ///
    /// # Errors
    /// [`RecordLength`] for an empty record, now and ever after: the stream is out of step.
    pub fn take(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, RecordLength> {
        if self.broken {
            return Err(RecordLength { len: 0 });
        }
        self.fill(HEADER_LEN, input);
        let Some((header, _)) = self.pending.split_first_chunk::<HEADER_LEN>() else { return Ok(None) };
        let len = usize::from(u16::from_be_bytes(*header));
        if len == 0 {
            self.broken = true;
            return Err(RecordLength { len });
        }
        self.fill(HEADER_LEN + len, input);
        if self.pending.len() < HEADER_LEN + len {
            return Ok(None);
        }
        let mut record = std::mem::take(&mut self.pending);
        record.drain(..HEADER_LEN);
        Ok(Some(record))
    }

    /// Whether a record has begun and not ended.
    pub const fn is_inside(&self) -> bool {
        !self.pending.is_empty()
    }

    fn fill(&mut self, wanted: usize, input: &mut &[u8]) {
        let missing = wanted.saturating_sub(self.pending.len()).min(input.len());
        let (now, later) = input.split_at(missing);
        self.pending.extend_from_slice(now);
        *input = later;
    }
}

impl fmt::Debug for Deframer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deframer").field("pending", &self.pending.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_has_1_to_65535_bytes() {
        for (len, fits) in [(0, false), (1, true), (RECORD_LEN_MAX, true), (RECORD_LEN_MAX + 1, false)] {
            assert_eq!(frame(&vec![7; len]).is_ok(), fits, "{len}");
        }
        let mut deframer = Deframer::default();
        let mut input: &[u8] = &[0, 0, 0, 1, 9];
        assert_eq!(deframer.take(&mut input), Err(RecordLength { len: 0 }));
        assert_eq!(deframer.take(&mut input), Err(RecordLength { len: 0 }), "a broken stream stays broken");
    }

    proptest! {
        #[test]
        fn records_come_out_as_they_went_in_however_the_stream_is_cut(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..8),
            cut in 1_usize..50,
        ) {
            let stream: Vec<u8> = records.iter().flat_map(|r| frame(r).expect("fits")).collect();
            let mut deframer = Deframer::default();
            let mut out = Vec::new();
            for mut piece in stream.chunks(cut) {
                while let Some(record) = deframer.take(&mut piece).expect("in step") {
                    out.push(record);
                }
                prop_assert!(piece.is_empty());
            }
            prop_assert_eq!(out, records);
            prop_assert!(!deframer.is_inside());
        }
    }
}
