//! The help, the commands behind `:` and the filter behind `/`.

use crate::console::allowed;
use crate::console::event::Effect;
use crate::console::field::TextField;
use crate::console::key::Key;
use crate::console::keymap::COMMANDS;
use crate::console::layout;
use crate::console::list::Filter;
use crate::console::model::{Message, Model, Overlay};
use crate::console::profile::Size;

use super::{browse, cosign, end_session, export};

/// What people look for behind `:` and is to be had elsewhere.
const ELSEWHERE: [(&str, &str, &str); 2] = [
    (
        "plain",
        "This is the screen.",
        "Leave it with :q, then questions and answers: portcullis console --plain",
    ),
    ("rotate", "Rotation is not from here yet.", "Bring the next value with: portcullis deposit NAME --next"),
];
/// The longest command.
const COMMAND_CHARS_MAX: usize = 40;

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Help(_)) => help(model, key),
        Some(Overlay::Command(field)) => {
            match key {
                Key::Backspace if field.text().is_empty() => model.overlay = None,
                Key::Esc | Key::Ctrl('c') => model.overlay = None,
                Key::Enter => {
                    let command = field.text().trim().to_owned();
                    model.overlay = None;
                    return run(model, &command);
                }
                key => edit(field, key, COMMAND_CHARS_MAX),
            }
            Vec::new()
        }
        Some(Overlay::Filter(_)) => {
            filter(model, key);
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// What every field of text does with a key.
pub(super) fn edit(field: &mut TextField, key: Key, chars_max: usize) {
    match key {
        Key::Char(c) => field.push(c, chars_max),
        Key::Backspace => field.pop(),
        Key::Ctrl('u') => field.clear(),
        _ => {}
    }
}

/// The list follows what is typed; Enter leaves it so, Esc shows all rows again.
fn filter(model: &mut Model, key: Key) {
    let Some(Overlay::Filter(field)) = &mut model.overlay else { return };
    match key {
        Key::Enter => model.overlay = None,
        Key::Backspace if field.text().is_empty() => model.overlay = None,
        Key::Esc | Key::Ctrl('c') => {
            model.overlay = None;
            browse::set_filter(model, "");
        }
        key => {
            edit(field, key, Filter::CHARS_MAX);
            let typed = field.text().to_owned();
            browse::set_filter(model, &typed);
        }
    }
}

fn help(model: &mut Model, key: Key) -> Vec<Effect> {
    let page = layout::page(model);
    let Some(Overlay::Help(scroll)) = &mut model.overlay else { return Vec::new() };
    match key {
        Key::Char('k') | Key::Up => *scroll = scroll.saturating_sub(1),
        Key::Char('j') | Key::Down => *scroll += 1,
        Key::Char(',') | Key::PageUp => *scroll = scroll.saturating_sub(page),
        Key::Char('.' | ' ') | Key::PageDown => *scroll += page,
        Key::Char('g') | Key::Home => *scroll = 0,
        Key::Char('G') | Key::End => *scroll = usize::MAX,
        Key::Char(':') => model.overlay = Some(Overlay::Command(TextField::new())),
        Key::Char('q' | '?') | Key::Backspace | Key::Enter | Key::Esc | Key::Ctrl('c') => {
            model.overlay = None
        }
        _ => {}
    }
    Vec::new()
}

/// Some terminals do not say how large they are, or are wrong.
fn resize(model: &mut Model, typed: &str) -> Vec<Effect> {
    match typed.trim().parse::<Size>() {
        Ok(size) if !size.is_too_small() => {
            model.size = size;
            return vec![Effect::Redraw];
        }
        Ok(_) => {
            model.message = Some(Message::bad(format!("The screens need {}.", Size::LEAST), ""));
        }
        Err(error) => model.message = Some(Message::bad(error.to_string(), "")),
    }
    Vec::new()
}

/// What is said of a command that there is not.
fn not_here(model: &Model, command: &str) -> Message {
    let word = command.split(' ').next().unwrap_or_default();
    if let Some((_, what, advice)) = ELSEWHERE.iter().find(|(name, ..)| *name == word) {
        return Message::bad(*what, *advice);
    }
    let offered = COMMANDS.iter().filter(|row| allowed::is_command_offered(model, row));
    let names: Vec<String> = offered.map(|row| format!(":{}", row.name)).collect();
    Message::bad(format!("There is no command {command:?}."), format!("There are {}.", names.join(", ")))
}

fn run(model: &mut Model, command: &str) -> Vec<Effect> {
    match command {
        "q" => return vec![Effect::Quit],
        "redraw" => return vec![Effect::Redraw],
        sized if sized.starts_with("size ") => return resize(model, sized.trim_start_matches("size ")),
        "lock" if model.session.is_some() => return end_session(model, None),
        "freeze" => browse::freeze(model),
        "thaw" => browse::thaw(model),
        "export" => export::ask(model),
        "cosign" => return cosign::look(model),
        "" | "lock" => {}
        other => model.message = Some(not_here(model, other)),
    }
    Vec::new()
}
