//! Instants and windows as people write them, on a command line or in a form.

use std::str::FromStr;

use crate::domain::request::doc::ReleaseWindow;
use crate::domain::time::{Interval, Length, TimeError, Timestamp};

/// An instant that may depend on now: `22:00Z`, `+30m` or `2026-11-23T21:00Z`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// A time of day in UTC, as a length since midnight.
    Daily(Length),
    /// So long from now.
    After(Length),
    /// Exactly then.
    At(Timestamp),
}

impl When {
    const DAY: Length = Length::from_minutes(24 * 60);

    /// The instant meant at `now`; a time of day is its next occurrence after `after`.
    pub fn resolve(self, now: Timestamp, after: Timestamp) -> Timestamp {
        match self {
            Self::At(instant) => instant,
            Self::After(length) => now.plus(length),
            Self::Daily(since_midnight) => {
                let midnight = Timestamp::from_ms(after.ms() - after.ms() % Self::DAY.ms());
                let today = midnight.plus(since_midnight);
                if today > after { today } else { today.plus(Self::DAY) }
            }
        }
    }
}

impl FromStr for When {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        if let Some(length) = text.strip_prefix('+') {
            return Length::parse(length).map(Self::After);
        }
        match daily(text) {
            Some(since_midnight) => Ok(Self::Daily(since_midnight)),
            None => Timestamp::parse(text).map(Self::At).map_err(|error| TimeError {
                what: "a time",
                grammar: "22:00Z, +30m or 2026-11-23T21:00Z",
                ..error
            }),
        }
    }
}

/// Reads `22:00Z`.
fn daily(text: &str) -> Option<Length> {
    let (hours, minutes) = text.strip_suffix('Z')?.split_once(':')?;
    let number = |digits: &str, end: u64| {
        let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|value| plain && *value < end)
    };
    Some(Length::from_minutes(number(hours, 24)? * 60 + number(minutes, 60)?))
}

/// What the window options of a command say together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WindowSpec {
    /// When it opens; none: when the last approval arms it.
    pub opens: Option<When>,
    /// When it closes.
    pub closes: Option<When>,
    /// How long it is.
    pub length: Option<Length>,
}

/// Why the window options mean nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WindowError {
    /// It would close before it opens.
    #[error("the window would close at {closes}, but opens at {opens}")]
    Backwards {
        /// When it opens.
        opens: Timestamp,
        /// When it closes.
        closes: Timestamp,
    },
    /// It would already be over.
    #[error("the window would close at {closes}, and it is {now}")]
    Past {
        /// When it closes.
        closes: Timestamp,
        /// The appliance's clock.
        now: Timestamp,
    },
    /// No gate is up that long, or for no time.
    #[error("a window of {length} is not between 1s and 24h")]
    Length {
        /// What was asked for.
        length: Length,
    },
    /// An approver can only shorten what was asked for.
    #[error("that is outside the window asked for")]
    Longer,
    /// The request has no instant to compare with.
    #[error("this window starts when the last approval arms it, so it has no fixed end")]
    NotFixed,
}

impl WindowSpec {
    /// The window that a requester asks for at `now`.
    ///
    /// # Errors
    /// [`WindowError`], when it is empty, over or too long.
    pub fn requested(self, now: Timestamp) -> Result<ReleaseWindow, WindowError> {
        let length = self.length.unwrap_or(ReleaseWindow::LENGTH_DEFAULT);
        let window = match (self.opens, self.closes) {
            (None, None) => ReleaseWindow::FromArming { length_ms: length },
            (opens, closes) => {
                let opens = opens.map_or(now, |when| when.resolve(now, now));
                let closes = closes.map_or_else(|| opens.plus(length), |when| when.resolve(now, opens));
                fixed(opens, closes, now)?
            }
        };
        let allowed = Length::ZERO < window.length() && window.length() <= ReleaseWindow::LENGTH_MAX;
        if allowed { Ok(window) } else { Err(WindowError::Length { length: window.length() }) }
    }

    /// Whether a time of day in it was taken for another day than its writer may have had in mind: one that
    /// was just missed opens the window tomorrow, and a slip in the closing one leaves it open all night.
    pub fn is_next_day(self, window: ReleaseWindow, now: Timestamp) -> bool {
        let ReleaseWindow::Fixed { interval } = window else { return false };
        let is_daily = |when: Option<When>| matches!(when, Some(When::Daily(_)));
        // What closes at midnight does not reach into the next day.
        let last = Timestamp::from_ms(interval.closes().ms() - 1);
        let opens = interval.opens();
        is_daily(self.opens) && opens.day() != now.day() || is_daily(self.closes) && last.day() != opens.day()
    }

    /// The window that an approver agrees to at `now`, of the one `asked` for.
    ///
    /// # Errors
    /// [`WindowError`], when it is empty, over, or not within the one asked for.
    pub fn shortened(self, asked: ReleaseWindow, now: Timestamp) -> Result<ReleaseWindow, WindowError> {
        let window = match asked {
            ReleaseWindow::FromArming { length_ms } => match self.closes {
                Some(_) => return Err(WindowError::NotFixed),
                None => ReleaseWindow::FromArming { length_ms: self.length.unwrap_or(length_ms) },
            },
            ReleaseWindow::Fixed { interval } => {
                let by_length = self.length.map(|length| interval.opens().plus(length));
                let by_instant = self.closes.map(|when| when.resolve(now, interval.opens()));
                let closes = by_instant.or(by_length).unwrap_or(interval.closes());
                fixed(interval.opens(), closes, now)?
            }
        };
        if window.length() == Length::ZERO {
            return Err(WindowError::Length { length: Length::ZERO });
        }
        if window.is_within(asked) { Ok(window) } else { Err(WindowError::Longer) }
    }
}

fn fixed(opens: Timestamp, closes: Timestamp, now: Timestamp) -> Result<ReleaseWindow, WindowError> {
    let interval = Interval::new(opens, closes).ok_or(WindowError::Backwards { opens, closes })?;
    if closes <= now { Err(WindowError::Past { closes, now }) } else { Ok(ReleaseWindow::Fixed { interval }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("an instant")
    }

    fn when(text: &str) -> When {
        text.parse().expect("a time")
    }

    #[test]
    fn a_time_of_day_is_its_next_occurrence() {
        let cases = [
            ("later today", "22:00Z", "2026-11-23T21:59:59Z", "2026-11-23T22:00:00Z"),
            ("exactly now is tomorrow", "22:00Z", "2026-11-23T22:00:00Z", "2026-11-24T22:00:00Z"),
            ("just past", "22:00Z", "2026-11-23T22:00:01Z", "2026-11-24T22:00:00Z"),
            ("midnight", "00:00Z", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
            ("from now", "+30m", "2026-11-23T21:00:00Z", "2026-11-23T21:30:00Z"),
            ("exact", "2026-11-24T04:00Z", "2026-11-23T21:00:00Z", "2026-11-24T04:00:00Z"),
        ];
        for (name, text, now, expected) in cases {
            assert_eq!(when(text).resolve(at(now), at(now)).to_string(), expected, "{name}");
        }
    }

    #[test]
    fn a_text_that_is_no_time_is_refused() {
        for text in ["", "22:00", "24:00Z", "22:60Z", "2:00Z", "+", "+30", "-30m", "now", "+1:00Z", "22:0aZ"]
        {
            assert!(When::from_str(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_window_options_agree_or_are_refused() {
        let now = at("2026-11-23T21:00Z");
        let cases = [
            ("nothing", None, None, None, Ok("900s from arming")),
            ("a length", None, None, Some("2h"), Ok("7200s from arming")),
            ("24 hours", None, None, Some("24h"), Ok("86400s from arming")),
            (
                "24 hours and 1 s",
                None,
                None,
                Some("86401s"),
                Err("a window of 24h00m is not between 1s and 24h"),
            ),
            ("no time", None, None, Some("0s"), Err("a window of 0s is not between 1s and 24h")),
            (
                "tonight",
                Some("22:00Z"),
                Some("04:00Z"),
                None,
                Ok("[2026-11-23T22:00:00Z, 2026-11-24T04:00:00Z)"),
            ),
            (
                "tonight for",
                Some("22:00Z"),
                None,
                Some("1h"),
                Ok("[2026-11-23T22:00:00Z, 2026-11-23T23:00:00Z)"),
            ),
            ("until", None, Some("+1h"), None, Ok("[2026-11-23T21:00:00Z, 2026-11-23T22:00:00Z)")),
            (
                "backwards",
                Some("+2h"),
                Some("+1h"),
                None,
                Err("the window would close at 2026-11-23T22:00:00Z, but opens at 2026-11-23T23:00:00Z"),
            ),
            (
                "over",
                Some("2026-11-22T21:00Z"),
                Some("2026-11-23T21:00Z"),
                None,
                Err("the window would close at 2026-11-23T21:00:00Z, and it is 2026-11-23T21:00:00Z"),
            ),
        ];
        for (name, opens, closes, length, expected) in cases {
            let length = length.map(|text| Length::parse(text).expect("a length"));
            let spec = WindowSpec { opens: opens.map(when), closes: closes.map(when), length };
            let got = spec.requested(now).map(words).map_err(|error| error.to_string());
            assert_eq!(got, expected.map(str::to_owned).map_err(str::to_owned), "{name}");
        }
    }

    #[test]
    fn a_time_of_day_that_was_taken_for_another_day_is_noticed() {
        let now = at("2026-11-23T21:00Z");
        let cases = [
            ("tonight", Some("22:00Z"), Some("23:00Z"), None, false),
            ("until midnight", Some("22:00Z"), Some("00:00Z"), None, false),
            ("past midnight", Some("22:00Z"), Some("00:01Z"), None, true),
            ("past midnight, by length", Some("22:00Z"), None, Some("6h"), false),
            ("a slip", Some("22:00Z"), Some("21:30Z"), None, true),
            ("closes, just missed", None, Some("20:59Z"), None, true),
            ("opens, just missed", Some("21:00Z"), None, Some("1h"), true),
            ("with the day", Some("22:00Z"), Some("2026-11-24T04:00Z"), None, false),
            ("from a day on", Some("2026-11-24T01:00Z"), Some("04:00Z"), None, false),
            ("from a day past midnight", Some("2026-11-24T22:00Z"), Some("04:00Z"), None, true),
            ("from now on", Some("+4h"), Some("+5h"), None, false),
            ("from arming", None, None, Some("24h"), false),
        ];
        for (name, opens, closes, length, expected) in cases {
            let length = length.map(|text| Length::parse(text).expect("a length"));
            let spec = WindowSpec { opens: opens.map(when), closes: closes.map(when), length };
            let window = spec.requested(now).expect("a window");
            assert_eq!(spec.is_next_day(window, now), expected, "{name}");
        }
    }

    #[test]
    fn an_approver_shortens_and_never_lengthens() {
        let now = at("2026-11-23T21:00Z");
        let interval = Interval::new(at("2026-11-23T22:00Z"), at("2026-11-24T04:00Z")).expect("not empty");
        let fixed = ReleaseWindow::Fixed { interval };
        let arming = ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) };
        let cases = [
            ("as asked", fixed, None, None, Ok("[2026-11-23T22:00:00Z, 2026-11-24T04:00:00Z)")),
            ("earlier", fixed, Some("02:00Z"), None, Ok("[2026-11-23T22:00:00Z, 2026-11-24T02:00:00Z)")),
            ("the same end", fixed, Some("04:00Z"), None, Ok("[2026-11-23T22:00:00Z, 2026-11-24T04:00:00Z)")),
            ("a minute later", fixed, Some("04:01Z"), None, Err(WindowError::Longer)),
            ("by length", fixed, None, Some("1h"), Ok("[2026-11-23T22:00:00Z, 2026-11-23T23:00:00Z)")),
            ("less from arming", arming, None, Some("5m"), Ok("300s from arming")),
            ("more from arming", arming, None, Some("16m"), Err(WindowError::Longer)),
            (
                "nothing from arming",
                arming,
                None,
                Some("0s"),
                Err(WindowError::Length { length: Length::ZERO }),
            ),
            ("an end from arming", arming, Some("22:00Z"), None, Err(WindowError::NotFixed)),
        ];
        for (name, asked, closes, length, expected) in cases {
            let length = length.map(|text| Length::parse(text).expect("a length"));
            let spec = WindowSpec { opens: None, closes: closes.map(when), length };
            assert_eq!(spec.shortened(asked, now).map(words), expected.map(str::to_owned), "{name}");
        }
    }

    fn words(window: ReleaseWindow) -> String {
        match window {
            ReleaseWindow::FromArming { length_ms } => format!("{}s from arming", length_ms.ms() / 1_000),
            ReleaseWindow::Fixed { interval } => interval.to_string(),
        }
    }
}
