//! What travels between processes: lines of jobs, records of operators. Bytes in, values out.

pub mod pc1;
pub mod record;
