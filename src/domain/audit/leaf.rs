//! The bytes of an entry, written and read in one go.
//!
//! The derived way buffers every value twice, once because the body lies flat in the entry and
//! once because its type comes after it, and writes what it read to compare it. A log of a million
//! entries has to be read in a second. What does not fit here is left to the derived way, which decides.

use super::entry::{ClockTrust, Entry};
use crate::domain::canonical;

mod read;

pub(super) use self::read::read;

const DETAIL: &[u8] = b"\"detail\":";
const TYPE: &[u8] = b",\"type\":";

/// The canonical bytes of an entry.
pub(super) fn write(entry: &Entry) -> Vec<u8> {
    written(entry).unwrap_or_else(|| canonical::to_vec(entry))
}

/// The members in the order of their names; `None` when a number is none that a double holds.
fn written(entry: &Entry) -> Option<Vec<u8>> {
    const NUMBER_MAX: u64 = 1 << 53;
    let Entry { v, seq, ts, mono, boot, clock, epoch, evaluation, actor, body } = entry;
    if [*seq, ts.ms(), *mono, *epoch].into_iter().any(|number| number >= NUMBER_MAX) {
        return None;
    }
    let kind = [TYPE, b"\"", body.word().as_bytes(), b"\""].concat();
    let body = canonical::to_vec(body);
    let member = body.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let detail = member.strip_suffix(kind.as_slice())?.strip_prefix(DETAIL)?;
    let actor = canonical::to_vec(actor);
    let (resets, restarts, ts) = (boot.reset_count, boot.restart_count, ts.ms());
    let clock = match clock {
        ClockTrust::Agrees => "agrees",
        ClockTrust::Alarm => "alarm",
    };
    let between =
        format!(",\"boot\":{{\"reset_count\":{resets},\"restart_count\":{restarts}}},\"clock\":\"{clock}\",");
    let after =
        format!(",\"epoch\":{epoch},\"evaluation\":{evaluation},\"mono\":{mono},\"seq\":{seq},\"ts\":{ts}");
    let end = format!(",\"v\":{v}}}");
    let parts = [
        b"{\"actor\":",
        &actor[..],
        between.as_bytes(),
        DETAIL,
        detail,
        after.as_bytes(),
        &kind,
        end.as_bytes(),
    ];
    Some(parts.concat())
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
