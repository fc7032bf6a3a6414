//! Fields that are filled in and sent together.

use crate::console::field::{Pace, TextField};
use crate::domain::ids::{CredentialName, JobName};
use crate::domain::request::doc::Subject;
use crate::domain::text::Text;

/// Several fields.
#[derive(Debug)]
pub struct Form {
    /// What it is for.
    pub kind: FormKind,
    /// Its fields, from top to bottom; at least one.
    pub fields: Vec<FormField>,
    /// The field that is typed into.
    pub focus: usize,
    /// Tells a pasted line feed from Enter; `None` until the form has been on the screen.
    pub pace: Option<Pace>,
}

/// What a form is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FormKind {
    /// To ask for a release, or to be shown something.
    Request,
    /// To ask for a thaw.
    Thaw,
    /// To approve of less than the request below asks for.
    Less,
    /// To ask for a bundle.
    Export,
    /// To take the bundle of the request below.
    Take,
}

impl FormKind {
    /// Whether it means nothing without the request below it.
    pub const fn is_about_request(self) -> bool {
        matches!(self, Self::Less | Self::Take)
    }
}

/// Which field it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FieldName {
    /// A credential of the inventory.
    Credential,
    /// A job.
    Job,
    /// When the window opens.
    Opens,
    /// When it closes, or how long it is.
    Closes,
    /// How often the job may pull.
    Pulls,
    /// The first entry of a bundle.
    From,
    /// What it goes onto.
    Medium,
    /// The number of a seal.
    Seal,
    /// Whom it is encrypted to.
    Recipients,
    /// Where it goes to.
    Folder,
    /// Why.
    Reason,
    /// Reference in the ticket system.
    Ticket,
}

/// One field.
#[derive(Debug)]
pub struct FormField {
    /// Which it is.
    pub name: FieldName,
    /// The word before it.
    pub label: &'static str,
    /// What may be written into it.
    pub hint: &'static str,
    /// What is written into it.
    pub text: TextField,
    /// What is wrong with that, once somebody has left the field.
    pub wrong: Option<String>,
}

impl FormField {
    /// A recipient, and the blank behind it.
    const RECIPIENT_CHARS: usize = 63;

    const fn new(name: FieldName, label: &'static str, hint: &'static str) -> Self {
        Self { name, label, hint, text: TextField::new(), wrong: None }
    }

    /// The most characters it takes.
    pub const fn chars_max(&self) -> usize {
        match self.name {
            FieldName::Reason | FieldName::Ticket | FieldName::Medium | FieldName::Seal => Text::CHARS_MAX,
            // One more than there may be, so that it is refused and not left out.
            FieldName::Recipients => Self::RECIPIENT_CHARS * (Subject::RECIPIENTS_MAX + 1),
            FieldName::Folder => 1_000,
            _ => 40,
        }
    }
}

impl Form {
    /// Asks for a release of a credential, if one is known already, to a job; without a job, to be shown it.
    pub fn request(credential: Option<&CredentialName>, job: Option<&JobName>) -> Self {
        let mut form = Self::new(
            FormKind::Request,
            vec![
                FormField::new(FieldName::Credential, "credential", "a part of its name finds it"),
                FormField::new(
                    FieldName::Job,
                    "for job",
                    "empty: you are shown it yourself, once; else the job that pulls it",
                ),
                FormField::new(FieldName::Opens, "opens", "empty: with the last approval; 22:00Z or +30m"),
                FormField::new(
                    FieldName::Closes,
                    "closes",
                    "empty: after 15m; 1h, 04:00Z or +90m; at most 24h",
                ),
                FormField::new(FieldName::Pulls, "pulls", "empty: 1; at most 100"),
                FormField::new(FieldName::Reason, "reason", "why"),
                FormField::new(FieldName::Ticket, "ticket", "reference in the ticket system"),
            ],
        );
        let known = [credential.map(ToString::to_string), job.map(ToString::to_string)];
        for (field, known) in form.fields.iter_mut().zip(known) {
            known.into_iter().for_each(|text| field.text.set(&text));
        }
        form.focus = form.fields.iter().position(|field| field.text.text().is_empty()).unwrap_or(0);
        form
    }

    /// Asks for a thaw.
    pub fn thaw() -> Self {
        let reason = FormField::new(FieldName::Reason, "reason", "why everything may go on");
        let ticket = FormField::new(FieldName::Ticket, "ticket", "reference in the ticket system");
        Self::new(FormKind::Thaw, vec![reason, ticket])
    }

    /// Takes away from what a request asks for, which may be more than one pull.
    pub fn less(has_pulls: bool) -> Self {
        let closes = FormField::new(FieldName::Closes, "closes", "empty: as asked; 5m, 22:00Z or +30m");
        let pulls = FormField::new(FieldName::Pulls, "pulls", "empty: as asked");
        Self::new(FormKind::Less, if has_pulls { vec![closes, pulls] } else { vec![closes] })
    }

    /// Asks for a bundle.
    pub fn export() -> Self {
        let field = FormField::new;
        Self::new(
            FormKind::Export,
            vec![
                field(FieldName::From, "from entry", "empty: where the last one ended; 0: all of it"),
                field(FieldName::Medium, "medium", "onto which it goes, or to whom: USB stick 7"),
                field(FieldName::Seal, "seal", "empty: none; the number of the seal it is put under"),
                field(FieldName::Recipients, "recipients", "empty: nobody; age1..., blanks between two"),
                field(FieldName::Reason, "reason", "why"),
                field(FieldName::Ticket, "ticket", "reference in the ticket system"),
            ],
        )
    }

    /// Takes the bundle that was granted.
    pub fn take() -> Self {
        let hint = "empty: the folder the console was started in";
        Self::new(FormKind::Take, vec![FormField::new(FieldName::Folder, "folder", hint)])
    }

    const fn new(kind: FormKind, fields: Vec<FormField>) -> Self {
        Self { kind, fields, focus: 0, pace: None }
    }

    /// What is written into a field; nothing when the form has no such field.
    pub fn text(&self, name: FieldName) -> &str {
        self.fields.iter().find(|field| field.name == name).map_or("", |field| field.text.text().trim())
    }

    /// Whether it asks for nobody else: a person is to be shown the credential.
    pub fn is_for_oneself(&self) -> bool {
        self.kind == FormKind::Request && self.text(FieldName::Job).is_empty()
    }

    /// The field that is typed into.
    pub fn focused(&mut self) -> Option<&mut FormField> {
        self.fields.get_mut(self.focus)
    }
}
