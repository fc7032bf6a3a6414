//! Fields to fill in, each with what is wrong with it.

use crate::console::document::LABEL_WIDTH;
use crate::console::facts::window_words;
use crate::console::layout::{cut, shown, width_of, wrap};
use crate::console::model::{FieldName, Form, FormField, FormKind, Model, Session};
use crate::console::update::{Offers, offers};
use crate::domain::request::doc::Subject;
use crate::domain::text::escape;

use super::theme::Role;
use super::{Canvas, mark};

/// One line of the form.
struct Line {
    /// Else it is as wide as the form.
    is_field: bool,
    label: String,
    text: String,
    role: Role,
}

pub(super) fn draw(canvas: &mut Canvas, model: &Model, session: &Session, form: &Form) {
    let title = match form.kind {
        FormKind::Request => "New request".to_owned(),
        FormKind::Thaw => format!("Thaw {}", session.status.appliance),
        FormKind::Export => "Export a signed bundle".to_owned(),
        FormKind::Take => {
            model.detail().map_or_else(String::new, |d| format!("Take the bundle of {}", d.view.doc.id))
        }
        FormKind::Less => {
            model.detail().map_or_else(String::new, |d| format!("Approve less of {}", d.view.doc.id))
        }
    };
    let area = canvas.body(model, &title);
    let width = usize::from(area.width).saturating_sub(LABEL_WIDTH + 1);
    let mut lines = intro(model, session, form, (usize::from(area.width), usize::from(area.height)));
    let (mut cursor, mut focused) = ((0, 0), 0..0);
    for (place, field) in form.fields.iter().enumerate() {
        let is_focused = place == form.focus;
        let first = lines.len();
        let typed = typed_lines(model, field, width);
        if is_focused {
            cursor = (first + typed.len() - 1, cursor_column(field, &typed));
        }
        for (at, text) in typed.into_iter().enumerate() {
            let label = if at == 0 { format!("{}{}", mark(is_focused), field.label) } else { String::new() };
            let role = if is_focused && !field.text.text().is_empty() { Role::Strong } else { Role::Plain };
            lines.push(Line { is_field: true, label, text, role });
        }
        for (text, role) in below(model, session, form, field, is_focused, width) {
            lines.push(Line { is_field: true, label: String::new(), text, role });
        }
        if is_focused {
            focused = first..lines.len();
        }
    }
    // The field that is typed into is always on the screen, and of a long one its end.
    let height = usize::from(area.height);
    let top = focused.end.saturating_sub(height).min(cursor.0);
    for (y, line) in lines.iter().skip(top).take(height).enumerate() {
        let y = area.y + y as u16;
        if !line.is_field {
            canvas.put(area.x, y, area.width, &line.text, line.role);
            continue;
        }
        canvas.put(area.x, y, LABEL_WIDTH as u16, &line.label, Role::Plain);
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

/// What a form is about, where there is room for it.
fn intro(model: &Model, session: &Session, form: &Form, (width, height): (usize, usize)) -> Vec<Line> {
    let words = match (form.kind, model.detail().map(|detail| &detail.view.doc.subject)) {
        (FormKind::Less, Some(subject)) => {
            let window = subject.window().map(window_words).into_iter();
            let pulls = match subject {
                Subject::Release { pulls: 1, .. } => Some("1 pull".to_owned()),
                Subject::Release { pulls, .. } => Some(format!("{pulls} pulls")),
                _ => None,
            };
            let words: Vec<String> = window.chain(pulls).collect();
            format!("It asks for {}. You may sign less, never more.", words.join(", "))
        }
        (FormKind::Export, _) => {
            format!(
                "{} others approve it. It ends with a checkpoint that is made for it.",
                session.status.quorum
            )
        }
        (FormKind::Take, _) => {
            "Onto the medium that was agreed on. What another try has fetched into the folder is used."
                .to_owned()
        }
        (FormKind::Thaw, _) => format!("{} others approve it. No window comes back.", session.status.quorum),
        _ => return Vec::new(),
    };
    let mut lines = wrap(&words, width);
    lines.push(String::new());
    if lines.len() + 2 * form.fields.len() > height {
        return Vec::new();
    }
    lines
        .into_iter()
        .map(|text| Line { is_field: false, label: String::new(), text, role: Role::Plain })
        .collect()
}

/// What is typed; as long as that is nothing, what may be.
fn typed_lines(model: &Model, field: &FormField, width: usize) -> Vec<String> {
    match field.text.text() {
        "" => vec![cut(&format!("({})", field.hint), width)],
        typed => wrap(&shown(model.profile, &escape(typed)), width),
    }
}

/// Blanks at the end are typed, too.
fn cursor_column(field: &FormField, lines: &[String]) -> usize {
    let typed = field.text.text();
    if typed.is_empty() {
        return 0;
    }
    let last = lines.last().map_or("", String::as_str);
    let blanks = typed.len() - typed.trim_end_matches(' ').len();
    width_of(last) + if last.ends_with(' ') { 0 } else { blanks }
}

/// What stands below a field: what is wrong with it, to its last word, or what it may be.
fn below(
    model: &Model,
    session: &Session,
    form: &Form,
    field: &FormField,
    is_focused: bool,
    width: usize,
) -> Vec<(String, Role)> {
    if let Some(wrong) = &field.wrong {
        let lines = wrap(&shown(model.profile, &escape(wrong)), width);
        return lines.into_iter().map(|line| (line, Role::Bad)).collect();
    }
    let offers = if is_focused { offers(session, form) } else { Offers::default() };
    let more = match offers.count - offers.first.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let is_nobody = is_focused && field.name == FieldName::Job && form.is_for_oneself();
    let text = match offers.count {
        0 => return Vec::new(),
        _ if is_nobody => format!("it has {}{more}", offers.first.join(", ")),
        1 => format!("Enter takes {}", offers.first.join("")),
        _ => format!("{}{more}", offers.first.join(", ")),
    };
    vec![(cut(&text, width), Role::Plain)]
}
