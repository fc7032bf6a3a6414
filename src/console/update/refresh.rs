//! Asking the keeper for what is on the screen: one question at a time, and for long lists not at every
//! change.

use crate::console::event::{Effect, LogRange, Wanted};
use crate::console::model::{Log, Model, Refresh, Session};
use crate::console::tab::Tab;

/// Asks at once, or as soon as the question that is on its way has its answer.
pub(super) fn refresh(model: &mut Model) -> Vec<Effect> {
    let Some(wanted) = wanted(model) else { return Vec::new() };
    if model.refresh.is_running {
        model.refresh.is_stale = true;
        return Vec::new();
    }
    ask(model, wanted)
}

/// The keeper said that something has changed: a list of many rows can wait a little.
pub(super) fn changed(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    let rows = model.session.as_ref().map_or(0, rows);
    let due_ms = model.refresh.answered_ms + Refresh::LARGE_PAUSE_MS;
    if rows >= Refresh::LARGE_ROWS && now_ms < due_ms && !model.refresh.is_running {
        model.refresh.due_ms = Some(due_ms);
        return Vec::new();
    }
    refresh(model)
}

/// Asks when a change has waited long enough.
pub(super) fn tick(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    match model.refresh.due_ms {
        Some(due_ms) if now_ms >= due_ms => refresh(model),
        _ => Vec::new(),
    }
}

/// An answer has come; what changed meanwhile is asked for.
pub(super) fn answered(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    model.refresh.is_running = false;
    model.refresh.answered_ms = now_ms;
    if std::mem::take(&mut model.refresh.is_stale) { changed(model, now_ms) } else { Vec::new() }
}

/// Asks for older entries than those that are here.
pub(super) fn older(model: &mut Model) -> Vec<Effect> {
    let Some(first) = model.session.as_ref().and_then(|session| session.log.first()) else {
        return Vec::new();
    };
    if model.refresh.is_running {
        return Vec::new();
    }
    ask(model, Wanted::Log(LogRange::Before(first)))
}

/// Asks for the inventory behind a form, unless it is here.
pub(super) fn inventory(session: &Session) -> Vec<Effect> {
    if session.loaded[Tab::Credentials.place()] {
        return Vec::new();
    }
    vec![Effect::Refresh(Wanted::Credentials)]
}

fn ask(model: &mut Model, wanted: Wanted) -> Vec<Effect> {
    model.refresh.is_running = true;
    model.refresh.due_ms = None;
    vec![Effect::Refresh(wanted)]
}

/// The rows that an answer would bring anew.
fn rows(session: &Session) -> usize {
    match session.tab {
        Tab::Requests => session.requests.len(),
        Tab::Credentials | Tab::Rotation => session.credentials.len(),
        Tab::Jobs => session.clients.len(),
        // Only what is new is read.
        Tab::Audit | Tab::System => 0,
    }
}

fn wanted(model: &Model) -> Option<Wanted> {
    let session = model.session.as_ref()?;
    Some(match session.tab {
        Tab::Requests => {
            let open = model.detail().map(|detail| detail.view.doc.id.clone());
            Wanted::Requests { ended: session.shows_ended, open }
        }
        Tab::Credentials | Tab::Rotation => Wanted::Credentials,
        Tab::Jobs => Wanted::Clients,
        Tab::Audit => Wanted::Log(match session.log.next() {
            // After a long time away the tail is enough.
            Some(next) if session.status.log_size.saturating_sub(next) <= Log::PAGE => LogRange::From(next),
            _ => LogRange::Tail,
        }),
        Tab::System => Wanted::Roster,
    })
}
