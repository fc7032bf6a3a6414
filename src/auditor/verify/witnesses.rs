//! Whether those who an auditor relies on have cosigned a checkpoint.

use super::refused::Fault;
use crate::crypto::note::{OpenError, open};
use crate::domain::audit::manifest::Member;
use crate::domain::audit::note::Note;
use crate::domain::audit::vkey::Vkey;
use crate::domain::audit::witness::WitnessPolicy;

/// Refuses a checkpoint that too few of the witnesses of the policy have cosigned, or that none of its logs has
/// signed.
pub(super) fn verify(policy: &WitnessPolicy, note: &Note) -> Result<(), Fault> {
    if !policy.logs().is_empty() && signers(note, policy.logs())?.is_empty() {
        return Err(Fault::PolicyLog);
    }
    let witnesses: Vec<Vkey> = policy.witnesses().iter().map(|witness| witness.key.clone()).collect();
    let cosigned = signers(note, &witnesses)?;
    if policy.is_satisfied_by(&cosigned) { Ok(()) } else { Err(Fault::Quorum { cosigned: cosigned.len() }) }
}

/// Which of these keys have signed.
fn signers(note: &Note, known: &[Vkey]) -> Result<Vec<Vkey>, Fault> {
    match open(note, known) {
        Ok(by) => Ok(by.into_iter().map(|by| by.key.clone()).collect()),
        Err(OpenError::NobodyKnown) => Ok(Vec::new()),
        Err(why) => Err(Fault::Signature { member: Member::Checkpoint, why }),
    }
}
