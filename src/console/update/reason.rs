//! A denial, a revocation or a freeze: no second proof, but a reason.

use crate::console::event::Effect;
use crate::console::key::Key;
use crate::console::model::{Dialog, Message, Model, ReasonVerb, Waiting};
use crate::domain::text::Text;

pub(super) fn key(model: &mut Model, key: Key, now_ms: u64) -> Vec<Effect> {
    let Some(Dialog::Reason(dialog)) = &mut model.dialog else { return Vec::new() };
    if matches!(key, Key::Esc | Key::Ctrl('c')) {
        let what = match dialog.verb {
            ReasonVerb::Deny => "Not denied.",
            ReasonVerb::Revoke => "Not revoked.",
            ReasonVerb::Freeze => "Not frozen.",
        };
        model.message = Some(Message::good(what, ""));
        model.dialog = None;
        return Vec::new();
    }
    let Some(pace) = dialog.pace.as_mut().filter(|pace| !pace.is_before(now_ms)) else { return Vec::new() };
    model.message = None;
    // A reason may be pasted; the line feed at its end may not send it.
    let stands_alone = pace.allows_enter(now_ms);
    match key {
        Key::Char(c) => dialog.reason.push(c, Text::CHARS_MAX),
        Key::Backspace => dialog.reason.pop(),
        Key::Ctrl('u') => dialog.reason.clear(),
        Key::Enter if stands_alone => return enter(model),
        Key::Enter => model.message = Some(Message::bad("Press Enter once more to send it.", "")),
        _ => {}
    }
    Vec::new()
}

fn enter(model: &mut Model) -> Vec<Effect> {
    let Some(Dialog::Reason(dialog)) = &model.dialog else { return Vec::new() };
    let id = model.detail().map(|detail| detail.view.doc.id.clone());
    match Text::parse(dialog.reason.text()) {
        Ok(reason) => {
            let effect = match (dialog.verb, id) {
                (ReasonVerb::Deny, Some(id)) => Effect::Deny { id, reason },
                (ReasonVerb::Revoke, Some(id)) => Effect::Revoke { id, reason },
                (ReasonVerb::Freeze, _) => Effect::Freeze { reason },
                // These two lie over their request.
                (ReasonVerb::Deny | ReasonVerb::Revoke, None) => return Vec::new(),
            };
            model.waiting = Some(Waiting::Reason);
            vec![effect]
        }
        Err(why) => {
            model.message = Some(Message::bad(format!("A reason is needed: {why}."), ""));
            Vec::new()
        }
    }
}
