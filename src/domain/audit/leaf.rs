//! The bytes of an entry, written and read in one go.
//!
//! The derived way buffers every value twice, once because the body lies flat in the entry and
//! once because its type comes after it, and a log of a million entries has to be read in seconds.
//! What does not fit here is left to the derived way, which decides.

use serde::Deserialize;

use super::entry::{Body, ClockTrust, Entry};
use crate::domain::canonical;
use crate::domain::time::{ChipBoot, Timestamp};

/// An entry with its body first and its type before the detail.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turned {
    body: Body,
    v: u32,
    seq: u64,
    ts: Timestamp,
    mono: u64,
    boot: ChipBoot,
    clock: ClockTrust,
    epoch: u64,
    evaluation: bool,
    actor: Vec<String>,
}

const DETAIL: &[u8] = b"\"detail\":";
const EPOCH: &[u8] = b",\"epoch\":";
const TYPE: &[u8] = b",\"type\":";
const V: &[u8] = b",\"v\":";

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

/// The entry whose canonical bytes these are; `None` when they are not, or not in a plain way.
pub(super) fn read(leaf: &[u8]) -> Option<Entry> {
    // In JSON a quote within a text is escaped, so these are names of members: the first of their
    // name from the front, and the last from the back, are those of the entry itself.
    let detail = find(leaf, DETAIL)?;
    let v = rfind(leaf, V)?;
    let kind = rfind(&leaf[..v], TYPE)?;
    let epoch = rfind(&leaf[..kind], EPOCH).filter(|epoch| *epoch >= detail + DETAIL.len())?;
    let parts = [
        b"{\"body\":{",
        &leaf[kind + 1..v],
        b",",
        &leaf[detail..epoch],
        b"},",
        leaf.get(1..detail)?.strip_suffix(b",")?,
        &leaf[epoch..kind],
        &leaf[v..],
    ];
    let Turned { body, v, seq, ts, mono, boot, clock, epoch, evaluation, actor } =
        serde_json::from_slice(&parts.concat()).ok()?;
    let entry = Entry { v, seq, ts, mono, boot, clock, epoch, evaluation, actor, body };
    (write(&entry) == leaf).then_some(entry)
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    (0..text.len()).find(|&at| text[at] == word[0] && text[at..].starts_with(word))
}

fn rfind(text: &[u8], word: &[u8]) -> Option<usize> {
    (0..text.len()).rfind(|&at| text[at] == word[0] && text[at..].starts_with(word))
}

#[cfg(test)]
mod tests;
