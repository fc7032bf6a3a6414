//! What is asked of the log, and answered: checkpoints, proofs, bundles.

use serde::{Deserialize, Serialize};

use crate::domain::audit::founding::LogKeys;
use crate::domain::ids::RequestId;
use crate::domain::operator::AgeRecipient;
use crate::domain::secret::SecretBytes;
use crate::domain::text::Text;

/// A question about the log.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "about", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AuditAsk {
    /// The public keys that sign the log.
    Keys,
    /// The newest checkpoint, signed.
    Checkpoint,
    /// That the newest checkpoint goes on from a head of this size.
    Consistency {
        /// Entries under the older head.
        from: u64,
    },
    /// That an entry is under the newest checkpoint.
    Proof {
        /// Its number.
        index: u64,
    },
    /// A cosignature of the newest checkpoint.
    Cosign {
        /// Entries under it.
        size: u64,
        /// Seconds since 1970-01-01T00:00:00Z, as they were signed.
        time: u64,
        /// Ed25519 signature in hex, by the asker's cosignature key.
        signature: String,
    },
    /// The keyed hash of something, as the log would have it.
    KeyedHash {
        /// What an auditor suspects.
        text: SecretBytes,
    },
    /// A request for a bundle.
    Request {
        /// The first entry; without it what is in no bundle yet.
        from: Option<u64>,
        /// Onto which medium, or to whom.
        medium: Text,
        /// The number of the seal that the medium is put under.
        seal: Option<Text>,
        /// Whom the bundle is encrypted to.
        recipients: Vec<AgeRecipient>,
        /// Why.
        reason: Text,
        /// Reference in the ticket system.
        ticket: Text,
    },
    /// Goes on making the bundle that was granted; asked again until its parts are there.
    Make {
        /// By which request.
        id: RequestId,
    },
    /// Bytes of one part.
    Part {
        /// Of which request's bundle.
        id: RequestId,
        /// Which part.
        path: String,
        /// From where on.
        offset: u64,
    },
    /// The bundle is written.
    Written {
        /// By which request.
        id: RequestId,
        /// SHA-256 of its MANIFEST in hex.
        manifest: String,
    },
}

/// An answer about the log.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "about", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AuditReply {
    /// To `Keys`.
    Keys {
        /// `<trust domain>/<appliance>`.
        origin: String,
        /// The keys.
        keys: Box<LogKeys>,
        /// SHA-256 of the first roster in hex.
        roster: String,
    },
    /// To `Checkpoint`: the signed note.
    Checkpoint {
        /// Its text.
        note: String,
    },
    /// To `Consistency`: the body of C2SP tlog-witness, with the checkpoint.
    Consistency {
        /// Its text.
        body: String,
    },
    /// To `Proof`.
    Proof {
        /// The entry.
        leaf: String,
        /// C2SP tlog-proof, with the checkpoint.
        proof: String,
    },
    /// To `KeyedHash`.
    KeyedHash {
        /// `hmac-sha256:` and hex.
        hash: String,
    },
    /// To `Make`.
    Making {
        /// The first entry.
        from: u64,
        /// Behind the last entry.
        to: u64,
        /// Entries that were read so far, of all up to `to`.
        read: u64,
        /// What there is beside the entries, once all were read.
        parts: Option<Vec<Part>>,
    },
    /// To `Part`.
    Part {
        /// In base64; none behind the end.
        bytes: String,
    },
}

/// One part of a bundle.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name in the bundle.
    pub path: String,
    /// Its length in bytes.
    pub len: u64,
}
