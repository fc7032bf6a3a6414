//! Counting people, not votes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::doc::ReleaseWindow;
use crate::domain::ids::OperatorId;

/// What one person agreed to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Agreed {
    /// The window, for a kind that has one.
    pub window: Option<ReleaseWindow>,
    /// The pulls, for a kind that has them.
    pub pulls: Option<u32>,
}

/// The distinct people who approved so far, fewer than the quorum.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Approvals(BTreeMap<OperatorId, Agreed>);

impl Approvals {
    /// The people in order.
    pub fn people(&self) -> impl Iterator<Item = &OperatorId> {
        self.0.keys()
    }

    /// Whether nobody has approved.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this person has.
    pub fn has(&self, operator: &OperatorId) -> bool {
        self.0.contains_key(operator)
    }

    /// What all of them and `asked` have in common; `None` when that is nothing.
    pub fn common(&self, asked: Agreed) -> Option<Agreed> {
        self.0.values().try_fold(asked, |common, one| {
            let window = match (common.window, one.window) {
                (Some(a), Some(b)) => Some(a.intersect(b)?),
                (None, None) => None,
                _ => return None,
            };
            Some(Agreed { window, pulls: common.pulls.min(one.pulls) })
        })
    }

    /// Adds one more person. The caller has checked that they are not among them.
    #[must_use]
    pub fn with(mut self, operator: OperatorId, agreed: Agreed) -> Self {
        self.0.insert(operator, agreed);
        self
    }

    /// The quorum, when enough distinct people are here.
    pub fn reached(&self, need: usize) -> Option<Quorum> {
        let need = need.max(Quorum::FLOOR);
        (self.0.len() >= need).then(|| Quorum { people: self.0.keys().cloned().collect() })
    }
}

/// At least two distinct people. `Approvals::reached` is its only constructor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Quorum {
    people: Vec<OperatorId>,
}

impl Quorum {
    /// Fewer than this is no quorum, whatever a policy or a roster says.
    pub const FLOOR: usize = 2;

    /// The people in order.
    pub fn people(&self) -> &[OperatorId] {
        &self.people
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p01_p03_one_person_or_a_zero_count_is_never_a_quorum() {
        let agreed = Agreed { window: None, pulls: None };
        let person = |name: &str| OperatorId::parse(name).expect("a name");
        let one = Approvals::default().with(person("al"), agreed);
        let twice = one.clone().with(person("al"), agreed);
        let two = one.clone().with(person("bo"), agreed);
        let cases = [
            ("nobody, zero needed", Approvals::default().reached(0), false),
            ("one, zero needed", one.reached(0), false),
            ("one, one needed", one.reached(1), false),
            ("the same one twice", twice.reached(2), false),
            ("two", two.reached(2), true),
            ("two, three needed", two.reached(3), false),
        ];
        for (name, quorum, reached) in cases {
            assert_eq!(quorum.is_some(), reached, "{name}");
        }
    }
}
