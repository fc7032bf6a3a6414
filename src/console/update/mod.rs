//! The state machine: an event and the time in, a changed model and effects out. It reads no clock and
//! touches nothing.

mod answers;
mod approve;
mod browse;
mod cosign;
mod export;
mod form;
mod login;
mod overlay;
mod reason;
mod refresh;
mod reveal;
mod settle;

use crate::console::event::{Effect, Event};
use crate::console::field::Pace;
use crate::console::key::Key;
use crate::console::layout::{Shape, shape};
use crate::console::model::{Dialog, Login, LoginStep, Message, Model, Screen, Waiting};

pub use form::{Offers, offers};
pub use settle::next_tick;

/// Takes one event at `now_ms`, counted from the start of the console.
pub fn update(model: &mut Model, event: Event, now_ms: u64) -> Vec<Effect> {
    let effects = match event {
        Event::Key(key) => take_key(model, key, now_ms),
        Event::Drawn => drawn(model, now_ms),
        Event::Tick => settle::tick(model, now_ms),
        Event::Resized(size) => {
            model.size = size;
            // What does not fit any more is not held until there is room again.
            if shape(size) == Shape::TooSmall { reveal::end(model, now_ms) } else { Vec::new() }
        }
        answer => answers::take(model, answer, now_ms),
    };
    settle::settle(model, now_ms);
    effects
}

fn take_key(model: &mut Model, key: Key, now_ms: u64) -> Vec<Effect> {
    model.last_key_ms = model.last_key_ms.max(now_ms);
    if key == Key::Ctrl('l') {
        // It is a key like others to whoever asks whether the next one stands alone.
        if let Some(pace) = model.dialog.as_mut().and_then(|dialog| dialog.pace_mut().as_mut())
            && !pace.is_before(now_ms)
        {
            pace.allows(now_ms);
        }
        return vec![Effect::Redraw];
    }
    if let Some(waiting) = model.waiting {
        if waiting == Waiting::Take {
            return export::key(model, key);
        }
        let leaves = waiting == Waiting::LogIn && key == Key::Ctrl('c');
        return if leaves { vec![Effect::Quit] } else { Vec::new() };
    }
    if shape(model.size) == Shape::TooSmall {
        return match key {
            Key::Ctrl('c') => vec![Effect::Quit],
            Key::Char('L') if model.session.is_some() => end_session(model, None),
            _ => Vec::new(),
        };
    }
    if model.overlay.is_some() {
        return overlay::key(model, key);
    }
    match (&model.dialog, &model.screen) {
        (Some(Dialog::Approve(_)), _) => approve::key(model, key, now_ms),
        (Some(Dialog::Reason(_)), _) => reason::key(model, key, now_ms),
        (Some(Dialog::Form(_)), _) => form::key(model, key, now_ms),
        (Some(Dialog::Cosign(_)), _) => cosign::key(model, key, now_ms),
        // It is waited for.
        (Some(Dialog::Take(_)), _) => Vec::new(),
        (None, Screen::Reveal(_)) => reveal::key(model, key, now_ms),
        (None, Screen::Login(_)) => login::key(model, key, now_ms),
        (None, Screen::List | Screen::Detail(_) | Screen::Page(_)) => browse::key(model, key, now_ms),
    }
}

/// Whether a dialog waits to be seen before it takes keys, or a credential.
pub fn awaits_drawing(model: &Model) -> bool {
    let is_new = matches!(&model.screen, Screen::Reveal(reveal) if reveal.awaits_drawing());
    is_new || model.dialog.as_ref().is_some_and(|dialog| dialog.pace().is_none())
}

/// A dialog takes keys only from the moment it can be seen.
fn drawn(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    if let Screen::Reveal(reveal) = &mut model.screen {
        return if reveal.is_drawn(now_ms) { vec![Effect::DropTypeAhead] } else { Vec::new() };
    }
    match model.dialog.as_mut().map(Dialog::pace_mut) {
        Some(pace @ None) => {
            *pace = Some(Pace::begin(now_ms));
            std::iter::once(Effect::DropTypeAhead).chain(reveal::ask(model)).collect()
        }
        _ => Vec::new(),
    }
}

/// Logs the operator out; what they saw and typed goes with them.
fn end_session(model: &mut Model, message: Option<Message>) -> Vec<Effect> {
    let chosen = model.session.take().map_or(0, |session| session.key);
    let step = LoginStep::first(&model.keys);
    model.screen = Screen::Login(Login { chosen, step, passphrase: Default::default() });
    model.dialog = None;
    model.overlay = None;
    model.waiting = None;
    model.refresh = Default::default();
    model.message = message;
    vec![Effect::LogOut]
}
