//! The console without a terminal and without a keeper, for whoever measures it.

use std::path::PathBuf;

use crate::console::event::{Event, News};
use crate::console::key::Key;
use crate::console::model::{KeyFile, Model};
use crate::console::profile::{Profile, Size};
use crate::console::update::update;
use crate::console::view::render;
use crate::domain::wire::operator::{CredentialView, RequestView, Status};

/// A console at which the operator of a status has logged in, with all profiles' most to draw.
pub struct Rehearsal {
    model: Model,
    now_ms: u64,
}

impl Rehearsal {
    /// Logs in, and lets the lists arrive as a keeper would tell them.
    pub fn new(
        size: Size,
        status: Status,
        requests: Vec<RequestView>,
        credentials: Vec<CredentialView>,
    ) -> Self {
        let key = KeyFile { operator: status.operator.clone(), path: PathBuf::new() };
        let model = Model::new(Profile::UnicodeColour, size, vec![key]);
        let mut console = Self { model, now_ms: 0 };
        console.press("x\n");
        let session = console.model.session_number;
        let told = Box::new(status.clone());
        console.take(Event::LoggedIn { session, status: told, requests });
        let news = News::Credentials(credentials);
        console.take(Event::Fresh { status: Box::new(status), news, open: None });
        console
    }

    /// Presses keys as a person does; a line feed is Enter.
    pub fn press(&mut self, keys: &str) {
        for c in keys.chars() {
            self.now_ms += 100;
            self.take(Event::Key(if c == '\n' { Key::Enter } else { Key::Char(c) }));
        }
    }

    /// Empties the field that is typed into.
    pub fn clear_field(&mut self) {
        self.take(Event::Key(Key::Ctrl('u')));
    }

    /// Builds the whole frame, and gives what it says, row after row.
    pub fn frame(&self) -> String {
        render(&self.model, self.now_ms).buffer.content.iter().map(|cell| cell.symbol()).collect()
    }

    fn take(&mut self, event: Event) {
        // There is nobody who could do what it wants done.
        drop(update(&mut self.model, event, self.now_ms));
    }
}
