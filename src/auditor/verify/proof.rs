//! One entry, and the proof that it is in the log.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::Options;
use super::facts::VerifiedProof;
use super::refused::Fault;
use super::witnesses;
use crate::crypto::note::open;
use crate::domain::audit::entry::ENTRY_LEN_MAX;
use crate::domain::audit::files::{FileError, InclusionFile};
use crate::domain::audit::manifest::Member;
use crate::domain::audit::verify::Leaf;
use crate::domain::audit::vkey::NoteKey;

/// More than any proof has: data nobody vouches for in base64, hashes, and a note.
const PROOF_LEN_MAX: u64 = 512 * 1024;

/// Verifies a proof and the entry in the file beside it.
pub(super) fn verify(path: &Path, options: &Options<'_>) -> Result<VerifiedProof, Fault> {
    let proof = InclusionFile::read(&read(path, PROOF_LEN_MAX)?).map_err(Fault::Proof)?;
    let beside = path.with_extension("json");
    let wrong = |why: String| Fault::ProvenEntry { entry: beside.clone(), why };
    let leaf = read(&beside, ENTRY_LEN_MAX as u64 + 1).map_err(|error| wrong(error.to_string()))?;
    let leaf = leaf.strip_suffix(b"\n").unwrap_or(&leaf);
    let leaf = Leaf::read(proof.index(), leaf).map_err(|error| wrong(error.to_string()))?;
    let entry = leaf.entry();
    if entry.v != 1 {
        return Err(wrong(format!("it is of version {}, and 1 is the only one there is", entry.v)));
    }
    proof.verify(leaf.hash()).map_err(|error| Fault::Proof(FileError::Proof(error)))?;
    let (checkpoint, note) = (proof.checkpoint().checkpoint(), proof.checkpoint().note());
    let list = options.keys.ok_or(Fault::KeysNeeded)?;
    let origin = checkpoint.origin();
    let ours: Vec<_> = list.vkeys.iter().filter(|key| key.name() == origin).cloned().collect();
    if ours.is_empty() {
        return Err(Fault::Foreign { origin: origin.to_owned() });
    }
    let member = Member::Checkpoint;
    let by = open(note, &ours).map_err(|why| Fault::Signature { member, why })?;
    if let Some(missing) = ours.iter().find(|key| !by.iter().any(|by| by.key == *key)) {
        let who = match missing.key() {
            NoteKey::P256(_) => "the log's key in the chip",
            _ => "the log's Ed25519 key",
        };
        return Err(Fault::NotSigned { member, who });
    }
    if let Some(policy) = options.policy {
        witnesses::verify(policy, note)?;
    }
    Ok(VerifiedProof {
        file: path.to_owned(),
        origin: origin.to_owned(),
        entry: proof.index(),
        kind: entry.body.word(),
        at: entry.ts.to_string(),
        size: checkpoint.size(),
        root: checkpoint.root(),
        evaluation: entry.evaluation,
    })
}

fn read(path: &Path, len_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(len_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > len_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {len_max} bytes")));
    }
    Ok(bytes)
}
