//! What signs the log: keys that the chip holds or has sealed, used for one signature at a time.

use rand_core::OsRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::chip_refusal;
use super::start::StartError;
use crate::crypto::note::sign_note;
use crate::crypto::operator_key::random_key;
use crate::crypto::sign::public_of;
use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::audit::founding::{Founding, LogKeys};
use crate::domain::audit::note::{Note, NoteSignature};
use crate::domain::audit::spki::Point;
use crate::domain::audit::vkey::{NoteKey, Vkey};
use crate::domain::canonical;
use crate::domain::refusal::Refusal;
use crate::domain::request::permit::SignPermit;
use crate::domain::secret::{Key32, SecretBytes};
use crate::domain::time::Day;
use crate::store::{Store, StoreError};
use crate::tpm::{Attestation, Chip, LogKey, Quote, SealedKey, TpmError};

/// Names under which the store keeps the keys of the log.
mod kept {
    pub(super) const LOG: &str = "log-seed";
    pub(super) const BUNDLE: &str = "bundle-seed";
    pub(super) const TPM: &str = "log-key";
    pub(super) const ATTESTATION: &str = "attestation-auth";
}

/// Keys that were made, and what the store keeps of them.
pub(super) struct Made {
    pub keys: LogKeys,
    pub kept: [(&'static str, Zeroizing<Vec<u8>>); 4],
}

/// Makes the keys of a new log.
pub(super) fn make(chip: &Chip, expires: Day) -> Result<Made, TpmError> {
    let (log, bundle, auth) = (random_key(&mut OsRng), random_key(&mut OsRng), random_key(&mut OsRng));
    let tpm = chip.make_log_key()?;
    let area = chip.make_attestation_key(&auth)?;
    let auth_bytes = Zeroizing::new(auth.expose().to_vec());
    let attestation = Attestation::new(auth, &area)?;
    let certified = chip.certify(&tpm, &attestation)?;
    let keys = LogKeys {
        log: public_of(&log),
        bundle: public_of(&bundle),
        tpm: hex::encode(tpm.public_area()),
        attestation: hex::encode(attestation.public_area()),
        certified: hex::encode(certified.message),
        certificate: hex::encode(certified.signature),
        expires,
    };
    let sealed = |key: &Key32| Ok::<_, TpmError>(Zeroizing::new(canonical::to_vec(&chip.seal(key)?)));
    let kept = [
        (kept::LOG, sealed(&log)?),
        (kept::BUNDLE, sealed(&bundle)?),
        (kept::TPM, Zeroizing::new(canonical::to_vec(&tpm))),
        (kept::ATTESTATION, auth_bytes),
    ];
    Ok(Made { keys, kept })
}

/// The keys of the log, each as the chip keeps it.
pub(super) struct Signing {
    log: SealedKey,
    bundle: SealedKey,
    tpm: LogKey,
    attestation: Attestation,
}

impl Signing {
    /// Reads them back; what the log does not name is not used.
    pub(super) fn read(store: &Store, founding: &Founding) -> Result<Self, StartError> {
        let tpm: LogKey = read(store, kept::TPM)?;
        let auth = SecretBytes::new(store.kept(kept::ATTESTATION)?).to_key();
        let auth = auth.ok_or_else(|| missing(kept::ATTESTATION))?;
        let area = hex::decode(&founding.keys.attestation).map_err(|_| missing(kept::ATTESTATION))?;
        let attestation = Attestation::new(auth, &area)?;
        if hex::encode(tpm.public_area()) != founding.keys.tpm {
            return Err(StartError::LogKeyDiffers);
        }
        Ok(Self { log: read(store, kept::LOG)?, bundle: read(store, kept::BUNDLE)?, tpm, attestation })
    }

    /// Signs a checkpoint with both keys of the log.
    pub(super) fn sign(
        &self,
        chip: &Chip,
        keys: &LogKeys,
        checkpoint: &Checkpoint,
        permit: &SignPermit,
    ) -> Result<Note, Refusal> {
        if permit.size() != checkpoint.size() {
            return Err(Refusal::Impossible { why: "leave to sign one head is none for another" });
        }
        let (origin, text) = (checkpoint.origin(), checkpoint.to_string());
        let seed = open(chip, (&self.log, &keys.log), permit)?;
        let ours = sign_note(&seed, origin, &text).map_err(|error| cannot(&error))?;
        drop(seed);
        let der =
            chip.sign_digest(&self.tpm, &sha256(text.as_bytes())).map_err(|error| chip_refusal(&error))?;
        let theirs = Vkey::new(origin, NoteKey::P256(*self.tpm.point())).map_err(|error| cannot(&error))?;
        Note::new(&text, vec![ours, NoteSignature::new(&theirs, &der)]).map_err(|error| cannot(&error))
    }

    /// Signs the MANIFEST of a bundle that ends with a head that may be signed.
    pub(super) fn sign_manifest(
        &self,
        chip: &Chip,
        founding: &Founding,
        text: &str,
        permit: &SignPermit,
    ) -> Result<Note, Refusal> {
        let seed = open(chip, (&self.bundle, &founding.keys.bundle), permit)?;
        let name = format!("{}/bundle", founding.origin());
        let line = sign_note(&seed, &name, text).map_err(|error| cannot(&error))?;
        Note::new(text, vec![line]).map_err(|error| cannot(&error))
    }

    /// Has the chip say in which state it is, after it was told this checkpoint.
    pub(super) fn quote(&self, chip: &Chip, checkpoint: &Checkpoint) -> Result<Quote, Refusal> {
        let told = sha256(checkpoint.to_string().as_bytes());
        chip.quote(&self.attestation, &told).map_err(|error| chip_refusal(&error))
    }

    /// The public point of the key in the chip.
    pub(super) const fn tpm_point(&self) -> &Point {
        self.tpm.point()
    }

    /// The public point of the attestation key.
    pub(super) const fn attestation_point(&self) -> &Point {
        self.attestation.point()
    }
}

/// Opens a seed, and refuses one that is not of the key that the first entry names.
fn open(
    chip: &Chip,
    (sealed, public): (&SealedKey, &[u8; 32]),
    permit: &SignPermit,
) -> Result<Key32, Refusal> {
    let seed = chip.open_seed(sealed, permit).map_err(|error| chip_refusal(&error))?;
    if public_of(&seed) == *public {
        return Ok(seed);
    }
    Err(Refusal::Integrity { what: "the log's key in the store is not the one of set-up".to_owned() })
}

fn read<T: serde::de::DeserializeOwned>(store: &Store, name: &str) -> Result<T, StartError> {
    serde_json::from_slice(&store.kept(name)?).map_err(|_| missing(name))
}

fn missing(name: &str) -> StartError {
    StoreError::Missing { what: format!("key {name}") }.into()
}

/// What no name and no text of ours comes to.
fn cannot(error: &dyn std::error::Error) -> Refusal {
    Refusal::Integrity { what: error.to_string() }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
