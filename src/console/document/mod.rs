//! Everything about one thing, as lines of a label and a value.

mod request;
mod rows;
mod system;

use crate::console::layout::{self, shown, wrap};
use crate::console::model::{Model, Screen};
use crate::console::tab::Tab;
use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::text::escape;

pub use request::{FIELDS, fit, is_statement_shown, rows as request_rows, rows_needed, statement_rows};
pub use rows::rows as page_rows;
pub use system::rows as system_rows;

/// Columns of the label, with the blank behind it.
pub const LABEL_WIDTH: usize = 13;

/// One line on the screen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// What it is; empty on the further lines of a long value.
    pub label: String,
    /// What it says.
    pub value: String,
    /// How much it matters.
    pub weight: Weight,
    /// The higher, the sooner it goes when there is no room; 0 stays.
    pub spare: u8,
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Weight {
    /// It is there to be read.
    Plain,
    /// Two people compare it, or act on it.
    Strong,
    /// Somebody should look.
    Warn,
    /// It is not as it should be.
    Bad,
}

/// The root of a checkpoint as two people compare it: its first 16 digits.
pub fn root_words(checkpoint: &Checkpoint) -> String {
    let root = checkpoint.head().root;
    let digits: Vec<&str> = [0, 4, 8, 12].iter().filter_map(|at| root.get(*at..at + 4)).collect();
    digits.join(" ")
}

/// How many lines the open document has; 0 when none is open.
pub fn height(model: &Model, now_ms: u64) -> usize {
    open(model, now_ms).len()
}

/// The lines of whatever document fills the body.
pub fn open(model: &Model, now_ms: u64) -> Vec<Row> {
    match (&model.screen, &model.session) {
        (Screen::Detail(detail), Some(session)) => request_rows(model, session, detail, now_ms),
        (Screen::Page(page), Some(session)) => page_rows(model, session, &page.of, now_ms),
        (Screen::List, Some(session)) if session.tab == Tab::System => system_rows(model, session, now_ms),
        _ => Vec::new(),
    }
}

/// Lines at the present width.
struct Lines<'a> {
    model: &'a Model,
    width: usize,
    rows: Vec<Row>,
}

impl<'a> Lines<'a> {
    fn new(model: &'a Model) -> Self {
        let width = usize::from(layout::text_area(model).width).saturating_sub(LABEL_WIDTH);
        Self { model, width, rows: Vec::new() }
    }

    fn plain(&mut self, label: &str, value: &str) {
        self.add(label, value, Weight::Plain, 0);
    }

    fn spare(&mut self, spare: u8, label: &str, value: &str) {
        self.add(label, value, Weight::Plain, spare);
    }

    fn strong(&mut self, label: &str, value: &str) {
        self.add(label, value, Weight::Strong, 0);
    }

    fn weighed(&mut self, weight: Weight, label: &str, value: &str) {
        self.add(label, value, weight, 0);
    }

    /// A sentence as wide as the screen.
    fn said(&mut self, sentence: &str) {
        for line in wrap(sentence, self.width + LABEL_WIDTH) {
            self.rows.push(Row { label: line, value: String::new(), weight: Weight::Plain, spare: 0 });
        }
    }

    fn blank(&mut self) {
        self.plain("", "");
    }

    fn add(&mut self, label: &str, value: &str, weight: Weight, spare: u8) {
        let profile = self.model.profile;
        // A label that is not one of ours is a path, which may be long: then it has lines of its own.
        let mut label = shown(profile, &escape(label));
        if label.len() >= LABEL_WIDTH {
            let whole = wrap(&label, self.width + LABEL_WIDTH);
            let row = |label| Row { label, value: String::new(), weight, spare };
            self.rows.extend(whole.into_iter().map(row));
            label = String::new();
        }
        for value in wrap(&shown(profile, value), self.width) {
            self.rows.push(Row { label: std::mem::take(&mut label), value, weight, spare });
        }
    }

    fn finish(self) -> Vec<Row> {
        self.rows
    }
}
