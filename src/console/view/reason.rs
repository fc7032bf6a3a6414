//! About to deny or revoke: why?

use crate::console::document::LABEL_WIDTH;
use crate::console::layout::{shown, width_of, wrap};
use crate::console::model::{Model, ReasonDialog, ReasonVerb};

use super::Canvas;
use super::theme::Role;

pub(super) fn draw(canvas: &mut Canvas, model: &Model, dialog: &ReasonDialog) {
    let view = &dialog.detail.view;
    let id = &view.doc.id;
    let area = canvas.body(model, &format!("{} {id}", capital(dialog.verb)));
    let what = match dialog.verb {
        ReasonVerb::Deny => format!("This ends {id} at once. One operator is enough; it cannot be undone."),
        ReasonVerb::Revoke => {
            format!("This withdraws {id}, and its window closes at once. It cannot be undone.")
        }
    };
    let mut y = area.y;
    for line in wrap(&what, usize::from(area.width)) {
        canvas.put(area.x, y, area.width, &line, Role::Plain);
        y += 1;
    }
    y += 1;
    for (label, value) in
        [("asks for", view.doc.subject.title()), ("asked by", view.doc.requester.to_string())]
    {
        canvas.put(area.x, y, area.width, label, Role::Plain);
        let x = area.x + LABEL_WIDTH as u16;
        canvas.put(x, y, area.right().saturating_sub(x), &value, Role::Strong);
        y += 1;
    }
    y += 1;
    canvas.put(area.x, y, area.width, "Reason:", Role::Strong);
    // Everything typed is on the screen, or the end of it where there is too much.
    let lines = wrap(&shown(model.profile, dialog.reason.text()), usize::from(area.width.saturating_sub(1)));
    let room = usize::from(area.bottom().saturating_sub(y + 1)).max(1);
    let from = lines.len().saturating_sub(room);
    for line in &lines[from..] {
        y += 1;
        canvas.put(area.x, y, area.width, line, Role::Plain);
    }
    let last = lines.last().map_or("", String::as_str);
    let blanks = dialog.reason.text().len() - dialog.reason.text().trim_end_matches(' ').len();
    let behind = width_of(last) + if last.ends_with(' ') { 0 } else { blanks };
    canvas.cursor_behind(area.x, y, &" ".repeat(behind), area.right());
}

const fn capital(verb: ReasonVerb) -> &'static str {
    match verb {
        ReasonVerb::Deny => "Deny",
        ReasonVerb::Revoke => "Revoke",
    }
}
