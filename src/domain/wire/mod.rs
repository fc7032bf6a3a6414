//! What travels between processes: lines of jobs, records and messages of operators. Bytes in, values out.

pub mod operator;
pub mod pc1;
pub mod record;
