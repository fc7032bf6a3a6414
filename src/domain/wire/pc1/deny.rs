//! Every reason for which a job is refused: the code on the line, what it means, what to do next.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! deny_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $what:literal, $advice:literal;)+) => {
        /// Why a job gets nothing.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Deserialize, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum DenyCode {
            $($(#[$doc])* $variant,)+
        }

        impl DenyCode {
            /// Every code there is.
            pub const ALL: [Self; [$(Self::$variant),+].len()] = [$(Self::$variant),+];

            /// The word on the line.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What happened, as a sentence for a person.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)+ }
            }

            /// What to do next, as a sentence for a person.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)+ }
            }
        }
    };
}

deny_codes! {
    /// No client record has this name.
    UnknownJob = "UNKNOWN-JOB",
        "No client record has the name of this job.",
        "Check the name, or have two operators add the job with `portcullis client add`.";
    /// The process is not the one of the client record.
    Evidence = "EVIDENCE",
        "The process that asked does not match the selectors of this job.",
        "Run the job as its own user and with its own program; after an upgrade, stage the new digest.";
    /// The client record does not name this credential.
    NotGranted = "NOT-GRANTED",
        "This job may not ask for this credential.",
        "Check the name of the credential, or have it granted to the job by two operators.";
    /// There is no such credential, or it is retired.
    NoCredential = "NO-CREDENTIAL",
        "There is no credential of this name to release.",
        "Check the name with `portcullis list`; a retired credential must be deposited again.";
    /// The appliance is frozen.
    Frozen = "FROZEN",
        "An operator has frozen the appliance, and nothing is released.",
        "Ask the operators; it takes two of them to thaw it.";
    /// An operator said no.
    Denied = "DENIED",
        "An operator denied this request.",
        "Ask the operators why; a new request is possible when the time for deciding this one is over.";
    /// The window was withdrawn.
    Revoked = "REVOKED",
        "The window of this request was ended: by an operator, a freeze, a deposit or a restart of the board.",
        "Ask the operators for a new window; a pull asks by itself when the old one would have closed.";
    /// No pull is left.
    Spent = "SPENT",
        "All pulls of the approved window are used.",
        "If this job did not use them, tell the operators at once; else request a new window.";
    /// Nobody decided in time, or the window closed.
    Expired = "EXPIRED",
        "The request ran out of time before it was approved or used.",
        "Ask again, and tell the operators that a request is waiting.";
    /// The credential is past its sunset.
    Sunset = "SUNSET",
        "The credential is past the day on which it had to be gone.",
        "Move the job to a successor, or have two operators decide on a new sunset.";
    /// The clock cannot be trusted.
    Clock = "CLOCK",
        "The appliance cannot be sure of the time, and times decide what is released.",
        "Have an operator run `portcullis doctor` and set the clock right.";
    /// Too much is going on.
    Busy = "BUSY",
        "The appliance has too many requests at the moment.",
        "Try again in a minute.";
    /// The TPM refused or failed.
    Chip = "CHIP",
        "The TPM did not open the credential.",
        "Have an operator run `portcullis doctor`: the measured state or the chip itself may have changed.";
    /// The audit entry could not be written.
    Record = "RECORD",
        "The release could not be recorded, so it did not happen.",
        "Have an operator look at disk space and at `portcullis doctor`.";
    /// The lines are out of order.
    Sequence = "SEQUENCE",
        "The lines of the session are not numbered one after the other.",
        "Open a new connection and begin with HELO, number 01.";
    /// The line cannot be understood.
    Syntax = "SYNTAX",
        "A line is not one of the PC1 protocol.",
        "Compare the line with `docs/formats.md`; use upper case, single blanks and a CR at the end.";
    /// The link speaks another profile.
    Profile = "PROFILE",
        "This link does not speak the profile that was asked for.",
        "Use profile U on the Unix socket, and on a serial line the profile of the client record.";
    /// The policy forbids it.
    Policy = "POLICY",
        "The policy of the appliance does not allow this release.",
        "Have an operator run `portcullis policy show` and look at the audit entry of the refusal.";
}

impl DenyCode {
    /// The code of a word on a line.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for DenyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl TryFrom<String> for DenyCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a reason for which a job is refused")
    }
}

impl From<DenyCode> for String {
    fn from(code: DenyCode) -> Self {
        code.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_fits_a_line_and_says_what_to_do() {
        for code in DenyCode::ALL {
            let word = code.as_str();
            assert!(word.len() <= 16 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'-'), "{word}");
            assert_eq!(DenyCode::parse(word), Some(code));
            for sentence in [code.what(), code.advice()] {
                assert!(
                    sentence.ends_with('.') && sentence.starts_with(char::is_uppercase),
                    "{word}: {sentence}"
                );
            }
        }
        assert_eq!(DenyCode::parse("frozen"), None);
    }
}
