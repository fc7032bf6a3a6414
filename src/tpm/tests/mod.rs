//! What the chip does, asked of a software TPM of one's own per test.

mod rig;
mod seal;
mod window;
