//! What the console knows and shows. Nothing here could decrypt anything, but for a passphrase while it is
//! typed.

use std::path::PathBuf;

use crate::console::event::FailureSort;
use crate::console::field::{IdField, Pace, SecretField, TextField};
use crate::console::profile::{Profile, Size};
use crate::domain::ids::OperatorId;
use crate::domain::request::doc::RequestDoc;
use crate::domain::time::{Length, Timestamp};
use crate::domain::wire::operator::{RequestView, Status};

/// An operator who may log in here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyFile {
    /// Whose it is.
    pub operator: OperatorId,
    /// Where it lies.
    pub path: PathBuf,
}

/// The whole state.
#[derive(Debug)]
pub struct Model {
    /// What the terminal can show.
    pub profile: Profile,
    /// How large it is.
    pub size: Size,
    /// Who may log in here.
    pub keys: Vec<KeyFile>,
    /// How wrong passphrases are slowed down.
    pub backoff: Backoff,
    /// The one operator, between login and logout.
    pub session: Option<Session>,
    /// Counts the logins that were tried, so that a late answer of an old session is known for one.
    pub session_number: u32,
    /// Whether a software TPM holds the keys: the home says so until a keeper has said what is so.
    pub is_evaluation: bool,
    /// Set while the keeper does not answer: when to look again.
    pub probe_at_ms: Option<u64>,
    /// What fills the body.
    pub screen: Screen,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// The line above the keys.
    pub message: Option<Message>,
    /// What is being waited for; keys mean nothing until it comes.
    pub waiting: Option<Waiting>,
    /// Whether a refresh is on its way.
    pub is_refreshing: bool,
    /// Whether another one is needed after it.
    pub is_stale: bool,
    /// When a key last arrived.
    pub last_key_ms: u64,
}

impl Model {
    /// After this long without a key the operator is logged out.
    pub const IDLE_MS: u64 = 120_000;
    /// How often a keeper that does not answer is looked for.
    pub const PROBE_MS: u64 = 5_000;

    /// A console that nobody has logged in to.
    pub fn new(profile: Profile, size: Size, keys: Vec<KeyFile>) -> Self {
        let step = LoginStep::first(&keys);
        Self {
            profile,
            size,
            keys,
            backoff: Backoff::default(),
            session: None,
            session_number: 0,
            is_evaluation: false,
            probe_at_ms: None,
            screen: Screen::Login(Login { chosen: 0, step, passphrase: SecretField::new() }),
            overlay: None,
            message: None,
            waiting: None,
            is_refreshing: false,
            is_stale: false,
            last_key_ms: 0,
        }
    }

    /// Leaves whatever dialog is open, for the request below it or else the list.
    pub fn leave_dialog(&mut self) {
        if matches!(self.screen, Screen::Approve(_) | Screen::Reason(_)) {
            self.screen = self.detail().cloned().map_or(Screen::List, Screen::Detail);
        }
    }

    /// The request that fills the body, whatever dialog belongs to it.
    pub const fn detail(&self) -> Option<&Detail> {
        match &self.screen {
            Screen::Login(_) | Screen::List => None,
            Screen::Detail(detail) => Some(detail),
            Screen::Approve(dialog) => Some(&dialog.detail),
            Screen::Reason(dialog) => dialog.what.detail(),
        }
    }
}

/// One operator at the console.
#[derive(Debug)]
pub struct Session {
    /// The key file, by its place in [`Model::keys`].
    pub key: usize,
    /// How the appliance is.
    pub status: Status,
    /// When `status` arrived.
    pub anchored_ms: u64,
    /// The requests, newest first.
    pub requests: Vec<RequestView>,
    /// Whether ended ones are listed too.
    pub shows_ended: bool,
    /// The place of the cursor in `requests`.
    pub selected: usize,
    /// The first row on the screen.
    pub top: usize,
}

impl Session {
    /// The appliance's clock: what it said last, and what has passed since.
    pub fn now(&self, now_ms: u64) -> Timestamp {
        self.status.now.plus(Length::from_ms(now_ms.saturating_sub(self.anchored_ms)))
    }

    /// How long until the state of a request ends.
    pub fn left(&self, view: &RequestView, now_ms: u64) -> Option<Length> {
        view.ends().map(|end| self.now(now_ms).until(end))
    }
}

/// What fills the body.
#[derive(Debug)]
pub enum Screen {
    /// Nobody is here.
    Login(Login),
    /// All requests.
    List,
    /// One request, in full.
    Detail(Detail),
    /// About to sign.
    Approve(Box<Approve>),
    /// About to deny, revoke or freeze.
    Reason(Box<ReasonDialog>),
}

/// Choosing who one is, then proving it.
#[derive(Debug)]
pub struct Login {
    /// The place in [`Model::keys`].
    pub chosen: usize,
    /// Which of the two is being done.
    pub step: LoginStep,
    /// What is typed.
    pub passphrase: SecretField,
}

/// The two halves of logging in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LoginStep {
    /// Who.
    Choose,
    /// Prove it.
    Passphrase,
}

impl LoginStep {
    /// One key file leaves nothing to choose.
    pub const fn first(keys: &[KeyFile]) -> Self {
        if keys.len() == 1 { Self::Passphrase } else { Self::Choose }
    }
}

/// One request, in full.
#[derive(Clone, Debug)]
pub struct Detail {
    /// As the keeper last told it.
    pub view: Box<RequestView>,
    /// The first line on the screen.
    pub scroll: usize,
    /// Whether the last line has been on the screen.
    pub is_read: bool,
}

/// About to sign.
#[derive(Debug)]
pub struct Approve {
    /// Where to go back to.
    pub detail: Detail,
    /// Exactly what was shown, and will be signed; it never changes while the dialog is open.
    pub doc: Box<RequestDoc>,
    /// What opens the key file.
    pub passphrase: SecretField,
    /// The request's id, as it is typed.
    pub id: IdField,
    /// Which of the two is typed into.
    pub focus: ApproveFocus,
    /// Whether a person is typing; `None` until the dialog has been on the screen.
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
    pub what: Reasoned,
    /// Why, as it is typed.
    pub reason: TextField,
    /// Tells a pasted line feed from Enter; `None` until the dialog has been on the screen.
    pub pace: Option<Pace>,
}

/// What a reason is needed for, and where to go back to.
#[derive(Debug)]
pub enum Reasoned {
    /// Say no to a request.
    Deny(Detail),
    /// Withdraw a request or close a window.
    Revoke(Detail),
    /// Bring everything down, from the list or from a request.
    Freeze(Option<Detail>),
}

impl Reasoned {
    /// The request that was open.
    pub const fn detail(&self) -> Option<&Detail> {
        match self {
            Self::Deny(detail) | Self::Revoke(detail) => Some(detail),
            Self::Freeze(detail) => detail.as_ref(),
        }
    }

    /// The request that was open, to be told anew.
    pub const fn detail_mut(&mut self) -> Option<&mut Detail> {
        match self {
            Self::Deny(detail) | Self::Revoke(detail) => Some(detail),
            Self::Freeze(detail) => detail.as_mut(),
        }
    }
}

/// What an open request is wanted for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReasonVerb {
    /// [`Reasoned::Deny`].
    Deny,
    /// [`Reasoned::Revoke`].
    Revoke,
}

/// What lies over the body.
#[derive(Debug)]
pub enum Overlay {
    /// Every key and command, from a line on.
    Help(usize),
    /// A command after `:`.
    Command(TextField),
}

/// The line above the keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// How bad it is.
    pub level: MessageLevel,
    /// What happened.
    pub what: String,
    /// What to do next; may be empty.
    pub advice: String,
}

impl Message {
    /// Something went as wished.
    pub fn good(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: MessageLevel::Good, what: what.into(), advice: advice.into() }
    }

    /// Something did not.
    pub fn bad(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: MessageLevel::Bad, what: what.into(), advice: advice.into() }
    }
}

/// How bad a message is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MessageLevel {
    /// As wished.
    Good,
    /// Not as wished.
    Bad,
}

/// What is being waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Waiting {
    /// The key file and the keeper.
    LogIn,
    /// The signature.
    Approve,
    /// The denial or revocation.
    Reason,
}

impl Waiting {
    /// What the screen says meanwhile.
    pub const fn words(self) -> &'static str {
        match self {
            Self::LogIn => "opening the key file",
            Self::Approve => "opening the key file and signing",
            Self::Reason => "telling the keeper",
        }
    }
}

/// How wrong passphrases are slowed down, on this console and for everybody at it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Backoff {
    failures: u32,
    until_ms: u64,
}

impl Backoff {
    /// After this many wrong passphrases an operator who was logged in is logged out.
    pub const FAILURES_MAX: u32 = 3;
    const STEPS_MS: [u64; 6] = [1_000, 5_000, 30_000, 60_000, 120_000, 300_000];

    /// Counts what an effect came to.
    pub fn count(&mut self, sort: FailureSort, now_ms: u64) {
        if sort == FailureSort::WrongPassphrase {
            let step = (self.failures as usize).min(Self::STEPS_MS.len() - 1);
            self.failures = self.failures.saturating_add(1);
            self.until_ms = now_ms + Self::STEPS_MS[step];
        }
    }

    /// A right passphrase ends it.
    pub fn end(&mut self) {
        *self = Self::default();
    }

    /// Wrong passphrases since the last right one.
    pub const fn failures(self) -> u32 {
        self.failures
    }

    /// How long the next try must wait.
    pub const fn left(self, now_ms: u64) -> Length {
        Length::from_ms(self.until_ms.saturating_sub(now_ms))
    }
}
