//! What the operator may do now, so that the screen offers nothing that the keeper would refuse.
//!
//! This is courtesy: every rule is enforced by the keeper.

use crate::console::keymap::Action;
use crate::console::model::{Detail, Model, Screen, Session};
use crate::domain::wire::operator::{RequestView, StateName};

/// Whether a key for `action` would do something.
pub fn is_offered(model: &Model, action: Action) -> bool {
    let Some(session) = &model.session else { return false };
    let listed =
        matches!(model.screen, Screen::List).then(|| session.requests.get(session.selected)).flatten();
    let view = model.detail().map(|detail| &*detail.view).or(listed);
    match action {
        Action::Open => listed.is_some(),
        Action::Approve => match model.detail() {
            Some(detail) => approve(session, detail).is_ok(),
            None => view.is_some_and(|view| may_sign(session, view).is_ok()),
        },
        Action::Deny => view.is_some_and(|view| deny(view).is_ok()),
        Action::Revoke => view.is_some_and(|view| revoke(session, view).is_ok()),
        _ => true,
    }
}

/// Whether the approval of an open request may begin; else why not.
pub fn approve(session: &Session, detail: &Detail) -> Result<(), String> {
    may_sign(session, &detail.view)?;
    if detail.is_read { Ok(()) } else { Err("read it to its end first: G goes there".to_owned()) }
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
