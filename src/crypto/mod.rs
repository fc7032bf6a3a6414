//! Shares, envelopes, key files and channels: bytes in, bytes out, no files, no clocks.
//!
//! Randomness is an argument, but for the ephemeral keys that `age` draws for itself.

pub mod channel;
mod codec;
pub mod envelope;
pub mod key_file;
pub mod keyed_hash;
pub mod note;
pub mod operator_key;
pub mod p256;
pub mod recipient;
pub mod recovery;
pub mod roster;
mod shamir;
pub mod shares;
pub mod sign;

#[cfg(test)]
mod testing;
