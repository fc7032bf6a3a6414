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

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as it is stored and signed.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
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
                id.0
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
    OperatorId
}

impl OperatorId {
    const LEN_MAX: usize = 32;

    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=Self::LEN_MAX).contains(&text.len());
        let valid = fits && !text.starts_with('-') && text.bytes().all(allowed);
        let grammar = "1 to 32 of a-z, 0-9 and -, not starting with -";
        valid.then(|| Self(text.to_owned())).ok_or_else(|| IdError::new(text, "an operator id", grammar))
    }
}

/// `[a-z0-9][a-z0-9._-]{0,14}`, the segment that jobs and credentials are named with.
fn is_segment(text: &str) -> bool {
    const LEN_MAX: usize = 15;
    let first = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let rest = |b: u8| first(b) || matches!(b, b'.' | b'_' | b'-');
    (1..=LEN_MAX).contains(&text.len()) && text.bytes().next().is_some_and(first) && text.bytes().all(rest)
}

text_id! {
    /// A legacy job: `[a-z0-9][a-z0-9._-]{0,14}`, any case accepted, lower case kept.
    JobName
}

impl JobName {
    /// The only way to make one; folds case.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let lower = text.to_ascii_lowercase();
        let grammar = "1 to 15 of a-z, 0-9, '.', '_' and -, starting with a letter or digit";
        is_segment(&lower).then_some(Self(lower)).ok_or_else(|| IdError::new(text, "a job name", grammar))
    }
}

text_id! {
    /// A credential: one or two segments joined by `/`, at most 18 in all, lower case kept.
    CredentialName
}

impl CredentialName {
    const LEN_MAX: usize = 18;
    const SEGMENTS_MAX: usize = 2;

    /// The only way to make one; folds case.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let lower = text.to_ascii_lowercase();
        let segments = lower.split('/').count();
        let valid = lower.len() <= Self::LEN_MAX
            && segments <= Self::SEGMENTS_MAX
            && lower.split('/').all(is_segment);
        let grammar = "one or two names of a-z, 0-9, '.', '_' and - joined by /, at most 18 characters";
        valid.then_some(Self(lower)).ok_or_else(|| IdError::new(text, "a credential name", grammar))
    }
}

text_id! {
    /// The name of this appliance, part of the origin of its log: 1 to 32 of `a-z`, `0-9`, `.` or `-`.
    ApplianceName
}

impl ApplianceName {
    const LEN_MAX: usize = 32;

    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
        let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let valid = (1..=Self::LEN_MAX).contains(&text.len())
            && text.bytes().all(allowed)
            && text.starts_with(edge)
            && text.ends_with(edge);
        let grammar = "1 to 32 of a-z, 0-9, '.' and -, starting and ending with a letter or digit";
        valid.then(|| Self(text.to_owned())).ok_or_else(|| IdError::new(text, "an appliance name", grammar))
    }
}

text_id! {
    /// A SPIFFE trust domain: 1 to 64 of `a-z`, `0-9`, `.`, `-` or `_`.
    ///
    /// # Source
    /// SPIFFE-ID specification, section 2.1.
    TrustDomain
}

impl TrustDomain {
    const LEN_MAX: usize = 64;

    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_');
        let valid = (1..=Self::LEN_MAX).contains(&text.len()) && text.bytes().all(allowed);
        let grammar = "1 to 64 of a-z, 0-9, '.', '-' and '_'";
        valid.then(|| Self(text.to_owned())).ok_or_else(|| IdError::new(text, "a trust domain", grammar))
    }
}

text_id! {
    /// A request: 4 Crockford base-32 characters, upper case kept.
    RequestId
}

impl RequestId {
    /// Crockford's alphabet: no I, L, O or U.
    const ALPHABET: &'static [u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const LEN: usize = 4;

    /// The only way to make one from text; folds case.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let upper = text.to_ascii_uppercase();
        let valid = upper.len() == Self::LEN && upper.bytes().all(|b| Self::ALPHABET.contains(&b));
        let grammar = "4 characters of 0-9 and A-Z without I, L, O and U";
        valid.then_some(Self(upper)).ok_or_else(|| IdError::new(text, "a request id", grammar))
    }

    /// The id that 20 bits of entropy stand for.
    pub fn from_entropy(bits: u32) -> Self {
        let digit = |shift: u32| char::from(Self::ALPHABET[(bits >> shift & 31) as usize]);
        Self([15, 10, 5, 0].map(digit).iter().collect())
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
