//! What can be typed at the console without a screen.

use crate::cli::plain::request::Act;
use crate::domain::ids::RequestId;

/// One line that an operator typed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// List the requests, the ended ones too.
    Requests {
        /// Ended ones too.
        all: bool,
    },
    /// Go on with the list.
    More,
    /// Tell one request whole.
    Show(RequestId),
    /// Do something to one.
    Decide(Act, RequestId),
    /// Ask for a bundle of the log.
    Export,
    /// Everything down.
    Freeze,
    /// Say what can be typed.
    Help,
    /// Let the next operator in.
    LogOut,
    /// End.
    Quit,
}

/// The words, and what each does.
pub const HELP: [(&str, &str); 12] = [
    ("requests", "lists what is open"),
    ("requests all", "lists what has ended too"),
    ("more", "goes on with the list"),
    ("show ID", "tells one request whole"),
    ("approve ID", "tells it, asks for its id and for your passphrase, then logs you out"),
    ("deny ID", "tells it, asks for a reason, and says no"),
    ("revoke ID", "tells it, asks for a reason, and withdraws it or closes its window"),
    ("export", "asks for a signed bundle of the log: from where, onto what, for whom, and why"),
    ("freeze", "asks for a reason, and closes every window at once; two people lift it"),
    ("help", "tells this"),
    ("logout", "lets the next operator in"),
    ("quit", "ends"),
];

impl Command {
    /// Reads a line of words.
    ///
    /// # Errors
    /// A sentence that says what was not understood.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line = line.to_ascii_lowercase();
        let words: Vec<&str> = line.split_whitespace().collect();
        let id = |text: &str| RequestId::parse(text).map_err(|error| error.to_string());
        match words.as_slice() {
            ["requests"] => Ok(Self::Requests { all: false }),
            ["requests", "all"] => Ok(Self::Requests { all: true }),
            ["more"] => Ok(Self::More),
            ["show", text] => id(text).map(Self::Show),
            ["approve", text] => id(text).map(|id| Self::Decide(Act::Approve, id)),
            ["deny", text] => id(text).map(|id| Self::Decide(Act::Deny, id)),
            ["revoke", text] => id(text).map(|id| Self::Decide(Act::Revoke, id)),
            ["export"] => Ok(Self::Export),
            ["freeze"] => Ok(Self::Freeze),
            ["help" | "?"] => Ok(Self::Help),
            ["logout"] => Ok(Self::LogOut),
            ["quit"] => Ok(Self::Quit),
            [verb @ ("show" | "approve" | "deny" | "revoke"), ..] => {
                Err(format!("{verb} takes the id of one request, like {verb} 7K2M"))
            }
            [other, ..] => {
                let short: String = other.chars().take(20).collect();
                Err(format!("{short:?} is nothing to do here: help tells what is"))
            }
            [] => Err("help tells what can be typed".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_help_is_understood() {
        for (words, _) in HELP {
            let line = words.replace("ID", "7K2M");
            assert!(Command::parse(&line).is_ok(), "{line}");
            assert!(Command::parse(&format!("  {}  ", line.to_ascii_uppercase())).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_and_does_nothing() {
        let id = RequestId::parse("7K2M").expect("an id");
        assert_eq!(Command::parse("Approve 7k2m"), Ok(Command::Decide(Act::Approve, id)));
        let cases = [
            ("approve", "approve takes the id of one request"),
            ("approve 7K2M 9QF3", "approve takes the id of one request"),
            ("deny 7I2M", "is not a request id"),
            ("yes", "\"yes\" is nothing to do here"),
            ("requests now", "\"requests\" is nothing to do here"),
            ("\u{1b}[2J", "\"\\u{1b}[2j\" is nothing to do here"),
            ("", "help tells what can be typed"),
        ];
        for (line, said) in cases {
            let error = Command::parse(line).expect_err(line);
            assert!(error.contains(said), "{line:?}: {error}");
        }
    }
}
