//! What one operator may do alone: deny, revoke, freeze.

use super::{Appliance, Moment, chip_refusal};
use crate::domain::audit::entry::Body;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::text::Text;
use crate::domain::wire::operator::StateName;
use crate::policy;
use crate::store::Write;

impl Appliance {
    /// Says no to a request that collects approvals.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn deny(
        &mut self,
        at: &Moment,
        operator: &OperatorId,
        id: &RequestId,
        reason: Text,
    ) -> Result<(), Refusal> {
        policy::may_deny(&self.facts(at), operator)?;
        let body = Body::Denied { request: id.clone(), operator: operator.clone(), reason };
        self.end(at, operator, id, body)
    }

    /// Withdraws a request, or closes its window.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn revoke(
        &mut self,
        at: &Moment,
        operator: &OperatorId,
        id: &RequestId,
        reason: Text,
    ) -> Result<(), Refusal> {
        policy::may_revoke(&self.facts(at), self.state().request(id)?, operator)?;
        let body = Body::Revoked { request: id.clone(), operator: operator.clone(), reason };
        self.end(at, operator, id, body)
    }

    fn end(&mut self, at: &Moment, operator: &OperatorId, id: &RequestId, body: Body) -> Result<(), Refusal> {
        let writes = [Write::DropWindow { request: id.clone() }];
        let actor = format!("operator:{operator}");
        self.ledger.commit(at, actor, body, &writes).map_err(|error| error.to_refusal())?;
        self.wipe_stale_shares();
        Ok(())
    }

    /// Brings everything down: the log says so, then the gate counter ends every window on the chip.
    ///
    /// # Errors
    /// A [`Refusal`]. When the chip does not count, the appliance is frozen all the same, and the
    /// next start counts before it does anything else.
    pub fn freeze(&mut self, at: &Moment, operator: &OperatorId, reason: Text) -> Result<(), Refusal> {
        policy::may_freeze(&self.facts(at), operator)?;
        let armed: Vec<RequestId> = self
            .state()
            .requests
            .values()
            .filter(|request| request.state() == StateName::Armed)
            .map(|request| request.doc.id.clone())
            .collect();
        armed.iter().for_each(|id| self.take_window(id));
        let writes: Vec<Write> = armed.into_iter().map(|request| Write::DropWindow { request }).collect();
        let body = Body::Frozen { operator: operator.clone(), reason };
        let actor = format!("operator:{operator}");
        let committed = self.ledger.commit(at, actor, body, &writes).map_err(|error| error.to_refusal());
        self.wipe_stale_shares();
        // A gate that falls without a record is the safe failure of the two.
        self.close_gate()?;
        committed.map_err(|refusal| match refusal {
            Refusal::Integrity { what } => Refusal::Integrity {
                what: format!("every window is closed on the chip; freeze again once this is mended: {what}"),
            },
            refusal => refusal,
        })?;
        self.ask_chip_of_closed(at);
        Ok(())
    }

    /// Counts the gate up: every window that was armed before is garbage from now on.
    pub(super) fn close_gate(&mut self) -> Result<(), Refusal> {
        self.gate_owed = true;
        let board = &self.ledger.board;
        board.chip.close_gate(&board.auths).map_err(|error| chip_refusal(&error))?;
        self.gate_owed = false;
        Ok(())
    }

    /// Counts the gate if an earlier freeze could not: the log says that every window is closed.
    pub(super) fn pay_gate(&mut self) -> Result<(), Refusal> {
        if self.gate_owed { self.close_gate() } else { Ok(()) }
    }
}
