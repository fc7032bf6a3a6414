//! The tabs, and one row of them in full.

use crate::console::allowed;
use crate::console::event::Effect;
use crate::console::field::TextField;
use crate::console::key::Key;
use crate::console::keymap::Action;
use crate::console::layout;
use crate::console::model::{
    Approve, Detail, Dialog, Form, Message, Model, Overlay, Page, ReasonDialog, ReasonVerb, RowId, Screen,
    Session, Waiting,
};
use crate::console::tab::Tab;
use crate::console::table;
use crate::domain::request::doc::Subject;

use super::{cosign, end_session, export, refresh};

pub(super) fn key(model: &mut Model, key: Key, now_ms: u64) -> Vec<Effect> {
    model.message = None;
    if key == Key::Ctrl('c') {
        return vec![Effect::Quit];
    }
    match (allowed::action(model, key), key) {
        (Some(Action::Digit), Key::Char(digit)) => match Tab::of_digit(digit) {
            Some(tab) => open_tab(model, tab),
            None => Vec::new(),
        },
        (Some(action), _) => act(model, action, now_ms),
        (None, _) => Vec::new(),
    }
}

fn act(model: &mut Model, action: Action, now_ms: u64) -> Vec<Effect> {
    match action {
        Action::Open => return open(model),
        Action::Back if matches!(model.screen, Screen::List) => return vec![Effect::Quit],
        Action::Back => model.screen = Screen::List,
        Action::Approve => return approve(model),
        Action::Less => less(model),
        Action::View => view(model),
        Action::Deny => return give_reason(model, ReasonVerb::Deny),
        Action::Revoke => return give_reason(model, ReasonVerb::Revoke),
        Action::New => return new_request(model),
        Action::Export => export::ask(model),
        Action::Take => export::take(model),
        Action::Cosign => return cosign::look(model),
        Action::Ended => {
            if let Some(session) = &mut model.session {
                session.shows_ended = !session.shows_ended;
            }
            return refresh::refresh(model);
        }
        Action::Older => return refresh::older(model),
        Action::Look => return look(model),
        Action::NextTab | Action::PreviousTab => {
            let tab = model.session.as_ref().map_or(Tab::Requests, |session| session.tab);
            return open_tab(model, if action == Action::NextTab { tab.next() } else { tab.previous() });
        }
        Action::Filter => {
            let typed = model.session.as_ref().map_or("", |session| session.list(session.tab).filter.typed());
            let mut field = TextField::new();
            field.set(typed);
            model.overlay = Some(Overlay::Filter(field));
        }
        Action::ClearFilter => set_filter(model, ""),
        Action::Refresh => return refresh::refresh(model),
        Action::Lock => return end_session(model, None),
        Action::Command => model.overlay = Some(Overlay::Command(TextField::new())),
        Action::Help => model.overlay = Some(Overlay::Help(0)),
        travel => move_by(model, travel, now_ms),
    }
    Vec::new()
}

/// Goes to a tab, and asks for what it shows.
fn open_tab(model: &mut Model, tab: Tab) -> Vec<Effect> {
    let Some(session) = &mut model.session else { return Vec::new() };
    session.tab = tab;
    model.screen = Screen::List;
    // Two tabs may share their data, and one of them may have got it.
    let selected = table::selected(session, tab);
    table::show(session, tab, selected.as_ref());
    refresh::refresh(model)
}

/// Moves the cursor of a list, or a text.
fn move_by(model: &mut Model, action: Action, now_ms: u64) {
    let is_list = is_row_list(model);
    let page = if is_list { layout::list_rows(model, now_ms) } else { layout::page(model) };
    let place = match (&mut model.screen, &mut model.session) {
        (Screen::List, Some(session)) if is_list => &mut session.list_mut(session.tab).selected,
        (Screen::List, Some(session)) => &mut session.list_mut(session.tab).top,
        (Screen::Detail(detail), _) => &mut detail.scroll,
        (Screen::Page(page), _) => &mut page.scroll,
        _ => return,
    };
    *place = match action {
        Action::Up | Action::PreviousMatch => place.saturating_sub(1),
        Action::Down | Action::NextMatch => place.saturating_add(1),
        Action::PageUp => place.saturating_sub(page),
        Action::PageDown => place.saturating_add(page),
        Action::First => 0,
        _ => usize::MAX,
    };
}

/// Whether the screen is a list with a cursor.
fn is_row_list(model: &Model) -> bool {
    let tab = model.session.as_ref().map(|session| session.tab);
    matches!(model.screen, Screen::List) && tab.is_some_and(|tab| tab != Tab::System)
}

/// Shows only the rows that pass a filter.
pub(super) fn set_filter(model: &mut Model, typed: &str) {
    let Some(session) = &mut model.session else { return };
    let tab = session.tab;
    let selected = table::selected(session, tab);
    session.list_mut(tab).filter = crate::console::list::Filter::new(typed);
    table::show(session, tab, selected.as_ref());
}

/// Opens what is under the cursor; does nothing on an empty list.
fn open(model: &mut Model) -> Vec<Effect> {
    let Some(session) = &model.session else { return Vec::new() };
    match table::selected(session, session.tab) {
        Some(RowId::Request(_)) => open_request(model),
        Some(of) => {
            model.screen = Screen::Page(Page { of, scroll: 0 });
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Opens the request under the cursor; does nothing when one is open.
fn open_request(model: &mut Model) -> Vec<Effect> {
    let listed = |session: &Session| session.listed_request().cloned();
    if let (Screen::List, Some(view)) = (&model.screen, model.session.as_ref().and_then(listed)) {
        model.screen = Screen::Detail(Detail { view: Box::new(view), scroll: 0, is_read: false });
        return refresh::refresh(model);
    }
    Vec::new()
}

/// From the list it opens the request, so that nobody signs what was not on the screen.
fn approve(model: &mut Model) -> Vec<Effect> {
    if matches!(model.screen, Screen::List) {
        let effects = open_request(model);
        if model.detail().is_some() {
            model.message = Some(Message::good("Read it to its end; a approves.", ""));
        }
        return effects;
    }
    let (Some(session), Some(detail)) = (&model.session, model.detail()) else { return Vec::new() };
    match allowed::approve(session, detail) {
        Ok(()) => {
            let dialog = Approve::new(detail.view.doc.clone(), None, None);
            model.dialog = Some(Dialog::Approve(Box::new(dialog)));
        }
        Err(why) => model.message = Some(Message::bad(why, "")),
    }
    Vec::new()
}

/// To the approval of less than was asked for.
fn less(model: &mut Model) {
    let (Some(session), Some(detail)) = (&model.session, model.detail()) else { return };
    match allowed::less(session, detail) {
        Ok(()) => {
            model.dialog = Some(Dialog::Form(Box::new(Form::less(matches!(
                detail.view.doc.subject,
                Subject::Release { .. }
            )))))
        }
        Err(why) => model.message = Some(Message::bad(why, "")),
    }
}

/// To the credential itself.
fn view(model: &mut Model) {
    let (Some(session), Some(detail)) = (&model.session, model.detail()) else { return };
    match allowed::be_shown(model, session, &detail.view) {
        Ok(()) => model.dialog = Some(Dialog::Approve(Box::new(Approve::reveal(detail.view.doc.clone())))),
        Err(why) => model.message = Some(Message::bad(why, "")),
    }
}

fn give_reason(model: &mut Model, verb: ReasonVerb) -> Vec<Effect> {
    let effects = open_request(model);
    let (Some(session), Some(detail)) = (&model.session, model.detail()) else { return effects };
    let allowed = match verb {
        ReasonVerb::Deny => allowed::deny(&detail.view),
        _ => allowed::revoke(session, &detail.view),
    };
    match allowed {
        Ok(()) => ask_reason(model, verb),
        Err(why) => model.message = Some(Message::bad(why, "")),
    }
    effects
}

/// Any operator may freeze; whoever has not logged in is nobody yet.
pub(super) fn freeze(model: &mut Model) {
    if model.session.is_none() {
        model.message = Some(Message::bad("Log in to freeze: any operator may.", ""));
        return;
    }
    ask_reason(model, ReasonVerb::Freeze);
}

/// The request that lifts a freeze.
pub(super) fn thaw(model: &mut Model) {
    if model.is_frozen() {
        model.dialog = Some(Dialog::Form(Box::new(Form::thaw())));
    } else {
        model.message = Some(Message::bad("Nothing is frozen.", ""));
    }
}

fn ask_reason(model: &mut Model, verb: ReasonVerb) {
    let dialog = ReasonDialog { verb, reason: TextField::new(), pace: None };
    model.dialog = Some(Dialog::Reason(Box::new(dialog)));
}

/// A request for what is under the cursor or open, as far as that is known.
fn new_request(model: &mut Model) -> Vec<Effect> {
    let Some(session) = &model.session else { return Vec::new() };
    let of = match &model.screen {
        Screen::Page(page) => Some(page.of.clone()),
        _ => table::selected(session, session.tab),
    };
    let form = match of {
        Some(RowId::Credential(name)) => {
            let jobs = session.credential(&name).map_or(&[][..], |view| &view.jobs);
            Form::request(Some(&name), if let [job] = jobs { Some(job) } else { None })
        }
        Some(RowId::Client(job)) => {
            let mut grants = session.client(&job).into_iter().flat_map(|view| view.record.grants.iter());
            let only = grants.next().filter(|_| grants.next().is_none());
            Form::request(only, Some(&job))
        }
        _ => Form::request(None, None),
    };
    let effects = refresh::inventory(session);
    model.dialog = Some(Dialog::Form(Box::new(form)));
    effects
}

/// A look that takes the keeper a while.
fn look(model: &mut Model) -> Vec<Effect> {
    let tab = model.session.as_ref().map(|session| session.tab);
    model.waiting = Some(Waiting::Look);
    vec![if tab == Some(Tab::Audit) { Effect::Verify } else { Effect::Look }]
}
