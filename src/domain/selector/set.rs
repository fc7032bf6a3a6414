//! The selectors of one client, and whether evidence fulfils them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Evidence, Selector, SelectorError};

/// The selectors of one client: never none, because none would match everybody.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Vec<Selector>", into = "Vec<Selector>")]
pub struct Selectors(BTreeSet<Selector>);

impl Selectors {
    /// The most selectors one client may have.
    pub const COUNT_MAX: usize = 16;

    /// The only way to make a set.
    ///
    /// # Errors
    /// [`SelectorError::Empty`], [`SelectorError::TooMany`] and [`SelectorError::Contradiction`].
    pub fn new(selectors: impl IntoIterator<Item = Selector>) -> Result<Self, SelectorError> {
        let set: BTreeSet<Selector> = selectors.into_iter().take(Self::COUNT_MAX + 1).collect();
        if set.is_empty() {
            return Err(SelectorError::Empty);
        }
        if set.len() > Self::COUNT_MAX {
            return Err(SelectorError::TooMany { count: set.len() });
        }
        // The order of the set is by type first, so two of one type are neighbours.
        let same_type = |(a, b): &(&Selector, &Selector)| {
            !a.may_repeat() && std::mem::discriminant(*a) == std::mem::discriminant(*b)
        };
        match set.iter().zip(set.iter().skip(1)).find(same_type) {
            Some((first, second)) => {
                Err(SelectorError::Contradiction { first: first.clone(), second: second.clone() })
            }
            None => Ok(Self(set)),
        }
    }

    /// Whether the evidence is that of this client.
    ///
    /// Digests are looked at last: a mismatch that names one, on evidence without a digest, says that all
    /// else matched and that reading the executable is worth its price.
    ///
    /// # Errors
    /// [`Mismatch`] with the first selector that does not hold; missing evidence never holds.
    pub fn matches(&self, evidence: &Evidence) -> Result<(), Mismatch> {
        let (digests, others): (Vec<_>, Vec<_>) = self.0.iter().partition(|s| s.may_repeat());
        let wrong = others.into_iter().find(|s| !s.holds(evidence));
        let stale = || digests.first().copied().filter(|_| !digests.iter().any(|s| s.holds(evidence)));
        wrong.or_else(stale).map_or(Ok(()), |selector| Err(Mismatch { selector: selector.clone() }))
    }

    /// Whether nothing but a digest is missing from the evidence: reading a file that the caller chose
    /// has its price, and is for those who match in everything else.
    pub fn lacks_only_digest(&self, evidence: &Evidence) -> bool {
        evidence.sha256.is_none()
            && self.matches(evidence).is_err_and(|mismatch| mismatch.selector.may_repeat())
    }

    /// The selectors in their order: by type, then by value.
    pub fn iter(&self) -> impl Iterator<Item = &Selector> {
        self.0.iter()
    }
}

impl TryFrom<Vec<Selector>> for Selectors {
    type Error = SelectorError;

    fn try_from(selectors: Vec<Selector>) -> Result<Self, SelectorError> {
        Self::new(selectors)
    }
}

impl From<Selectors> for Vec<Selector> {
    fn from(selectors: Selectors) -> Self {
        selectors.0.into_iter().collect()
    }
}

/// The selector that the evidence does not fulfil.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the process does not match {selector}")]
pub struct Mismatch {
    /// The first that failed.
    pub selector: Selector,
}

#[cfg(test)]
mod tests {
    use super::super::evidence::tests::evidence;
    use super::*;

    const DIGEST_A: &str = "unix:sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const DIGEST_B: &str = "unix:sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn set(texts: &[&str]) -> Result<Selectors, SelectorError> {
        Selectors::new(texts.iter().map(|t| Selector::parse(t).expect("selector")))
    }

    #[test]
    fn p05_an_empty_set_cannot_be_made_nor_one_that_never_matches() {
        let many: Vec<String> = (0..=Selectors::COUNT_MAX).map(|i| format!("unix:sha256:{i:064x}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(set(&[]), Err(SelectorError::Empty));
        assert!(serde_json::from_str::<Selectors>("[]").is_err());
        assert!(matches!(set(&["unix:uid:1", "unix:uid:2"]), Err(SelectorError::Contradiction { .. })));
        assert!(matches!(
            set(&["unix:path:/a", "unix:uid:1", "unix:path:/b"]),
            Err(SelectorError::Contradiction { .. })
        ));
        assert!(set(&["unix:uid:1", "unix:uid:1"]).is_ok(), "the same twice is one");
        assert!(set(&many[..Selectors::COUNT_MAX]).is_ok());
        assert!(matches!(set(&many), Err(SelectorError::TooMany { .. })));
    }

    #[test]
    fn every_type_must_match_and_of_several_digests_one() {
        let cases: [(&str, &[&str], Option<&str>); 9] = [
            ("uid alone", &["unix:uid:1000"], None),
            ("uid of another", &["unix:uid:1001"], Some("unix:uid:1001")),
            (
                "all of them",
                &["unix:uid:1000", "unix:gid:100", "unix:user:batch", "unix:path:/usr/bin/job", DIGEST_A],
                None,
            ),
            ("one of them wrong", &["unix:uid:1000", "unix:gid:101", DIGEST_A], Some("unix:gid:101")),
            ("evidence is missing", &["unix:group:users"], Some("unix:group:users")),
            ("now or next, now", &[DIGEST_A, DIGEST_B], None),
            ("another program", &["unix:uid:1000", DIGEST_B], Some(DIGEST_B)),
            (
                "a digest does not stand in for the path",
                &["unix:path:/bin/job", DIGEST_A],
                Some("unix:path:/bin/job"),
            ),
            ("a directory is not its files", &["unix:path:/usr/bin"], Some("unix:path:/usr/bin")),
        ];
        for (name, selectors, refusal) in cases {
            let outcome = set(selectors).expect("a set").matches(&evidence());
            assert_eq!(outcome.err().map(|m| m.selector.to_string()).as_deref(), refusal, "{name}");
        }
    }

    #[test]
    fn a_digest_is_asked_for_only_when_all_else_matched() {
        let unread = Evidence { sha256: None, ..evidence() };
        let wants = set(&["unix:uid:1000", DIGEST_A]).expect("a set");
        let refusal = wants.matches(&unread).expect_err("no digest yet");
        assert!(matches!(refusal.selector, Selector::Sha256(_)) && wants.lacks_only_digest(&unread));
        assert!(!wants.lacks_only_digest(&evidence()), "it was read");
        let stranger = Evidence { uid: 1, ..unread };
        assert!(!wants.lacks_only_digest(&stranger), "who does not match otherwise costs no reading");
        assert_eq!(wants.matches(&stranger).expect_err("another").selector, Selector::Uid(1000));
    }
}
