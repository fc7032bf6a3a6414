//! How many refusals of one caller are written down: each is a leaf and an fsync, and somebody
//! who is refused can ask as often as he likes.

use std::collections::BTreeMap;

use crate::domain::time::{Length, Timestamp};

/// Refusals by caller within the last minute.
#[derive(Debug, Default)]
pub struct Tally {
    callers: BTreeMap<String, Count>,
}

#[derive(Debug)]
struct Count {
    since: Timestamp,
    written: u32,
    left_out: u32,
}

impl Tally {
    /// Refusals of one caller that are written within [`Tally::SPAN`].
    pub const WRITTEN_MAX: u32 = 120;
    const SPAN: Length = Length::from_minutes(1);
    /// Callers that are counted one by one; those beyond share one count.
    const CALLERS_MAX: usize = 1_000;

    /// Whether a refusal of `caller` is to be written down.
    pub fn admit(&mut self, caller: &str, now: Timestamp) -> bool {
        let known = self.callers.contains_key(caller) || self.callers.len() < Self::CALLERS_MAX;
        let name = if known { caller } else { "others" };
        let count =
            self.callers.entry(name.to_owned()).or_insert(Count { since: now, written: 0, left_out: 0 });
        let admitted = count.written < Self::WRITTEN_MAX;
        if admitted {
            count.written += 1
        } else {
            count.left_out += 1
        }
        admitted
    }

    /// The callers whose minute is over and of whom something was left out, and how much.
    pub fn settle(&mut self, now: Timestamp) -> Vec<(String, u32)> {
        let mut over = Vec::new();
        self.callers.retain(|caller, count| {
            let counts = now < count.since.plus(Self::SPAN);
            if !counts && count.left_out > 0 {
                over.push((caller.clone(), count.left_out));
            }
            counts
        });
        over
    }

    /// When something left out has to be written down.
    pub fn next_due(&self) -> Option<Timestamp> {
        let owing = self.callers.values().filter(|count| count.left_out > 0);
        owing.map(|count| count.since.plus(Self::SPAN)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_counted_and_not_written_one_by_one() {
        let (mut tally, now) = (Tally::default(), Timestamp::from_ms(1_000));
        let written = (0..1_000).filter(|_| tally.admit("uid:7", now)).count();
        assert_eq!(written, Tally::WRITTEN_MAX as usize);
        assert!(tally.admit("uid:8", now), "another caller is heard");
        assert_eq!(tally.next_due(), Some(Timestamp::from_ms(61_000)));
        assert_eq!(tally.settle(Timestamp::from_ms(60_999)), [], "its minute is not over");
        assert_eq!(tally.settle(Timestamp::from_ms(61_000)), [("uid:7".to_owned(), 880)]);
        assert!(tally.admit("uid:7", Timestamp::from_ms(61_000)), "a new minute");
        assert_eq!(tally.next_due(), None);
    }

    #[test]
    fn inventing_callers_does_not_get_around_it() {
        let (mut tally, now) = (Tally::default(), Timestamp::from_ms(0));
        let written = (0..5_000).filter(|n| tally.admit(&format!("uid:{n}"), now)).count();
        assert_eq!(written, Tally::CALLERS_MAX + Tally::WRITTEN_MAX as usize);
    }
}
