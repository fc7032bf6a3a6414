//! The six screens that an operator goes between.

/// One of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tab {
    /// What waits for a decision.
    Requests,
    /// What is kept here.
    Credentials,
    /// What must change, and when.
    Rotation,
    /// Who may ask.
    Jobs,
    /// What happened.
    Audit,
    /// How the appliance is.
    System,
}

impl Tab {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 6] =
        [Self::Requests, Self::Credentials, Self::Rotation, Self::Jobs, Self::Audit, Self::System];

    /// Its place in [`Self::ALL`].
    pub const fn place(self) -> usize {
        self as usize
    }

    /// The tab of a key `1` to `6`.
    pub fn of_digit(digit: char) -> Option<Self> {
        let place = digit.to_digit(10)?.checked_sub(1)?;
        Self::ALL.get(usize::try_from(place).ok()?).copied()
    }

    /// The one to the right, and behind the last the first.
    pub const fn next(self) -> Self {
        Self::ALL[(self.place() + 1) % Self::ALL.len()]
    }

    /// The one to the left, and before the first the last.
    pub const fn previous(self) -> Self {
        Self::ALL[(self.place() + Self::ALL.len() - 1) % Self::ALL.len()]
    }

    /// What the bar says when there is room.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Requests => "1 Requests",
            Self::Credentials => "2 Credentials",
            Self::Rotation => "3 Rotation",
            Self::Jobs => "4 Jobs",
            Self::Audit => "5 Audit",
            Self::System => "6 System",
        }
    }

    /// What the bar says of the tabs that are not open.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Credentials => "2 Creds",
            other => other.title(),
        }
    }

    /// What the bar says of them when there is little room.
    pub const fn shortest(self) -> &'static str {
        match self {
            Self::Requests => "1 Req",
            Self::Credentials => "2 Cred",
            Self::Rotation => "3 Rot",
            Self::Jobs => "4 Jobs",
            Self::Audit => "5 Aud",
            Self::System => "6 Sys",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_neighbours_go_round_all_tabs() {
        for (place, tab) in Tab::ALL.into_iter().enumerate() {
            assert_eq!(tab.place(), place);
            assert_eq!(tab.next().previous(), tab);
            let digit = char::from_digit(place as u32 + 1, 10).expect("one digit");
            assert_eq!(Tab::of_digit(digit), Some(tab));
            assert!([tab.title(), tab.short(), tab.shortest()].iter().all(|word| word.starts_with(digit)));
        }
        assert_eq!(Tab::System.next(), Tab::Requests);
        for nothing in ['0', '7', 'x'] {
            assert_eq!(Tab::of_digit(nothing), None);
        }
    }
}
