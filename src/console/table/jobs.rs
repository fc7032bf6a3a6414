//! Who may ask, and for what.

use super::{Cell, Column, Table, first_and_more, month_minute};
use crate::console::model::{RowId, Session};
use crate::console::view::theme::Role;
use crate::domain::text::escape;
use crate::domain::time::Timestamp;

const COLUMNS: &[Column] = &[
    Column::new("JOB", 15),
    Column::rest("MUST MATCH"),
    Column::new("MAY ASK FOR", 18),
    Column::new("OWNER", 8),
    Column::new("LAST PULL", 11),
    Column::new("WAITS", 5),
];

pub(super) struct Jobs<'a>(pub &'a Session);

impl Table for Jobs<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.0.clients.len()
    }

    fn id(&self, place: usize) -> Option<RowId> {
        self.0.clients.get(place).map(|view| RowId::Client(view.record.job.clone()))
    }

    fn cells(&self, place: usize, _: Timestamp) -> Vec<Cell> {
        let Some(view) = self.0.clients.get(place) else { return Vec::new() };
        let record = &view.record;
        let selectors = record.selectors.iter().map(|selector| escape(&selector.to_string()));
        let selectors = selectors.map(|text| text.trim_start_matches("unix:").to_owned());
        let role = if view.waiting > 0 { Role::Strong } else { Role::Plain };
        vec![
            Cell::plain(record.job.to_string()),
            Cell::plain(first_and_more(selectors)),
            Cell::plain(first_and_more(record.grants.iter().map(ToString::to_string))),
            Cell::plain(record.owner.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)),
            Cell::plain(
                view.last_pull.as_ref().map_or_else(|| "never".to_owned(), |(at, _)| month_minute(*at)),
            ),
            Cell { text: view.waiting.to_string(), role },
        ]
    }

    fn line(&self, place: usize, _: Timestamp) -> String {
        let Some(view) = self.0.clients.get(place) else { return String::new() };
        let last = view.last_pull.as_ref().map_or_else(|| "never".to_owned(), |(at, _)| month_minute(*at));
        let waits = if view.waiting > 0 { format!("waits:{}", view.waiting) } else { String::new() };
        let grants = first_and_more(view.record.grants.iter().map(ToString::to_string));
        format!("{:<15} {last:<11} {waits:<8} {grants}", view.record.job)
    }

    fn words(&self, place: usize, words: &mut String) {
        let Some(view) = self.0.clients.get(place) else { return };
        let record = &view.record;
        let owner = record.owner.as_ref().map(ToString::to_string);
        let parts = [record.job.to_string(), record.reason.to_string()].into_iter().chain(owner);
        let selectors = record.selectors.iter().map(|selector| escape(&selector.to_string()));
        for word in parts.chain(selectors).chain(record.grants.iter().map(ToString::to_string)) {
            words.push_str(&word);
            words.push(' ');
        }
    }

    fn nothing(&self) -> &'static str {
        "No job may ask. portcullis client add JOB asks for a record."
    }

    fn notes(&self, _: usize, _: Timestamp) -> Vec<String> {
        vec!["Serial lines are not in this version: every job comes by the local socket.".to_owned()]
    }
}
