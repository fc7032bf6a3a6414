//! What the chip says: in which state it was when it was told the checkpoint, and that the log's key is its own.

use sha2::{Digest as _, Sha256};

use super::parts::Parts;
use super::pass::Written;
use super::refused::Fault;
use super::register::{Keys, Register, lower_hex};
use crate::crypto::p256::verify_p256;
use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::audit::manifest::Member;
use crate::domain::audit::quote::{
    Attest, Attested, ENDORSEMENT, Name, PcrSelection, PcrValues, QuoteError, SigningKey,
};
use crate::domain::audit::spki::{Point, point_from_pem};
use crate::domain::time::ChipTime;

/// A quote that verified.
#[derive(Clone, Debug)]
pub(super) struct Quoted {
    pub(super) time: ChipTime,
    pub(super) firmware: u64,
    pub(super) pcrs: Vec<u8>,
}

/// How far the chip's clock may lie behind an entry that was written before the quote: the time of an entry is
/// the chip's as the keeper counts on between two readings, with the machine's own clock.
const BEHIND_MS: u64 = 10_000;

/// Verifies what the attestation key says of the log's key, and its quote.
pub(super) fn verify(parts: &Parts, keys: &Keys, checkpoint: &Checkpoint) -> Result<Quoted, Fault> {
    let attestation = &keys.attestation;
    let ak = attestation_key(parts, keys)?;
    log_key(parts, keys)?;
    let certify = signed(parts, Member::CertifyMessage, Member::CertifySignature, &ak, attestation)?;
    for (member, text) in [
        (Member::CertifyMessage, &keys.register.keys.certified),
        (Member::CertifySignature, &keys.register.keys.certificate),
    ] {
        if lower_hex(text).as_deref() != Some(parts.bytes(member)) {
            return Err(Fault::attested(member, "it is not the one in keys/register.json"));
        }
    }
    let Attested::Certify { name, .. } = certify.what else {
        return Err(Fault::attested(Member::CertifyMessage, "it certifies no key"));
    };
    if name != *keys.log_area.name() {
        let what = "it certifies another key than the log's";
        return Err(Fault::attested(Member::CertifyMessage, what));
    }
    let quote = signed(parts, Member::QuoteMessage, Member::QuoteSignature, &ak, attestation)?;
    let told: [u8; 32] = Sha256::digest(checkpoint.to_string()).into();
    if quote.extra != told {
        let what = "the chip was told another checkpoint than this one, or none (the nonce differs)";
        return Err(Fault::attested(Member::QuoteMessage, what));
    }
    let Attested::Quote { selection, digest } = quote.what else {
        return Err(Fault::attested(Member::QuoteMessage, "it is no quote"));
    };
    let values = registers(parts, selection, digest)?;
    as_at_set_up(&keys.register, selection, digest)?;
    let pcrs = values.selection().registers().collect();
    Ok(Quoted { time: quote.time, firmware: quote.firmware, pcrs })
}

/// The attestation key signs what the chip composed and nothing else, and is not the log's own.
fn attestation_key(parts: &Parts, keys: &Keys) -> Result<Point, Fault> {
    let (member, ak) = (Member::AttestationKey, &keys.attestation);
    let point = point_from_pem(parts.text(member)?);
    let point = point.ok_or_else(|| Fault::differs(member, "it is no P-256 key in PEM"))?;
    if point != ak.point() {
        return Err(Fault::attested(member, "it is not the attestation key in keys/register.json"));
    }
    if point == keys.log_area.point() || ak.name() == keys.log_area.name() {
        return Err(Fault::attested(member, "it is the log's own key, which says nothing of itself"));
    }
    if !(ak.is_restricted() && ak.only_signs() && ak.never_leaves()) {
        let what = "it is not restricted to what the chip itself composed, or can leave the chip";
        return Err(Fault::attested(member, what));
    }
    Ok(point)
}

/// The log's key was made in the chip, cannot leave it, signs only, and only when the policy holds.
fn log_key(parts: &Parts, keys: &Keys) -> Result<(), Fault> {
    let (member, key) = (Member::LogPublic, &keys.log_area);
    if lower_hex(&keys.register.keys.tpm).as_deref() != Some(parts.bytes(member)) {
        return Err(Fault::attested(member, "it is not the public area in keys/register.json"));
    }
    if !(key.never_leaves() && key.only_signs() && key.policy().is_some()) {
        let what = "the key can leave the chip, does more than sign, or is not bound to a policy";
        return Err(Fault::attested(member, what));
    }
    Ok(())
}

/// What the attestation key has signed, and that it is a primary key of the endorsement hierarchy.
fn signed(
    parts: &Parts,
    message: Member,
    signature: Member,
    ak: &Point,
    area: &SigningKey,
) -> Result<Attest, Fault> {
    let bytes = parts.bytes(message);
    verify_p256(ak, bytes, parts.bytes(signature))
        .map_err(|_| Fault::attested(signature, "the attestation key did not sign this"))?;
    let attest = Attest::parse(bytes).map_err(chip(message))?;
    let expected: Name = area.name().below(&ENDORSEMENT);
    if attest.signer == expected {
        Ok(attest)
    } else {
        Err(Fault::attested(message, "its signer is no primary key of the endorsement hierarchy"))
    }
}

fn registers(parts: &Parts, selection: PcrSelection, digest: [u8; 32]) -> Result<PcrValues, Fault> {
    let member = Member::QuotePcrs;
    let values = PcrValues::parse(parts.bytes(member)).map_err(chip(member))?;
    if values.selection() != selection || values.digest() != digest {
        return Err(Fault::attested(member, "these are not the values that were quoted"));
    }
    Ok(values)
}

/// The state must be the one that the keys were sealed to.
fn as_at_set_up(register: &Register, selection: PcrSelection, digest: [u8; 32]) -> Result<(), Fault> {
    let numbers: Vec<String> = selection.registers().map(|number| number.to_string()).collect();
    let quoted = format!("sha256:{}", numbers.join(","));
    if quoted != register.pcrs {
        return Err(Fault::Pcrs { what: format!("quoted are {quoted}, at set-up {}", register.pcrs) });
    }
    let (now, then) = (hex::encode(digest), &register.pcr_digest);
    if now == *then { Ok(()) } else { Err(Fault::Pcrs { what: format!("{now} now, {then} then") }) }
}

/// The chip was told the checkpoint after the last entry was written.
pub(super) fn after_log(quoted: &Quoted, last: Written) -> Result<(), Fault> {
    let ChipTime { clock_ms, boot, .. } = quoted.time;
    let (now, then) = (boot.reset_count, last.boot.reset_count);
    if now < then {
        let what = format!("{now} resets in the quote, {then} in the last entry");
        return Err(Fault::Counters { what });
    }
    if now == then && clock_ms.saturating_add(BEHIND_MS) < last.mono {
        let what = format!("the clock says {clock_ms} ms in the quote, {} in the last entry", last.mono);
        return Err(Fault::Counters { what });
    }
    Ok(())
}

/// A later quote has as many resets or more, and within one count a later clock.
pub(super) fn after_quote(later: &Quoted, before: &Quoted, file: &str) -> Result<(), Fault> {
    let (now, then) = (later.time, before.time);
    if now.boot.reset_count < then.boot.reset_count {
        let (now, then) = (now.boot.reset_count, then.boot.reset_count);
        let what = format!("{now} resets here, {then} in the earlier quote of {file}");
        return Err(Fault::Counters { what });
    }
    if now.boot.reset_count == then.boot.reset_count && now.clock_ms < then.clock_ms {
        let (now, then) = (now.clock_ms, then.clock_ms);
        let what = format!("the clock says {now} ms here, {then} in the earlier quote of {file}");
        return Err(Fault::Counters { what });
    }
    Ok(())
}

fn chip(member: Member) -> impl Fn(QuoteError) -> Fault {
    move |why| Fault::Chip { member, why }
}
