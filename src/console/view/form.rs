//! Fields to fill in, each with what is wrong with it.

use crate::console::document::LABEL_WIDTH;
use crate::console::layout::{cut, shown, width_of, wrap};
use crate::console::model::{Form, FormField, FormKind, Model, Session};
use crate::console::update::offers;
use crate::domain::text::escape;

use super::Canvas;
use super::theme::Role;

/// One line of the form.
struct Line {
    label: &'static str,
    text: String,
    role: Role,
}

pub(super) fn draw(canvas: &mut Canvas, model: &Model, session: &Session, form: &Form) {
    let title = match form.kind {
        FormKind::Request => "New request".to_owned(),
        FormKind::Thaw => format!("Thaw {}", session.status.appliance),
        FormKind::Less => {
            model.detail().map_or_else(String::new, |d| format!("Approve less of {}", d.view.doc.id))
        }
    };
    let area = canvas.body(model, &title);
    let width = usize::from(area.width).saturating_sub(LABEL_WIDTH + 1);
    let (mut lines, mut cursor, mut focused) = (Vec::new(), (0, 0), 0..0);
    for (place, field) in form.fields.iter().enumerate() {
        let is_focused = place == form.focus;
        let first = lines.len();
        let typed = typed_lines(model, field, width);
        if is_focused {
            cursor = (first + typed.len() - 1, cursor_column(field, &typed));
        }
        for (at, text) in typed.into_iter().enumerate() {
            let label = if at == 0 { field.label } else { "" };
            lines.push(Line { label, text, role: if is_focused { Role::Strong } else { Role::Plain } });
        }
        let below = below(model, session, form, field, is_focused);
        lines.extend(below.into_iter().map(|(text, role)| Line { label: "", text: cut(&text, width), role }));
        if is_focused {
            focused = first..lines.len();
        }
    }
    // The field that is typed into is always on the screen, and of a long one its end.
    let height = usize::from(area.height);
    let top = focused.end.saturating_sub(height).min(cursor.0);
    for (y, line) in lines.iter().skip(top).take(height).enumerate() {
        let y = area.y + y as u16;
        canvas.put(area.x, y, LABEL_WIDTH as u16, line.label, Role::Plain);
        canvas.put(
            area.x + LABEL_WIDTH as u16,
            y,
            area.width.saturating_sub(LABEL_WIDTH as u16),
            &line.text,
            line.role,
        );
    }
    let x = area.x + LABEL_WIDTH as u16;
    canvas.cursor_behind(x, area.y + (cursor.0 - top) as u16, &" ".repeat(cursor.1), area.right());
}

fn typed_lines(model: &Model, field: &FormField, width: usize) -> Vec<String> {
    wrap(&shown(model.profile, &escape(field.text.text())), width)
}

/// Blanks at the end are typed, too.
fn cursor_column(field: &FormField, lines: &[String]) -> usize {
    let last = lines.last().map_or("", String::as_str);
    let typed = field.text.text();
    let blanks = typed.len() - typed.trim_end_matches(' ').len();
    width_of(last) + if last.ends_with(' ') { 0 } else { blanks }
}

/// What stands below a field: what is wrong with it, what it may be, or how it is written.
fn below(
    model: &Model,
    session: &Session,
    form: &Form,
    field: &FormField,
    is_focused: bool,
) -> Vec<(String, Role)> {
    if let Some(wrong) = &field.wrong {
        return vec![(shown(model.profile, &escape(wrong)), Role::Bad)];
    }
    if !is_focused {
        return Vec::new();
    }
    let offers = offers(session, form);
    match offers.len() {
        0 => vec![(format!("({})", field.hint), Role::Plain)],
        1 => vec![(format!("Enter takes {}", offers[0]), Role::Plain)],
        count => {
            const SHOWN: usize = 4;
            let more = if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() };
            vec![(format!("{}{more}", offers[..count.min(SHOWN)].join(", ")), Role::Plain)]
        }
    }
}
