//! The approval, and being shown a credential: the passphrase and the request's id, typed by a person who
//! can see the dialog.

use crate::console::countdown;
use crate::console::event::Effect;
use crate::console::field::Pace;
use crate::console::key::Key;
use crate::console::model::{Approve, ApproveFocus, Dialog, Message, Model, Waiting};
use crate::domain::time::Length;

pub(super) fn key(model: &mut Model, key: Key, now_ms: u64) -> Vec<Effect> {
    let Some(Dialog::Approve(dialog)) = &mut model.dialog else { return Vec::new() };
    if matches!(key, Key::Esc | Key::Ctrl('c')) {
        let what =
            if dialog.is_reveal() { "Nothing was shown, and nothing is spent." } else { "Not approved." };
        model.dialog = None;
        model.message = Some(Message::good(what, ""));
        return Vec::new();
    }
    let Some(pace) = dialog.pace.as_mut().filter(|pace| !pace.is_before(now_ms)) else { return Vec::new() };
    model.message = None;
    let is_typed = if key == Key::Enter { pace.allows_enter(now_ms) } else { pace.allows(now_ms) };
    // A passphrase may come out of a password manager, all at once; nothing else in here may.
    let is_for_secret = matches!(key, Key::Char(_) | Key::Backspace | Key::Ctrl('u'))
        && dialog.focus == ApproveFocus::Passphrase
        && !dialog.drops_rest;
    if !is_typed && !is_for_secret {
        return drop_pasted(model);
    }
    dialog.drops_rest &= !is_typed;
    if key == Key::Enter {
        return enter(model, now_ms);
    }
    edit(dialog, key);
    if dialog.id.is_unfit() {
        let what = "That is not part of an id, and is not shown.";
        model.message = Some(Message::bad(what, "Ctrl-U clears the field."));
    }
    Vec::new()
}

/// The rest of what was pasted goes the same way, until there is silence.
fn drop_pasted(model: &mut Model) -> Vec<Effect> {
    if let Some(Dialog::Approve(dialog)) = &mut model.dialog {
        dialog.drops_rest = true;
        dialog.id.clear();
        dialog.pace.iter_mut().for_each(Pace::refuse_rest);
    }
    model.message = Some(Message::bad("Pasted keys were dropped: type the id by hand.", ""));
    Vec::new()
}

fn edit(dialog: &mut Approve, key: Key) {
    let next = match dialog.focus {
        ApproveFocus::Id => ApproveFocus::Passphrase,
        ApproveFocus::Passphrase => ApproveFocus::Id,
    };
    match (key, dialog.focus) {
        (Key::Tab | Key::BackTab | Key::Up | Key::Down, _) => dialog.focus = next,
        (Key::Char(c), ApproveFocus::Id) => dialog.id.push(c),
        (Key::Char(c), ApproveFocus::Passphrase) => dialog.passphrase.push(c),
        (Key::Backspace, ApproveFocus::Id) => dialog.id.pop(),
        (Key::Backspace, ApproveFocus::Passphrase) => dialog.passphrase.pop(),
        (Key::Ctrl('u'), ApproveFocus::Id) => dialog.id.clear(),
        (Key::Ctrl('u'), ApproveFocus::Passphrase) => dialog.passphrase.clear(),
        _ => {}
    }
}

fn enter(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    let (Some(Dialog::Approve(dialog)), Some(session)) = (&mut model.dialog, &model.session) else {
        return Vec::new();
    };
    let left = model.backoff.left(now_ms);
    let refusal = if dialog.passphrase.is_empty() {
        dialog.focus = ApproveFocus::Passphrase;
        Some("Type your passphrase first; it is not shown.".to_owned())
    } else if !dialog.id.is(&dialog.doc.id) {
        let was_asked = std::mem::replace(&mut dialog.focus, ApproveFocus::Id) == ApproveFocus::Id;
        was_asked.then(|| {
            dialog.id.clear();
            format!("That is not the id of this request: type {}.", dialog.doc.id)
        })
    } else if left > Length::ZERO {
        dialog.passphrase.clear();
        dialog.focus = ApproveFocus::Passphrase;
        Some(format!("Too soon after a wrong passphrase: wait {}.", countdown::words(left)))
    } else if dialog.is_reveal() {
        // It is asked for as soon as the terminal has shown that.
        (dialog.sent_ms, dialog.pace) = (Some(now_ms), None);
        model.waiting = Some(Waiting::Reveal);
        return Vec::new();
    } else {
        // A session was made from this key file, and the list of them does not change.
        let Some(key) = model.keys.get(session.key) else { return Vec::new() };
        let (path, doc, passphrase) = (key.path.clone(), dialog.doc.clone(), dialog.passphrase.take());
        let (window, pulls) = (dialog.window, dialog.pulls);
        model.waiting = Some(Waiting::Approve);
        return vec![Effect::Approve { path, doc, window, pulls, passphrase }];
    };
    model.message = refusal.map(|what| Message::bad(what, ""));
    Vec::new()
}

impl Approve {
    /// Begins anew after a wrong passphrase; what is typed blindly meanwhile is dropped.
    pub(super) fn begin_again(&mut self) {
        self.id.clear();
        self.passphrase.clear();
        self.focus = ApproveFocus::Passphrase;
        self.pace = None;
        (self.drops_rest, self.sent_ms) = (false, None);
    }
}
