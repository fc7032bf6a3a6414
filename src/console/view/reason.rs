//! About to deny, revoke or freeze: why?

use crate::console::document::LABEL_WIDTH;
use crate::console::layout::{shown, width_of, wrap};
use crate::console::model::{Model, ReasonDialog, ReasonVerb, Session};
use crate::domain::request::doc::RequestDoc;
use crate::domain::text::escape;

use super::theme::Role;
use super::{Canvas, mark};

pub(super) fn draw(canvas: &mut Canvas, model: &Model, session: &Session, dialog: &ReasonDialog) {
    let doc = model.detail().map(|detail| &detail.view.doc).filter(|_| dialog.verb != ReasonVerb::Freeze);
    let (title, what) = words(session, dialog.verb, doc);
    let area = canvas.body(model, &title);
    // On a low screen the field comes first: two rows are kept for it.
    let last = area.bottom().saturating_sub(2);
    let mut y = area.y;
    for line in wrap(&what, usize::from(area.width)).iter().take(usize::from(last.saturating_sub(y))) {
        canvas.put(area.x, y, area.width, line, Role::Plain);
        y += 1;
    }
    y = (y + 1).min(last);
    let about = about(doc);
    for (label, value) in about.iter().take(usize::from(last.saturating_sub(y))) {
        canvas.put(area.x, y, area.width, label, Role::Plain);
        let x = area.x + LABEL_WIDTH as u16;
        canvas.put(x, y, area.right().saturating_sub(x), value, Role::Strong);
        y += 1;
    }
    y = (y + u16::from(!about.is_empty())).min(last);
    canvas.put(area.x, y, area.width, &format!("{}Reason:", mark(true)), Role::Strong);
    // Everything typed is on the screen, or the end of it where there is too much.
    let lines =
        wrap(&shown(model.profile, &escape(dialog.reason.text())), usize::from(area.width.saturating_sub(1)));
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

/// The request that it is about.
fn about(doc: Option<&RequestDoc>) -> Vec<(&'static str, String)> {
    match doc {
        Some(doc) => vec![("asks for", doc.subject.title()), ("asked by", doc.requester.to_string())],
        None => Vec::new(),
    }
}

/// The title, and what will happen.
fn words(session: &Session, verb: ReasonVerb, doc: Option<&RequestDoc>) -> (String, String) {
    let id = doc.map_or_else(String::new, |doc| doc.id.to_string());
    match verb {
        ReasonVerb::Deny => {
            let what = format!("This ends {id} at once. One operator is enough; it cannot be undone.");
            (format!("Deny {id}"), what)
        }
        ReasonVerb::Revoke => {
            let what = format!("This withdraws {id}, and its window closes at once. It cannot be undone.");
            (format!("Revoke {id}"), what)
        }
        ReasonVerb::Freeze => {
            let appliance = &session.status.appliance;
            let what = "Every window ends at once, and every pull is refused. One operator is enough; lifting \
                        it takes a quorum, and brings no window back.";
            (format!("Freeze {appliance}"), what.to_owned())
        }
    }
}
