//! Why the console could not run, or ended by itself.

use std::io;

use crate::desk::error::DeskError;

/// Why the console could not run, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// Standard input or output is not a terminal.
    #[error("the console needs a terminal, and {stream} is none")]
    NotATerminal {
        /// Which of the two.
        stream: &'static str,
    },
    /// The terminal went away or did not do what terminals do.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] io::Error),
    /// There is nobody who could log in.
    #[error(transparent)]
    Keys(#[from] DeskError),
    /// A part of the console ended, so that the rest would only seem to work.
    #[error("the part of the console that {does} has ended")]
    Part {
        /// What it did.
        does: &'static str,
    },
}

impl ConsoleError {
    /// The second line: what to do next.
    pub fn advice(&self) -> String {
        match self {
            Self::NotATerminal { .. } => {
                "run it on a terminal, or decide with `portcullis requests` and `portcullis approve --plain`"
                    .to_owned()
            }
            Self::Keys(error) => error.advice(),
            Self::Terminal(_) | Self::Part { .. } => {
                "start it again; nothing was signed by halves".to_owned()
            }
        }
    }
}
