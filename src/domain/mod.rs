//! Pure values and rules: no files, sockets, clocks, randomness or logging.

pub mod ids;
pub mod request;
pub mod secret;
pub mod selector;
pub mod time;
pub mod wire;
