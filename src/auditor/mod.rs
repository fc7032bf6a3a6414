//! The auditor's side: bundles, read and verified with public keys, without a daemon and without a TPM.
pub mod leaves;
