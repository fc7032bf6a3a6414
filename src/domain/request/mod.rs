//! The request: one ask, its approvals, its window, and the permits it yields.

pub mod doc;
pub mod permit;
pub mod quorum;
pub mod state;
