//! Values of the command line that have no parser of their own.

use crate::domain::credential::RotationDays;
use crate::domain::text::{Text, TextError};
use crate::domain::time::Length;

/// Reads a reason, a ticket or an owner.
pub fn text(text: &str) -> Result<Text, TextError> {
    Text::parse(text)
}

/// Reads a length of time of whole days, `90d`, as a rotation interval.
pub fn rotation(text: &str) -> Result<RotationDays, String> {
    let days = text.strip_suffix('d').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let days = days.and_then(|digits| digits.parse::<u32>().ok()).ok_or("write whole days, like 90d")?;
    RotationDays::try_from(days)
}

/// Reads a number of days as a rotation interval.
pub fn rotation_days(text: &str) -> Result<RotationDays, String> {
    RotationDays::try_from(text.parse::<u32>().map_err(|_| "write a number of days, like 90")?)
}

/// Reads `15m` or the like, longer than nothing.
pub fn length(text: &str) -> Result<Length, String> {
    let length = Length::parse(text).map_err(|error| error.to_string())?;
    if length == Length::ZERO { Err("it must be longer than nothing".to_owned()) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_interval_is_1_to_1096_days() {
        let cases = [
            ("1d", Some(1)),
            ("90d", Some(90)),
            ("1096d", Some(1_096)),
            ("1097d", None),
            ("0d", None),
            ("90", None),
            ("2h", None),
            ("+9d", None),
            ("d", None),
        ];
        for (text, days) in cases {
            assert_eq!(rotation(text).ok().map(RotationDays::days), days, "{text}");
        }
        assert_eq!(rotation_days("90").map(RotationDays::days), Ok(90));
        assert!(rotation_days("90d").is_err());
    }

    #[test]
    fn no_length_is_nothing() {
        for (text, fits) in [("0s", false), ("1s", true), ("15m", true), ("15", false)] {
            assert_eq!(length(text).is_ok(), fits, "{text}");
        }
    }
}
