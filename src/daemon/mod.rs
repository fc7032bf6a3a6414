//! The two processes and what is between them.
