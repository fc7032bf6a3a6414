//! Cosigning: a witness signs a checkpoint only when it goes on from the last one that they signed.
//!
//! What somebody cosigned last lies beside their key file, on their own medium, so that an appliance that was
//! put back to an older state is contradicted by everybody who ever cosigned it.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::client::Client;
use super::error::DeskError;
use super::export::ask;
use crate::crypto::note;
use crate::crypto::operator_key::OperatorKey;
use crate::domain::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::domain::audit::files::ConsistencyFile;
use crate::domain::audit::founding::LogKeys;
use crate::domain::audit::quote::SigningKey;
use crate::domain::audit::vkey::{NoteKey, Vkey};
use crate::domain::ids::OperatorId;
use crate::domain::time::Timestamp;
use crate::domain::wire::operator::audit::{AuditAsk, AuditReply};
use crate::domain::wire::operator::{Ask, Reply};

/// What the keeper says of a head that its log has not reached.
const NO_ENTRY: &str = "no-entry";

/// What was cosigned, or would be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cosigned {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The one that it goes on from; none for the first.
    pub before: Option<Checkpoint>,
}

/// Cosigns the newest checkpoint, when it goes on from the one before.
///
/// # Errors
/// [`DeskError::Contradiction`] when it does not; nothing was signed then.
pub fn cosign(
    client: &mut Client,
    key: &OperatorKey,
    key_file: &Path,
    now: Timestamp,
) -> Result<Cosigned, DeskError> {
    let next = look(client, key.id(), key_file)?;
    sign(client, key, key_file, now, next)
}

/// Finds out what somebody would cosign, and from what it goes on; signs nothing.
///
/// # Errors
/// [`DeskError::Contradiction`] when it does not go on from what they cosigned last.
pub fn look(client: &mut Client, operator: &OperatorId, key_file: &Path) -> Result<Cosigned, DeskError> {
    let place = witnessed_file(key_file);
    let before = read_witnessed(&place, operator)?;
    let from = before.as_ref().map_or(0, Checkpoint::size);
    let AuditReply::Keys { origin, keys, .. } = ask(client, AuditAsk::Keys)? else {
        return Err(DeskError::Protocol { asked: "the keys of the log" });
    };
    let contradicts = |why: String| DeskError::Contradiction { operator: operator.clone(), why };
    let body = match ask(client, AuditAsk::Consistency { from }) {
        Ok(AuditReply::Consistency { body }) => body,
        // The log is shorter than what was cosigned: somebody put an older copy of it back.
        Err(DeskError::Refused(refused)) if refused.code == NO_ENTRY => {
            return Err(contradicts(format!(
                "its newest checkpoint is of fewer than the {from} entries of then"
            )));
        }
        Ok(_) => return Err(DeskError::Protocol { asked: "a checkpoint" }),
        Err(error) => return Err(error),
    };
    let body = ConsistencyFile::read(body.as_bytes()).map_err(|error| contradicts(error.to_string()))?;
    check_signed(body.checkpoint(), &origin, &keys).map_err(contradicts)?;
    if let Some(before) = &before {
        if before.origin() != origin {
            return Err(contradicts(format!("this is the log of {origin}, not of {}", before.origin())));
        }
        body.verify(before.root()).map_err(|error| contradicts(error.to_string()))?;
    }
    Ok(Cosigned { checkpoint: body.checkpoint().checkpoint().clone(), before })
}

/// Cosigns exactly what [`look`] has found.
///
/// # Errors
/// [`DeskError`]; the keeper refuses a checkpoint that is not the newest any more.
pub fn sign(
    client: &mut Client,
    key: &OperatorKey,
    key_file: &Path,
    now: Timestamp,
    next: Cosigned,
) -> Result<Cosigned, DeskError> {
    let place = witnessed_file(key_file);
    let checkpoint = &next.checkpoint;
    // Written before it is signed: who forgets what they signed may sign the opposite.
    write_witnessed(&place, checkpoint).map_err(|error| DeskError::File { path: place.clone(), error })?;
    let (size, time) = (checkpoint.size(), now.ms() / 1_000);
    let signature = hex::encode(key.sign_cosignature(time, checkpoint.to_string().as_bytes()));
    let question = Box::new(AuditAsk::Cosign { size, time, signature });
    match client.ask(&Ask::Audit { question })? {
        Reply::Done { .. } => Ok(next),
        _ => Err(DeskError::Protocol { asked: "a cosignature" }),
    }
}

/// Both keys of the log have signed it.
fn check_signed(signed: &SignedCheckpoint, origin: &str, keys: &LogKeys) -> Result<(), String> {
    let area = hex::decode(&keys.tpm).map_err(|error| error.to_string())?;
    let tpm = SigningKey::parse(&area).map_err(|error| error.to_string())?;
    for key in [NoteKey::Ed25519(keys.log), NoteKey::P256(tpm.point())] {
        let key = Vkey::new(origin, key).map_err(|error| error.to_string())?;
        note::open(signed.note(), &[key]).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Beside `alice.pcop` lies `alice.cosigned`.
fn witnessed_file(key_file: &Path) -> PathBuf {
    key_file.with_extension("cosigned")
}

fn read_witnessed(place: &Path, operator: &OperatorId) -> Result<Option<Checkpoint>, DeskError> {
    match fs::read_to_string(place) {
        Ok(text) => Checkpoint::read(&text).map(Some).map_err(|error| DeskError::Contradiction {
            operator: operator.clone(),
            why: format!("{}: {error}", place.display()),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DeskError::File { path: place.to_owned(), error }),
    }
}

fn write_witnessed(place: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    let new = place.with_extension("cosigned.new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(checkpoint.to_string().as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, place)
}
