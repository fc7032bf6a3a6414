//! A denial, a revocation or a freeze: no second proof, but a reason.

use crate::console::event::Effect;
use crate::console::key::Key;
use crate::console::model::{Message, Model, Reasoned, Screen, Waiting};
use crate::domain::text::Text;

pub(super) fn key(model: &mut Model, key: Key, now_ms: u64) -> Vec<Effect> {
    let Screen::Reason(dialog) = &mut model.screen else { return Vec::new() };
    if matches!(key, Key::Esc | Key::Ctrl('c')) {
        let what = match dialog.what {
            Reasoned::Deny(_) => "Not denied.",
            Reasoned::Revoke(_) => "Not revoked.",
            Reasoned::Freeze(_) => "Not frozen.",
        };
        model.message = Some(Message::good(what, ""));
        model.leave_dialog();
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
    let Screen::Reason(dialog) = &model.screen else { return Vec::new() };
    match Text::parse(dialog.reason.text()) {
        Ok(reason) => {
            model.waiting = Some(Waiting::Reason);
            vec![match &dialog.what {
                Reasoned::Deny(detail) => Effect::Deny { id: detail.view.doc.id.clone(), reason },
                Reasoned::Revoke(detail) => Effect::Revoke { id: detail.view.doc.id.clone(), reason },
                Reasoned::Freeze(_) => Effect::Freeze { reason },
            }]
        }
        Err(why) => {
            model.message = Some(Message::bad(format!("A reason is needed: {why}."), ""));
            Vec::new()
        }
    }
}
