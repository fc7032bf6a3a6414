//! What follows from every event: cursors inside their lists, and deadlines.

use crate::console::countdown;
use crate::console::event::Effect;
use crate::console::layout::{self, Shape};
use crate::console::model::{Message, Model, Overlay, Screen, Session};
use crate::console::{document, help};
use crate::domain::time::Length;

use super::end_session;

/// Does what has become due.
pub(super) fn tick(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    if model.session.is_some() && now_ms >= model.last_key_ms + Model::IDLE_MS {
        return end_session(model, Some(Message::good("Logged out after 2 minutes without a key.", "")));
    }
    match model.probe_at_ms {
        Some(probe_at_ms) if model.session.is_none() && now_ms >= probe_at_ms => {
            model.probe_at_ms = Some(now_ms + Model::PROBE_MS);
            vec![Effect::Probe]
        }
        _ => Vec::new(),
    }
}

/// How many milliseconds from `now_ms` something on the screen changes, or something becomes due; `None`
/// when nothing will before the next event.
pub fn next_tick(model: &Model, now_ms: u64) -> Option<u64> {
    let backoff = countdown::next_change(model.backoff.left(now_ms)).map(Length::ms);
    let session = model.session.as_ref().map(|session| next_session_tick(model, session, now_ms));
    let probe =
        model.probe_at_ms.filter(|_| model.session.is_none()).map(|at_ms| at_ms.saturating_sub(now_ms));
    [backoff, session, probe].into_iter().flatten().min()
}

fn next_session_tick(model: &Model, session: &Session, now_ms: u64) -> u64 {
    const MINUTE_MS: u64 = 60_000;
    let clock = MINUTE_MS - session.now(now_ms).ms() % MINUTE_MS;
    let idle = (model.last_key_ms + Model::IDLE_MS).saturating_sub(now_ms);
    let open = model.detail().map(|detail| &*detail.view);
    let countdowns = session
        .requests
        .iter()
        .chain(open)
        .filter_map(|view| countdown::next_change(session.left(view, now_ms)?).map(Length::ms));
    countdowns.chain([clock, idle]).min().unwrap_or(idle)
}

/// Brings cursors and scroll positions back inside what there is to show.
pub(super) fn settle(model: &mut Model, now_ms: u64) {
    if layout::shape(model.size) == Shape::TooSmall {
        // Nobody may sign what does not fit on the screen.
        if model.waiting.is_none() {
            model.leave_dialog();
        }
        return;
    }
    if let (Screen::Approve(dialog), Some(session), None) = (&model.screen, &model.session, model.waiting)
        && !document::is_statement_shown(model, session, dialog, now_ms)
    {
        model.leave_dialog();
        let what = "too small: make the terminal larger or use portcullis approve --plain";
        model.message = Some(Message::bad(what, ""));
    }
    let rows = layout::list_rows(model);
    if let Some(session) = &mut model.session {
        settle_list(session, rows);
    }
    let lines = document::height(model, now_ms);
    let shown = layout::text_area(model).height as usize;
    if let Screen::Detail(detail) = &mut model.screen {
        detail.scroll = detail.scroll.min(lines.saturating_sub(shown));
        detail.is_read |= detail.scroll + shown >= lines;
    }
    if let Some(Overlay::Help(scroll)) = &mut model.overlay {
        *scroll = (*scroll).min(help::height().saturating_sub(shown));
    }
}

/// Scrolls by half a screen, because every scrolled line is sent again.
fn settle_list(session: &mut Session, rows: usize) {
    let last = session.requests.len().saturating_sub(1);
    session.selected = session.selected.min(last);
    let half = (rows / 2).max(1);
    if session.selected < session.top {
        session.top = session.selected.saturating_sub(half);
    } else if session.selected >= session.top + rows {
        session.top = (session.selected + 1).saturating_sub(half);
    }
    session.top = session.top.min(session.requests.len().saturating_sub(rows));
}
