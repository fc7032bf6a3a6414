//! What the rows of each list say. Nothing is built but the rows on the screen, and for a filter the words
//! of all rows, once.

mod audit;
mod credentials;
mod jobs;
mod requests;
mod rotation;

use crate::console::layout::{cut, width_of, wrap};
use crate::console::model::{RowId, Session};
use crate::console::tab::Tab;
use crate::console::view::theme::Role;
use crate::domain::time::Timestamp;

pub use rotation::standing_words;

/// A column of a wide screen.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    heading: &'static str,
    /// In columns of the screen; `None` for what the others leave.
    width: Option<usize>,
}

impl Column {
    const fn new(heading: &'static str, width: usize) -> Self {
        Self { heading, width: Some(width) }
    }

    const fn rest(heading: &'static str) -> Self {
        Self { heading, width: None }
    }
}

/// What stands in one column of one row.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    role: Role,
}

impl Cell {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), role: Role::Plain }
    }
}

/// The list of one tab.
pub trait Table {
    /// Its columns on a wide screen.
    fn columns(&self) -> &'static [Column];
    /// How many rows there are without a filter.
    fn count(&self) -> usize;
    /// What a row is.
    fn id(&self, place: usize) -> Option<RowId>;
    /// One cell for each column.
    fn cells(&self, place: usize, now: Timestamp) -> Vec<Cell>;
    /// The row on a narrow screen: the most important first, in case the rest is cut.
    fn line(&self, place: usize, now: Timestamp) -> String;
    /// Adds everything that a filter looks in.
    fn words(&self, place: usize, words: &mut String);
    /// What the screen says when there is no row.
    fn nothing(&self) -> &'static str;

    /// Places in the order of the screen.
    fn order(&self) -> Vec<usize> {
        (0..self.count()).collect()
    }

    /// Lines above the list, on a screen with room for them.
    fn notes(&self, _width: usize, _now: Timestamp) -> Vec<String> {
        Vec::new()
    }
}

/// The list of a tab; the one tab that is no list has none.
pub fn table(session: &Session, tab: Tab) -> Option<Box<dyn Table + '_>> {
    match tab {
        Tab::Requests => Some(Box::new(requests::Requests(session))),
        Tab::Credentials => Some(Box::new(credentials::Credentials(session))),
        Tab::Rotation => Some(Box::new(rotation::Rotation(session))),
        Tab::Jobs => Some(Box::new(jobs::Jobs(session))),
        Tab::Audit => Some(Box::new(audit::Audit(session))),
        Tab::System => None,
    }
}

/// The lines above a list, none wider than the screen, with a blank one below them.
pub fn note_lines(table: &dyn Table, width: usize, now: Timestamp) -> Vec<String> {
    let mut lines: Vec<String> =
        table.notes(width, now).iter().flat_map(|note| wrap_note(note, width)).collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// A line that fits stays as it is: its blanks may be columns.
fn wrap_note(note: &str, width: usize) -> Vec<String> {
    if width_of(note) <= width { vec![note.to_owned()] } else { wrap(note, width) }
}

/// Finds which rows of a tab are on its list, and keeps the cursor on the row it was on.
pub fn show(session: &mut Session, tab: Tab, selected: Option<&RowId>) {
    let is_filtered = !session.list(tab).filter.is_empty();
    let Some(table) = table(session, tab) else { return };
    let mut shown = table.order();
    let mut words = None;
    if is_filtered {
        let list = session.list(tab);
        let known = list.words.as_ref().filter(|words| words.len() == table.count());
        if known.is_none() {
            words = Some(all_words(&*table));
        }
        let words = known.or(words.as_ref());
        let is_wanted = list.filter.test();
        shown.retain(|place| words.and_then(|words| words.get(*place)).is_some_and(|words| is_wanted(words)));
    }
    let place = selected.and_then(|id| shown.iter().position(|place| table.id(*place).as_ref() == Some(id)));
    drop(table);
    let list = session.list_mut(tab);
    list.words = words.or_else(|| list.words.take());
    list.shown = shown;
    list.selected = place.unwrap_or(list.selected);
}

fn all_words(table: &dyn Table) -> Vec<String> {
    let words = |place| {
        let mut words = String::with_capacity(128);
        table.words(place, &mut words);
        words
    };
    (0..table.count()).map(words).collect()
}

/// What the row under the cursor is.
pub fn selected(session: &Session, tab: Tab) -> Option<RowId> {
    table(session, tab)?.id(session.list(tab).place()?)
}

/// Cells next to each other, and where each of them begins.
pub struct Row {
    /// The whole row.
    pub text: String,
    /// First column, width and meaning of each cell that has a meaning of its own.
    pub marks: Vec<(usize, usize, Role)>,
}

/// The headings of a wide screen.
pub fn headings(columns: &[Column], width: usize) -> String {
    let cells: Vec<Cell> = columns.iter().map(|column| Cell::plain(column.heading)).collect();
    row(' ', columns, &cells, width).text
}

/// One row of a wide screen.
pub fn row(mark: char, columns: &[Column], cells: &[Cell], width: usize) -> Row {
    let fixed: usize = columns.iter().map(|column| column.width.unwrap_or(0)).sum();
    // The mark, and a blank between two columns.
    let rest = width.saturating_sub(fixed + columns.len());
    let mut text = String::with_capacity(width);
    text.push(mark);
    let (mut at, mut marks) = (1, Vec::new());
    for (place, (column, cell)) in columns.iter().zip(cells).enumerate() {
        let width = column.width.unwrap_or(rest);
        let shown = cut(&cell.text, width);
        let used = width_of(&shown);
        if cell.role != Role::Plain {
            marks.push((at, used, cell.role));
        }
        text.push_str(&shown);
        let gap = usize::from(place + 1 < columns.len());
        text.extend(std::iter::repeat_n(' ', width - used + gap));
        at += width + gap;
    }
    Row { text, marks }
}

/// `11-23 13:59`.
fn month_minute(at: Timestamp) -> String {
    at.to_string().get(5..16).unwrap_or_default().replace('T', " ")
}

/// The first of several, and how many more there are: `unix:uid:7 +2`.
fn first_and_more(mut all: impl Iterator<Item = String>) -> String {
    let Some(first) = all.next() else { return "-".to_owned() };
    match all.count() {
        0 => first,
        more => format!("{first} +{more}"),
    }
}
