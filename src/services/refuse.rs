//! Writing down what did not happen.

use super::{Appliance, Moment};
use crate::domain::audit::entry::Body;
use crate::domain::ids::OperatorId;
use crate::domain::refusal::Refusal;
use crate::domain::text::escape;

impl Appliance {
    /// Writes a refusal into the log. `wanted` is what was asked for, in a few words.
    pub fn refused(&mut self, at: &Moment, actor: String, wanted: &str, refusal: &Refusal) {
        let (code, _, _) = refusal.parts();
        let shorten = |text: &str| escape(&text.chars().take(300).collect::<String>());
        let body = Body::Refused {
            wanted: shorten(wanted),
            code: code.to_owned(),
            what: shorten(&refusal.to_string()),
        };
        self.note(at, actor, body);
    }

    /// Writes down that somebody could not open an operator's key file.
    pub fn passphrase_failed(&mut self, at: &Moment, actor: String, operator: OperatorId) {
        self.note(at, actor, Body::PassphraseFailed { operator });
    }

    /// Writes down that the keeper ends because it was told to: a log that ends otherwise was cut short.
    pub fn told_to_stop(&mut self, at: &Moment) {
        self.note(at, "keeper".to_owned(), Body::Stopped);
    }

    /// Commits an entry that changes nothing. When the ledger has stopped there is nowhere to write,
    /// and every verb that matters refuses anyway.
    pub(super) fn note(&mut self, at: &Moment, actor: String, body: Body) {
        debug_assert!(!body.is_anchored(), "an entry that decides is never only noted");
        if let Err(error) = self.ledger.commit(at, actor, body, &[]) {
            tracing::error!(%error, "an entry could not be written");
        }
    }
}
