//! What follows from every event: cursors inside their lists, and deadlines.

use crate::console::countdown;
use crate::console::event::Effect;
use crate::console::layout::{self, Shape};
use crate::console::model::{Dialog, Message, Model, Overlay, RowId, Screen, Session};
use crate::console::tab::Tab;
use crate::console::{document, help};
use crate::domain::time::Length;

use super::{end_session, refresh, reveal};

/// Does what has become due.
pub(super) fn tick(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    let idle_ms = model.idle_ms();
    let is_idle = model.session.is_some() && now_ms >= model.last_key_ms + idle_ms;
    if let Some(Dialog::Take(take)) = &mut model.dialog {
        // Nothing else can be done here until it has ended; then they are logged out.
        take.is_left |= is_idle;
    } else if is_idle {
        let after = if idle_ms == Model::IDLE_MS { "2 minutes" } else { "30 seconds" };
        return end_session(
            model,
            Some(Message::good(format!("Logged out after {after} without a key."), "")),
        );
    }
    let mut effects = reveal::tick(model, now_ms);
    match model.probe_at_ms {
        Some(probe_at_ms) if model.session.is_none() && now_ms >= probe_at_ms => {
            model.probe_at_ms = Some(now_ms + Model::PROBE_MS);
            effects.push(Effect::Probe);
        }
        _ => effects.extend(refresh::tick(model, now_ms)),
    }
    effects
}

/// How many milliseconds from `now_ms` something on the screen changes, or something becomes due; `None`
/// when nothing will before the next event.
pub fn next_tick(model: &Model, now_ms: u64) -> Option<u64> {
    let backoff = countdown::next_change(model.backoff.left(now_ms)).map(Length::ms);
    let session = model.session.as_ref().map(|session| next_session_tick(model, session, now_ms));
    let probe =
        model.probe_at_ms.filter(|_| model.session.is_none()).map(|at_ms| at_ms.saturating_sub(now_ms));
    let due = model.refresh.due_ms.map(|at_ms| at_ms.saturating_sub(now_ms));
    let reveal = reveal::next_tick(model, now_ms);
    [backoff, session, probe, due, reveal].into_iter().flatten().min()
}

fn next_session_tick(model: &Model, session: &Session, now_ms: u64) -> u64 {
    const MINUTE_MS: u64 = 60_000;
    let clock = MINUTE_MS - session.now(now_ms).ms() % MINUTE_MS;
    let is_left = matches!(&model.dialog, Some(Dialog::Take(take)) if take.is_left);
    let idle = if is_left { clock } else { (model.last_key_ms + model.idle_ms()).saturating_sub(now_ms) };
    // Only what can be seen counts: a list may be long.
    let open = model.detail().map(|detail| &*detail.view);
    let rows = usize::from(model.size.height());
    let window = session.list(Tab::Requests).window(if session.tab == Tab::Requests { rows } else { 0 });
    let listed = window.filter_map(|(_, place)| session.requests.get(place));
    let countdowns = listed
        .chain(open)
        .filter_map(|view| countdown::next_change(session.left(view, now_ms)?).map(Length::ms));
    // On a slow line the instants beside them have to be enough.
    let countdowns = countdowns.filter(|_| !model.is_slow);
    countdowns.chain([clock, idle]).min().unwrap_or(idle)
}

/// Brings cursors and scroll positions back inside what there is to show.
pub(super) fn settle(model: &mut Model, now_ms: u64) {
    if layout::shape(model.size) == Shape::TooSmall {
        // Nobody may sign what does not fit on the screen.
        if model.waiting.is_none() {
            model.dialog = None;
        }
        return;
    }
    if let (Some(Dialog::Approve(dialog)), Some(session), None) =
        (&model.dialog, &model.session, model.waiting)
        && !model
            .detail()
            .is_some_and(|detail| document::is_statement_shown(model, session, detail, dialog, now_ms))
    {
        model.dialog = None;
        let what = "too small: make the terminal larger or use portcullis approve --plain";
        model.message = Some(Message::bad(what, ""));
    }
    settle_lists(model, now_ms);
    let lines = document::height(model, now_ms);
    let shown = usize::from(layout::text_area(model).height);
    let room = layout::reveal_room(model);
    match &mut model.screen {
        Screen::Detail(detail) => {
            detail.scroll = detail.scroll.min(lines.saturating_sub(shown));
            detail.is_read |= detail.scroll + shown >= lines;
        }
        Screen::Page(page) => page.scroll = page.scroll.min(lines.saturating_sub(shown)),
        Screen::Reveal(reveal) => reveal.page = reveal.page.min(reveal.pages(room).saturating_sub(1)),
        Screen::Login(_) | Screen::List => {}
    }
    let help_lines = help::lines(model).len();
    if let Some(Overlay::Help(scroll)) = &mut model.overlay {
        *scroll = (*scroll).min(help_lines.saturating_sub(shown));
    }
}

/// The open tab is the only one that anybody sees.
fn settle_lists(model: &mut Model, now_ms: u64) {
    let rows = layout::list_rows(model, now_ms);
    let shown = usize::from(layout::text_area(model).height);
    let is_gone = match (&model.screen, &model.session) {
        (Screen::Page(page), Some(session)) => !is_known(session, &page.of),
        _ => false,
    };
    if is_gone {
        model.screen = Screen::List;
        model.message = Some(Message::bad("That is no longer there.", ""));
    }
    let is_system = model.session.as_ref().is_some_and(|session| session.tab == Tab::System);
    let lines = if is_system { document::height(model, now_ms) } else { 0 };
    let Some(session) = &mut model.session else { return };
    let list = session.list_mut(session.tab);
    if is_system {
        list.top = list.top.min(lines.saturating_sub(shown));
    } else {
        list.settle(rows);
    }
}

fn is_known(session: &Session, of: &RowId) -> bool {
    match of {
        RowId::Request(id) => session.requests.iter().any(|view| view.doc.id == *id),
        RowId::Credential(name) => session.credential(name).is_some(),
        RowId::Client(job) => session.client(job).is_some(),
        RowId::Entry(seq) => session.log.entry(*seq).is_some(),
    }
}
