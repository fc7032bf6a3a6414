//! A bundle of the log: asking for one, and taking what was granted.

use std::path::PathBuf;

use crate::console::allowed;
use crate::console::event::Effect;
use crate::console::key::Key;
use crate::console::model::{Dialog, FieldName, Form, Message, Model, Take, Waiting};
use crate::desk::export::{Fetched, Progress};
use crate::domain::operator::AgeRecipient;
use crate::domain::request::doc::Subject;
use crate::domain::text::{Text, escape};
use crate::domain::wire::operator::Ask;
use crate::domain::wire::operator::audit::AuditAsk;

use super::{end_session, refresh};

/// To the request for a bundle.
pub(super) fn ask(model: &mut Model) {
    if model.session.is_none() {
        model.message = Some(Message::bad("Log in to ask for a bundle.", ""));
        return;
    }
    model.dialog = Some(Dialog::Form(Box::new(Form::export())));
}

/// To the question where a bundle goes to.
pub(super) fn take(model: &mut Model) {
    let (Some(session), Some(detail)) = (&model.session, model.detail()) else { return };
    match allowed::take(session, &detail.view) {
        Ok(()) => model.dialog = Some(Dialog::Form(Box::new(Form::take()))),
        Err(why) => model.message = Some(Message::bad(why, "")),
    }
}

/// Whether a field of the request for a bundle may be sent; else why not.
pub(super) fn check(form: &Form, name: FieldName) -> Result<(), String> {
    match name {
        FieldName::From => from(form).map(drop),
        FieldName::Medium => Text::parse(form.text(name)).map(drop).map_err(|error| error.to_string()),
        FieldName::Seal => seal(form).map(drop),
        FieldName::Recipients => recipients(form).map(drop),
        // Whether there is such a folder is seen when it is used.
        _ => Ok(()),
    }
}

/// The question that a form asks, once every field is right.
pub(super) fn question(form: &Form) -> Result<Ask, String> {
    let text = |name| Text::parse(form.text(name)).map_err(|error| error.to_string());
    let question = AuditAsk::Request {
        from: from(form)?,
        medium: text(FieldName::Medium)?,
        seal: seal(form)?,
        recipients: recipients(form)?,
        reason: text(FieldName::Reason)?,
        ticket: text(FieldName::Ticket)?,
    };
    Ok(Ask::Audit { question: Box::new(question) })
}

fn from(form: &Form) -> Result<Option<u64>, String> {
    match form.text(FieldName::From) {
        "" => Ok(None),
        typed => typed.parse().map(Some).map_err(|_| {
            format!("{typed:?} is not the number of an entry: write 0, or where an earlier one ended")
        }),
    }
}

fn seal(form: &Form) -> Result<Option<Text>, String> {
    let typed = form.text(FieldName::Seal);
    let seal = (!typed.is_empty()).then(|| Text::parse(typed));
    seal.transpose().map_err(|error| error.to_string())
}

fn recipients(form: &Form) -> Result<Vec<AgeRecipient>, String> {
    const MOST: usize = Subject::RECIPIENTS_MAX;
    let mut recipients = Vec::new();
    for typed in form.text(FieldName::Recipients).split_whitespace() {
        let recipient = AgeRecipient::parse(typed).map_err(|error| error.to_string())?;
        if recipients.contains(&recipient) {
            return Err(format!("{recipient} is named twice"));
        }
        recipients.push(recipient);
    }
    let count = recipients.len();
    if count <= MOST { Ok(recipients) } else { Err(format!("{count} recipients: at most {MOST}")) }
}

/// Goes to the gauge.
pub(super) fn begin(model: &mut Model, form_folder: &str) -> Result<Vec<Effect>, String> {
    let (Some(session), Some(detail)) = (&model.session, model.detail()) else {
        return Err("The request is not open any more.".to_owned());
    };
    allowed::take(session, &detail.view)?;
    let Subject::Export { recipients, .. } = &detail.view.doc.subject else { return Ok(Vec::new()) };
    let (id, recipients) = (detail.view.doc.id.clone(), recipients.clone());
    let into = PathBuf::from(if form_folder.is_empty() { "." } else { form_folder });
    model.dialog = Some(Dialog::Take(Box::new(Take::new(id.clone(), into.clone()))));
    model.waiting = Some(Waiting::Take);
    Ok(vec![Effect::Take { id, recipients, into }])
}

/// While it is fetched there is one thing to do.
pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    match &mut model.dialog {
        Some(Dialog::Take(take)) if !take.is_stopped && matches!(key, Key::Esc | Key::Ctrl('c')) => {
            take.is_stopped = true;
            vec![Effect::StopTake]
        }
        _ => Vec::new(),
    }
}

/// How far it is.
pub(super) fn told(model: &mut Model, progress: Progress, now_ms: u64) {
    if let Some(Dialog::Take(take)) = &mut model.dialog {
        take.tell(progress, now_ms);
    }
}

/// It is where it was to go.
pub(super) fn taken(model: &mut Model, fetched: &Fetched) -> Vec<Effect> {
    let (from, to) = fetched.range;
    let path = escape(&fetched.path.display().to_string());
    let manifest = fetched.manifest.get(..16).unwrap_or_default();
    let what = format!("{path}: entries {from} to {}, MANIFEST {manifest}..", to.saturating_sub(1));
    ended(model, Message::good(what, ""))
}

/// It has ended, well or not. Whoever has gone away meanwhile is logged out now.
pub(super) fn ended(model: &mut Model, message: Message) -> Vec<Effect> {
    let is_left = matches!(&model.dialog, Some(Dialog::Take(take)) if take.is_left);
    if model.waiting == Some(Waiting::Take) {
        (model.waiting, model.dialog) = (None, None);
    }
    if is_left {
        return end_session(model, Some(message));
    }
    model.message = Some(message);
    refresh::refresh(model)
}
