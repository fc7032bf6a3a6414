//! How a run of the binary ended, and why a play cannot go on.

/// Why the play cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The system said no.
    #[error("{what}: {cause}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What it said.
        cause: std::io::Error,
    },
    /// Something did otherwise than it should.
    #[error("{what}: {saw}")]
    Step {
        /// What was tried.
        what: String,
        /// What was seen.
        saw: String,
    },
}

pub(super) fn system(what: &'static str) -> impl Fn(std::io::Error) -> StageError {
    move |cause| StageError::System { what, cause }
}

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Output {
    /// Its exit code; 255 when a signal ended it.
    pub code: i32,
    /// Its data.
    pub stdout: Vec<u8>,
    /// What it said beside.
    pub stderr: String,
}

impl Output {
    /// The first line of what it said, and its exit code.
    pub fn said(&self) -> String {
        let line = self.stderr.lines().rfind(|line| line.starts_with("portcullis: ")).unwrap_or_default();
        format!("exit {}: {}", self.code, line.trim_start_matches("portcullis: "))
    }

    /// Its data as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Itself, when it ended with this exit code.
    ///
    /// # Errors
    /// [`StageError::Step`].
    pub fn expect(self, code: i32, what: &str) -> Result<Self, StageError> {
        if self.code == code {
            return Ok(self);
        }
        Err(StageError::Step { what: what.to_owned(), saw: format!("{}, expected exit {code}", self.said()) })
    }
}
