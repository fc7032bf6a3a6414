//! The auditor's side: bundles, read and verified with public keys, without a daemon and without a TPM.


#[cfg(test)]
mod folder;
mod header;
mod tarball;
mod testing;
mod tests;
pub mod collect;
pub mod container;
pub mod error;
pub mod keys;
pub mod writer;
