//! What waits for a decision.

use super::{Cell, Column, Table};
use crate::console::model::{RowId, Session};
use crate::console::view::theme::Role;
use crate::desk::facts::window_short;
use crate::domain::request::doc::{Requester, Subject};
use crate::domain::text::escape;
use crate::domain::time::Timestamp;
use crate::domain::wire::operator::{RequestView, StateName};

const COLUMNS: &[Column] = &[
    Column::new("ID", 4),
    Column::new("CREDENTIAL", 18),
    Column::new("FOR", 15),
    Column::new("WINDOW", 12),
    Column::rest("REASON"),
    Column::new("STATE", 7),
    Column::new("LEFT", 6),
];

pub(super) struct Requests<'a>(pub &'a Session);

impl Table for Requests<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.0.requests.len()
    }

    fn id(&self, place: usize) -> Option<RowId> {
        self.0.requests.get(place).map(|view| RowId::Request(view.doc.id.clone()))
    }

    fn cells(&self, place: usize, now: Timestamp) -> Vec<Cell> {
        let Some(view) = self.0.requests.get(place) else { return Vec::new() };
        let doc = &view.doc;
        let reason = if doc.ticket.as_str() == "-" { doc.reason.to_string() } else { doc.ticket.to_string() };
        let window = doc.subject.window().map(|asked| window_short(asked, view.window, now));
        vec![
            Cell::plain(doc.id.to_string()),
            Cell::plain(doc.subject.title()),
            Cell::plain(whom(view)),
            Cell::plain(window.unwrap_or_else(|| "-".to_owned())),
            Cell::plain(reason),
            Cell { text: view.state_text(), role: role(view.state) },
            Cell::plain(left(view, now)),
        ]
    }

    fn line(&self, place: usize, now: Timestamp) -> String {
        let Some(view) = self.0.requests.get(place) else { return String::new() };
        let (id, title) = (&view.doc.id, view.doc.subject.title());
        format!("{id} {:<7} {:<6} {title} > {}", view.state_text(), left(view, now), whom(view))
    }

    fn words(&self, place: usize, words: &mut String) {
        let Some(view) = self.0.requests.get(place) else { return };
        let doc = &view.doc;
        let (id, title) = (doc.id.as_str(), doc.subject.title());
        for word in [id, &title, &whom(view), view.state.word(), doc.ticket.as_str(), doc.reason.as_str()] {
            words.push_str(word);
            words.push(' ');
        }
        words.push_str(&doc.requester.to_string());
        view.note.iter().for_each(|note| words.push_str(&escape(note)));
    }

    fn nothing(&self) -> &'static str {
        "Nothing is asked for. This screen says when something is."
    }
}

fn left(view: &RequestView, now: Timestamp) -> String {
    view.ends().map_or_else(String::new, |end| now.until(end).to_string())
}

/// For whom it is: the job of a release, else who asked.
fn whom(view: &RequestView) -> String {
    match (&view.doc.subject, &view.doc.requester) {
        (Subject::Release { job, .. }, _) | (_, Requester::Job(job)) => job.to_string(),
        (_, Requester::Operator(id)) => id.to_string(),
    }
}

const fn role(state: StateName) -> Role {
    match state {
        StateName::Requested => Role::Strong,
        StateName::Arming | StateName::Armed => Role::Warn,
        _ => Role::Plain,
    }
}
