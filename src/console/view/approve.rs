//! About to sign: what is signed, and the two fields.

use ratatui::layout::Rect;

use crate::console::countdown;
use crate::console::document;
use crate::console::model::{Approve, ApproveFocus, Model, Session};
use crate::domain::time::Length;

use super::Canvas;
use super::detail::lines;
use super::theme::Role;

const PASSPHRASE: &str = "Passphrase (not shown): ";
const ID: &str = "Id of the request: ";

pub(super) fn draw(canvas: &mut Canvas, model: &Model, session: &Session, dialog: &Approve, now_ms: u64) {
    let id = &dialog.doc.id;
    let area = canvas.body(model, &format!("Approve {id}"));
    let rows = document::statement_rows(model, session, dialog, now_ms);
    // On a low screen the fields come first, because the request was read to its end before.
    let fields = 5;
    let room = Rect { height: area.height.saturating_sub(fields), ..area };
    let taken = lines(canvas, room, rows.iter());
    let mut y = area.y + taken + 1;
    let hint = format!("Compare the fingerprint with the other operator. Your passphrase, then the id {id}:");
    for line in crate::console::layout::wrap(&hint, usize::from(area.width)).iter().take(2) {
        y += u16::from(canvas.put(area.x, y, area.width, line, Role::Plain) > 0);
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
