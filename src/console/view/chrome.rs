//! What surrounds every screen: header, message, keys.

use crate::console::allowed;
use crate::console::keymap::BINDINGS;
use crate::console::layout::{self, width_of};
use crate::console::model::{Dialog, LoginStep, Message, MessageLevel, Model, Overlay, Screen, Waiting};
use crate::console::tab::Tab;
use crate::domain::text::escape;
use crate::domain::time::Length;

use super::Canvas;
use super::theme::Role;

/// A word of the header; the higher `spare`, the sooner it goes when there is no room.
struct Word {
    spare: u8,
    text: String,
    role: Role,
}

/// Which appliance, who is here, how it is, what time it is there.
pub(super) fn header(canvas: &mut Canvas, model: &Model, now_ms: u64) {
    let row = layout::areas(model).header;
    let clock = model.session.as_ref().map_or(String::new(), |session| session.now(now_ms).hour_minute());
    let mut words = header_words(model, now_ms);
    let room = usize::from(row.width).saturating_sub(width_of(&clock) + 3);
    let taken = |words: &[Word]| words.iter().map(|word| width_of(&word.text) + 2).sum::<usize>();
    while taken(&words) > room {
        let Some(place) = (0..words.len()).max_by_key(|place| words[*place].spare) else { break };
        words.remove(place);
    }
    let mut x = row.x + 1;
    for word in words {
        x += canvas.put(x, row.y, row.right().saturating_sub(x), &word.text, word.role) + 2;
    }
    let clock_x = row.right().saturating_sub(width_of(&clock) as u16 + 1);
    canvas.put(clock_x, row.y, row.width, &clock, Role::Plain);
}

fn header_words(model: &Model, now_ms: u64) -> Vec<Word> {
    let mut words = Vec::new();
    let mut add = |spare: u8, text: String, role: Role| words.push(Word { spare, text, role });
    add(9, "portcullis".to_owned(), Role::Strong);
    let status = model.session.as_ref().map(|session| &session.status);
    if let Some(status) = status {
        add(8, status.appliance.to_string(), Role::Plain);
        add(3, format!("op:{}", status.operator), Role::Plain);
    }
    if model.is_evaluation {
        add(0, "EVALUATION".to_owned(), Role::Banner);
    }
    if model.is_slow {
        add(7, "SLOW".to_owned(), Role::Plain);
    }
    let Some(status) = status else { return words };
    if status.frozen.is_some() {
        add(1, "FROZEN".to_owned(), Role::Banner);
    }
    if status.clock_alarm.is_some() {
        add(1, "CLOCK".to_owned(), Role::Bad);
    }
    let people = status.approvers.len();
    let has_quorum = people >= status.quorum as usize;
    let role = if has_quorum { Role::Plain } else { Role::Bad };
    add(if has_quorum { 5 } else { 2 }, format!("quorum:{}/{people}", status.quorum), role);
    add(7, format!("log#{}", status.log_size), Role::Plain);
    if status.waiting > 0 {
        add(6, format!("waiting:{}", status.waiting), Role::Plain);
    }
    if let Some(due) = due(model, now_ms).filter(|due| *due > 0) {
        add(4, format!("due<24h:{due}"), Role::Plain);
    }
    words
}

/// How many credentials must change within a day, or should have; `None` while the inventory is not known.
fn due(model: &Model, now_ms: u64) -> Option<usize> {
    const DAY: Length = Length::from_minutes(24 * 60);
    let session = model.session.as_ref().filter(|session| session.loaded[Tab::Credentials.place()])?;
    let end = session.now(now_ms).plus(DAY);
    Some(session.credentials.iter().filter(|view| view.rotate_by <= end).count())
}

/// What happened last, or the command that is being typed.
pub(super) fn message(canvas: &mut Canvas, model: &Model) {
    let area = layout::areas(model).message;
    let typed = match &model.overlay {
        Some(Overlay::Command(field)) => Some((':', field)),
        Some(Overlay::Filter(field)) => Some(('/', field)),
        _ => None,
    };
    if let Some((before, field)) = typed {
        let text = layout::shown(model.profile, &format!("{before}{}", escape(field.text())));
        canvas.put(area.x + 1, area.y, area.width.saturating_sub(1), &text, Role::Plain);
        canvas.cursor_behind(area.x + 1, area.y, &text, area.right());
        return;
    }
    let role = match &model.message {
        Some(Message { level: MessageLevel::Bad, .. }) if model.waiting.is_none() => Role::Bad,
        Some(_) if model.waiting.is_none() => Role::Good,
        _ => Role::Strong,
    };
    for (row, line) in layout::message_lines(model).iter().enumerate() {
        canvas.put(area.x + 1, area.y + row as u16, area.width.saturating_sub(1), line, role);
    }
    // The filter, and what concerns everybody, is said whenever nothing else is.
    if let (None, None, Some(session)) = (&model.message, model.waiting, &model.session) {
        let mut x = area.x + 1;
        let filter = &session.list(session.tab).filter;
        if matches!(model.screen, Screen::List) && model.dialog.is_none() && !filter.is_empty() {
            let text = format!("filter: {}", escape(filter.typed()));
            x += canvas.put(x, area.y, area.right().saturating_sub(x), &text, Role::Plain) + 2;
        }
        let status = &session.status;
        let alarm = status.frozen.as_ref().map(|by| format!("FROZEN by {}", escape(by)));
        let alarm =
            alarm.or_else(|| status.clock_alarm.as_ref().map(|why| format!("CLOCK: {}", escape(why))));
        canvas.put(x, area.y, area.right().saturating_sub(x), alarm.as_deref().unwrap_or(""), Role::Bad);
    }
}

/// The keys that do something now.
pub(super) fn footer(canvas: &mut Canvas, model: &Model) {
    let row = layout::areas(model).keys;
    let mut x = row.x + 1;
    for word in footer_words(model) {
        let width = width_of(word) as u16;
        if x + width > row.right() {
            break;
        }
        x += canvas.put(x, row.y, width, word, Role::Plain) + 1;
    }
}

fn footer_words(model: &Model) -> Vec<&'static str> {
    match (model.waiting, &model.dialog) {
        (Some(Waiting::Take), Some(Dialog::Take(take))) if !take.is_stopped => return vec!["Ctrl-C:stop"],
        (Some(_), _) => return Vec::new(),
        (None, _) => {}
    }
    let leaves = if model.keys.len() > 1 { "Ctrl-C:back" } else { "Ctrl-C:quit" };
    match (&model.overlay, &model.dialog, &model.screen) {
        (Some(Overlay::Help(_)), ..) => vec!["j k , .:scroll", "q:back"],
        (Some(Overlay::Command(_)), ..) => vec!["Enter:run", "Ctrl-C:cancel", "Ctrl-U:clear"],
        (Some(Overlay::Filter(_)), ..) => vec!["Enter:keep", "Ctrl-U:clear", "Ctrl-C:no filter"],
        (None, Some(Dialog::Approve(_)), _) => {
            vec!["Enter:next", "Tab:field", "Ctrl-C:cancel", "Ctrl-U:clear"]
        }
        // It is waited for.
        (None, Some(Dialog::Take(_)), _) => Vec::new(),
        (None, Some(Dialog::Cosign(_)), _) => vec!["Enter:cosign", "Ctrl-C:cancel", "Ctrl-U:clear"],
        (None, Some(Dialog::Reason(_)), _) => vec!["Enter:send", "Ctrl-C:cancel", "Ctrl-U:clear"],
        (None, Some(Dialog::Form(form)), _) => {
            let enter = if form.focus + 1 < form.fields.len() { "Enter:next" } else { "Enter:send" };
            vec![enter, "Tab:field", "Ctrl-C:cancel", "Ctrl-U:clear"]
        }
        (None, None, Screen::Login(login)) if login.step == LoginStep::Passphrase => {
            vec!["Enter:log in", "Ctrl-U:clear", leaves]
        }
        (None, None, _) => browsing_words(model),
    }
}

fn browsing_words(model: &Model) -> Vec<&'static str> {
    let place = allowed::place(model);
    let here = BINDINGS.iter().filter(|row| place.is_some_and(|place| row.places.contains(&place)));
    let offered = here.filter(|row| !row.short.is_empty() && allowed::is_offered(model, row));
    // What is not on the screen yet has to be read before anything is signed.
    let more = model.detail().is_some_and(|detail| !detail.is_read).then_some(".:more");
    let freeze = match &model.session {
        Some(_) => Some(if model.is_frozen() { ":thaw" } else { ":freeze" }),
        None => None,
    };
    more.into_iter().chain(offered.map(|row| row.short)).chain(freeze).collect()
}

/// A screen on which nobody could read what they sign.
pub(super) fn too_small(canvas: &mut Canvas, model: &Model) {
    let width = model.size.width();
    let size = format!("too small: {}", model.size);
    let is_frozen = model.session.as_ref().is_some_and(|session| session.status.frozen.is_some());
    let banner = match (model.is_evaluation, is_frozen) {
        (true, true) => "EVALUATION FROZEN",
        (true, false) => "EVALUATION",
        (false, true) => "FROZEN",
        (false, false) => "",
    };
    let lines = [
        (banner, Role::Banner),
        (size.as_str(), Role::Strong),
        ("40x10 is the least", Role::Plain),
        ("L:lock Ctrl-C:quit", Role::Plain),
        ("or: approve --plain", Role::Plain),
    ];
    for (row, (text, role)) in lines.into_iter().filter(|(text, _)| !text.is_empty()).enumerate() {
        canvas.put(0, row as u16, width, text, role);
    }
}
