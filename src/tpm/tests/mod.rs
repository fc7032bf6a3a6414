//! What the chip does, asked of a software TPM of one's own per test.

mod board;
mod counters;
mod intruder;
mod log_key;
mod memory;
mod provisioning;
mod rig;
mod seal;
mod silence;
mod statements;
mod tap;
mod window;
mod wire;
