//! The heads of a log that were for signing: each names the one before it.

use super::body::Body;
use super::tree::{Head, Tree};
use crate::domain::refusal::Refusal;

/// The newest head that was for signing, as a log goes by.
#[derive(Clone, Debug, Default)]
pub struct Heads {
    last: Option<Head>,
}

impl Heads {
    /// Those of a log that goes on from a head which was for signing itself.
    pub fn after(tree: &Tree) -> Self {
        Self { last: (tree.size() > 0).then(|| tree.head()) }
    }

    /// The newest of them.
    pub const fn last(&self) -> Option<&Head> {
        self.last.as_ref()
    }

    /// Refuses a checkpoint that names another head before it than there was.
    ///
    /// # Errors
    /// [`Refusal::Impossible`].
    pub fn check(&self, body: &Body) -> Result<(), Refusal> {
        match body {
            Body::Checkpoint { previous, .. } if *previous != self.last => {
                Err(Refusal::Impossible { why: "a checkpoint names the head of the one before it" })
            }
            _ => Ok(()),
        }
    }

    /// Notes what was appended to `tree` last.
    pub fn passed(&mut self, body: &Body, tree: &Tree) {
        if matches!(body, Body::Checkpoint { .. }) {
            self.last = Some(tree.head());
        }
    }
}
