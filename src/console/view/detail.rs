//! One request, in full.

use ratatui::layout::{Position, Rect};

use crate::console::document::{self, LABEL_WIDTH, Row};
use crate::console::model::{Detail, Model, Session};

use super::Canvas;
use super::theme::Role;

pub(super) fn draw(canvas: &mut Canvas, model: &Model, session: &Session, detail: &Detail, now_ms: u64) {
    let rows = document::rows(model, session, detail, now_ms);
    let id = &detail.view.doc.id;
    let height = usize::from(crate::console::layout::text_area(model).height);
    let last = (detail.scroll + height).min(rows.len());
    let more = if last < rows.len() { ", more below" } else { "" };
    let title = format!("Request {id}: lines {}-{last} of {}{more}", detail.scroll + 1, rows.len());
    let area = canvas.body(model, &title);
    lines(canvas, area, rows.iter().skip(detail.scroll));
    canvas.cursor = Some(Position::new(area.x, area.y));
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
            let role = if row.is_strong { Role::Strong } else { Role::Plain };
            let width = area.width.saturating_sub(LABEL_WIDTH as u16);
            canvas.put(area.x + LABEL_WIDTH as u16, y, width, &row.value, role);
        }
        taken += 1;
    }
    taken
}
