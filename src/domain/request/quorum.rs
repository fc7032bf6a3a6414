//! Counting people, not votes.

use std::sync::Arc;

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

/// The distinct people who approved so far, in order, fewer than the quorum.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Approvals(Vec<(OperatorId, Agreed)>);

impl Approvals {
    /// The people in order.
    pub fn people(&self) -> impl Iterator<Item = &OperatorId> {
        self.0.iter().map(|(operator, _)| operator)
    }

    /// Whether nobody has approved.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this person has.
    pub fn has(&self, operator: &OperatorId) -> bool {
        self.place(operator).is_ok()
    }

    /// What all of them and `asked` have in common; `None` when that is nothing.
    pub fn common(&self, asked: Agreed) -> Option<Agreed> {
        self.0.iter().try_fold(asked, |common, (_, one)| {
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
        match self.place(&operator) {
            Ok(place) => self.0[place].1 = agreed,
            Err(place) => self.0.insert(place, (operator, agreed)),
        }
        self
    }

    fn place(&self, operator: &OperatorId) -> Result<usize, usize> {
        self.0.binary_search_by(|(one, _)| one.cmp(operator))
    }

    /// The quorum, when enough distinct people are here.
    pub fn reached(&self, need: usize) -> Option<Quorum> {
        let need = need.max(Quorum::FLOOR);
        (self.0.len() >= need).then(|| Quorum { people: self.people().cloned().collect() })
    }
}

/// At least two distinct people. `Approvals::reached` is its only constructor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Quorum {
    people: Arc<[OperatorId]>,
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
