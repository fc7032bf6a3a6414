//! The exception: a person is shown a credential, once. Policy, commit, anchor, unseal, as for a pull.

use super::{Appliance, Moment};
use crate::domain::audit::entry::{Body, Delivery};
use crate::domain::ids::{CredentialName, Generation, OperatorId, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::Requester;
use crate::domain::secret::Plaintext;
use crate::policy;

/// What a person is shown.
#[derive(Debug)]
pub struct Revealed {
    /// The credential.
    pub credential: CredentialName,
    /// Which value of it.
    pub generation: Generation,
    /// The value.
    pub plaintext: Plaintext,
}

impl Appliance {
    /// Opens the window of a request to whoever asked for it. From then on the credential must be rotated
    /// within a day.
    ///
    /// # Errors
    /// A [`Refusal`]; unless it says otherwise the chip was asked nothing and the showing is not spent.
    pub fn reveal(
        &mut self,
        at: &Moment,
        operator: &OperatorId,
        id: &RequestId,
    ) -> Result<Revealed, Refusal> {
        let request = self.state().request(id)?;
        policy::may_be_shown(&self.facts(at), request, operator)?;
        let shown = request.doc.subject.opens().map(|(name, generation)| (name.clone(), generation));
        let (credential, generation) = shown
            .ok_or_else(|| Refusal::NotShown { request: id.clone(), kind: request.doc.subject.kind() })?;
        let body = Body::Revealed { request: id.clone(), operator: operator.clone() };
        match self.spend_and_open(at, id, (format!("operator:{operator}"), body))? {
            Some(plaintext) => Ok(Revealed { credential, generation, plaintext }),
            None => Err(self.too_early(at, id)),
        }
    }

    /// Writes down how a showing ended, unless that is written down already. Never refuses: what happened
    /// has happened.
    pub fn shown(&mut self, at: &Moment, operator: &OperatorId, id: &RequestId, delivered: Delivery) {
        let owed = (id.clone(), Requester::Operator(operator.clone()));
        if self.state().unsettled.contains(&owed) {
            let body = Body::Shown { request: id.clone(), operator: operator.clone(), delivered };
            self.note(at, format!("operator:{operator}"), body);
        }
    }

    /// The appliance's clock was a moment ahead of the chip's.
    fn too_early(&self, at: &Moment, id: &RequestId) -> Refusal {
        use crate::domain::request::state::Phase;
        match self.state().request(id) {
            Ok(request) => match &request.phase {
                Phase::Armed(armed) => {
                    Refusal::OutsideWindow { request: id.clone(), window: armed.window, now: at.now }
                }
                _ => request.wrong_state("shown"),
            },
            Err(refusal) => refusal,
        }
    }
}
