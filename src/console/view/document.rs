//! One thing in full: lines of a label and a value.

use ratatui::layout::{Position, Rect};

use crate::console::document::{self, LABEL_WIDTH, Row, Weight};
use crate::console::layout;
use crate::console::model::{Model, Page, RowId, Session};

use super::Canvas;
use super::theme::Role;

/// One row of a list in full, from a line on.
pub(super) fn page(canvas: &mut Canvas, model: &Model, page: &Page, now_ms: u64) {
    let what = match &page.of {
        RowId::Request(id) => format!("Request {id}"),
        RowId::Credential(name) => format!("Credential {name}"),
        RowId::Client(job) => format!("Client {job}"),
        RowId::Entry(seq) => format!("Entry {seq}"),
    };
    let rows = document::open(model, now_ms);
    scrolled(canvas, model, &what, &rows, page.scroll);
}

/// How the appliance is.
pub(super) fn system(canvas: &mut Canvas, model: &Model, session: &Session, now_ms: u64) {
    let rows = document::open(model, now_ms);
    let top = session.list(session.tab).top;
    let height = usize::from(layout::text_area(model).height);
    let last = (top + height).min(rows.len());
    let note = (rows.len() > height).then(|| format!("{}-{last} of {}", top + 1, rows.len()));
    let area = canvas.tabs(model, session, note.as_deref());
    lines(canvas, area, rows.iter().skip(top));
    canvas.cursor = Some(Position::new(area.x, area.y));
}

/// Lines below a title that says which of them are on the screen.
pub(super) fn scrolled(canvas: &mut Canvas, model: &Model, what: &str, rows: &[Row], scroll: usize) {
    let note = rows_note(model, rows, scroll).map_or_else(String::new, |note| format!(": {note}"));
    let area = canvas.body(model, &format!("{what}{note}"));
    lines(canvas, area, rows.iter().skip(scroll));
    canvas.cursor = Some(Position::new(area.x, area.y));
}

/// `lines 1-19 of 24, more below`; nothing when all are on the screen.
fn rows_note(model: &Model, rows: &[Row], scroll: usize) -> Option<String> {
    let height = usize::from(layout::text_area(model).height);
    let last = (scroll + height).min(rows.len());
    let more = if last < rows.len() { ", more below" } else { "" };
    (rows.len() > height).then(|| format!("lines {}-{last} of {}{more}", scroll + 1, rows.len()))
}

/// Writes labels and values, and says how many rows they took.
pub(super) fn lines<'a>(canvas: &mut Canvas, area: Rect, rows: impl Iterator<Item = &'a Row>) -> u16 {
    let mut taken = 0;
    for row in rows.take(usize::from(area.height)) {
        let y = area.y + taken;
        if row.value.is_empty() {
            canvas.put(area.x, y, area.width, &row.label, Role::Plain);
        } else {
            canvas.put(area.x, y, LABEL_WIDTH as u16, &row.label, Role::Plain);
            let role = match row.weight {
                Weight::Plain => Role::Plain,
                Weight::Strong => Role::Strong,
                Weight::Warn => Role::Warn,
                Weight::Bad => Role::Bad,
            };
            let width = area.width.saturating_sub(LABEL_WIDTH as u16);
            canvas.put(area.x + LABEL_WIDTH as u16, y, width, &row.value, role);
        }
        taken += 1;
    }
    taken
}
