//! About to sign: what is signed, and the two fields.

use ratatui::layout::Rect;

use crate::console::countdown;
use crate::console::document;
use crate::console::layout::wrap;
use crate::console::model::{Approve, ApproveFocus, Detail, Model, Session};
use crate::domain::time::Length;

use super::Canvas;
use super::document::lines;
use super::theme::Role;

const PASSPHRASE: &str = "Passphrase (not shown): ";
const ID: &str = "Id of the request: ";

pub(super) fn draw(
    canvas: &mut Canvas,
    model: &Model,
    session: &Session,
    (detail, dialog): (&Detail, &Approve),
    now_ms: u64,
) {
    let id = &dialog.doc.id;
    let area = canvas.body(model, &format!("Approve {id}"));
    let rows = document::statement_rows(model, session, detail, dialog, now_ms);
    let width = usize::from(area.width);
    let mut intro = vec![String::new()];
    intro.extend(wrap("Compare the fingerprint with the other operator.", width));
    intro.extend(wrap(&format!("Your passphrase, then the id {id}:"), width));
    let height = usize::from(area.height).saturating_sub(document::FIELDS);
    if document::rows_needed(&rows) + intro.len() > height {
        intro.clear();
    }
    let rows = document::fit(rows, height.saturating_sub(intro.len()));
    let room = Rect { height: height as u16, ..area };
    let mut y = area.y + lines(canvas, room, rows.iter());
    for line in &intro {
        canvas.put(area.x, y, area.width, line, Role::Plain);
        y += 1;
    }
    canvas.put(area.x, y, area.width, PASSPHRASE, Role::Strong);
    let left = model.backoff.left(now_ms);
    if left > Length::ZERO {
        let text = format!("Next try in {}.", countdown::words(left));
        canvas.put(area.x + PASSPHRASE.len() as u16 + 1, y, area.width, &text, Role::Warn);
    }
    canvas.put(area.x, y + 1, area.width, ID, Role::Strong);
    let x = area.x + ID.len() as u16;
    canvas.put(x, y + 1, area.right().saturating_sub(x), dialog.id.text(), Role::Plain);
    match dialog.focus {
        ApproveFocus::Passphrase => canvas.cursor_behind(area.x, y, PASSPHRASE, area.right()),
        ApproveFocus::Id => canvas.cursor_behind(x, y + 1, dialog.id.text(), area.right()),
    }
}
