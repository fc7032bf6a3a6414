//! Which process may speak for a job: selectors of its client record, evidence of the kernel.
//!
//! The vocabulary is SPIRE's, so that an estate that leaves static credentials behind can take its
//! selectors along. All kinds of a set must match, and of several `unix:sha256:` any one: the second is
//! the staged next version of the program. A set of only `unix:gid:` or `unix:group:` is allowed and means
//! every process whose *primary* group that is; supplementary groups are no evidence here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

mod evidence;
mod set;

pub use evidence::{Evidence, KernelProof};
pub use set::{Mismatch, Selectors};

/// Why a text is not a selector, or why several are not a set.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectorError {
    /// The type is not one that the kernel gives evidence for.
    #[error("{text:?} is not a selector: the types are unix:uid, user, gid, group, path and sha256")]
    UnknownType {
        /// The text that was refused, shortened.
        text: String,
    },
    /// The value does not fit the type.
    #[error("{text:?} is not a selector: {grammar}")]
    Value {
        /// The text that was refused, shortened.
        text: String,
        /// The rule it broke.
        grammar: &'static str,
    },
    /// A set of nothing would match everybody.
    #[error("a client needs at least one selector")]
    Empty,
    /// Two values of one type can never both match.
    #[error("{first} and {second} can never match the same process")]
    Contradiction {
        /// One of the two.
        first: Selector,
        /// The other.
        second: Selector,
    },
    /// A set that no person can review.
    #[error("{count} selectors are too many: at most {max}", max = Selectors::COUNT_MAX)]
    TooMany {
        /// How many there were.
        count: usize,
    },
}

/// One fact about a process that must hold.
///
/// # Source
/// SPIRE, unix workload attestor: the names of its selectors.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Selector {
    /// `unix:uid:1000`: the effective user id at connect.
    Uid(u32),
    /// `unix:user:batch`: the name of that id.
    User(String),
    /// `unix:gid:1000`: the effective, primary group id at connect.
    Gid(u32),
    /// `unix:group:batch`: the name of that id.
    Group(String),
    /// `unix:path:/usr/bin/nginx`: the executable, as this host's root sees it.
    Path(String),
    /// `unix:sha256:<64 hex>`: the digest of the executable.
    Sha256([u8; 32]),
}

impl Selector {
    const NAME_LEN_MAX: usize = 64;
    /// PATH_MAX of Linux, less its NUL.
    const PATH_LEN_MAX: usize = 4_095;
    const SHOWN_MAX: usize = 80;

    /// The only way to make one from text.
    ///
    /// # Errors
    /// [`SelectorError::UnknownType`] and [`SelectorError::Value`].
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let shown = || text.chars().take(Self::SHOWN_MAX).collect();
        let unknown = || SelectorError::UnknownType { text: shown() };
        let wrong = |grammar| SelectorError::Value { text: shown(), grammar };
        let (kind, value) =
            text.strip_prefix("unix:").and_then(|rest| rest.split_once(':')).ok_or_else(unknown)?;
        match kind {
            "uid" => id(value).map(Self::Uid).ok_or_else(|| wrong(ID_GRAMMAR)),
            "gid" => id(value).map(Self::Gid).ok_or_else(|| wrong(ID_GRAMMAR)),
            "user" if is_account(value) => Ok(Self::User(value.to_owned())),
            "group" if is_account(value) => Ok(Self::Group(value.to_owned())),
            "user" | "group" => Err(wrong("a name is 1 to 64 printable ASCII characters but ':' and blank")),
            "path" if is_plain_path(value) => Ok(Self::Path(value.to_owned())),
            "path" => Err(wrong("a path starts with /, is as the kernel writes it, and names a file")),
            "sha256" => digest(value).map(Self::Sha256).ok_or_else(|| wrong("a SHA-256 is 64 hex digits")),
            _ => Err(unknown()),
        }
    }

    /// `true` for the one type of which a set may hold several.
    const fn may_repeat(&self) -> bool {
        matches!(self, Self::Sha256(_))
    }

    fn holds(&self, evidence: &Evidence) -> bool {
        match self {
            Self::Uid(uid) => *uid == evidence.uid,
            Self::Gid(gid) => *gid == evidence.gid,
            Self::User(name) => evidence.user.as_ref() == Some(name),
            Self::Group(name) => evidence.group.as_ref() == Some(name),
            Self::Path(path) => evidence.path.as_ref() == Some(path),
            Self::Sha256(digest) => evidence.sha256.as_deref() == Some(hex::encode(digest).as_str()),
        }
    }
}

const ID_GRAMMAR: &str = "an id is decimal, 0 to 4294967294, without leading zeros";

fn id(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    // The last number is -1, which means "no change" to the kernel and is nobody's id.
    let id = if plain { text.parse().ok() } else { None };
    id.filter(|id| *id != u32::MAX)
}

fn is_account(text: &str) -> bool {
    (1..=Selector::NAME_LEN_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}

/// Only what `readlink /proc/<pid>/exe` can say: anything else would be a selector that never matches.
fn is_plain_path(text: &str) -> bool {
    let parts = text.strip_prefix('/').map(|rest| rest.split('/'));
    text.len() <= Selector::PATH_LEN_MAX
        && !text.chars().any(char::is_control)
        && !text.ends_with(" (deleted)")
        && parts.is_some_and(|mut parts| parts.all(|part| !matches!(part, "" | "." | "..")))
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).ok()?;
    Some(digest)
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "unix:uid:{uid}"),
            Self::User(name) => write!(f, "unix:user:{name}"),
            Self::Gid(gid) => write!(f, "unix:gid:{gid}"),
            Self::Group(name) => write!(f, "unix:group:{name}"),
            Self::Path(path) => write!(f, "unix:path:{path}"),
            Self::Sha256(digest) => write!(f, "unix:sha256:{}", hex::encode(digest)),
        }
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Selector {
    type Error = SelectorError;

    fn try_from(text: String) -> Result<Self, SelectorError> {
        Self::parse(&text)
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST_A: &str = "unix:sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn a_selector_is_of_a_known_type_and_in_its_canonical_form() {
        let long = |n: usize| format!("unix:user:{}", "a".repeat(n));
        let path = |n: usize| format!("unix:path:/{}", "a".repeat(n));
        let cases = [
            ("uid", "unix:uid:1000".to_owned(), true),
            ("uid 0", "unix:uid:0".into(), true),
            ("uid, largest", "unix:uid:4294967294".into(), true),
            ("uid, minus one", "unix:uid:4294967295".into(), false),
            ("uid, leading zero", "unix:uid:01000".into(), false),
            ("uid, plus", "unix:uid:+1".into(), false),
            ("uid, empty", "unix:uid:".into(), false),
            ("gid", "unix:gid:100".into(), true),
            ("user, 64", long(64), true),
            ("user, 65", long(65), false),
            ("user, empty", "unix:user:".into(), false),
            ("user, blank", "unix:user:a b".into(), false),
            ("group", "unix:group:DOM\\batch".into(), true),
            ("path", "unix:path:/opt/a b/job".into(), true),
            ("path, longest", path(4_094), true),
            ("path, too long", path(4_095), false),
            ("path, relative", "unix:path:bin/job".into(), false),
            ("path, dot dot", "unix:path:/usr/../bin/job".into(), false),
            ("path, doubled slash", "unix:path:/usr//bin".into(), false),
            ("path, directory", "unix:path:/usr/bin/".into(), false),
            ("path, deleted", "unix:path:/usr/bin/job (deleted)".into(), false),
            ("path, newline", "unix:path:/usr/bin/job\n".into(), false),
            ("sha256", DIGEST_A.into(), true),
            ("sha256, 63", DIGEST_A[..DIGEST_A.len() - 1].into(), false),
            ("sha256, 65", format!("{DIGEST_A}a"), false),
            ("another type", "unix:supplementary_gid:1".into(), false),
            ("another attestor", "docker:label:a:b".into(), false),
            ("upper case", "UNIX:UID:1".into(), false),
            ("nothing", String::new(), false),
        ];
        for (name, text, fits) in cases {
            let parsed = Selector::parse(&text);
            assert_eq!(parsed.is_ok(), fits, "{name}");
            assert!(parsed.is_err() || parsed.map(|s| s.to_string()) == Ok(text), "{name} reads back");
        }
    }
}
