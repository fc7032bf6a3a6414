//! Columns of a record, and what stands in them.

use std::fmt;

use super::ShapeError;

/// Columns of a record, the first being 1: never those of the sequence number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Columns {
    first: usize,
    last: usize,
}

impl Columns {
    /// The last column before the sequence number, which begins in 73.
    pub const LAST: usize = 72;

    /// Columns `first` to `last`, both of them included.
    ///
    /// # Errors
    /// [`ShapeError::Columns`] and [`ShapeError::Sequence`].
    pub const fn new(first: usize, last: usize) -> Result<Self, ShapeError> {
        match () {
            () if first == 0 || first > last => Err(ShapeError::Columns),
            () if last > Self::LAST => Err(ShapeError::Sequence),
            () => Ok(Self { first, last }),
        }
    }

    fn parse(text: &str) -> Result<Self, ShapeError> {
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            // A number that is too large for us is too large for a record.
            plain.then(|| digits.parse().unwrap_or(usize::MAX)).ok_or(ShapeError::Columns)
        };
        let (first, last) = text.split_once('-').ok_or(ShapeError::Columns)?;
        Self::new(number(first)?, number(last)?)
    }

    /// How many they are.
    pub const fn count(self) -> usize {
        self.last - self.first + 1
    }

    /// Their place in the bytes of a record.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.first - 1..self.last
    }

    const fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// Which columns have what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Layout {
    pub(super) account: Option<Columns>,
    pub(super) password: Columns,
}

impl Layout {
    /// The credential alone, in 1-72.
    pub const ALONE: Self = Self { account: None, password: Columns { first: 1, last: Columns::LAST } };
    /// An account in 1-8, as long as RACF's can be, and the credential in 10-72.
    pub const WITH_ACCOUNT: Self = Self {
        account: Some(Columns { first: 1, last: 8 }),
        password: Columns { first: 10, last: Columns::LAST },
    };

    /// Reads `account=1-8,password=10-72`; the account may be missing, and the order is free.
    ///
    /// # Errors
    /// [`ShapeError`] of columns: that no record has, that overlap, that nobody knows.
    pub fn parse(text: &str) -> Result<Self, ShapeError> {
        let (mut account, mut password) = (None, None);
        for part in text.split(',') {
            let (name, columns) = part.split_once('=').ok_or(ShapeError::Layout)?;
            let place = match name {
                "account" => &mut account,
                "password" => &mut password,
                _ => return Err(ShapeError::Layout),
            };
            if place.replace(Columns::parse(columns)?).is_some() {
                return Err(ShapeError::Layout);
            }
        }
        let password = password.ok_or(ShapeError::NoPassword)?;
        if account.is_some_and(|account: Columns| account.overlaps(password)) {
            return Err(ShapeError::Overlap);
        }
        Ok(Self { account, password })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_in_order_apart_and_before_the_sequence_number() {
        let cases = [
            ("password=1-72", Ok((None, "1-72"))),
            ("password=72-72", Ok((None, "72-72"))),
            ("account=1-8,password=9-72", Ok((Some("1-8"), "9-72"))),
            ("password=1-8,account=9-72", Ok((Some("9-72"), "1-8"))),
            ("password=1-73", Err(ShapeError::Sequence)),
            ("password=73-80", Err(ShapeError::Sequence)),
            ("password=73-81", Err(ShapeError::Sequence)),
            ("account=70-73,password=1-8", Err(ShapeError::Sequence)),
            ("password=1-99999999999999999999999", Err(ShapeError::Sequence)),
            ("password=0-8", Err(ShapeError::Columns)),
            ("password=9-8", Err(ShapeError::Columns)),
            ("password=8", Err(ShapeError::Columns)),
            ("password=-8", Err(ShapeError::Columns)),
            ("password=+1-8", Err(ShapeError::Columns)),
            ("password=1-8-9", Err(ShapeError::Columns)),
            ("password=", Err(ShapeError::Columns)),
            ("account=1-8,password=8-72", Err(ShapeError::Overlap)),
            ("account=20-30,password=1-72", Err(ShapeError::Overlap)),
            ("account=72-72,password=1-72", Err(ShapeError::Overlap)),
            ("account=1-8", Err(ShapeError::NoPassword)),
            ("", Err(ShapeError::Layout)),
            ("1-8", Err(ShapeError::Layout)),
            ("password=1-8,", Err(ShapeError::Layout)),
            ("password=1-8,password=9-16", Err(ShapeError::Layout)),
            ("user=1-8,password=9-16", Err(ShapeError::Layout)),
            ("Password=1-8", Err(ShapeError::Layout)),
        ];
        for (text, expected) in cases {
            let read = Layout::parse(text);
            let read = read.map(|read| (read.account.map(|a| a.to_string()), read.password.to_string()));
            let expected =
                expected.map(|(account, password)| (account.map(str::to_owned), password.to_owned()));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn the_layouts_that_are_meant_unless_said_otherwise_are_layouts() {
        assert_eq!(Layout::parse("password=1-72"), Ok(Layout::ALONE));
        assert_eq!(Layout::parse("account=1-8,password=10-72"), Ok(Layout::WITH_ACCOUNT));
        assert_eq!(
            (Layout::WITH_ACCOUNT.password.count(), Layout::WITH_ACCOUNT.password.range()),
            (63, 9..72)
        );
    }
}
