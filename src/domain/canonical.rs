//! Canonical JSON: one byte string for one value, so that it can be hashed and signed.

pub mod read;
mod sorted;

use serde::Serialize;

/// Encodes a value of this crate.
///
/// # Source
/// RFC 8785. All numbers here are integers below 2^53, so number formatting never differs.
pub fn to_vec<T: Serialize>(value: &T) -> Vec<u8> {
    // Every type that comes here is a struct of ours: strings, integers, lists and maps with string keys.
    const OURS: &str = "our own types encode as JSON";
    let plain = serde_json::to_vec(value).expect(OURS);
    sorted::sorted(&plain).unwrap_or_else(|| serde_json_canonicalizer::to_vec(value).expect(OURS))
}

/// Whether `bytes` is the canonical form of the JSON they hold.
pub fn is_canonical(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|value| to_vec(&value) == bytes)
}
