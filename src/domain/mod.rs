//! Pure values and rules: no files, sockets, clocks, randomness or logging.

pub mod appliance;
pub mod audit;
pub mod canonical;
pub mod client;
pub mod credential;
pub mod ebcdic;
pub mod home;
pub mod ids;
pub mod operator;
pub mod refusal;
pub mod request;
pub mod secret;
pub mod selector;
pub mod setup;
pub mod shape;
pub mod text;
pub mod time;
pub mod wire;
