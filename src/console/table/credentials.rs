//! The inventory; never a value.

use super::{Cell, Column, Table};
use crate::console::model::{RowId, Session};
use crate::console::table::rotation::standing_role;
use crate::domain::time::Timestamp;
use crate::domain::wire::operator::Standing;

const COLUMNS: &[Column] = &[
    Column::new("NAME", 18),
    Column::new("KIND", 8),
    Column::rest("OWNER"),
    Column::new("STANDING", 11),
    Column::new("ROTATE BY", 10),
    Column::new("SUNSET", 10),
    Column::new("JOBS", 4),
];

pub(super) struct Credentials<'a>(pub &'a Session);

impl Table for Credentials<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.0.credentials.len()
    }

    fn id(&self, place: usize) -> Option<RowId> {
        self.0.credentials.get(place).map(|view| RowId::Credential(view.name.clone()))
    }

    fn cells(&self, place: usize, now: Timestamp) -> Vec<Cell> {
        let Some(view) = self.0.credentials.get(place) else { return Vec::new() };
        let terms = &view.current.terms;
        let standing = Standing::of(&view.current, view.rotate_by, now);
        vec![
            Cell::plain(view.name.to_string()),
            Cell::plain(terms.kind.word()),
            Cell::plain(terms.owner.to_string()),
            Cell { text: standing.word().to_owned(), role: standing_role(standing) },
            Cell::plain(view.rotate_by.day().to_string()),
            Cell::plain(terms.sunset.to_string()),
            Cell::plain(view.jobs.len().to_string()),
        ]
    }

    fn line(&self, place: usize, now: Timestamp) -> String {
        let Some(view) = self.0.credentials.get(place) else { return String::new() };
        let terms = &view.current.terms;
        let standing = Standing::of(&view.current, view.rotate_by, now).word();
        format!("{:<18} {standing:<11} {} {}", view.name, view.rotate_by.day(), terms.owner)
    }

    fn words(&self, place: usize, words: &mut String) {
        let Some(view) = self.0.credentials.get(place) else { return };
        let terms = &view.current.terms;
        let [name, owner, reason] = [view.name.as_str(), terms.owner.as_str(), terms.reason.as_str()];
        for word in [name, terms.kind.word(), view.standing.word(), owner, reason] {
            words.push_str(word);
            words.push(' ');
        }
        for job in &view.jobs {
            words.push_str(job.as_str());
            words.push(' ');
        }
    }

    fn nothing(&self) -> &'static str {
        "Nothing is kept here. portcullis deposit NAME deposits a credential."
    }
}
