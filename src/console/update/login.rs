//! Who one is, and the proof.

use crate::console::allowed;
use crate::console::countdown;
use crate::console::event::Effect;
use crate::console::key::Key;
use crate::console::keymap::Action;
use crate::console::model::{LoginStep, Message, Model, Overlay, Screen, Waiting};
use crate::domain::time::Length;

pub(super) fn key(model: &mut Model, key: Key, now_ms: u64) -> Vec<Effect> {
    let Screen::Login(login) = &mut model.screen else { return Vec::new() };
    model.message = None;
    match login.step {
        LoginStep::Choose => choose(model, key),
        LoginStep::Passphrase => passphrase(model, key, now_ms),
    }
}

fn choose(model: &mut Model, key: Key) -> Vec<Effect> {
    let action = allowed::action(model, key);
    let last = model.keys.len().saturating_sub(1);
    let Screen::Login(login) = &mut model.screen else { return Vec::new() };
    match action {
        Some(Action::Down) => login.chosen = (login.chosen + 1).min(last),
        Some(Action::Up) => login.chosen = login.chosen.saturating_sub(1),
        Some(Action::First) => login.chosen = 0,
        Some(Action::Last) => login.chosen = last,
        Some(Action::Open) => login.step = LoginStep::Passphrase,
        Some(Action::Command) => model.overlay = Some(Overlay::Command(Default::default())),
        Some(Action::Help) => model.overlay = Some(Overlay::Help(0)),
        Some(Action::Back) => return vec![Effect::Quit],
        _ if key == Key::Ctrl('c') => return vec![Effect::Quit],
        _ => {}
    }
    Vec::new()
}

fn passphrase(model: &mut Model, key: Key, now_ms: u64) -> Vec<Effect> {
    let Screen::Login(login) = &mut model.screen else { return Vec::new() };
    match key {
        Key::Char(c) => login.passphrase.push(c),
        Key::Backspace => login.passphrase.pop(),
        Key::Ctrl('u') => login.passphrase.clear(),
        Key::Esc | Key::Ctrl('c') if model.keys.len() > 1 => {
            login.passphrase.clear();
            login.step = LoginStep::Choose;
        }
        Key::Ctrl('c') => return vec![Effect::Quit],
        Key::Enter => return submit(model, now_ms),
        _ => {}
    }
    Vec::new()
}

fn submit(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    let Screen::Login(login) = &mut model.screen else { return Vec::new() };
    let Some(key) = model.keys.get(login.chosen) else { return Vec::new() };
    let left = model.backoff.left(now_ms);
    if left > Length::ZERO {
        login.passphrase.clear();
        let what = format!("Too soon after a wrong passphrase: wait {}.", countdown::words(left));
        model.message = Some(Message::bad(what, "What you typed is gone."));
        return Vec::new();
    }
    if login.passphrase.is_empty() {
        model.message =
            Some(Message::bad("Nothing was typed.", "The passphrase is not shown while you type it."));
        return Vec::new();
    }
    model.session_number += 1;
    model.waiting = Some(Waiting::LogIn);
    let passphrase = login.passphrase.take();
    vec![Effect::LogIn { session: model.session_number, path: key.path.clone(), passphrase }]
}
