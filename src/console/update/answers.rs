//! What comes back from outside.

use crate::console::event::{Effect, Errand, Event, Failure, FailureSort, News};
use crate::console::model::{Backoff, Detail, Dialog, Message, Model, Screen, Session, Waiting};
use crate::console::tab::Tab;
use crate::console::table;
use crate::domain::request::doc::Subject;
use crate::domain::text::escape;
use crate::domain::wire::operator::{RequestView, StateName, Status};

use super::{cosign, end_session, export, refresh, reveal};

pub(super) fn take(model: &mut Model, answer: Event, now_ms: u64) -> Vec<Effect> {
    match answer {
        Event::LoggedIn { session, status, requests } => logged_in(model, session, *status, requests, now_ms),
        Event::Fresh { status, news, open } => fresh(model, *status, news, open, now_ms),
        Event::Loading(count) => {
            model.session.iter_mut().for_each(|session| session.loading = Some(count));
            Vec::new()
        }
        Event::Changed { session } if session == model.session_number => refresh::changed(model, now_ms),
        Event::Lost { session, why } if session == model.session_number && model.session.is_some() => {
            lost(model, &why, now_ms)
        }
        Event::Reachable(true) if model.probe_at_ms.take().is_some() => {
            model.message = Some(Message::good("The keeper answers again.", "Log in."));
            Vec::new()
        }
        Event::Approved(view) => approved(model, &view),
        Event::Revealed { id, shown } if model.session.is_some() => reveal::begin(model, &id, *shown, now_ms),
        Event::Done(what) => {
            end_dialog(model);
            model.message = Some(Message::good(what, ""));
            refresh::refresh(model)
        }
        Event::Requested(view) => requested(model, view),
        Event::Found(findings) => {
            model.waiting = None;
            if let Some(session) = &mut model.session {
                session.findings = Some((session.now(now_ms), findings));
            }
            Vec::new()
        }
        Event::Verified { size, root, epoch } => {
            model.waiting = None;
            let what =
                format!("{size} entries read back, root {}, epoch {epoch}: as the chip says.", escape(&root));
            model.message = Some(Message::good(what, ""));
            Vec::new()
        }
        Event::ToCosign(next) => {
            cosign::show(model, next);
            Vec::new()
        }
        Event::Cosigned(cosigned) if model.session.is_some() => {
            end_dialog(model);
            cosign::done(model, &cosigned)
        }
        Event::Taking(progress) => {
            export::told(model, progress, now_ms);
            Vec::new()
        }
        Event::Taken(fetched) if model.session.is_some() => export::taken(model, &fetched),
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
    let mut session = Session::new(key, status, now_ms);
    take_news(&mut session, News::Requests(requests));
    model.session = Some(session);
    model.refresh.answered_ms = now_ms;
    Vec::new()
}

fn fresh(
    model: &mut Model,
    status: Status,
    news: News,
    open: Option<Box<RequestView>>,
    now_ms: u64,
) -> Vec<Effect> {
    let Some(session) = &mut model.session else { return Vec::new() };
    model.is_evaluation = status.evaluation;
    (session.status, session.anchored_ms, session.loading) = (status, now_ms, None);
    take_news(session, news);
    if let Some(view) = open {
        fresh_detail(model, view);
    }
    refresh::answered(model, now_ms)
}

/// Puts new data in the place of old; every cursor stays on its row.
fn take_news(session: &mut Session, news: News) {
    let tabs: &[Tab] = match news {
        News::Requests(_) => &[Tab::Requests],
        News::Credentials(_) => &[Tab::Credentials, Tab::Rotation],
        News::Clients(_) => &[Tab::Jobs],
        News::Log(_) => &[Tab::Audit],
        News::Roster(_) => &[Tab::System],
    };
    let selected: Vec<_> = tabs.iter().map(|tab| table::selected(session, *tab)).collect();
    match news {
        News::Requests(requests) => session.requests = requests,
        News::Credentials(credentials) => session.credentials = credentials,
        News::Clients(clients) => session.clients = clients,
        News::Log(page) => session.log.take(page),
        News::Roster(roster) => session.roster = Some(*roster),
    }
    for (tab, selected) in tabs.iter().zip(selected) {
        session.loaded[tab.place()] = true;
        session.list_mut(*tab).words = None;
        table::show(session, *tab, selected.as_ref());
    }
}

/// A dialog about a request stays open only over the very request that it was opened for.
fn fresh_detail(model: &mut Model, view: Box<RequestView>) {
    let Screen::Detail(detail) = &mut model.screen else { return };
    if detail.view.doc.id != view.doc.id {
        return;
    }
    let is_other_text = detail.view.doc != view.doc;
    let is_other_state = detail.view.state != view.state;
    let what = if is_other_text {
        "The request has changed meanwhile.".to_owned()
    } else {
        let note = view.note.as_ref().map_or(String::new(), |note| format!(" {}", escape(note)));
        format!("{} is {} now: nothing was sent.{note}", view.doc.id, view.state.word())
    };
    let advice = if is_other_text { "Read it again." } else { "" };
    detail.view = view;
    if is_other_text {
        (detail.scroll, detail.is_read) = (0, false);
    }
    let is_dialog = model.dialog.as_ref().is_some_and(Dialog::is_about_request);
    if is_dialog && model.waiting.is_none() && (is_other_text || is_other_state) {
        end_dialog(model);
        model.message = Some(Message::bad(what, advice));
    } else if is_other_text {
        model.message = Some(Message::bad("The keeper wrote the request anew.", "Read it again."));
    }
}

fn end_dialog(model: &mut Model) {
    model.waiting = None;
    model.dialog = None;
}

/// A request that was made here is opened where everybody finds it.
fn requested(model: &mut Model, view: Box<RequestView>) -> Vec<Effect> {
    end_dialog(model);
    let Some(session) = &mut model.session else { return Vec::new() };
    let what = format!("{} is asked for: {} is its id.", view.doc.subject.title(), view.doc.id);
    session.tab = Tab::Requests;
    model.message = Some(Message::good(what, after_asking(&view.doc.subject)));
    model.screen = Screen::Detail(Detail { view, scroll: 0, is_read: false });
    refresh::refresh(model)
}

/// What comes next, for whoever has just asked.
const fn after_asking(subject: &Subject) -> &'static str {
    match subject {
        Subject::Export { .. } => "Others approve it; then x takes it, and e lists it.",
        _ => "Others approve it.",
    }
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
        (Errand::Approve | Errand::Reveal | Errand::Cosign, FailureSort::WrongPassphrase) => {
            model.waiting = None;
            if model.backoff.failures() >= Backoff::FAILURES_MAX {
                let what = format!("{} wrong passphrases. Logged out.", model.backoff.failures());
                return end_session(model, Some(Message::bad(what, "It is in the log.")));
            }
            match &mut model.dialog {
                Some(Dialog::Approve(dialog)) => dialog.begin_again(),
                Some(Dialog::Cosign(dialog)) => dialog.begin_again(),
                _ => {}
            }
        }
        (Errand::Take, _) => return export::ended(model, message),
        (Errand::Approve | Errand::Reveal | Errand::Reason | Errand::Cosign, _) => {
            end_dialog(model);
            model.message = Some(message);
            return refresh::refresh(model);
        }
        // What was typed stays, so that it can be put right.
        (Errand::Request | Errand::Look, _) => model.waiting = None,
        (Errand::Refresh, _) => {
            model.refresh = Default::default();
            model.session.iter_mut().for_each(|session| session.loading = None);
        }
    }
    model.message = Some(message);
    Vec::new()
}
