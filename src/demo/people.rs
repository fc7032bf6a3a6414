//! What the people do: deposit, ask, approve.

use super::output::{Output, StageError};
use super::stage::Stage;

impl Stage {
    /// Deposits a credential as alice.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn deposit(&self, name: &str, value: &[u8], more: &[&str]) -> Result<Output, StageError> {
        let terms =
            ["--owner", "mainframe team", "--reason", "RACF knows no federation", "--rotation-days", "90"];
        let mut args = vec!["deposit", name, "--sunset", "2099-12-31"];
        args.extend(terms.iter().chain(more));
        self.run(Some("alice"), args, value)?.expect(0, "deposit")
    }

    /// Adds a client: alice asks, bob and carol approve.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn add_client(&self, job: &str, selectors: &[String], grants: &[&str]) -> Result<(), StageError> {
        let mut args = vec!["client", "add", job, "--reason", "night batch", "--ticket", "CHG-0822"];
        selectors.iter().for_each(|selector| args.extend(["--select", selector]));
        grants.iter().for_each(|grant| args.extend(["--grant", grant]));
        let request = self.request_id(&self.does("alice", &args)?)?;
        self.approve_by(&["bob", "carol"], &request)
    }

    /// Has people approve one after the other.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn approve_by(&self, people: &[&str], request: &str) -> Result<(), StageError> {
        people.iter().try_for_each(|person| self.approve(person, request)?.expect(0, "approve").map(drop))
    }

    /// Has one person approve.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn approve(&self, person: &str, request: &str) -> Result<Output, StageError> {
        self.run(Some(person), ["approve", request, "--id-again", request], b"")
    }

    /// Asks as alice for a window with `options`, and has bob and carol arm it.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn arm(&self, job: &str, credential: &str, options: &[&str]) -> Result<String, StageError> {
        let mut args =
            vec!["request", credential, "--job", job, "--reason", "night batch", "--ticket", "INC-4711"];
        args.extend(options);
        let request = self.request_id(&self.does("alice", &args)?)?;
        self.approve_by(&["bob", "carol"], &request)?;
        Ok(request)
    }

    /// The id of the request that a run printed first.
    ///
    /// # Errors
    /// [`StageError::Step`].
    pub fn request_id(&self, output: &Output) -> Result<String, StageError> {
        let text = output.text();
        let id = text.split_whitespace().find(|word| crate::domain::ids::RequestId::parse(word).is_ok());
        id.map(str::to_owned)
            .ok_or_else(|| StageError::Step { what: "the id of the request".to_owned(), saw: text })
    }
}
