//! The keys that came with a bundle: whether they are those of its register, and those that are relied on.

use serde::{Deserialize, Serialize};

use super::parts::Parts;
use super::refused::Fault;
use crate::auditor::keys::KeyList;
use crate::domain::audit::founding::{Founding, LogKeys};
use crate::domain::audit::manifest::Member;
use crate::domain::audit::quote::SigningKey;
use crate::domain::audit::vkey::{NoteKey, Vkey};
use crate::domain::canonical;

/// `keys/register.json`: what set-up wrote into the first entry, for bundles that do not have it.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    pub(super) origin: String,
    pub(super) keys: LogKeys,
    pub(super) pcrs: String,
    pub(super) pcr_digest: String,
    pub(super) version: String,
    pub(super) program: String,
    pub(super) roster: String,
}

impl Register {
    /// What set-up fixed of it.
    pub(super) fn of(founding: &Founding) -> Self {
        Self {
            origin: founding.origin(),
            keys: founding.keys.clone(),
            pcrs: founding.pcrs.clone(),
            pcr_digest: founding.pcr_digest.clone(),
            version: founding.version.clone(),
            program: founding.program.clone(),
            roster: hex::encode(founding.roster.digest()),
        }
    }
}

/// The keys of the log, all of one register.
pub(super) struct Keys {
    pub(super) register: Register,
    pub(super) log: Vkey,
    pub(super) tpm: Vkey,
    pub(super) bundle: Vkey,
    /// The log's key in the chip.
    pub(super) log_area: SigningKey,
    /// The attestation key.
    pub(super) attestation: SigningKey,
    /// Which of them somebody else vouches for.
    pub(super) pinned: Vec<&'static str>,
}

impl Keys {
    /// Reads them, and compares them with one another and with the list of keys.
    pub(super) fn read(parts: &Parts, list: Option<&KeyList>) -> Result<Self, Fault> {
        let bytes = parts.bytes(Member::Register);
        let wrong = |why: String| Fault::differs(Member::Register, why);
        let register: Register = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        if canonical::to_vec(&register) != bytes {
            return Err(wrong("it is not canonical JSON".to_owned()));
        }
        let origin = parts.manifest.origin();
        if register.origin != origin {
            return Err(wrong(format!("it is of {}, and MANIFEST of {origin}", register.origin)));
        }
        let area = |text: &str, what: &str| {
            let bytes = lower_hex(text).ok_or_else(|| wrong(format!("the {what} key is not in hex")))?;
            SigningKey::parse(&bytes).map_err(|why| wrong(format!("the {what} key: {why}")))
        };
        let log_area = area(&register.keys.tpm, "log's P-256")?;
        let attestation = area(&register.keys.attestation, "attestation")?;
        let key = |member, name: &str, key| {
            let key = Vkey::new(name, key).map_err(|why| wrong(why.to_string()))?;
            if parts.bytes(member) == format!("{key}\n").as_bytes() {
                Ok(key)
            } else {
                Err(Fault::differs(member, "it is not the key in keys/register.json"))
            }
        };
        let log = key(Member::LogKey, origin, NoteKey::Ed25519(register.keys.log))?;
        let tpm = key(Member::TpmKey, origin, NoteKey::P256(log_area.point()))?;
        let bundle_name = format!("{origin}/bundle");
        let bundle = key(Member::BundleKey, &bundle_name, NoteKey::Ed25519(register.keys.bundle))?;
        let mut keys = Self { register, log, tpm, bundle, log_area, attestation, pinned: Vec::new() };
        if let Some(list) = list {
            keys.pin(list)?;
        }
        Ok(keys)
    }

    /// Compares them with the list; what the list does not have is not vouched for.
    fn pin(&mut self, list: &KeyList) -> Result<(), Fault> {
        let origin = &self.register.origin;
        if !list.vkeys.iter().any(|key| key.name() == origin) {
            return Err(Fault::Foreign { origin: origin.clone() });
        }
        let ours = [
            (Member::LogKey, "log", &self.log),
            (Member::TpmKey, "tpm", &self.tpm),
            (Member::BundleKey, "bundle", &self.bundle),
        ];
        let mut pinned = Vec::new();
        for (member, what, key) in ours {
            let is_alike =
                |other: &&Vkey| other.name() == key.name() && other.key().kind() == key.key().kind();
            let mut alike = list.vkeys.iter().filter(is_alike).peekable();
            if alike.peek().is_none() {
                continue;
            }
            if !alike.any(|other| other == key) {
                return Err(Fault::UnknownKey { member, what: "the key", found: key.to_string() });
            }
            pinned.push(what);
        }
        let name = self.attestation.name();
        match list.names_attestation(name) {
            Some(false) => {
                let (member, found) = (Member::AttestationKey, hex::encode(name.bytes()));
                return Err(Fault::UnknownKey { member, what: "the attestation key", found });
            }
            Some(true) => pinned.push("attestation"),
            None => {}
        }
        if let Some(roster) = &list.roster {
            if hex::encode(roster) != self.register.roster {
                let (member, found) = (Member::Rosters, self.register.roster.clone());
                return Err(Fault::UnknownKey { member, what: "the first roster", found });
            }
            pinned.push("roster");
        }
        self.pinned = pinned;
        Ok(())
    }
}

/// Bytes written in lower-case hex.
pub(super) fn lower_hex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok().filter(|bytes| hex::encode(bytes) == text)
}
