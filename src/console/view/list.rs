//! The list of a tab: only the rows on the screen are built.

use ratatui::layout::{Position, Rect};

use crate::console::layout::{self, Shape, shape};
use crate::console::model::{Model, Session};
use crate::console::tab::Tab;
use crate::console::table::{Row, Table, headings, row, table};

use super::Canvas;
use super::theme::{Role, style};

pub(super) fn draw(canvas: &mut Canvas, model: &Model, session: &Session, now_ms: u64) {
    let Some(table) = table(session, session.tab) else { return };
    let mut area = canvas.tabs(model, session, Some(&count_words(session, &*table)));
    let notes = layout::notes(model, now_ms);
    for (place, note) in notes.iter().enumerate() {
        canvas.put_row(area, place as u16, note, Role::Plain);
    }
    area = below(area, notes.len() as u16);
    if shape(model.size) == Shape::Full {
        let words = headings(table.columns(), usize::from(area.width));
        canvas.put_row(area, 0, &words, Role::Strong);
        area = below(area, 1);
    }
    let list = session.list(session.tab);
    if list.shown.is_empty() {
        let words = match (session.loaded[session.tab.place()], table.count()) {
            (false, _) => "The keeper is asked.",
            (true, 0) => table.nothing(),
            (true, _) => "Nothing passes the filter. An empty / or Esc shows all.",
        };
        canvas.put_row(area, 0, words, Role::Plain);
        canvas.cursor = Some(Position::new(area.x, area.y));
        return;
    }
    let window = list.window(layout::list_rows(model, now_ms));
    for (y, (at, place)) in window.enumerate() {
        let is_selected = at == list.selected;
        let mark = if is_selected { '>' } else { ' ' };
        let y = y as u16;
        let role = if is_selected { Role::Selected } else { Role::Plain };
        if shape(model.size) == Shape::Full {
            let cells = table.cells(place, session.now(now_ms));
            let row = row(mark, table.columns(), &cells, usize::from(area.width));
            canvas.put_row(area, y, &row.text, role);
            if !is_selected {
                marks(canvas, area, y, &row);
            }
        } else {
            let text = format!("{mark}{}", table.line(place, session.now(now_ms)));
            canvas.put_row(area, y, &text, role);
        }
        if is_selected {
            canvas.cursor = Some(Position::new(area.x, area.y + y));
        }
    }
}

/// Gives cells the look of their meaning.
fn marks(canvas: &mut Canvas, area: Rect, y: u16, row: &Row) {
    for (at, width, role) in &row.marks {
        let cell = Rect::new(area.x + *at as u16, area.y + y, *width as u16, 1).intersection(area);
        canvas.buffer.set_style(cell, style(canvas.profile, *role));
    }
}

const fn below(area: Rect, rows: u16) -> Rect {
    Rect { y: area.y + rows, height: area.height.saturating_sub(rows), ..area }
}

/// `4`, `all 4`, `12 of 10000`, or how far the list has come.
fn count_words(session: &Session, table: &dyn Table) -> String {
    let list = session.list(session.tab);
    if let Some(loading) = session.loading {
        return format!("loading {loading}");
    }
    let all = if session.tab == Tab::Requests && session.shows_ended { "all " } else { "" };
    if list.filter.is_empty() {
        format!("{all}{}", table.count())
    } else {
        format!("{} of {all}{}", list.shown.len(), table.count())
    }
}
