//! Time left, in words, and when those words change next.

use crate::domain::time::Length;

const MINUTE_S: u64 = 60;
const DAY_S: u64 = 86_400;
/// Up to here hours and minutes are told, then days: as the short form of [`Length`] does.
const DAYS_FROM_S: u64 = 2 * DAY_S;

/// `45 s`, `11 min`, `2 h 05 min` or `3 days`.
pub fn words(left: Length) -> String {
    let seconds = left.ms().div_ceil(1_000);
    match seconds {
        0..MINUTE_S => format!("{seconds} s"),
        MINUTE_S..3_600 => format!("{} min", seconds / MINUTE_S),
        3_600..DAYS_FROM_S => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / MINUTE_S),
        _ => format!("{} days", seconds / DAY_S),
    }
}

/// How long until [`words`] and the short form of `left` say something else; `None` when never.
pub fn next_change(left: Length) -> Option<Length> {
    let seconds = left.ms().div_ceil(1_000);
    let unit_s = match seconds {
        0 => return None,
        1..MINUTE_S => 1,
        MINUTE_S..DAYS_FROM_S => MINUTE_S,
        _ => DAY_S,
    };
    let next_s = (seconds / unit_s * unit_s).saturating_sub(1);
    Some(Length::from_ms(left.ms() - next_s * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_hold_until_the_change_and_not_longer() {
        let mut left = Length::from_ms(3 * DAY_S * 1_000 + 250);
        let mut changes = 0;
        while let Some(step) = next_change(left) {
            let both = |ms: u64| (words(Length::from_ms(ms)), Length::from_ms(ms).to_string());
            assert_eq!(both(left.ms()), both(left.ms() - (step.ms() - 1)), "too late at {left:?}");
            assert_ne!(both(left.ms()), both(left.ms() - step.ms()), "too early at {left:?}");
            left = Length::from_ms(left.ms() - step.ms());
            changes += 1;
        }
        assert_eq!(left, Length::ZERO);
        assert!(changes > 2_800, "{changes}");
    }

    #[test]
    fn the_words_are_those_of_a_person() {
        let cases = [(0, "0 s"), (1, "1 s"), (59_000, "59 s"), (59_001, "1 min"), (660_000, "11 min")];
        let longer = [(7_500_000, "2 h 05 min"), (172_799_000, "47 h 59 min"), (172_800_000, "2 days")];
        for (ms, text) in cases.into_iter().chain(longer) {
            assert_eq!(words(Length::from_ms(ms)), text, "{ms}");
        }
    }
}
