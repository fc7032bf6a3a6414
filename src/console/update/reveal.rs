//! A credential on the screen: held by a key, and gone without one.

use crate::console::event::Effect;
use crate::console::key::Key;
use crate::console::layout;
use crate::console::model::{Detail, Dialog, Message, Model, Reveal, Screen, Waiting};
use crate::desk::reveal::Shown;
use crate::domain::credential::ROTATE_WHEN_SEEN;
use crate::domain::ids::RequestId;

use super::refresh;

/// How long the terminal may take for a picture before nothing is shown on it.
pub(super) const PATIENCE_MS: u64 = 5_000;

/// The passphrase and the id are there, and the terminal has all of the last picture: now it is asked for.
/// A terminal that had stopped would have had the value waiting for it.
pub(super) fn ask(model: &mut Model) -> Option<Effect> {
    let (Some(Dialog::Approve(dialog)), Some(session)) = (&mut model.dialog, &model.session) else {
        return None;
    };
    dialog.sent_ms.take()?;
    let path = model.keys.get(session.key)?.path.clone();
    Some(Effect::Reveal { path, id: dialog.doc.id.clone(), passphrase: dialog.passphrase.take() })
}

/// When a terminal has had enough time.
pub(super) fn gives_up_ms(model: &Model) -> Option<u64> {
    match &model.dialog {
        Some(Dialog::Approve(dialog)) => dialog.sent_ms.map(|sent_ms| sent_ms + PATIENCE_MS),
        _ => None,
    }
}

/// What has become due.
pub(super) fn tick(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    if gives_up_ms(model).is_some_and(|at_ms| now_ms >= at_ms) {
        (model.dialog, model.waiting) = (None, None);
        let what = "This terminal takes nothing: nothing was shown on it, and nothing is spent.";
        model.message = Some(Message::bad(what, ""));
    }
    match &model.screen {
        Screen::Reveal(reveal) if now_ms >= reveal.ends_ms() => end(model, now_ms),
        _ => Vec::new(),
    }
}

/// When the picture changes, or its time is over.
pub(super) fn next_tick(model: &Model, now_ms: u64) -> Option<u64> {
    let gives_up = gives_up_ms(model).map(|at_ms| at_ms.saturating_sub(now_ms));
    let second = match &model.screen {
        Screen::Reveal(reveal) => {
            let left = |end_ms: u64| end_ms.saturating_sub(now_ms);
            // Both are told in seconds, rounded up.
            let change = |left_ms: u64| if left_ms == 0 { 0 } else { (left_ms - 1) % 1_000 + 1 };
            Some(change(left(reveal.ends_ms())).min(change(left(reveal.whole_ms()))))
        }
        _ => None,
    };
    gives_up.into_iter().chain(second).min()
}

/// It has come: only over the request that it was asked for.
pub(super) fn begin(model: &mut Model, id: &RequestId, shown: Shown, now_ms: u64) -> Vec<Effect> {
    let is_awaited = model.waiting == Some(Waiting::Reveal);
    (model.dialog, model.overlay, model.waiting, model.message) = (None, None, None, None);
    model.backoff.end();
    let view = model.detail().map(|detail| detail.view.clone()).filter(|view| view.doc.id == *id);
    match view {
        Some(view) if is_awaited => {
            model.screen = Screen::Reveal(Box::new(Reveal::new(view, shown, now_ms)));
            Vec::new()
        }
        _ => {
            let what = format!("{} came too late, and was not shown.", shown.credential);
            model.message = Some(Message::bad(what, "Ask again; it must be rotated all the same."));
            Vec::new()
        }
    }
}

pub(super) fn key(model: &mut Model, key: Key, now_ms: u64) -> Vec<Effect> {
    let room = layout::reveal_room(model);
    let Screen::Reveal(reveal) = &mut model.screen else { return Vec::new() };
    let last = reveal.pages(room).saturating_sub(1);
    match key {
        Key::Ctrl('c') => return end(model, now_ms),
        _ if now_ms >= reveal.ends_ms() => return end(model, now_ms),
        // What was typed before it could be seen was not meant for it.
        _ if reveal.is_before(now_ms) => {}
        Key::Char(' ') => reveal.hold(now_ms),
        Key::Char('.') | Key::PageDown if last > 0 => {
            reveal.page = (reveal.page + 1).min(last);
            reveal.hold(now_ms);
        }
        Key::Char(',') | Key::PageUp if last > 0 => {
            reveal.page = reveal.page.saturating_sub(1);
            reveal.hold(now_ms);
        }
        _ => return end(model, now_ms),
    }
    Vec::new()
}

/// It is wiped here, and overwritten on the terminal.
pub(super) fn end(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    let (Screen::Reveal(reveal), Some(session)) = (&model.screen, &model.session) else { return Vec::new() };
    let by = session.now(reveal.arrived_ms.min(now_ms)).plus(ROTATE_WHEN_SEEN);
    let by = format!("{} {}", by.day(), by.hour_minute());
    let what = format!("{} is gone from this screen. Rotate it by {by} at the latest.", reveal.credential);
    let view = reveal.view.clone();
    model.message = Some(Message::good(what, "The command for it: portcullis deposit --next."));
    model.screen = Screen::Detail(Detail { view, scroll: 0, is_read: false });
    let mut effects = vec![Effect::Cover];
    effects.extend(refresh::refresh(model));
    effects
}
