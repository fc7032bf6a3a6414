//! What comes back from outside.

use crate::console::event::{Effect, Errand, Event, Failure, FailureSort};
use crate::console::model::{Backoff, Message, Model, Reasoned, Screen, Session, Waiting};
use crate::domain::wire::operator::{RequestView, StateName, Status};

use super::{end_session, refresh};

pub(super) fn take(model: &mut Model, answer: Event, now_ms: u64) -> Vec<Effect> {
    match answer {
        Event::LoggedIn { session, status, requests } => logged_in(model, session, *status, requests, now_ms),
        Event::Fresh { status, requests, open } => fresh(model, *status, requests, open, now_ms),
        Event::Changed { session } if session == model.session_number => refresh(model),
        Event::Lost { session, why } if session == model.session_number && model.session.is_some() => {
            lost(model, &why, now_ms)
        }
        Event::Reachable(true) if model.probe_at_ms.take().is_some() => {
            model.message = Some(Message::good("The keeper answers again.", "Log in."));
            Vec::new()
        }
        Event::Approved(view) => approved(model, &view),
        Event::Done(what) => {
            end_dialog(model);
            model.message = Some(Message::good(what, ""));
            refresh(model)
        }
        Event::Failed(failure) => failed(model, failure, now_ms),
        // What is left concerns a session that has ended, or was dealt with by the caller.
        _ => Vec::new(),
    }
}

fn logged_in(
    model: &mut Model,
    session: u32,
    status: Status,
    requests: Vec<RequestView>,
    now_ms: u64,
) -> Vec<Effect> {
    let key = match &model.screen {
        Screen::Login(login) if model.waiting == Some(Waiting::LogIn) => login.chosen,
        _ => return Vec::new(),
    };
    if session != model.session_number {
        return Vec::new();
    }
    model.waiting = None;
    model.backoff.end();
    model.probe_at_ms = None;
    model.is_evaluation = status.evaluation;
    model.last_key_ms = now_ms;
    model.screen = Screen::List;
    let (selected, top) = (0, 0);
    model.session =
        Some(Session { key, status, anchored_ms: now_ms, requests, shows_ended: false, selected, top });
    Vec::new()
}

fn fresh(
    model: &mut Model,
    status: Status,
    requests: Vec<RequestView>,
    open: Option<Box<RequestView>>,
    now_ms: u64,
) -> Vec<Effect> {
    let Some(session) = &mut model.session else { return Vec::new() };
    let selected = session.requests.get(session.selected).map(|view| view.doc.id.clone());
    let place = selected.and_then(|id| requests.iter().position(|view| view.doc.id == id));
    session.selected = place.unwrap_or(session.selected);
    model.is_evaluation = status.evaluation;
    (session.status, session.requests, session.anchored_ms) = (status, requests, now_ms);
    if let Some(view) = open {
        fresh_detail(model, view);
    }
    model.is_refreshing = false;
    if std::mem::take(&mut model.is_stale) { refresh(model) } else { Vec::new() }
}

/// A dialog about a request stays open only over the very request that it was opened for.
fn fresh_detail(model: &mut Model, view: Box<RequestView>) {
    let (detail, is_dialog) = match &mut model.screen {
        Screen::Detail(detail) => (detail, false),
        Screen::Approve(dialog) => (&mut dialog.detail, true),
        Screen::Reason(dialog) => {
            let is_about_it = !matches!(dialog.what, Reasoned::Freeze(_));
            let Some(detail) = dialog.what.detail_mut() else { return };
            (detail, is_about_it)
        }
        Screen::Login(_) | Screen::List => return,
    };
    if detail.view.doc.id != view.doc.id {
        return;
    }
    let is_other_text = detail.view.doc != view.doc;
    let is_other_state = detail.view.state != view.state;
    detail.view = view;
    if is_other_text {
        (detail.scroll, detail.is_read) = (0, false);
    }
    if is_dialog && model.waiting.is_none() && (is_other_text || is_other_state) {
        end_dialog(model);
        model.message = Some(Message::bad("The request has changed meanwhile.", "Read it again."));
    } else if is_other_text {
        model.message = Some(Message::bad("The keeper wrote the request anew.", "Read it again."));
    }
}

fn end_dialog(model: &mut Model) {
    model.waiting = None;
    model.leave_dialog();
}

/// One operator at a time: whoever has approved is logged out.
fn approved(model: &mut Model, view: &RequestView) -> Vec<Effect> {
    let Some(session) = &model.session else { return Vec::new() };
    let (me, id) = (&session.status.operator, &view.doc.id);
    let (count, need) = (view.approvals.len(), view.need);
    let (what, advice) = match view.state {
        StateName::Requested => {
            (format!("{me} approved {id}: {count} of {need}. Logged out."), "The next operator may log in.")
        }
        state => (format!("{me} approved {id}, which is now {}. Logged out.", state.word()), ""),
    };
    model.backoff.end();
    end_session(model, Some(Message::good(what, advice)))
}

fn lost(model: &mut Model, why: &str, now_ms: u64) -> Vec<Effect> {
    model.probe_at_ms = Some(now_ms + Model::PROBE_MS);
    let what = format!("The keeper is gone: {why}. Logged out.");
    end_session(model, Some(Message::bad(what, "This screen says when it answers again.")))
}

fn failed(model: &mut Model, failure: Failure, now_ms: u64) -> Vec<Effect> {
    let Failure { during, sort, what, advice } = failure;
    if during == Errand::LogIn {
        if model.waiting != Some(Waiting::LogIn) {
            return Vec::new();
        }
        model.waiting = None;
        model.probe_at_ms = (sort == FailureSort::Lost).then_some(now_ms + Model::PROBE_MS);
    } else if model.session.is_none() {
        return Vec::new();
    }
    model.backoff.count(sort, now_ms);
    let message = Message::bad(what, advice);
    match (during, sort) {
        (Errand::LogIn, _) => {}
        (_, FailureSort::Lost) => return lost(model, &message.what, now_ms),
        (Errand::Approve, FailureSort::WrongPassphrase) => {
            model.waiting = None;
            if model.backoff.failures() >= Backoff::FAILURES_MAX {
                let what = format!("{} wrong passphrases. Logged out.", model.backoff.failures());
                return end_session(model, Some(Message::bad(what, "It is in the log.")));
            }
            if let Screen::Approve(dialog) = &mut model.screen {
                dialog.begin_again();
            }
        }
        (Errand::Approve | Errand::Reason, _) => {
            end_dialog(model);
            model.message = Some(message);
            return refresh(model);
        }
        (Errand::Refresh, _) => {
            model.is_refreshing = false;
            model.is_stale = false;
        }
    }
    model.message = Some(message);
    Vec::new()
}
