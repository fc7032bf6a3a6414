//! What the operator may do now, so that the screen offers nothing that the keeper would refuse.
//!
//! This is courtesy: every rule is enforced by the keeper.

use crate::console::key::Key;
use crate::console::keymap::{Action, Binding, CommandRow, Place, When, rows};
use crate::console::model::{Detail, LoginStep, Model, RowId, Screen, Session};
use crate::console::tab::Tab;
use crate::domain::operator::Role;
use crate::domain::request::doc::{Requester, Subject};
use crate::domain::wire::operator::{RequestView, StateName};

/// The screen whose keys work, unless a dialog lies over it; none while a passphrase is typed.
pub fn place(model: &Model) -> Option<Place> {
    let tab = model.session.as_ref().map(|session| session.tab);
    match (&model.screen, tab) {
        (Screen::Login(login), _) => (login.step == LoginStep::Choose).then_some(Place::Login),
        (Screen::Reveal(_), _) => None,
        (Screen::Detail(_), _) => Some(Place::Request),
        (Screen::Page(page), _) => Some(match page.of {
            RowId::Request(_) => Place::Request,
            RowId::Credential(_) => Place::Credential,
            RowId::Client(_) => Place::Client,
            RowId::Entry(_) => Place::Entry,
        }),
        (Screen::List, tab) => Some(match tab? {
            Tab::Requests => Place::Requests,
            Tab::Credentials => Place::Credentials,
            Tab::Rotation => Place::Rotation,
            Tab::Jobs => Place::Jobs,
            Tab::Audit => Place::Audit,
            Tab::System => Place::System,
        }),
    }
}

/// What a key asks for on the present screen: what works now goes before what could say why it does not.
pub fn action(model: &Model, key: Key) -> Option<Action> {
    let place = place(model)?;
    let offered = rows(place, key).find(|row| is_offered(model, row));
    offered.or_else(|| rows(place, key).next()).map(|row| row.action)
}

/// Whether a row of the table would do something.
pub fn is_offered(model: &Model, row: &Binding) -> bool {
    let Some(session) = &model.session else { return true };
    let is_list = matches!(model.screen, Screen::List);
    let list = session.list(session.tab);
    let listed = (is_list && session.tab == Tab::Requests).then(|| session.listed_request()).flatten();
    let view = model.detail().map(|detail| &*detail.view).or(listed);
    let is_filtered = is_list && !list.filter.is_empty();
    match row.action {
        Action::Open => list.place().is_some(),
        Action::Approve => match model.detail() {
            Some(detail) => approve(session, detail).is_ok(),
            None => view.is_some_and(|view| may_sign(session, view).is_ok()),
        },
        Action::Less => model.detail().is_some_and(|detail| less(session, detail).is_ok()),
        Action::View => model.detail().is_some_and(|detail| be_shown(model, session, &detail.view).is_ok()),
        Action::Take => model.detail().is_some_and(|detail| take(session, &detail.view).is_ok()),
        Action::Cosign => cosign(session).is_ok(),
        Action::Deny => view.is_some_and(|view| deny(view).is_ok()),
        Action::Revoke => view.is_some_and(|view| revoke(session, view).is_ok()),
        Action::New => !is_filtered,
        Action::NextMatch | Action::PreviousMatch | Action::ClearFilter => is_filtered,
        Action::Older => session.log.has_older(),
        _ => true,
    }
}

/// Whether a command would do something.
pub fn is_command_offered(model: &Model, row: &CommandRow) -> bool {
    match row.when {
        When::Always => true,
        When::Inside => model.session.is_some(),
        When::Unfrozen => model.session.is_some() && !model.is_frozen(),
        When::Frozen => model.is_frozen(),
        When::Operator => model.session.as_ref().is_some_and(|session| cosign(session).is_ok()),
    }
}

/// Whether the approval of an open request may begin; else why not.
pub fn approve(session: &Session, detail: &Detail) -> Result<(), String> {
    may_sign(session, &detail.view)?;
    if detail.is_read { Ok(()) } else { Err("read it to its end first: G goes there".to_owned()) }
}

/// Whether less than an open request asks for may be approved; else why not.
pub fn less(session: &Session, detail: &Detail) -> Result<(), String> {
    approve(session, detail)?;
    match detail.view.doc.subject.window() {
        Some(_) => Ok(()),
        None => Err(format!("{} has no window and no pulls", detail.view.doc.id)),
    }
}

/// Whether the operator may be shown the credential of an armed request here; else why not.
pub fn be_shown(model: &Model, session: &Session, view: &RequestView) -> Result<(), String> {
    let id = &view.doc.id;
    if !matches!(view.doc.subject, Subject::Reveal { .. }) {
        return Err(format!("{id} shows nobody anything"));
    }
    if view.doc.requester != Requester::Operator(session.status.operator.clone()) {
        return Err(format!("only {} is shown it, who asked for {id}", view.doc.requester));
    }
    if view.state != StateName::Armed {
        return Err(format!("{id} is {}: it is shown while that is ARMED", view.state.word()));
    }
    if model.is_logged {
        return Err("this line is logged: no credential is shown on it, use another console".to_owned());
    }
    Ok(())
}

/// Whether the operator may take the bundle of a request here; else why not.
pub fn take(session: &Session, view: &RequestView) -> Result<(), String> {
    let id = &view.doc.id;
    if !matches!(view.doc.subject, Subject::Export { .. }) {
        return Err(format!("{id} is no export: it has no bundle"));
    }
    if !view.doc.is_asked_by(&session.status.operator) {
        return Err(format!("only {} takes the bundle, who asked for {id}", view.doc.requester));
    }
    if view.state != StateName::Granted {
        return Err(format!("{id} is {}: its bundle is taken once it is GRANTED", view.state.word()));
    }
    Ok(())
}

/// Whether the operator may cosign; else why not.
pub fn cosign(session: &Session) -> Result<(), String> {
    let status = &session.status;
    if status.roles.contains(&Role::Operator) {
        Ok(())
    } else {
        Err(format!("{} is no operator: operators cosign", status.operator))
    }
}

fn may_sign(session: &Session, view: &RequestView) -> Result<(), String> {
    let me = &session.status.operator;
    if view.state != StateName::Requested {
        return Err(format!("{} is {}: there is nothing to approve", view.doc.id, view.state.word()));
    }
    if view.doc.is_asked_by(me) {
        return Err(format!("{me} asked for {}: others must approve it", view.doc.id));
    }
    if view.approvals.contains(me) {
        return Err(format!("{me} has approved {} already", view.doc.id));
    }
    Ok(())
}

/// Whether a request can be denied; else why not.
pub fn deny(view: &RequestView) -> Result<(), String> {
    match view.state {
        StateName::Requested | StateName::Arming => Ok(()),
        StateName::Armed => Err(format!("{} is ARMED: c closes its window", view.doc.id)),
        ended => Err(format!("{} is {}", view.doc.id, ended.word())),
    }
}

/// Whether a request can be withdrawn or its window closed; else why not.
pub fn revoke(session: &Session, view: &RequestView) -> Result<(), String> {
    match view.state {
        StateName::Armed => Ok(()),
        StateName::Requested | StateName::Arming if view.doc.is_asked_by(&session.status.operator) => Ok(()),
        StateName::Requested | StateName::Arming => {
            Err(format!("{} is not armed and not yours: d denies it", view.doc.id))
        }
        ended => Err(format!("{} is {}", view.doc.id, ended.word())),
    }
}
