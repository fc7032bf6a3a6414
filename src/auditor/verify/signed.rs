//! What the keys of the log have signed: MANIFEST and the checkpoint.

use super::parts::Parts;
use super::people::People;
use super::refused::Fault;
use super::register::Keys;
use crate::crypto::note::open;
use crate::domain::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::domain::audit::files::ConsistencyFile;
use crate::domain::audit::frontier;
use crate::domain::audit::manifest::Member;
use crate::domain::audit::note::Note;
use crate::domain::audit::tree::Tree;
use crate::domain::audit::vkey::Vkey;

/// A checkpoint that both keys of the log have signed, and which tree it grew out of.
pub(super) struct Signed {
    pub(super) checkpoint: Checkpoint,
    pub(super) note: Note,
    /// The tree of everything before the bundle.
    pub(super) before: Tree,
    /// The names of the operators' keys that cosigned.
    pub(super) cosigned: Vec<String>,
}

/// Verifies MANIFEST: the key of the bundles signs nothing else.
pub(super) fn manifest(parts: &Parts, keys: &Keys) -> Result<(), Fault> {
    let member = Member::Manifest;
    let note = Note::read(&parts.note).map_err(|why| Fault::Note { member, why })?;
    let known = std::slice::from_ref(&keys.bundle);
    open(&note, known).map_err(|why| Fault::Signature { member, why })?;
    Ok(())
}

/// Verifies the checkpoint and that it goes on from the tree before.
pub(super) fn checkpoint(parts: &Parts, keys: &Keys, people: &People) -> Result<Signed, Fault> {
    let member = Member::Checkpoint;
    let signed = SignedCheckpoint::read(parts.bytes(member))?;
    let (checkpoint, range) = (signed.checkpoint().clone(), parts.manifest.range());
    let differs = |what: String| Err(Fault::differs(member, what));
    if checkpoint.origin() != parts.manifest.origin() {
        return differs(format!("it is of {}, and MANIFEST of another log", checkpoint.origin()));
    }
    if checkpoint.size() != range.new_size() {
        return differs(format!("it is of {} entries, MANIFEST of {}", checkpoint.size(), range.new_size()));
    }
    let known: Vec<Vkey> = [&keys.log, &keys.tpm].into_iter().chain(&people.cosigners).cloned().collect();
    let by = open(signed.note(), &known).map_err(|why| Fault::Signature { member, why })?;
    for (key, who) in [(&keys.log, "the log's Ed25519 key"), (&keys.tpm, "the log's key in the chip")] {
        if !by.iter().any(|by| by.key == key) {
            return Err(Fault::NotSigned { member, who });
        }
    }
    let cosigned = by.iter().filter(|by| by.seconds.is_some()).map(|by| by.key.name().to_owned()).collect();
    let before = frontier::read(range.old(), parts.text(Member::Frontier)?)?;
    let consistency = ConsistencyFile::read(parts.bytes(Member::Consistency)).map_err(Fault::Consistency)?;
    if consistency.old() != range.old() || consistency.checkpoint() != &signed {
        let what = "it is of another range, or has another checkpoint in it";
        return Err(Fault::differs(Member::Consistency, what));
    }
    if consistency.to_string().as_bytes() != parts.bytes(Member::Consistency) {
        return Err(Fault::differs(Member::Consistency, "it is not as it would be written"));
    }
    consistency.verify(before.root())?;
    Ok(Signed { checkpoint, note: signed.note().clone(), before, cosigned })
}
