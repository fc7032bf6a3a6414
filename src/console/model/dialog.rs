//! What asks for something before it is done, over the screen that it is about.

use crate::console::field::{IdField, Pace, SecretField, TextField};
use crate::desk::cosign::Cosigned;
use crate::domain::ids::OperatorId;
use crate::domain::request::doc::{ApprovalStatement, ReleaseWindow, RequestDoc};

use super::form::Form;
use super::take::Take;

/// A dialog. One about a request lies over that request.
#[derive(Debug)]
pub enum Dialog {
    /// About to sign, or to be shown a credential.
    Approve(Box<Approve>),
    /// About to deny, revoke or freeze.
    Reason(Box<ReasonDialog>),
    /// Several fields.
    Form(Box<Form>),
    /// About to cosign.
    Cosign(Box<Cosign>),
    /// A bundle on its way.
    Take(Box<Take>),
}

impl Dialog {
    /// Whether it means nothing without the request below it.
    pub const fn is_about_request(&self) -> bool {
        match self {
            Self::Approve(_) | Self::Take(_) => true,
            Self::Cosign(_) => false,
            Self::Reason(dialog) => !matches!(dialog.verb, ReasonVerb::Freeze),
            Self::Form(form) => form.kind.is_about_request(),
        }
    }

    /// Whether a person is typing.
    pub const fn pace(&self) -> &Option<Pace> {
        match self {
            Self::Approve(dialog) => &dialog.pace,
            Self::Reason(dialog) => &dialog.pace,
            Self::Form(form) => &form.pace,
            Self::Cosign(dialog) => &dialog.pace,
            Self::Take(take) => &take.pace,
        }
    }

    /// Whether a person is typing, to be told of keys.
    pub const fn pace_mut(&mut self) -> &mut Option<Pace> {
        match self {
            Self::Approve(dialog) => &mut dialog.pace,
            Self::Reason(dialog) => &mut dialog.pace,
            Self::Form(form) => &mut form.pace,
            Self::Cosign(dialog) => &mut dialog.pace,
            Self::Take(take) => &mut take.pace,
        }
    }
}

/// About to sign, or to be shown a credential.
#[derive(Debug)]
pub struct Approve {
    /// Which of them.
    is_reveal: bool,
    /// Exactly what was shown, and will be signed; it never changes while the dialog is open.
    pub doc: Box<RequestDoc>,
    /// A shorter window than the one asked for.
    pub window: Option<ReleaseWindow>,
    /// Fewer pulls than asked for.
    pub pulls: Option<u32>,
    /// What opens the key file.
    pub passphrase: SecretField,
    /// The request's id, as it is typed.
    pub id: IdField,
    /// Which of the two is typed into.
    pub focus: ApproveFocus,
    /// Whether a person is typing; `None` until the dialog has been on the screen.
    pub pace: Option<Pace>,
    /// Whether a part of a paste was dropped, and the rest of it still comes.
    pub drops_rest: bool,
    /// When all was typed, while the terminal has yet to show that a credential is asked for.
    pub sent_ms: Option<u64>,
}

impl Approve {
    /// Nothing is typed yet.
    pub fn new(doc: RequestDoc, window: Option<ReleaseWindow>, pulls: Option<u32>) -> Self {
        Self {
            is_reveal: false,
            doc: Box::new(doc),
            window,
            pulls,
            passphrase: SecretField::new(),
            id: IdField::default(),
            focus: ApproveFocus::Passphrase,
            pace: None,
            drops_rest: false,
            sent_ms: None,
        }
    }

    /// The same two fields, to be shown what is armed.
    pub fn reveal(doc: RequestDoc) -> Self {
        Self { is_reveal: true, ..Self::new(doc, None, None) }
    }

    /// Whether a credential is to be shown.
    pub const fn is_reveal(&self) -> bool {
        self.is_reveal
    }

    /// What `operator` would sign.
    pub fn statement(&self, operator: &OperatorId) -> ApprovalStatement {
        let asked = ApprovalStatement::as_asked(operator.clone(), (*self.doc).clone());
        let (window, pulls) = (self.window.or(asked.window), self.pulls.or(asked.pulls));
        ApprovalStatement { window, pulls, ..asked }
    }
}

/// About to cosign the newest checkpoint.
#[derive(Debug)]
pub struct Cosign {
    /// Exactly what was shown, and will be signed.
    pub next: Box<Cosigned>,
    /// What opens the key file.
    pub passphrase: SecretField,
    /// Tells a pasted line feed from Enter; `None` until the dialog has been on the screen.
    pub pace: Option<Pace>,
}

/// The two fields of the approval. The one that shows nothing comes first: somebody who begins with the
/// passphrase, as everywhere else, does not type it where it can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApproveFocus {
    /// The passphrase.
    Passphrase,
    /// The request's id.
    Id,
}

/// About to deny, revoke or freeze.
#[derive(Debug)]
pub struct ReasonDialog {
    /// Which of them.
    pub verb: ReasonVerb,
    /// Why, as it is typed.
    pub reason: TextField,
    /// Tells a pasted line feed from Enter; `None` until the dialog has been on the screen.
    pub pace: Option<Pace>,
}

/// What a reason is needed for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReasonVerb {
    /// Say no to the request below.
    Deny,
    /// Withdraw the request below, or close its window.
    Revoke,
    /// Bring everything down.
    Freeze,
}
