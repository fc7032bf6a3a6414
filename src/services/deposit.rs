//! A deposit: the custodian wraps, the keeper seals `T` to the chip and keeps ciphertext.

use std::collections::BTreeSet;

use super::ledger::digest;
use super::{Appliance, Moment, chip_refusal};
use crate::domain::audit::entry::Body;
use crate::domain::canonical;
use crate::domain::credential::Deposited;
use crate::domain::ids::{CredentialName, Generation, OperatorId, RequestId};
use crate::domain::operator::Role;
use crate::domain::refusal::Refusal;
use crate::domain::wire::operator::{Deposit, Reply, StateName};
use crate::policy;
use crate::store::Write;

impl Appliance {
    /// What a custodian must know before wrapping.
    ///
    /// # Errors
    /// [`Refusal::CredentialExists`] for a name that is taken when no next generation was asked
    /// for, [`Refusal::NoCredential`] for the other way round.
    pub fn deposit_context(&self, name: &CredentialName, next: bool) -> Result<Reply, Refusal> {
        let state = self.state();
        match (state.current(name), next) {
            (Ok(current), false) => {
                return Err(Refusal::CredentialExists {
                    credential: name.clone(),
                    generation: current.generation,
                });
            }
            (Err(refusal), true) => return Err(refusal),
            _ => {}
        }
        Ok(Reply::DepositContext {
            appliance: state.founding.appliance.clone(),
            generation: state.next_generation(name),
            rosters: state.rosters.clone(),
            recovery: state.founding.recovery.clone(),
        })
    }

    /// Takes a wrapped generation in. Open requests for older ones are revoked, their windows go.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn deposit(
        &mut self,
        at: &Moment,
        operator: &OperatorId,
        deposit: Deposit,
    ) -> Result<Generation, Refusal> {
        let Deposit { name, generation, terms, t, record } = deposit;
        let bad = |why| Refusal::BadDeposit { credential: name.clone(), why };
        if generation != self.state().next_generation(&name) {
            return Err(Refusal::StaleDeposit { credential: name });
        }
        let mut deposited =
            Deposited { generation, terms, depositor: operator.clone(), at: at.now, record: String::new() };
        policy::may_deposit(&self.facts(at), &deposited, generation != Generation::FIRST)?;
        if deposited.terms.is_past_sunset(at.now) {
            return Err(Refusal::PastSunset { credential: name, sunset: deposited.terms.sunset });
        }
        self.check_shares(&name, operator, &record)?;
        let t = t.to_key().ok_or_else(|| bad("its half of the key has not 32 bytes"))?;
        let sealed = self.ledger.board.chip.seal(&t).map_err(|error| chip_refusal(&error))?;
        drop(t);
        let (sealed, record) = (canonical::to_vec(&sealed), canonical::to_vec(&record));
        deposited.record = digest(&[sealed.as_slice(), record.as_slice()].concat());
        let ended = self.armed_for(&name);
        ended.iter().for_each(|id| self.take_window(id));
        let mut writes = vec![Write::Record { name: name.clone(), generation, sealed, record }];
        writes.extend(ended.into_iter().map(|request| Write::DropWindow { request }));
        let body = Body::Deposited { credential: name, deposited: Box::new(deposited) };
        let actor = format!("operator:{operator}");
        self.ledger.commit(at, actor, body, &writes).map_err(|error| error.to_refusal())?;
        self.wipe_stale_shares();
        Ok(generation)
    }

    /// The shares must be one for each person who may approve, for the quorum of the roster in force.
    /// Who deposits may not approve, and so has no share.
    fn check_shares(
        &self,
        name: &CredentialName,
        depositor: &OperatorId,
        record: &crate::domain::wire::operator::WrappedRecord,
    ) -> Result<(), Refusal> {
        let bad = |why| Refusal::BadDeposit { credential: name.clone(), why };
        let roster = self.state().roster();
        let current = self.state().rosters.last().map(|signed| hex::encode(signed.digest()));
        if current.as_deref() != Some(record.roster.as_str()) {
            return Err(Refusal::StaleDeposit { credential: name.clone() });
        }
        if record.k != roster.quorum() {
            return Err(bad("it is split for another quorum"));
        }
        let sealed = super::approve::sealed_shares(record);
        let people: BTreeSet<&OperatorId> = sealed.iter().map(|share| share.operator()).collect();
        let wanted: BTreeSet<&OperatorId> =
            roster.with_role(Role::Operator).map(|person| &person.id).filter(|id| *id != depositor).collect();
        if people != wanted || sealed.len() != wanted.len() || record.shares.len() != sealed.len() {
            return Err(bad("it has not one share for each operator but the depositor"));
        }
        if super::arm::envelope(record).is_err() {
            return Err(bad("its envelope does not read"));
        }
        if record.salt.len() != 64 || hex::decode(&record.salt).is_err() {
            return Err(bad("its salt is not 32 bytes in hex"));
        }
        Ok(())
    }

    fn armed_for(&self, name: &CredentialName) -> Vec<RequestId> {
        let armed = self.state().requests_for(name).filter(|request| request.state() == StateName::Armed);
        armed.map(|request| request.doc.id.clone()).collect()
    }
}
