//! About to sign, or to be shown a credential: what that means, and the two fields.

use ratatui::layout::Rect;

use crate::console::countdown;
use crate::console::document;
use crate::console::layout::wrap;
use crate::console::model::{Approve, ApproveFocus, Detail, Model, Session};
use crate::domain::time::Length;

use super::document::lines;
use super::theme::Role;
use super::{Canvas, MARK_WIDTH, mark};

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
    let verb = if dialog.is_reveal() { "Be shown" } else { "Approve" };
    let area = canvas.body(model, &format!("{verb} {id}"));
    let rows = document::statement_rows(model, session, detail, dialog, now_ms);
    let width = usize::from(area.width);
    let mut intro = vec![String::new()];
    if !dialog.is_reveal() {
        intro.extend(wrap("Compare the fingerprint with the other operator.", width));
    }
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
    fields(canvas, area, y, dialog);
    let left = model.backoff.left(now_ms);
    if left > Length::ZERO {
        let text = format!("Next try in {}.", countdown::words(left));
        let x = area.x + MARK_WIDTH + PASSPHRASE.len() as u16 + 1;
        canvas.put(x, y, area.right().saturating_sub(x), &text, Role::Warn);
    }
}

/// The two that are typed into.
fn fields(canvas: &mut Canvas, area: Rect, y: u16, dialog: &Approve) {
    let x = area.x + MARK_WIDTH;
    let width = area.right().saturating_sub(x);
    let rows = [(y, ApproveFocus::Passphrase, PASSPHRASE), (y + 1, ApproveFocus::Id, ID)];
    for (y, focus, label) in rows {
        canvas.put(area.x, y, MARK_WIDTH, mark(dialog.focus == focus), Role::Strong);
        canvas.put(x, y, width, label, Role::Strong);
    }
    let typed = x + ID.len() as u16;
    canvas.put(typed, y + 1, area.right().saturating_sub(typed), dialog.id.text(), Role::Plain);
    match dialog.focus {
        ApproveFocus::Passphrase => canvas.cursor_behind(x, y, PASSPHRASE, area.right()),
        ApproveFocus::Id => canvas.cursor_behind(typed, y + 1, dialog.id.text(), area.right()),
    }
}
