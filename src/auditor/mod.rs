//! The auditor's side: bundles, read and verified with public keys, without a daemon and without a TPM.

pub mod collect;
pub mod container;
pub mod error;
mod folder;
mod header;
pub mod keys;
pub mod leaves;
mod tarball;
pub mod verify;
pub mod writer;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
