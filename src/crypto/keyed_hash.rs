//! Keyed hashes: what the log holds of things that may be sensitive and are not secret.
//!
//! Whoever has the log cannot find out by guessing; the appliance answers an auditor's guess.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::domain::secret::Key32;

/// `hmac-sha256:` and HMAC-SHA256 of `text` in hex.
///
/// # Source
/// RFC 2104.
pub fn keyed_hash(key: &Key32, text: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of any length");
    let tag = mac.chain_update(text).finalize().into_bytes();
    format!("hmac-sha256:{}", hex::encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyed_hash_is_the_one_that_other_code_makes() {
        // printf %s what | openssl mac -digest SHA256 -macopt hexkey:0303...03 HMAC
        let key = Key32::take(&mut [3; 32]);
        let expected = "hmac-sha256:1d8c1c74c199d4d095bcbfc006c0d78d9f75c78b0b67858c3d582f7a79bd3f73";
        assert_eq!(keyed_hash(&key, b"/usr/bin/job"), expected);
        assert_ne!(keyed_hash(&Key32::take(&mut [4; 32]), b"/usr/bin/job"), expected, "another key");
    }
}
