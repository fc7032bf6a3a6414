//! The help, and the commands behind `:`.

use crate::console::event::Effect;
use crate::console::field::TextField;
use crate::console::key::Key;
use crate::console::keymap::{Action, action};
use crate::console::layout;
use crate::console::model::{Message, Model, Overlay};

use super::{browse, end_session};

/// The longest command.
const COMMAND_CHARS_MAX: usize = 40;

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Help(_)) => help(model, key),
        Some(Overlay::Command(field)) => {
            match key {
                Key::Char(c) => field.push(c, COMMAND_CHARS_MAX),
                Key::Backspace if field.text().is_empty() => model.overlay = None,
                Key::Backspace => field.pop(),
                Key::Ctrl('u') => field.clear(),
                Key::Esc | Key::Ctrl('c') => model.overlay = None,
                Key::Enter => {
                    let command = field.text().trim().to_owned();
                    model.overlay = None;
                    return run(model, &command);
                }
                _ => {}
            }
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn help(model: &mut Model, key: Key) -> Vec<Effect> {
    let page = layout::page(model);
    let Some(Overlay::Help(scroll)) = &mut model.overlay else { return Vec::new() };
    match action(key) {
        Some(Action::Up) => *scroll = scroll.saturating_sub(1),
        Some(Action::Down) => *scroll += 1,
        Some(Action::PageUp) => *scroll = scroll.saturating_sub(page),
        Some(Action::PageDown) => *scroll += page,
        Some(Action::First) => *scroll = 0,
        Some(Action::Last) => *scroll = usize::MAX,
        Some(Action::Command) => model.overlay = Some(Overlay::Command(TextField::default())),
        Some(Action::Back | Action::Help | Action::Open) => model.overlay = None,
        _ if key == Key::Ctrl('c') => model.overlay = None,
        _ => {}
    }
    Vec::new()
}

fn run(model: &mut Model, command: &str) -> Vec<Effect> {
    match command {
        "" => Vec::new(),
        "q" => vec![Effect::Quit],
        "redraw" => vec![Effect::Redraw],
        "lock" if model.session.is_some() => end_session(model, None),
        "lock" => Vec::new(),
        "freeze" => {
            browse::freeze(model);
            Vec::new()
        }
        other => {
            let what = format!("There is no command {other:?}.");
            model.message = Some(Message::bad(what, ":freeze, :lock, :redraw and :q are the commands."));
            Vec::new()
        }
    }
}
