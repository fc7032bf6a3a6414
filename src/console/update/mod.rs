//! The state machine: an event and the time in, a changed model and effects out. It reads no clock and
//! touches nothing.

mod answers;
mod approve;
mod browse;
mod login;
mod overlay;
mod reason;
mod settle;

use crate::console::event::{Effect, Event};
use crate::console::field::Pace;
use crate::console::key::Key;
use crate::console::layout::{Shape, shape};
use crate::console::model::{Login, LoginStep, Message, Model, Screen, Waiting};

pub use settle::next_tick;

/// Takes one event at `now_ms`, counted from the start of the console.
pub fn update(model: &mut Model, event: Event, now_ms: u64) -> Vec<Effect> {
    let effects = match event {
        Event::Key(key) => take_key(model, key, now_ms),
        Event::Drawn => drawn(model, now_ms),
        Event::Tick => settle::tick(model, now_ms),
        Event::Resized(size) => {
            model.size = size;
            Vec::new()
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
        if let Some(pace) = dialog_pace(model).and_then(Option::as_mut)
            && !pace.is_before(now_ms)
        {
            pace.allows(now_ms);
        }
        return vec![Effect::Redraw];
    }
    if let Some(waiting) = model.waiting {
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
    match model.screen {
        Screen::Login(_) => login::key(model, key, now_ms),
        Screen::List | Screen::Detail(_) => browse::key(model, key),
        Screen::Approve(_) => approve::key(model, key, now_ms),
        Screen::Reason(_) => reason::key(model, key, now_ms),
    }
}

/// Whether a dialog waits to be seen before it takes keys.
pub fn awaits_drawing(model: &Model) -> bool {
    match &model.screen {
        Screen::Approve(dialog) => dialog.pace.is_none(),
        Screen::Reason(dialog) => dialog.pace.is_none(),
        _ => false,
    }
}

/// The pace of the dialog that is open.
fn dialog_pace(model: &mut Model) -> Option<&mut Option<Pace>> {
    match &mut model.screen {
        Screen::Approve(dialog) => Some(&mut dialog.pace),
        Screen::Reason(dialog) => Some(&mut dialog.pace),
        _ => None,
    }
}

/// A dialog takes keys only from the moment it can be seen.
fn drawn(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    match dialog_pace(model) {
        Some(pace @ None) => {
            *pace = Some(Pace::begin(now_ms));
            vec![Effect::DropTypeAhead]
        }
        _ => Vec::new(),
    }
}

/// Logs the operator out; what they saw and typed goes with them.
fn end_session(model: &mut Model, message: Option<Message>) -> Vec<Effect> {
    let chosen = model.session.take().map_or(0, |session| session.key);
    let step = LoginStep::first(&model.keys);
    model.screen = Screen::Login(Login { chosen, step, passphrase: Default::default() });
    model.overlay = None;
    model.waiting = None;
    model.is_refreshing = false;
    model.is_stale = false;
    model.message = message;
    vec![Effect::LogOut]
}

/// Asks for everything on the screen, once at a time.
fn refresh(model: &mut Model) -> Vec<Effect> {
    let open = model.detail().map(|detail| detail.view.doc.id.clone());
    let Some(session) = &model.session else { return Vec::new() };
    if model.is_refreshing {
        model.is_stale = true;
        return Vec::new();
    }
    model.is_refreshing = true;
    vec![Effect::Refresh { ended: session.shows_ended, open }]
}
