//! How a command ends when it does not do what was asked: one code, two lines.

use serde::Serialize;

use crate::desk::error::DeskError;

/// Why a command stops.
#[derive(Debug)]
pub enum Stop {
    /// Something was refused or went wrong, and a person must be told.
    Failed(Failure),
    /// Nobody reads standard output any more (`| head`): end quietly.
    OutputClosed,
    /// A program has read what went wrong, as part of what it was given: only a person must be told.
    Told(Failure),
    /// This signal ends the program, once the terminal is given back.
    Signalled(i32),
}

/// What went wrong, for a person and for a program.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Failure {
    /// Stable, in kebab case.
    pub code: String,
    /// The exit code of the process.
    pub exit: u8,
    /// The first line: what happened.
    pub what: String,
    /// The second line: what to do next.
    pub advice: String,
}

/// Exit codes that the command line gives out itself; the keeper's refusals bring their own.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// Something that should not happen.
    pub const UNEXPECTED: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// Policy, state or identity say no.
    pub const REFUSED: u8 = 3;
    /// Pending, or nobody answered in time.
    pub const NOT_YET: u8 = 4;
    /// The TPM.
    pub const TPM: u8 = 5;
    /// The store or the log is not what it should be.
    pub const INTEGRITY: u8 = 6;
    /// The connection.
    pub const LINK: u8 = 7;
}

impl Failure {
    fn new(exit: u8, code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { code: code.to_owned(), exit, what: what.into(), advice: advice.into() }
    }

    /// The command line asks for something that cannot be meant.
    pub fn usage(code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(exit::USAGE, code, what, advice)
    }

    /// A rule says no.
    pub fn refused(code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(exit::REFUSED, code, what, advice)
    }

    /// Nobody has decided, or answered, yet.
    pub fn not_yet(code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(exit::NOT_YET, code, what, advice)
    }

    /// The TPM refuses, or is not there.
    pub fn tpm(code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(exit::TPM, code, what, advice)
    }

    /// The store or the log is not what it should be.
    pub fn integrity(code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(exit::INTEGRITY, code, what, advice)
    }

    /// The other side cannot be reached or is not understood.
    pub fn link(code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(exit::LINK, code, what, advice)
    }

    /// A file cannot be read or written, or the like.
    pub fn unexpected(code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(exit::UNEXPECTED, code, what, advice)
    }

    /// The keeper answered something else than what was asked.
    pub fn off_topic(asked: &str) -> Self {
        let advice = "use the portcullis of the same version as the keeper's";
        Self::link("off-topic", format!("the keeper did not answer the question for {asked}"), advice)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<DeskError> for Stop {
    fn from(error: DeskError) -> Self {
        let (exit, code) = (error.exit(), error.code().to_owned());
        Self::Failed(Failure { code, exit, what: error.to_string(), advice: error.advice() })
    }
}
