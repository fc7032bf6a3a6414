//! Forms: field after field, checked when it is left, and all of them before anything is sent.

use crate::console::event::Effect;
use crate::console::key::Key;
use crate::console::model::{Approve, Dialog, FieldName, Form, FormKind, Message, Model, Session, Waiting};
use crate::desk::timespec::{When, WindowSpec};
use crate::domain::ids::{CredentialName, JobName};
use crate::domain::request::doc::{ReleaseWindow, Subject};
use crate::domain::text::Text;
use crate::domain::time::{Length, Timestamp};
use crate::domain::wire::operator::{Ask, CredentialView};

use super::export;
use super::overlay::edit;

pub(super) fn key(model: &mut Model, key: Key, now_ms: u64) -> Vec<Effect> {
    let Some(Dialog::Form(form)) = &mut model.dialog else { return Vec::new() };
    if matches!(key, Key::Esc | Key::Ctrl('c')) {
        let what = match form.kind {
            FormKind::Request | FormKind::Thaw | FormKind::Export => "Nothing was asked for.",
            FormKind::Take => "Nothing was taken.",
            FormKind::Less => "Not approved.",
        };
        model.dialog = None;
        model.message = Some(Message::good(what, ""));
        return Vec::new();
    }
    let Some(pace) = form.pace.as_mut().filter(|pace| !pace.is_before(now_ms)) else { return Vec::new() };
    model.message = None;
    // A reason may be pasted; the line feed at its end may not send it.
    let stands_alone = pace.allows_enter(now_ms);
    let last = form.fields.len() - 1;
    match key {
        Key::Enter if !stands_alone => {
            model.message = Some(Message::bad("Press Enter once more.", ""));
        }
        Key::Enter if form.focus == last => return send(model, now_ms),
        Key::Enter | Key::Tab | Key::Down => go(model, now_ms, 1),
        Key::BackTab | Key::Up => go(model, now_ms, last),
        key => {
            if let Some(field) = form.focused() {
                let chars_max = field.chars_max();
                edit(&mut field.text, key, chars_max);
                field.wrong = None;
            }
        }
    }
    Vec::new()
}

/// Leaves the field, with what is wrong with it written beside it, for the one so many further on.
fn go(model: &mut Model, now_ms: u64, by: usize) {
    complete(model);
    let wrong = check_focused(model, now_ms);
    let Some(Dialog::Form(form)) = &mut model.dialog else { return };
    let next = (form.focus + by) % form.fields.len();
    if let Some(field) = form.focused() {
        // What was not reached yet is not wrong yet.
        field.wrong = wrong.filter(|_| !field.text.text().trim().is_empty());
    }
    form.focus = next;
}

/// Writes the whole name where a part of it is enough to tell.
fn complete(model: &mut Model) {
    let (Some(Dialog::Form(form)), Some(session)) = (&mut model.dialog, &model.session) else { return };
    let offers = offers(session, form);
    // Nothing is a job, too: nobody's.
    if form.is_for_oneself() && form.fields.get(form.focus).is_some_and(|field| field.name == FieldName::Job)
    {
        return;
    }
    if let (1, [only], Some(field)) = (offers.count, &offers.first[..], form.focused()) {
        field.text.set(only);
    }
}

/// The names that a field may have.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Offers {
    /// The first of them, a few.
    pub first: Vec<String>,
    /// How many there are.
    pub count: usize,
}

/// The names that the focused field may have, as far as they are known: all that hold what is typed, or
/// the one that is it.
pub fn offers(session: &Session, form: &Form) -> Offers {
    let Some(field) = form.fields.get(form.focus) else { return Offers::default() };
    let typed = field.text.text().trim().to_lowercase();
    match (form.kind, field.name) {
        (FormKind::Request, FieldName::Credential) => {
            let names = session.credentials.iter().map(|view| view.name.as_str());
            offers_of(names.filter(|name| name.contains(&typed)), &typed)
        }
        (FormKind::Request, FieldName::Job) => {
            let jobs = credential(session, form).map_or(&[][..], |view| &view.jobs);
            // One job's name may be a part of another's, and both may be meant.
            offers_of(jobs.iter().map(JobName::as_str).filter(|name| name.starts_with(&typed)), &typed)
        }
        _ => Offers::default(),
    }
}

fn offers_of<'a>(names: impl Iterator<Item = &'a str>, typed: &str) -> Offers {
    const FIRST: usize = 4;
    let mut offers = Offers::default();
    for name in names {
        if name == typed {
            return Offers { first: vec![name.to_owned()], count: 1 };
        }
        if offers.count < FIRST {
            offers.first.push(name.to_owned());
        }
        offers.count += 1;
    }
    offers
}

fn credential<'a>(session: &'a Session, form: &Form) -> Option<&'a CredentialView> {
    session.credential(&CredentialName::parse(form.text(FieldName::Credential)).ok()?)
}

/// What is wrong with the focused field.
fn check_focused(model: &Model, now_ms: u64) -> Option<String> {
    let (Some(Dialog::Form(form)), Some(session)) = (&model.dialog, &model.session) else { return None };
    let name = form.fields.get(form.focus)?.name;
    let asked = model.detail().and_then(|detail| {
        let subject = &detail.view.doc.subject;
        subject.window().zip(subject.pulls())
    });
    check(session, form, name, asked, session.now(now_ms)).err()
}

/// Whether a field may be sent; else why not.
fn check(
    session: &Session,
    form: &Form,
    name: FieldName,
    asked: Option<(ReleaseWindow, u32)>,
    now: Timestamp,
) -> Result<(), String> {
    match name {
        FieldName::Credential => {
            let name = parse_credential(form)?;
            // As long as the inventory is on its way, the keeper says whether there is one.
            let is_known = session.credentials.is_empty() || session.credential(&name).is_some();
            if is_known { Ok(()) } else { Err(format!("there is no credential {name}")) }
        }
        FieldName::Job if form.is_for_oneself() => Ok(()),
        FieldName::Job => {
            let job = parse_job(form)?;
            let jobs = credential(session, form).map(|view| &view.jobs);
            let may_ask = jobs.is_none_or(|jobs| jobs.contains(&job));
            if may_ask { Ok(()) } else { Err(format!("{job} may not ask for it")) }
        }
        FieldName::Opens => when(form.text(FieldName::Opens)).map(drop),
        FieldName::Closes => match asked {
            Some((asked, _)) if form.kind == FormKind::Less => less_window(form, asked, now).map(drop),
            _ => window(form, now).and_then(|window| fits_a_person(form, window)),
        },
        FieldName::Pulls if form.is_for_oneself() => match pulls(form, None)? {
            None | Some(1) => Ok(()),
            Some(_) => Err("a person is shown it once".to_owned()),
        },
        FieldName::Pulls => pulls(form, asked.filter(|_| form.kind == FormKind::Less)).map(drop),
        FieldName::From | FieldName::Medium | FieldName::Seal | FieldName::Recipients | FieldName::Folder => {
            export::check(form, name)
        }
        FieldName::Reason => text(form, FieldName::Reason).map(drop),
        FieldName::Ticket => text(form, FieldName::Ticket).map(drop),
    }
}

/// Sends the form, or goes to the first field that is not right.
fn send(model: &mut Model, now_ms: u64) -> Vec<Effect> {
    complete(model);
    let Some(Dialog::Form(form)) = &model.dialog else { return Vec::new() };
    for place in 0..form.fields.len() {
        let Some(Dialog::Form(form)) = &mut model.dialog else { return Vec::new() };
        let before = std::mem::replace(&mut form.focus, place);
        let wrong = check_focused(model, now_ms);
        let Some(Dialog::Form(form)) = &mut model.dialog else { return Vec::new() };
        if wrong.is_some() {
            form.fields[place].wrong = wrong;
            return Vec::new();
        }
        form.focus = before;
    }
    match filled_in(model, now_ms) {
        Ok(Filled::Ask(ask)) => {
            model.waiting = Some(Waiting::Request);
            vec![Effect::Request(Box::new(ask))]
        }
        Ok(Filled::Take(folder)) => export::begin(model, &folder).unwrap_or_else(|why| {
            model.message = Some(Message::bad(why, ""));
            Vec::new()
        }),
        Ok(Filled::Less(dialog)) => {
            model.dialog = Some(Dialog::Approve(dialog));
            Vec::new()
        }
        Err(why) => {
            model.message = Some(Message::bad(why, ""));
            Vec::new()
        }
    }
}

/// What becomes of a form.
enum Filled {
    /// It is sent.
    Ask(Ask),
    /// It goes on to the signature.
    Less(Box<Approve>),
    /// The bundle goes into that folder.
    Take(String),
}

fn filled_in(model: &Model, now_ms: u64) -> Result<Filled, String> {
    let gone = || "Nobody is logged in.".to_owned();
    let (Some(Dialog::Form(form)), Some(session)) = (&model.dialog, &model.session) else {
        return Err(gone());
    };
    let now = session.now(now_ms);
    match form.kind {
        FormKind::Request if form.is_for_oneself() => Ok(Filled::Ask(Ask::RequestReveal {
            credential: parse_credential(form)?,
            window: (spec(form)? != WindowSpec::default()).then(|| window(form, now)).transpose()?,
            reason: text(form, FieldName::Reason)?,
            ticket: text(form, FieldName::Ticket)?,
        })),
        FormKind::Request => Ok(Filled::Ask(Ask::RequestRelease {
            credential: parse_credential(form)?,
            job: parse_job(form)?,
            window: window(form, now)?,
            pulls: pulls(form, None)?.unwrap_or(1),
            reason: text(form, FieldName::Reason)?,
            ticket: text(form, FieldName::Ticket)?,
        })),
        FormKind::Thaw => {
            let [reason, ticket] = [FieldName::Reason, FieldName::Ticket].map(|name| text(form, name));
            Ok(Filled::Ask(Ask::RequestThaw { reason: reason?, ticket: ticket? }))
        }
        FormKind::Export => export::question(form).map(Filled::Ask),
        FormKind::Take => Ok(Filled::Take(form.text(FieldName::Folder).to_owned())),
        FormKind::Less => {
            let doc = &model.detail().ok_or_else(gone)?.view.doc;
            let (window, all) = doc.subject.window().zip(doc.subject.pulls()).ok_or_else(gone)?;
            let less = less_window(form, window, now)?;
            let pulls = pulls(form, Some((window, all)))?;
            Ok(Filled::Less(Box::new(Approve::new(doc.clone(), less, pulls))))
        }
    }
}

fn parse_credential(form: &Form) -> Result<CredentialName, String> {
    CredentialName::parse(form.text(FieldName::Credential)).map_err(|error| error.to_string())
}

fn parse_job(form: &Form) -> Result<JobName, String> {
    JobName::parse(form.text(FieldName::Job)).map_err(|error| error.to_string())
}

fn text(form: &Form, name: FieldName) -> Result<Text, String> {
    Text::parse(form.text(name)).map_err(|error| error.to_string())
}

fn when(typed: &str) -> Result<Option<When>, String> {
    if typed.is_empty() {
        Ok(None)
    } else {
        typed.parse().map(Some).map_err(|error: crate::domain::time::TimeError| error.to_string())
    }
}

/// What the fields say of the window: a bare length is one, anything else an instant.
fn spec(form: &Form) -> Result<WindowSpec, String> {
    let opens = when(form.text(FieldName::Opens))?;
    let typed = form.text(FieldName::Closes);
    let length = Length::parse(typed).ok();
    let neither = |_| format!("{typed:?} is neither a length nor a time: write 1h, 22:00Z or +30m");
    let closes = if length.is_some() { None } else { when(typed).map_err(neither)? };
    Ok(WindowSpec { opens, closes, length })
}

fn window(form: &Form, now: Timestamp) -> Result<ReleaseWindow, String> {
    spec(form)?.requested(now).map_err(|error| error.to_string())
}

/// A person is shown something for a short while.
fn fits_a_person(form: &Form, window: ReleaseWindow) -> Result<(), String> {
    const MOST: Length = ReleaseWindow::REVEAL_LENGTH_MAX;
    if form.is_for_oneself() && window.length() > MOST {
        return Err(format!("a window of {}: to be shown it, at most {MOST}", window.length()));
    }
    Ok(())
}

fn less_window(form: &Form, asked: ReleaseWindow, now: Timestamp) -> Result<Option<ReleaseWindow>, String> {
    let spec = spec(form)?;
    if spec == WindowSpec::default() {
        return Ok(None);
    }
    spec.shortened(asked, now).map(Some).map_err(|error| error.to_string())
}

/// How often; `None` when nothing is written.
fn pulls(form: &Form, asked: Option<(ReleaseWindow, u32)>) -> Result<Option<u32>, String> {
    let typed = form.text(FieldName::Pulls);
    if typed.is_empty() {
        return Ok(None);
    }
    let most = asked.map_or(Subject::PULLS_MAX, |(_, pulls)| pulls);
    match typed.parse::<u32>() {
        Ok(pulls) if (1..=most).contains(&pulls) => Ok(Some(pulls)),
        _ => Err(format!("{typed:?} is not a number from 1 to {most}")),
    }
}
