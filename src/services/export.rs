//! A bundle that two operators granted: made in small steps, so that nobody waits for it meanwhile.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Appliance, Moment, unreadable};
use crate::crypto::note::operator_key_name;
use crate::domain::appliance::State;
use crate::domain::audit::bundle::{Made, Making};
use crate::domain::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::domain::audit::entry::Body;
use crate::domain::audit::files::ConsistencyFile;
use crate::domain::audit::frontier;
use crate::domain::audit::manifest::{Manifest, Member, Range};
use crate::domain::audit::note::Note;
use crate::domain::audit::report;
use crate::domain::audit::spki::pem_from_point;
use crate::domain::audit::vkey::{NoteKey, Vkey};
use crate::domain::canonical;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::operator::Role;
use crate::domain::refusal::Refusal;
use crate::domain::wire::operator::audit::{AuditReply, Part};
use crate::policy;
use crate::store::StoreError;

/// Bundles that are kept while they are made and taken.
const MAKING_MAX: usize = 4;
/// Leaves read in one step: a few hundredths of a second.
const STEP: u64 = 2_000;
/// Bytes of a part in one message.
const CHUNK: usize = 96 * 1024;

/// How to verify a bundle with tools of others.
const VERIFY: &str = include_str!("../../schemas/bundle/VERIFY.txt");

/// A bundle on its way.
pub(super) enum Export {
    /// The log is being read.
    Reading(Box<Making>),
    /// All there is beside the entries.
    Ready((u64, u64), BTreeMap<Member, Vec<u8>>),
}

impl Appliance {
    /// Goes on making the bundle of a request that was granted; the first step makes its checkpoint.
    ///
    /// # Errors
    /// A [`Refusal`]; the checkpoint stays, and another try makes the rest anew.
    pub fn make_bundle(
        &mut self,
        at: &Moment,
        operator: &OperatorId,
        id: &RequestId,
    ) -> Result<AuditReply, Refusal> {
        policy::may_take_bundle(&self.facts(at), id, operator)?;
        let (from, _) = self.state().granted_export(id)?;
        if !self.state().exports.contains_key(id) {
            self.make_checkpoint(at, Some(id.clone()))?;
        }
        let to = *self
            .state()
            .exports
            .get(id)
            .ok_or(Refusal::Impossible { why: "an export has its checkpoint" })?;
        let export = self.making.remove(id);
        let export = export.unwrap_or_else(|| Export::Reading(Box::new(Making::new((from, to)))));
        while self.making.len() >= MAKING_MAX {
            // Whoever took it, or asks again for what makes room here, has it made anew.
            self.making.pop_first();
        }
        let export = match export {
            Export::Reading(making) => self.go_on(at, making)?,
            ready @ Export::Ready(..) => ready,
        };
        let reply = match &export {
            Export::Reading(making) => AuditReply::Making { from, to, read: making.taken(), parts: None },
            Export::Ready(_, parts) => {
                let part = |(member, bytes): (&Member, &Vec<u8>)| Part {
                    path: member.path().to_owned(),
                    len: bytes.len() as u64,
                };
                AuditReply::Making { from, to, read: to, parts: Some(parts.iter().map(part).collect()) }
            }
        };
        self.making.insert(id.clone(), export);
        Ok(reply)
    }

    /// Bytes of one part of a bundle that is made.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub fn bundle_part(
        &self,
        at: &Moment,
        operator: &OperatorId,
        (id, path, offset): (&RequestId, &str, u64),
    ) -> Result<AuditReply, Refusal> {
        policy::may_take_bundle(&self.facts(at), id, operator)?;
        let missing = || Refusal::Message { why: format!("there is no part {path} of the bundle of {id}") };
        let Some(Export::Ready(_, parts)) = self.making.get(id) else { return Err(missing()) };
        let part = parts.iter().find(|(member, _)| member.path() == path).ok_or_else(missing)?.1;
        let rest = usize::try_from(offset).ok().and_then(|offset| part.get(offset..)).ok_or_else(missing)?;
        Ok(AuditReply::Part { bytes: STANDARD.encode(&rest[..rest.len().min(CHUNK)]) })
    }

    /// Writes down that a bundle is where its request said.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was changed.
    pub fn bundle_written(
        &mut self,
        at: &Moment,
        operator: &OperatorId,
        id: &RequestId,
        manifest: &str,
    ) -> Result<(), Refusal> {
        policy::may_take_bundle(&self.facts(at), id, operator)?;
        let other = || Refusal::Message { why: format!("this is not the MANIFEST of the bundle of {id}") };
        let Some(Export::Ready(range, parts)) = self.making.get(id) else { return Err(other()) };
        let ours = parts.get(&Member::Manifest).map(|text| super::ledger::digest(text));
        if ours.as_deref() != Some(manifest) {
            return Err(other());
        }
        let (request, range, manifest) = (id.clone(), *range, manifest.to_owned());
        let body = Body::Exported { request, operator: operator.clone(), range, manifest };
        self.require_chip()?;
        let actor = format!("operator:{operator}");
        self.ledger.commit(at, actor, body, &[]).map_err(|error| error.to_refusal())?;
        self.making.remove(id);
        Ok(())
    }

    /// Reads some leaves, and makes the rest when all were read.
    fn go_on(&self, at: &Moment, mut making: Box<Making>) -> Result<Export, Refusal> {
        let (from, to) = (making.taken(), making.range().1);
        let mut wrong = None;
        let read = self.ledger.store.leaves::<StoreError>(from, STEP.min(to - from), |_, leaf| {
            wrong = making.take(leaf).err();
            Ok(wrong.is_none())
        });
        read.map_err(|error| unreadable(&error))?;
        if let Some(error) = wrong {
            return Err(Refusal::Integrity { what: error.to_string() });
        }
        if !making.is_complete() {
            return Ok(Export::Reading(making));
        }
        let range = making.range();
        let made = making.finish().ok_or(Refusal::Impossible { why: "a bundle has a beginning" })?;
        Ok(Export::Ready(range, self.parts(at, range, &made)?))
    }

    /// All that a bundle has beside its entries.
    fn parts(
        &self,
        at: &Moment,
        (from, to): (u64, u64),
        made: &Made,
    ) -> Result<BTreeMap<Member, Vec<u8>>, Refusal> {
        let state = self.state();
        let origin = state.founding.origin();
        let chip = &self.ledger.board.chip;
        let note = self.signed_checkpoint(&made.head)?;
        let checkpoint = Checkpoint::of_head(&origin, &made.head).map_err(|error| broken(&error))?;
        let quote = self.signing.quote(chip, &checkpoint)?;
        let signed = SignedCheckpoint::of_note(note.clone()).map_err(|error| broken(&error))?;
        let consistency = ConsistencyFile::new(from, made.consistency.clone(), signed);
        let consistency = consistency.map_err(|error| broken(&error))?;
        let mut parts = BTreeMap::from([
            (Member::Checkpoint, note.to_string().into_bytes()),
            (Member::Consistency, consistency.to_string().into_bytes()),
            (Member::Frontier, frontier::write(&made.beginning.tree).into_bytes()),
            (Member::OpenRequests, made.beginning.open.clone()),
            (Member::Rosters, canonical::to_vec(&made.state.rosters)),
            (Member::Policy, policy::FLOORS.as_bytes().to_vec()),
            (Member::QuoteMessage, quote.statement.message.clone()),
            (Member::QuoteSignature, quote.statement.signature.clone()),
            (Member::QuotePcrs, quote.pcr_file().map_err(|error| super::chip_refusal(&error))?),
            (Member::AttestationKey, pem_from_point(self.signing.attestation_point()).into_bytes()),
            (Member::Verify, VERIFY.as_bytes().to_vec()),
        ]);
        parts.extend(self.key_parts(&made.state)?);
        if let Some(certificate) =
            chip.endorsement_certificate().map_err(|error| super::chip_refusal(&error))?
        {
            parts.insert(Member::EndorsementCertificate, certificate);
        }
        let range = Range::new(from, to).map_err(|error| broken(&error))?;
        parts.extend(report::all(range, &made.state, &made.tally)?);
        let mut digests: BTreeMap<Member, [u8; 32]> =
            parts.iter().map(|(member, bytes)| (*member, Sha256::digest(bytes).into())).collect();
        digests.insert(Member::Entries, made.entries);
        let manifest = Manifest::new(&origin, range, at.now, digests).map_err(|error| broken(&error))?;
        let permit = state.leave_to_sign(to)?;
        let manifest: Note =
            self.signing.sign_manifest(chip, &state.founding, &manifest.to_text(), &permit)?;
        parts.insert(Member::Manifest, manifest.to_string().into_bytes());
        Ok(parts)
    }

    /// The public keys, for whoever has no others: nothing to trust in.
    fn key_parts(&self, state: &State) -> Result<[(Member, Vec<u8>); 8], Refusal> {
        let founding = &state.founding;
        let (origin, keys) = (founding.origin(), &founding.keys);
        let line = |name: &str, key: NoteKey| {
            Vkey::new(name, key).map(|key| format!("{key}\n")).map_err(|error| broken(&error))
        };
        let operators = state.roster().with_role(Role::Operator);
        let operators = operators.map(|person| {
            line(&operator_key_name(&origin, person.id.as_str()), NoteKey::Cosignature(person.cosign))
        });
        let operators = operators.collect::<Result<String, _>>()?;
        let register = json!({
            "origin": origin, "keys": keys, "pcrs": founding.pcrs, "pcr_digest": founding.pcr_digest,
            "version": founding.version, "program": founding.program,
            "roster": hex::encode(founding.roster.digest()),
        });
        let bytes = |text: &str| hex::decode(text).map_err(|error| broken(&error));
        Ok([
            (Member::LogKey, line(&origin, NoteKey::Ed25519(keys.log))?.into_bytes()),
            (Member::TpmKey, line(&origin, NoteKey::P256(*self.signing.tpm_point()))?.into_bytes()),
            (
                Member::BundleKey,
                line(&format!("{origin}/bundle"), NoteKey::Ed25519(keys.bundle))?.into_bytes(),
            ),
            (Member::OperatorKeys, operators.into_bytes()),
            (Member::Register, canonical::to_vec(&register)),
            (Member::CertifyMessage, bytes(&keys.certified)?),
            (Member::CertifySignature, bytes(&keys.certificate)?),
            (Member::LogPublic, bytes(&keys.tpm)?),
        ])
    }
}

/// What our own bytes cannot be.
fn broken(error: &dyn std::error::Error) -> Refusal {
    Refusal::Integrity { what: error.to_string() }
}
