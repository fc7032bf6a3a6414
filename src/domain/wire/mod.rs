//! What travels: lines to jobs, messages to operators.

pub mod operator;
pub mod pc1;
