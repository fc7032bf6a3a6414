//! What travels: lines to jobs, messages to operators. Bytes in, values out.

pub mod operator;
pub mod pc1;
pub mod record;
