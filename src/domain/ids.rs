//! Names that people and machines are known by. Each has one fallible constructor, so every
//! holder may rely on the grammar of `docs/formats.md`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not a name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not {what}: {grammar}")]
pub struct IdError {
    /// The text that was refused, escaped and shortened.
    pub text: String,
    /// What it should have been.
    pub what: &'static str,
    /// The rule it broke.
    pub grammar: &'static str,
}

impl IdError {
    fn new(text: &str, what: &'static str, grammar: &'static str) -> Self {
        Self { text: text.chars().take(40).collect(), what, grammar }
    }
}

/// A short ASCII name that is held without memory of its own: a log is full of them. Behind its end
/// are zeroes, which no name has, so that names are in the order of their texts.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Name<const LEN_MAX: usize> {
    bytes: [u8; LEN_MAX],
    len: u8,
}

impl<const LEN_MAX: usize> Name<LEN_MAX> {
    /// `None` for a text that is empty, too long or not ASCII.
    fn new(text: &str) -> Option<Self> {
        let len = u8::try_from(text.len()).ok().filter(|len| *len > 0)?;
        let mut bytes = [0; LEN_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        text.is_ascii().then_some(Self { bytes, len })
    }

    fn lower(text: &str) -> Option<Self> {
        let mut name = Self::new(text)?;
        name.bytes.make_ascii_lowercase();
        Some(name)
    }

    fn upper(text: &str) -> Option<Self> {
        let mut name = Self::new(text)?;
        name.bytes.make_ascii_uppercase();
        Some(name)
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn as_str(&self) -> &str {
        // It was made of a text of this length that was ASCII, and only its case was changed.
        str::from_utf8(self.as_bytes()).expect("a name is ASCII")
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $len_max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Name<$len_max>);

        impl $name {
            /// The name as it is stored and signed.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }
    };
}

text_id! {
    /// A person on the roster: 1 to 32 of `a-z`, `0-9` or `-`.
    OperatorId, 32
}

impl OperatorId {
    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let valid = !text.starts_with('-') && text.bytes().all(allowed);
        let grammar = "1 to 32 of a-z, 0-9 and -, not starting with -";
        let name = Name::new(text).filter(|_| valid);
        name.map(Self).ok_or_else(|| IdError::new(text, "an operator id", grammar))
    }
}

/// `[a-z0-9][a-z0-9._-]{0,14}`, the segment that jobs and credentials are named with.
fn is_segment(text: &[u8]) -> bool {
    const LEN_MAX: usize = 15;
    let first = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let rest = |b: u8| first(b) || matches!(b, b'.' | b'_' | b'-');
    (1..=LEN_MAX).contains(&text.len()) && first(text[0]) && text.iter().copied().all(rest)
}

text_id! {
    /// A legacy job: `[a-z0-9][a-z0-9._-]{0,14}`, any case accepted, lower case kept.
    JobName, 15
}

impl JobName {
    /// The only way to make one; folds case.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let grammar = "1 to 15 of a-z, 0-9, '.', '_' and -, starting with a letter or digit";
        let name = Name::lower(text).filter(|name| is_segment(name.as_bytes()));
        name.map(Self).ok_or_else(|| IdError::new(text, "a job name", grammar))
    }
}

text_id! {
    /// A credential: one or two segments joined by `/`, at most 18 in all, lower case kept.
    CredentialName, 18
}

impl CredentialName {
    const SEGMENTS_MAX: usize = 2;

    /// The only way to make one; folds case.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let valid = |name: &Name<18>| {
            let mut segments = name.as_bytes().split(|byte| *byte == b'/');
            segments.clone().count() <= Self::SEGMENTS_MAX && segments.all(is_segment)
        };
        let grammar = "one or two names of a-z, 0-9, '.', '_' and - joined by /, at most 18 characters";
        let name = Name::lower(text).filter(valid);
        name.map(Self).ok_or_else(|| IdError::new(text, "a credential name", grammar))
    }
}

text_id! {
    /// The name of this appliance, part of the origin of its log: 1 to 32 of `a-z`, `0-9`, `.` or `-`.
    ApplianceName, 32
}

impl ApplianceName {
    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
        let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let valid = text.bytes().all(allowed) && text.starts_with(edge) && text.ends_with(edge);
        let grammar = "1 to 32 of a-z, 0-9, '.' and -, starting and ending with a letter or digit";
        let name = Name::new(text).filter(|_| valid);
        name.map(Self).ok_or_else(|| IdError::new(text, "an appliance name", grammar))
    }
}

text_id! {
    /// A SPIFFE trust domain: 1 to 64 of `a-z`, `0-9`, `.`, `-` or `_`.
    ///
    /// # Source
    /// SPIFFE-ID specification, section 2.1.
    TrustDomain, 64
}

impl TrustDomain {
    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_');
        let grammar = "1 to 64 of a-z, 0-9, '.', '-' and '_'";
        let name = Name::new(text).filter(|_| text.bytes().all(allowed));
        name.map(Self).ok_or_else(|| IdError::new(text, "a trust domain", grammar))
    }
}

text_id! {
    /// A request: 4 Crockford base-32 characters, upper case kept.
    RequestId, 4
}

impl RequestId {
    /// Crockford's alphabet: no I, L, O or U.
    const ALPHABET: &'static [u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// The only way to make one from text; folds case.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let valid = |b: &u8| Self::ALPHABET.contains(b);
        let grammar = "4 characters of 0-9 and A-Z without I, L, O and U";
        let name = Name::upper(text).filter(|name| name.bytes.iter().all(valid));
        name.map(Self).ok_or_else(|| IdError::new(text, "a request id", grammar))
    }

    /// The id that 20 bits of entropy stand for.
    pub fn from_entropy(bits: u32) -> Self {
        let digit = |shift: u32| Self::ALPHABET[(bits >> shift & 31) as usize];
        Self(Name { bytes: [15, 10, 5, 0].map(digit), len: 4 })
    }
}

/// One of the successive values of a credential, counted from 1.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Generation(u32);

impl Generation {
    /// The first value that was deposited.
    pub const FIRST: Self = Self(1);

    /// The number itself.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// A number read back from the log or a message; 0 is nobody's generation.
    pub const fn from_number(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The one after this.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_outside_their_grammar() {
        let long_segment = "a".repeat(16);
        let cases = [
            ("operator", OperatorId::parse("alice-2").is_ok(), true),
            ("operator, upper case", OperatorId::parse("Alice").is_ok(), false),
            ("operator, 32", OperatorId::parse(&"a".repeat(32)).is_ok(), true),
            ("operator, 33", OperatorId::parse(&"a".repeat(33)).is_ok(), false),
            ("operator, empty", OperatorId::parse("").is_ok(), false),
            ("job", JobName::parse("JOBX.PROD1").is_ok(), true),
            ("job, 15", JobName::parse(&"a".repeat(15)).is_ok(), true),
            ("job, 16", JobName::parse(&long_segment).is_ok(), false),
            ("job, leading dot", JobName::parse(".a").is_ok(), false),
            ("job, newline", JobName::parse("a\n").is_ok(), false),
            ("credential", CredentialName::parse("racf/PROD01").is_ok(), true),
            ("credential, 18", CredentialName::parse("abcdefghijklmno/ab").is_ok(), true),
            ("credential, 19", CredentialName::parse("abcdefghijklmno/abc").is_ok(), false),
            ("credential, three segments", CredentialName::parse("a/b/c").is_ok(), false),
            ("credential, empty segment", CredentialName::parse("a/").is_ok(), false),
            ("credential, dot dot", CredentialName::parse("../a").is_ok(), false),
            ("request", RequestId::parse("7k2m").is_ok(), true),
            ("request, I", RequestId::parse("7I2M").is_ok(), false),
            ("request, 5", RequestId::parse("7K2M1").is_ok(), false),
        ];
        for (name, got, expected) in cases {
            assert_eq!(got, expected, "{name}");
        }
    }

    #[test]
    fn entropy_and_text_name_the_same_request() {
        assert_eq!(RequestId::from_entropy(0).as_str(), "0000");
        assert_eq!(RequestId::from_entropy(0xF_FFFF).as_str(), "ZZZZ");
        let id = RequestId::from_entropy(0x1_2345);
        assert_eq!(RequestId::parse(id.as_str()), Ok(id));
    }
}
