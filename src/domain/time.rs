//! Instants, half-open intervals and lengths, all in milliseconds. Nothing here reads a clock.

use std::fmt;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Why a text is not an instant or a length.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not {what}: write {grammar}")]
pub struct TimeError {
    /// The text that was refused, shortened.
    pub text: String,
    /// What it should have been.
    pub what: &'static str,
    /// An example of the right form.
    pub grammar: &'static str,
}

impl TimeError {
    fn new(text: &str, what: &'static str, grammar: &'static str) -> Self {
        Self { text: text.chars().take(40).collect(), what, grammar }
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z on the appliance's own clock, below 2^53.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last instant a JSON number can hold exactly.
    const MS_MAX: u64 = (1 << 53) - 1;

    /// The instant `ms` milliseconds after the epoch, held below 2^53.
    pub const fn from_ms(ms: u64) -> Self {
        Self(if ms > Self::MS_MAX { Self::MS_MAX } else { ms })
    }

    /// Milliseconds since the epoch.
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// This instant moved later.
    pub const fn plus(self, length: Length) -> Self {
        Self::from_ms(self.0.saturating_add(length.0))
    }

    /// How long until `later`; zero when it has passed.
    pub const fn until(self, later: Self) -> Length {
        Length(later.0.saturating_sub(self.0))
    }

    /// Reads `2026-11-23T21:00:00Z` or the like.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::new(text, "an instant", "2026-11-23T21:00Z");
        let with_seconds = text.strip_suffix('Z').filter(|t| t.len() == "2026-11-23T21:00".len());
        let full = with_seconds.map_or_else(|| text.to_owned(), |t| format!("{t}:00Z"));
        let parsed = DateTime::parse_from_rfc3339(&full).map_err(|_| wrong())?;
        u64::try_from(parsed.timestamp_millis()).map(Self::from_ms).map_err(|_| wrong())
    }

    fn utc(self) -> DateTime<Utc> {
        i64::try_from(self.0).ok().and_then(DateTime::from_timestamp_millis).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// `14:20Z`, for a screen that has the day elsewhere.
    pub fn hour_minute(self) -> String {
        self.utc().format("%H:%MZ").to_string()
    }

    /// The day this instant falls on, in UTC.
    pub fn day(self) -> Day {
        Day(self.utc().date_naive())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.utc().to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

/// A calendar day in UTC.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(NaiveDate);

impl Day {
    /// Reads `2027-06-30`.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::new(text, "a day", "2027-06-30");
        let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| wrong())?;
        if parsed.format("%Y-%m-%d").to_string() == text { Ok(Self(parsed)) } else { Err(wrong()) }
    }

    /// The first instant that no longer belongs to this day.
    pub fn end(self) -> Timestamp {
        let next = self.0.succ_opt().unwrap_or(self.0);
        let midnight = next.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
        Timestamp::from_ms(u64::try_from(midnight).unwrap_or(0))
    }

    /// The day `days` later.
    pub fn plus_days(self, days: u32) -> Self {
        Self(self.0.checked_add_days(chrono::Days::new(u64::from(days))).unwrap_or(NaiveDate::MAX))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.format("%Y-%m-%d").to_string())
    }
}

impl TryFrom<String> for Day {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        Self::parse(&text)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Length(u64);

impl Length {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `ms` milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// `seconds` seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// `minutes` minutes.
    pub const fn from_minutes(minutes: u64) -> Self {
        Self::from_seconds(minutes.saturating_mul(60))
    }

    /// The length in milliseconds.
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// Reads `90s`, `30m`, `2h` or `7d`.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::new(text, "a length of time", "90s, 30m, 2h or 7d");
        let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        let plain = !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit());
        let count: u64 = if plain { digits.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
        Ok(Self::from_seconds(count * seconds))
    }
}

impl fmt::Display for Length {
    /// The largest unit that says it in words a person reads at a glance: `45s`, `11m`, `2h05m`, `3d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_ceil(1_000);
        let text = match seconds {
            0..60 => format!("{seconds}s"),
            60..3_600 => format!("{}m", seconds / 60),
            3_600..172_800 => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
            _ => format!("{}d", seconds / 86_400),
        };
        f.pad(&text)
    }
}

/// A half-open interval `[opens, closes)` that is never empty.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "(u64, u64)", into = "(u64, u64)")]
pub struct Interval {
    opens: Timestamp,
    closes: Timestamp,
}

impl Interval {
    /// The only way to make one: `None` when `closes` is not after `opens`.
    pub fn new(opens: Timestamp, closes: Timestamp) -> Option<Self> {
        (opens < closes).then_some(Self { opens, closes })
    }

    /// The first instant inside.
    pub const fn opens(self) -> Timestamp {
        self.opens
    }

    /// The first instant after the end.
    pub const fn closes(self) -> Timestamp {
        self.closes
    }

    /// Its length.
    pub const fn length(self) -> Length {
        self.opens.until(self.closes)
    }

    /// Whether `now` is inside.
    pub fn contains(self, now: Timestamp) -> bool {
        self.opens <= now && now < self.closes
    }

    /// What both have in common; `None` when that is nothing.
    pub fn intersect(self, other: Self) -> Option<Self> {
        Self::new(self.opens.max(other.opens), self.closes.min(other.closes))
    }
}

impl TryFrom<(u64, u64)> for Interval {
    type Error = &'static str;

    fn try_from((opens, closes): (u64, u64)) -> Result<Self, Self::Error> {
        let interval = Self::new(Timestamp::from_ms(opens), Timestamp::from_ms(closes));
        interval.ok_or("an interval must close after it opens")
    }
}

impl From<Interval> for (u64, u64) {
    fn from(interval: Interval) -> Self {
        (interval.opens.0, interval.closes.0)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.opens, self.closes)
    }
}

/// What the chip says of time.
///
/// # Source
/// TPM 2.0 Library part 2, section 10.11.1 (TPMS_CLOCK_INFO).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct ChipTime {
    /// Milliseconds the chip has been powered, never decreasing but for an unorderly stop.
    pub clock_ms: u64,
    /// Which boot this is.
    pub boot: ChipBoot,
    /// Whether `clock_ms` is known not to have been reported before.
    pub safe: bool,
}

/// Which boot of the chip: a new pair at every reset or resume of the board.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct ChipBoot {
    /// TPM Resets since the owner hierarchy was made.
    pub reset_count: u32,
    /// Resumes and restarts since the last reset.
    pub restart_count: u32,
}

impl fmt::Display for ChipBoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.reset_count, self.restart_count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_its_start_and_not_its_end() {
        let at = Timestamp::from_ms;
        let window = Interval::new(at(1_000), at(2_000)).expect("not empty");
        let cases =
            [("before", 999, false), ("start", 1_000, true), ("last", 1_999, true), ("end", 2_000, false)];
        for (name, now, inside) in cases {
            assert_eq!(window.contains(at(now)), inside, "{name}");
        }
        assert_eq!(Interval::new(at(5), at(5)), None);
        assert_eq!(window.intersect(Interval::new(at(2_000), at(3_000)).expect("not empty")), None);
    }

    #[test]
    fn instants_lengths_and_days_read_back() {
        let instant = Timestamp::parse("2026-11-23T21:00Z").expect("short form");
        assert_eq!(instant.to_string(), "2026-11-23T21:00:00Z");
        assert_eq!(Timestamp::parse("2026-11-23T21:00:00Z"), Ok(instant));
        assert_eq!(Timestamp::parse("2026-11-23T22:00:00+01:00"), Ok(instant));
        for wrong in ["", "now", "2026-11-23", "2026-13-23T21:00Z", "1969-12-31T23:59Z"] {
            assert!(Timestamp::parse(wrong).is_err(), "{wrong}");
        }
        for (text, ms) in [("90s", 90_000), ("30m", 1_800_000), ("2h", 7_200_000), ("7d", 604_800_000)] {
            assert_eq!(Length::parse(text).map(Length::ms), Ok(ms), "{text}");
        }
        for wrong in ["", "m", "5", "-5m", "+5m", "5 m", "1234567s", "ä"] {
            assert!(Length::parse(wrong).is_err(), "{wrong}");
        }
        let day = Day::parse("2027-06-30").expect("day");
        assert_eq!(day.end().to_string(), "2027-07-01T00:00:00Z");
        assert!(Day::parse("2027-6-30").is_err());
    }
}
