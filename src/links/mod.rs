//! What connects the appliance to jobs: Unix sockets, the kernel's evidence, the job's own side.

pub mod peer;
pub mod pull_client;
pub mod sockets;
