//! The list, and a request in full.

use crate::console::allowed;
use crate::console::event::Effect;
use crate::console::field::{IdField, SecretField, TextField};
use crate::console::key::Key;
use crate::console::keymap::{Action, action};
use crate::console::layout;
use crate::console::model::{
    Approve, ApproveFocus, Detail, Message, Model, Overlay, ReasonDialog, ReasonVerb, Reasoned, Screen,
};

use super::{end_session, refresh};

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.message = None;
    if key == Key::Ctrl('c') {
        return vec![Effect::Quit];
    }
    match action(key) {
        Some(Action::Back) if matches!(model.screen, Screen::List) => {
            // A broken sequence on a slow line may look like Esc, so Esc does not leave.
            if key == Key::Char('q') { vec![Effect::Quit] } else { Vec::new() }
        }
        Some(action) => act(model, action),
        None => Vec::new(),
    }
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Up | Action::Down | Action::First | Action::Last | Action::PageUp | Action::PageDown => {
            travel(model, action);
        }
        Action::Open => {
            open(model);
            return refresh(model);
        }
        Action::Back => model.screen = Screen::List,
        Action::Approve => return approve(model),
        Action::Deny => give_reason(model, ReasonVerb::Deny),
        Action::Revoke => give_reason(model, ReasonVerb::Revoke),
        Action::Ended => {
            if let Some(session) = &mut model.session {
                session.shows_ended = !session.shows_ended;
            }
            return refresh(model);
        }
        Action::Refresh => return refresh(model),
        Action::Lock => return end_session(model, None),
        Action::Command => model.overlay = Some(Overlay::Command(TextField::default())),
        Action::Help => model.overlay = Some(Overlay::Help(0)),
    }
    Vec::new()
}

/// Moves the cursor of the list, or the text of an open request.
fn travel(model: &mut Model, action: Action) {
    let page = match &model.screen {
        Screen::List => layout::list_rows(model),
        _ => layout::page(model),
    };
    let place = match (&mut model.screen, &mut model.session) {
        (Screen::List, Some(session)) => &mut session.selected,
        (Screen::Detail(detail), _) => &mut detail.scroll,
        _ => return,
    };
    *place = match action {
        Action::Up => place.saturating_sub(1),
        Action::Down => place.saturating_add(1),
        Action::PageUp => place.saturating_sub(page),
        Action::PageDown => place.saturating_add(page),
        Action::First => 0,
        _ => usize::MAX,
    };
}

/// Opens the request under the cursor; does nothing on an empty list or when one is open.
fn open(model: &mut Model) {
    let Some(session) = &model.session else { return };
    if let (Screen::List, Some(view)) = (&model.screen, session.requests.get(session.selected)) {
        let detail = Detail { view: Box::new(view.clone()), scroll: 0, is_read: false };
        model.screen = Screen::Detail(detail);
    }
}

/// From the list it opens the request, so that nobody signs what was not on the screen.
fn approve(model: &mut Model) -> Vec<Effect> {
    if matches!(model.screen, Screen::List) {
        open(model);
        if model.detail().is_some() {
            model.message = Some(Message::good("Read it to its end; a approves.", ""));
        }
        return refresh(model);
    }
    let (Some(session), Some(detail)) = (&model.session, model.detail()) else { return Vec::new() };
    match allowed::approve(session, detail) {
        Ok(()) => {
            let doc = Box::new(detail.view.doc.clone());
            model.screen = Screen::Approve(Box::new(Approve {
                detail: detail.clone(),
                doc,
                passphrase: SecretField::new(),
                id: IdField::default(),
                focus: ApproveFocus::Passphrase,
                pace: None,
            }));
        }
        Err(why) => model.message = Some(Message::bad(why, "")),
    }
    Vec::new()
}

fn give_reason(model: &mut Model, verb: ReasonVerb) {
    open(model);
    let (Some(session), Some(detail)) = (&model.session, model.detail()) else { return };
    let allowed = match verb {
        ReasonVerb::Deny => allowed::deny(&detail.view),
        ReasonVerb::Revoke => allowed::revoke(session, &detail.view),
    };
    match allowed {
        Ok(()) => {
            let detail = detail.clone();
            let what = match verb {
                ReasonVerb::Deny => Reasoned::Deny(detail),
                ReasonVerb::Revoke => Reasoned::Revoke(detail),
            };
            ask_reason(model, what);
        }
        Err(why) => model.message = Some(Message::bad(why, "")),
    }
}

/// Any operator may freeze; whoever has not logged in is nobody yet.
pub(super) fn freeze(model: &mut Model) {
    if model.session.is_none() {
        model.message = Some(Message::bad("Log in to freeze: any operator may.", ""));
        return;
    }
    let detail = model.detail().cloned();
    ask_reason(model, Reasoned::Freeze(detail));
}

fn ask_reason(model: &mut Model, what: Reasoned) {
    let reason = TextField::default();
    model.screen = Screen::Reason(Box::new(ReasonDialog { what, reason, pace: None }));
}
