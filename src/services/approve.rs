//! One operator's yes: their signature, and for what opens a credential their share.

use super::{Appliance, Moment};
use crate::crypto::shares::{SealedShare, Share, ShareContext, ShareSubject};
use crate::crypto::sign::verify_approval;
use crate::domain::appliance::State;
use crate::domain::appliance::step::Permit;
use crate::domain::audit::entry::Body;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::request::doc::ApprovalStatement;
use crate::domain::request::state::Request;
use crate::domain::secret::SecretBytes;
use crate::domain::wire::operator::WrappedRecord;
use crate::policy;

/// What an operator sends.
pub struct Yes {
    /// Who, as the channel proved.
    pub operator: OperatorId,
    /// Which request.
    pub request: RequestId,
    /// Canonical bytes of the statement.
    pub statement: String,
    /// Ed25519 signature in hex.
    pub signature: String,
    /// The share in the clear; for what opens a credential.
    pub share: Option<SecretBytes>,
}

impl Appliance {
    /// Counts one person's approval; the last one arms the window or lets the request take effect.
    ///
    /// # Errors
    /// A [`Refusal`]; the approval was not counted, or the window was not armed and the approvals
    /// are void, which the request's note says.
    pub fn approve(&mut self, at: &Moment, yes: Yes) -> Result<(), Refusal> {
        let request = self.state().request(&yes.request)?.clone();
        policy::may_approve(&self.facts(at), &request, &yes.operator)?;
        self.check_rules(&request)?;
        self.require_chip()?;
        self.pay_gate()?;
        let statement = self.check_statement(&request, &yes)?;
        let body = Body::Approved {
            request: yes.request.clone(),
            operator: yes.operator.clone(),
            window: statement.window,
            pulls: statement.pulls,
            signature: yes.signature.clone(),
        };
        // A share is looked at only when the approval itself would be accepted.
        self.state().step(&body, at.now, at.boot)?;
        let share = self.check_share(&request, &yes)?;
        if let Some(share) = share {
            self.shares.entry(yes.request.clone()).or_default().push(share);
        }
        let actor = format!("operator:{}", yes.operator);
        let permit = match self.ledger.commit(at, actor, body, &[]) {
            Ok(permit) => permit,
            Err(error) => {
                self.shares.remove(&yes.request);
                return Err(error.to_refusal());
            }
        };
        match permit {
            Some(Permit::Arm(permit)) => {
                let shares = self.shares.remove(&yes.request).unwrap_or_default();
                self.arm(at, permit, &shares)
            }
            _ => Ok(()),
        }
    }

    /// The policy and the roster that the request names must still be in force.
    fn check_rules(&self, request: &Request) -> Result<(), Refusal> {
        let roster = self.state().rosters.last().map(|signed| hex::encode(signed.digest()));
        let same = request.doc.policy == policy::digest() && Some(&request.doc.roster) == roster.as_ref();
        if same { Ok(()) } else { Err(Refusal::OtherRules { request: request.doc.id.clone() }) }
    }

    /// The statement, when it is about this request as it stands and signed by this operator.
    fn check_statement(&self, request: &Request, yes: &Yes) -> Result<ApprovalStatement, Refusal> {
        let differs = || Refusal::StatementDiffers { request: yes.request.clone() };
        let statement: ApprovalStatement = serde_json::from_str(&yes.statement).map_err(|_| differs())?;
        let same = statement.request == *request.doc && statement.operator == yes.operator;
        if !same || statement.canonical() != yes.statement.as_bytes() {
            return Err(differs());
        }
        check_signature(self.state(), &statement, &yes.signature)?;
        Ok(statement)
    }

    /// The share, when it is the one that was deposited for this operator; `None` for other kinds.
    fn check_share(&self, request: &Request, yes: &Yes) -> Result<Option<Share>, Refusal> {
        let Some((credential, generation)) = request.doc.subject.opens() else { return Ok(None) };
        let bad = |problem| Refusal::BadShare {
            request: yes.request.clone(),
            operator: yes.operator.clone(),
            problem,
        };
        let share = yes.share.as_ref().ok_or_else(|| bad("missing"))?;
        let share = Share::parse(share.expose()).map_err(|_| bad("malformed"))?;
        let record = self.record(credential, generation)?.1;
        let sealed = own_share(&record, &yes.operator).ok_or_else(|| bad("not among those deposited"))?;
        sealed.check(&share).map_err(|_| bad("not the one that was deposited"))?;
        let subject = ShareSubject {
            appliance: self.state().founding.appliance.clone(),
            credential: credential.clone(),
            generation,
        };
        let expected =
            ShareContext { subject, operator: yes.operator.clone(), index: sealed.index(), k: record.k };
        if *share.context() == expected { Ok(Some(share)) } else { Err(bad("of something else")) }
    }
}

/// An approval that is read back counts only if its operator signed it for the request as the log has it.
pub(super) fn check_logged(state: &State, body: &Body) -> Result<(), Refusal> {
    let Body::Approved { request, operator, window, pulls, signature } = body else { return Ok(()) };
    let doc = (*state.request(request)?.doc).clone();
    let asked = ApprovalStatement::as_asked(operator.clone(), doc);
    check_signature(state, &ApprovalStatement { window: *window, pulls: *pulls, ..asked }, signature)
}

fn check_signature(state: &State, statement: &ApprovalStatement, signature: &str) -> Result<(), Refusal> {
    let bad = || Refusal::BadSignature {
        request: statement.request.id.clone(),
        operator: statement.operator.clone(),
    };
    let person = state.roster().get(&statement.operator).ok_or_else(bad)?;
    let mut bytes = [0; 64];
    hex::decode_to_slice(signature, &mut bytes).map_err(|_| bad())?;
    verify_approval(&person.approval, &statement.canonical(), &bytes).map_err(|_| bad())
}

/// The sealed share of one operator in a record.
pub(super) fn own_share(record: &WrappedRecord, operator: &OperatorId) -> Option<SealedShare> {
    sealed_shares(record).into_iter().find(|share| share.operator() == operator)
}

/// All sealed shares of a record; those that do not read are left out, and are missed by name.
pub(super) fn sealed_shares(record: &WrappedRecord) -> Vec<SealedShare> {
    record.shares.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
}
