//! What the console knows and shows. Nothing here could decrypt anything, but for a passphrase while it is
//! typed; and nothing is a credential, but for one while a person is shown it.

mod backoff;
mod dialog;
mod form;
mod reveal;
mod session;
mod take;

use std::path::PathBuf;

use crate::console::field::{SecretField, TextField};
use crate::console::profile::{Profile, Size};
use crate::domain::ids::OperatorId;
use crate::domain::wire::operator::RequestView;

pub use backoff::Backoff;
pub use dialog::{Approve, ApproveFocus, Cosign, Dialog, ReasonDialog, ReasonVerb};
pub use form::{FieldName, Form, FormField, FormKind};
pub use reveal::Reveal;
pub use session::{Log, LogEntry, RowId, Session};
pub use take::{Take, percent};

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
    /// Whether somebody said that this line is logged: no credential is shown on it.
    pub is_logged: bool,
    /// Whether nothing but the clock may change by itself, because every byte takes its time.
    pub is_slow: bool,
    /// Set while the keeper does not answer: when to look again.
    pub probe_at_ms: Option<u64>,
    /// What fills the body.
    pub screen: Screen,
    /// What asks for something over it.
    pub dialog: Option<Dialog>,
    /// What lies over both.
    pub overlay: Option<Overlay>,
    /// The line above the keys.
    pub message: Option<Message>,
    /// What is being waited for; keys mean nothing until it comes.
    pub waiting: Option<Waiting>,
    /// When the keeper is asked anew.
    pub refresh: Refresh,
    /// When a key last arrived.
    pub last_key_ms: u64,
}

impl Model {
    /// After this long without a key the operator is logged out.
    pub const IDLE_MS: u64 = 120_000;
    /// The same where a credential is shown, or about to be.
    pub const IDLE_REVEAL_MS: u64 = 30_000;
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
            is_logged: false,
            is_slow: false,
            probe_at_ms: None,
            screen: Screen::Login(Login { chosen: 0, step, passphrase: SecretField::new() }),
            dialog: None,
            overlay: None,
            message: None,
            waiting: None,
            refresh: Refresh::default(),
            last_key_ms: 0,
        }
    }

    /// The request that fills the body.
    pub const fn detail(&self) -> Option<&Detail> {
        match &self.screen {
            Screen::Detail(detail) => Some(detail),
            Screen::Login(_) | Screen::List | Screen::Page(_) | Screen::Reveal(_) => None,
        }
    }

    /// After how long without a key the operator is logged out.
    pub fn idle_ms(&self) -> u64 {
        let is_about_to = matches!(&self.dialog, Some(Dialog::Approve(dialog)) if dialog.is_reveal());
        if is_about_to || matches!(self.screen, Screen::Reveal(_)) {
            Self::IDLE_REVEAL_MS
        } else {
            Self::IDLE_MS
        }
    }

    /// Whether everything is down.
    pub fn is_frozen(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.status.frozen.is_some())
    }
}

/// When the keeper is asked anew for what is on the screen: one question at a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refresh {
    /// A question is on its way.
    pub is_running: bool,
    /// Something changed since it was asked.
    pub is_stale: bool,
    /// When the last answer came.
    pub answered_ms: u64,
    /// When to ask again about a change, if not at once.
    pub due_ms: Option<u64>,
}

impl Refresh {
    /// From so many rows on a list is not asked for at every change.
    pub const LARGE_ROWS: usize = 500;
    /// How long such a list stays as it is.
    pub const LARGE_PAUSE_MS: u64 = 3_000;
}

/// What fills the body.
#[derive(Debug)]
pub enum Screen {
    /// Nobody is here.
    Login(Login),
    /// The open tab of the session.
    List,
    /// One request, in full.
    Detail(Detail),
    /// One row of another tab, in full.
    Page(Page),
    /// A credential in the clear.
    Reveal(Box<Reveal>),
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

/// One credential, client or entry, in full.
#[derive(Clone, Debug)]
pub struct Page {
    /// Which.
    pub of: RowId,
    /// The first line on the screen.
    pub scroll: usize,
}

/// What lies over the body.
#[derive(Debug)]
pub enum Overlay {
    /// Every key and command that works below, from a line on.
    Help(usize),
    /// A command after `:`.
    Command(TextField),
    /// A filter after `/`.
    Filter(TextField),
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
    /// The credential.
    Reveal,
    /// The denial or revocation.
    Reason,
    /// The request.
    Request,
    /// A look at the appliance or the log.
    Look,
    /// The cosignature.
    Cosign,
    /// The bundle.
    Take,
}

impl Waiting {
    /// What the screen says meanwhile.
    pub const fn words(self) -> &'static str {
        match self {
            Self::LogIn => "opening the key file",
            Self::Approve => "opening the key file and signing",
            Self::Reveal => "opening the key file and asking for the credential",
            Self::Reason | Self::Request => "telling the keeper",
            Self::Look => "the keeper looks",
            Self::Cosign => "opening the key file and cosigning",
            Self::Take => "the bundle is fetched",
        }
    }
}
