//! The cosignature of the newest checkpoint: looked at, then signed with the passphrase.

use crate::console::event::Effect;
use crate::console::field::SecretField;
use crate::console::key::Key;
use crate::console::model::{Cosign, Dialog, Message, Model, Waiting};
use crate::console::{allowed, countdown};
use crate::desk::cosign::Cosigned;
use crate::domain::time::Length;

use super::refresh;

/// Asks what would be cosigned.
pub(super) fn look(model: &mut Model) -> Vec<Effect> {
    let Some(session) = &model.session else {
        model.message = Some(Message::bad("Log in to cosign: any operator may.", ""));
        return Vec::new();
    };
    if let Err(why) = allowed::cosign(session) {
        model.message = Some(Message::bad(why, ""));
        return Vec::new();
    }
    let Some(key) = model.keys.get(session.key) else { return Vec::new() };
    let (path, operator) = (key.path.clone(), session.status.operator.clone());
    model.waiting = Some(Waiting::Look);
    vec![Effect::LookToCosign { path, operator }]
}

/// Shows it, where it is still waited for.
pub(super) fn show(model: &mut Model, next: Box<Cosigned>) {
    if model.waiting == Some(Waiting::Look) && model.session.is_some() {
        model.waiting = None;
        let (passphrase, pace) = (SecretField::new(), None);
        model.dialog = Some(Dialog::Cosign(Box::new(Cosign { next, passphrase, pace })));
    }
}

pub(super) fn key(model: &mut Model, key: Key, now_ms: u64) -> Vec<Effect> {
    let Some(Dialog::Cosign(dialog)) = &mut model.dialog else { return Vec::new() };
    if matches!(key, Key::Esc | Key::Ctrl('c')) {
        model.dialog = None;
        model.message = Some(Message::good("Not cosigned.", ""));
        return Vec::new();
    }
    let Some(pace) = dialog.pace.as_mut().filter(|pace| !pace.is_before(now_ms)) else { return Vec::new() };
    model.message = None;
    // A passphrase may come out of a password manager; the line feed at its end may not send it.
    let stands_alone = pace.allows_enter(now_ms);
    match key {
        Key::Char(c) => dialog.passphrase.push(c),
        Key::Backspace => dialog.passphrase.pop(),
        Key::Ctrl('u') => dialog.passphrase.clear(),
        Key::Enter if stands_alone => return enter(model, now_ms),
        Key::Enter => model.message = Some(Message::bad("Press Enter once more.", "")),
        _ => {}
    }
    Vec::new()
}

fn enter(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    let (Some(Dialog::Cosign(dialog)), Some(session)) = (&mut model.dialog, &model.session) else {
        return Vec::new();
    };
    let left = model.backoff.left(now_ms);
    let refusal = if dialog.passphrase.is_empty() {
        "Type your passphrase first; it is not shown.".to_owned()
    } else if left > Length::ZERO {
        dialog.passphrase.clear();
        format!("Too soon after a wrong passphrase: wait {}.", countdown::words(left))
    } else {
        // A session was made from this key file, and the list of them does not change.
        let Some(key) = model.keys.get(session.key) else { return Vec::new() };
        let (path, next, passphrase) = (key.path.clone(), dialog.next.clone(), dialog.passphrase.take());
        model.waiting = Some(Waiting::Cosign);
        return vec![Effect::Cosign { path, next, passphrase }];
    };
    model.message = Some(Message::bad(refusal, ""));
    Vec::new()
}

/// It has its signature.
pub(super) fn done(model: &mut Model, cosigned: &Cosigned) -> Vec<Effect> {
    model.backoff.end();
    let what = format!("Cosigned: the log up to entry {}.", cosigned.checkpoint.size().saturating_sub(1));
    model.message = Some(Message::good(what, "What you signed lies beside your key file."));
    refresh::refresh(model)
}

impl Cosign {
    /// Begins anew after a wrong passphrase; what is typed blindly meanwhile is dropped.
    pub(super) fn begin_again(&mut self) {
        self.passphrase.clear();
        self.pace = None;
    }
}
