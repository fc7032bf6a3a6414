//! The people: their public keys, their roles, and the roster that names them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::ids::OperatorId;

/// What comes before the canonical bytes of a roster in everything that signs or hashes one.
pub const ROSTER_PREFIX: &[u8] = b"portcullis/roster/v1\n";

/// What a person may do.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Approves and denies; holds a share of every credential.
    Operator,
    /// Deposits and rotates.
    Custodian,
    /// Reads everything but secrets.
    Auditor,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Operator => "operator",
            Self::Custodian => "custodian",
            Self::Auditor => "auditor",
        })
    }
}

/// A text that is no X25519 recipient of age.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not an age recipient: age1 and 58 characters, in lower case")]
pub struct RecipientError {
    /// The text that was refused, shortened.
    pub text: String,
}

/// The public half of an age X25519 identity, in its only written form.
///
/// # Source
/// C2SP age, "The X25519 recipient type": Bech32 with the prefix `age`.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgeRecipient {
    text: String,
    key: [u8; 32],
}

impl AgeRecipient {
    const HRP: bech32::Hrp = bech32::Hrp::parse_unchecked("age");

    /// Reads one; a typing error fails its checksum.
    ///
    /// # Errors
    /// [`RecipientError`] for anything but the lower-case form that age itself writes.
    pub fn parse(text: &str) -> Result<Self, RecipientError> {
        let wrong = || RecipientError { text: text.chars().take(70).collect() };
        let (prefix, bytes) = bech32::decode(text).map_err(|_| wrong())?;
        let key = <[u8; 32]>::try_from(bytes).map_err(|_| wrong())?;
        // Bech32 also takes upper case and its successor's checksum; one person, one spelling.
        let written = Self::from_key(key);
        if prefix == Self::HRP && written.text == text { Ok(written) } else { Err(wrong()) }
    }

    /// The recipient that an X25519 public key stands for.
    pub fn from_key(key: [u8; 32]) -> Self {
        let written = bech32::encode::<bech32::Bech32>(Self::HRP, &key);
        let text = written.expect("32 bytes and a short prefix are far below the limit of Bech32");
        Self { text, key }
    }

    /// The text, `age1...`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The X25519 public key.
    pub const fn key(&self) -> &[u8; 32] {
        &self.key
    }
}

impl fmt::Display for AgeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for AgeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for AgeRecipient {
    type Error = RecipientError;

    fn try_from(text: String) -> Result<Self, RecipientError> {
        Self::parse(&text)
    }
}

impl From<AgeRecipient> for String {
    fn from(recipient: AgeRecipient) -> Self {
        recipient.text
    }
}

/// What everybody may know of one person.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorPublic {
    /// The name on the roster.
    pub id: OperatorId,
    /// What the person may do; at least one thing.
    pub roles: BTreeSet<Role>,
    /// Where the person's shares are wrapped to.
    pub age: AgeRecipient,
    /// X25519, for the channel to the keeper.
    #[serde(with = "hex_bytes")]
    pub noise: [u8; 32],
    /// Ed25519, for approvals and rosters.
    #[serde(with = "hex_bytes")]
    pub approval: [u8; 32],
    /// Ed25519, for cosignatures of the log's checkpoints.
    #[serde(with = "hex_bytes")]
    pub cosign: [u8; 32],
}

impl OperatorPublic {
    /// Whether the person has `role`.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The four public keys with what each is for.
    pub const fn keys(&self) -> [(&'static str, &[u8; 32]); 4] {
        let Self { age, noise, approval, cosign, .. } = self;
        [("age", age.key()), ("noise", noise), ("approval", approval), ("cosign", cosign)]
    }
}

/// Why a list of people is not a roster.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// Nobody is on it.
    #[error("a roster needs people")]
    Empty,
    /// More people than a quorum of them can be managed for.
    #[error("{people} people on the roster, at most {max}", max = Roster::PEOPLE_MAX)]
    TooMany {
        /// How many there are.
        people: usize,
    },
    /// Versions are counted from 1.
    #[error("version 0 is no roster's")]
    VersionZero,
    /// Fewer than two people would do.
    #[error("quorum {quorum} is below the floor of {min}", min = Roster::QUORUM_MIN)]
    QuorumTooSmall {
        /// What was asked for.
        quorum: u32,
    },
    /// The quorum could never be met.
    #[error("quorum {quorum} needs more than the {operators} operators there are")]
    QuorumTooLarge {
        /// What was asked for.
        quorum: u32,
        /// How many people have the role.
        operators: u32,
    },
    /// One name stands twice.
    #[error("{operator} is on the roster twice")]
    DuplicateId {
        /// Who.
        operator: OperatorId,
    },
    /// Somebody who could do nothing.
    #[error("{operator} has no role")]
    NoRole {
        /// Who.
        operator: OperatorId,
    },
    /// One key would count as two people, or serve two ends.
    #[error("the {key} key of {operator} is also the {other_key} key of {other}")]
    SharedKey {
        /// Who has it, later in the order of names.
        operator: OperatorId,
        /// For what.
        key: &'static str,
        /// Who else has it; may be the same person.
        other: OperatorId,
        /// For what else.
        other_key: &'static str,
    },
}

/// The people of the appliance and how many operators it takes, in one version.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "RosterForm")]
pub struct Roster {
    version: u32,
    quorum: u32,
    operators: Vec<OperatorPublic>,
}

/// A roster as it stands in a file, before it is believed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RosterForm {
    version: u32,
    quorum: u32,
    operators: Vec<OperatorPublic>,
}

impl TryFrom<RosterForm> for Roster {
    type Error = RosterError;

    fn try_from(form: RosterForm) -> Result<Self, RosterError> {
        Self::new(form.version, form.quorum, form.operators)
    }
}

impl Roster {
    /// No policy and no roster goes below two people.
    pub const QUORUM_MIN: u32 = 2;
    /// The most people on one roster.
    pub const PEOPLE_MAX: usize = 16;

    /// The only way to make one; puts the people in the order of their names.
    ///
    /// # Errors
    /// [`RosterError`], the first rule that is broken.
    pub fn new(version: u32, quorum: u32, mut people: Vec<OperatorPublic>) -> Result<Self, RosterError> {
        let count = people.len();
        if count == 0 {
            return Err(RosterError::Empty);
        }
        if count > Self::PEOPLE_MAX {
            return Err(RosterError::TooMany { people: count });
        }
        if version == 0 {
            return Err(RosterError::VersionZero);
        }
        people.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some(pair) = people.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(RosterError::DuplicateId { operator: pair[0].id.clone() });
        }
        if let Some(idle) = people.iter().find(|person| person.roles.is_empty()) {
            return Err(RosterError::NoRole { operator: idle.id.clone() });
        }
        refuse_shared_keys(&people)?;
        if quorum < Self::QUORUM_MIN {
            return Err(RosterError::QuorumTooSmall { quorum });
        }
        let operators = people.iter().map(|person| u32::from(person.is(Role::Operator))).sum();
        if quorum > operators {
            return Err(RosterError::QuorumTooLarge { quorum, operators });
        }
        Ok(Self { version, quorum, operators: people })
    }

    /// Which version this is, counted from 1.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// How many distinct operators it takes, k.
    pub const fn quorum(&self) -> u32 {
        self.quorum
    }

    /// Everybody, in the order of their names.
    pub fn people(&self) -> &[OperatorPublic] {
        &self.operators
    }

    /// Everybody who has `role`, in the order of their names.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &OperatorPublic> {
        self.operators.iter().filter(move |person| person.is(role))
    }

    /// The person of that name.
    pub fn get(&self, id: &OperatorId) -> Option<&OperatorPublic> {
        self.operators.iter().find(|person| person.id == *id)
    }

    /// The person whose channel key that is.
    pub fn by_noise(&self, key: &[u8; 32]) -> Option<&OperatorPublic> {
        self.operators.iter().find(|person| person.noise == *key)
    }
}

/// All keys of all people are different: nobody counts twice, and no key serves two ends.
fn refuse_shared_keys(people: &[OperatorPublic]) -> Result<(), RosterError> {
    let mut seen: BTreeMap<[u8; 32], (&OperatorId, &'static str)> = BTreeMap::new();
    for person in people {
        for (key, bytes) in person.keys() {
            match seen.entry(*bytes) {
                Entry::Vacant(place) => place.insert((&person.id, key)),
                Entry::Occupied(place) => {
                    let (other, other_key) = *place.get();
                    let (operator, other) = (person.id.clone(), other.clone());
                    return Err(RosterError::SharedKey { operator, key, other, other_key });
                }
            };
        }
    }
    Ok(())
}

/// An Ed25519 signature, 128 hex digits in JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Signature(#[serde(with = "hex_bytes")] pub [u8; 64]);

/// One version of the roster with the signatures that make it valid after the one before.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRoster {
    /// The version itself.
    pub roster: Roster,
    /// [`SignedRoster::digest`] of the version before; zeros for the first.
    #[serde(with = "hex_bytes")]
    pub previous: [u8; 32],
    /// Who signed [`SignedRoster::canonical`], with their approval keys.
    pub signatures: BTreeMap<OperatorId, Signature>,
}

impl SignedRoster {
    /// A version that nobody has signed yet.
    pub const fn unsigned(roster: Roster, previous: [u8; 32]) -> Self {
        Self { roster, previous, signatures: BTreeMap::new() }
    }

    /// The bytes that are signed and hashed: [`ROSTER_PREFIX`], then the JSON object of
    /// `previous` and `roster` in canonical form.
    ///
    /// # Source
    /// RFC 8785.
    pub fn canonical(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Signed<'a> {
            #[serde(with = "hex_bytes")]
            previous: [u8; 32],
            roster: &'a Roster,
        }
        let signed = Signed { previous: self.previous, roster: &self.roster };
        let json = serde_json_canonicalizer::to_vec(&signed);
        let json = json.expect("texts and small numbers always have a canonical form");
        [ROSTER_PREFIX, &json].concat()
    }

    /// SHA-256 of [`SignedRoster::canonical`]: names this version and all before it.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.canonical()).into()
    }
}

/// Byte arrays as lower-case hex, the only form that is read back.
pub(crate) mod hex_bytes {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes `bytes` in hex.
    pub(crate) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    /// Reads exactly `N` bytes.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(from)?;
        let mut bytes = [0; N];
        let read = hex::decode_to_slice(&text, &mut bytes).is_ok();
        let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
        if read && lower {
            Ok(bytes)
        } else {
            Err(D::Error::custom(format!("not {N} bytes in lower-case hex")))
        }
    }
}

#[cfg(test)]
mod tests;
