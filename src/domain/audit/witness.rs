//! Which logs are believed, and which cosigners have to have seen a checkpoint.

mod read;

use super::vkey::{NoteKey, Vkey};
use read::Reader;

/// Bytes of a policy at most.
pub const POLICY_SIZE_MAX: usize = 65_536;
/// Logs, witnesses and groups at most, each.
pub const POLICY_LINES_MAX: usize = 64;

/// Why a text is no witness policy. Lines are counted from 1.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Too many bytes.
    #[error("a witness policy of {found} bytes is too large, at most are {POLICY_SIZE_MAX}")]
    TooLarge {
        /// How many.
        found: usize,
    },
    /// No UTF-8, a control character, or no line feed at the end.
    #[error("a witness policy is UTF-8 in whole lines without control characters but tabs, and this is not")]
    Text,
    /// The line is none of `log`, `witness`, `group`, `quorum`, or has other parts than belong there.
    #[error("line {line}: expected is {expected}")]
    Form {
        /// Which line.
        line: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// The key is none, or one that cannot sign what it is listed for.
    #[error("line {line}: {key:?} is no key of a {role}")]
    Key {
        /// Which line.
        line: usize,
        /// As written.
        key: String,
        /// `log` or `witness`.
        role: &'static str,
    },
    /// The same key is there twice, whatever it is called.
    #[error("line {line}: this key is listed before, and one key is one {role}")]
    KeyTwice {
        /// Which line.
        line: usize,
        /// `log` or `witness`.
        role: &'static str,
    },
    /// The name belongs to another witness or group, or is `none`.
    #[error("line {line}: the name {name:?} is taken")]
    NameTaken {
        /// Which line.
        line: usize,
        /// The name.
        name: String,
    },
    /// No line before this one defines the name.
    #[error("line {line}: no line before this one says who {name:?} is")]
    Unknown {
        /// Which line.
        line: usize,
        /// The name.
        name: String,
    },
    /// Somebody would count twice.
    #[error("line {line}: {name:?} is in a group already")]
    MemberTwice {
        /// Which line.
        line: usize,
        /// The name.
        name: String,
    },
    /// The group could never, or would always, be satisfied.
    #[error("line {line}: the number is `any`, `all` or 1 to {members}")]
    Threshold {
        /// Which line.
        line: usize,
        /// How many are in the group.
        members: usize,
    },
    /// More than a policy may have of these.
    #[error("line {line}: a witness policy has at most {POLICY_LINES_MAX} of these")]
    TooMany {
        /// Which line.
        line: usize,
    },
    /// The quorum is not said once.
    #[error("a witness policy has one line `quorum`, and this has {found}")]
    Quorum {
        /// How many.
        found: usize,
    },
}

/// Somebody a group or the quorum counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Group {
    threshold: usize,
    members: Vec<Member>,
}

/// A cosigner and what the policy calls it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Witness {
    /// What groups and the quorum call it.
    pub name: String,
    /// Its key, of type 0x04.
    pub key: Vkey,
}

/// What an auditor relies on, from a file of his own.
///
/// # Source
/// C2SP tlog-policy. Narrower in that names are UTF-8.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WitnessPolicy {
    logs: Vec<Vkey>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Member>,
}

impl WitnessPolicy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`] names the line.
    pub fn read(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > POLICY_SIZE_MAX {
            return Err(PolicyError::TooLarge { found: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| PolicyError::Text)?;
        let allowed = |c: char| matches!(c, '\t' | '\n') || !c.is_ascii_control();
        if !text.chars().all(allowed) || !(text.is_empty() || text.ends_with('\n')) {
            return Err(PolicyError::Text);
        }
        let mut reader = Reader::default();
        for (at, line) in text.lines().enumerate() {
            reader.take(at + 1, line)?;
        }
        reader.finish()
    }

    /// The keys of logs; a checkpoint of any one of them will do.
    pub fn logs(&self) -> &[Vkey] {
        &self.logs
    }

    /// The cosigners.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether no cosignature at all is needed.
    pub const fn needs_nobody(&self) -> bool {
        self.quorum.is_none()
    }

    /// Whether these keys, whose cosignatures verified, are enough. Keys that the policy does not know
    /// are passed over.
    pub fn is_satisfied_by<'a>(&self, cosigned: impl IntoIterator<Item = &'a Vkey>) -> bool {
        let mut seen = vec![false; self.witnesses.len()];
        for key in cosigned {
            if let Some(at) = self.witnesses.iter().position(|witness| witness.key == *key) {
                seen[at] = true;
            }
        }
        // Members are defined before the groups they are in, so one pass from the first to the last does.
        let mut groups: Vec<bool> = Vec::with_capacity(self.groups.len());
        let holds = |groups: &[bool], member: &Member| match member {
            Member::Witness(at) => seen[*at],
            Member::Group(at) => groups[*at],
        };
        for group in &self.groups {
            let count = group.members.iter().filter(|member| holds(&groups, member)).count();
            groups.push(count >= group.threshold);
        }
        self.quorum.as_ref().is_none_or(|member| holds(&groups, member))
    }
}

/// Whether a key signs checkpoints of its own log.
const fn is_log(key: &NoteKey) -> bool {
    matches!(key, NoteKey::Ed25519(_) | NoteKey::P256(_))
}

#[cfg(test)]
mod tests;
