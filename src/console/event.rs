//! What happens to the console, and what it wants done: the whole of its traffic with the world.

use std::path::PathBuf;

use crate::console::key::Key;
use crate::console::model::Log;
use crate::console::profile::Size;
use crate::desk::cosign::Cosigned;
use crate::desk::export::{Fetched, Progress};
use crate::desk::reveal::Shown;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::operator::{AgeRecipient, Roster};
use crate::domain::request::doc::{ReleaseWindow, RequestDoc};
use crate::domain::secret::Passphrase;
use crate::domain::text::Text;
use crate::domain::wire::operator::{Ask, ClientView, CredentialView, Finding, RequestView, Status};

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A key, at the time it arrived.
    Key(Key),
    /// The screen as it stands has reached the terminal.
    Drawn,
    /// A deadline of [`crate::console::update::next_tick`] has passed.
    Tick,
    /// The terminal has another size.
    Resized(Size),
    /// An operator is known to the keeper.
    LoggedIn {
        /// The number that the effect carried.
        session: u32,
        /// How the appliance is.
        status: Box<Status>,
        /// The requests.
        requests: Vec<RequestView>,
    },
    /// The answer to a refresh.
    Fresh {
        /// How the appliance is.
        status: Box<Status>,
        /// What the open tab shows.
        news: News,
        /// The request that is open, if one is.
        open: Option<Box<RequestView>>,
    },
    /// So many rows of a long list have come so far.
    Loading(usize),
    /// The keeper says that something on the screen is no longer so.
    Changed {
        /// The session that was watching.
        session: u32,
    },
    /// The keeper can no longer be reached.
    Lost {
        /// The session that ended.
        session: u32,
        /// What was seen.
        why: String,
    },
    /// Whether something listens where the keeper should.
    Reachable(bool),
    /// A signature was given.
    Approved(Box<RequestView>),
    /// A credential has come.
    Revealed {
        /// For which request.
        id: RequestId,
        /// The credential.
        shown: Box<Shown>,
    },
    /// A denial, a revocation or a freeze was done.
    Done(String),
    /// A request was made.
    Requested(Box<RequestView>),
    /// What a look at the appliance found.
    Found(Vec<Finding>),
    /// The log was read back and is as the chip says.
    Verified {
        /// Leaves.
        size: u64,
        /// Their root, in hex.
        root: String,
        /// The anchored epoch.
        epoch: u64,
    },
    /// What somebody would cosign.
    ToCosign(Box<Cosigned>),
    /// It was cosigned.
    Cosigned(Box<Cosigned>),
    /// How far a bundle is.
    Taking(Progress),
    /// A bundle is on its medium.
    Taken(Box<Fetched>),
    /// An effect did not succeed.
    Failed(Failure),
}

/// What a tab shows, as the keeper told it.
#[derive(Debug)]
pub enum News {
    /// The requests, newest first.
    Requests(Vec<RequestView>),
    /// The credentials, in order of name.
    Credentials(Vec<CredentialView>),
    /// The clients, in order of their jobs.
    Clients(Vec<ClientView>),
    /// Entries of the log.
    Log(Log),
    /// The people.
    Roster(Box<Roster>),
}

/// What a tab shows, to be asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// The requests.
    Requests {
        /// Ended ones too.
        ended: bool,
        /// The one that is open, with which its own view is asked for.
        open: Option<RequestId>,
    },
    /// The credentials.
    Credentials,
    /// The clients.
    Clients,
    /// Entries of the log.
    Log(LogRange),
    /// The people.
    Roster,
}

/// Which entries of the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogRange {
    /// The last ones.
    Tail,
    /// Those from an index on.
    From(u64),
    /// Those before an index.
    Before(u64),
}

/// Why an effect did not succeed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// What was being done.
    pub during: Errand,
    /// What sort it is, as far as the console acts on it.
    pub sort: FailureSort,
    /// What happened.
    pub what: String,
    /// What to do next.
    pub advice: String,
}

/// The effects that can fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Errand {
    /// [`Effect::LogIn`].
    LogIn,
    /// [`Effect::Refresh`].
    Refresh,
    /// [`Effect::Approve`].
    Approve,
    /// [`Effect::Reveal`].
    Reveal,
    /// [`Effect::Deny`], [`Effect::Revoke`] or [`Effect::Freeze`].
    Reason,
    /// [`Effect::Request`].
    Request,
    /// [`Effect::Look`], [`Effect::Verify`] or [`Effect::LookToCosign`].
    Look,
    /// [`Effect::Cosign`].
    Cosign,
    /// [`Effect::Take`].
    Take,
}

/// What the console has to tell apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureSort {
    /// The key file did not open.
    WrongPassphrase,
    /// The connection is gone.
    Lost,
    /// The keeper or the desk said no.
    Refused,
}

/// Something to be done outside.
#[derive(Debug)]
pub enum Effect {
    /// Open the key file, connect, watch.
    LogIn {
        /// Carried back with everything this session says.
        session: u32,
        /// The key file.
        path: PathBuf,
        /// What opens it.
        passphrase: Passphrase,
    },
    /// Drop both connections.
    LogOut,
    /// Ask for everything on the screen.
    Refresh(Wanted),
    /// Look at TPM, clock, store and people.
    Look,
    /// Read the log back, and compare it with the chip.
    Verify,
    /// Make a request.
    Request(Box<Ask>),
    /// Find out what would be cosigned.
    LookToCosign {
        /// The key file, beside which lies what was cosigned last.
        path: PathBuf,
        /// Whose.
        operator: OperatorId,
    },
    /// Open the key file again and cosign.
    Cosign {
        /// The key file.
        path: PathBuf,
        /// Exactly what was shown.
        next: Box<Cosigned>,
        /// What opens the key file.
        passphrase: Passphrase,
    },
    /// Fetch a bundle that was granted.
    Take {
        /// By which request.
        id: RequestId,
        /// Whom it is encrypted to.
        recipients: Vec<AgeRecipient>,
        /// Into which folder.
        into: PathBuf,
    },
    /// Fetch no more of it.
    StopTake,
    /// Open the key file again and sign.
    Approve {
        /// The key file.
        path: PathBuf,
        /// Exactly what was shown.
        doc: Box<RequestDoc>,
        /// A shorter window than the one asked for.
        window: Option<ReleaseWindow>,
        /// Fewer pulls than asked for.
        pulls: Option<u32>,
        /// What opens the key file.
        passphrase: Passphrase,
    },
    /// Open the key file again and be shown the credential.
    Reveal {
        /// The key file.
        path: PathBuf,
        /// The armed request.
        id: RequestId,
        /// What opens the key file.
        passphrase: Passphrase,
    },
    /// Take a credential back that is on its way to the terminal.
    Cover,
    /// Say no.
    Deny {
        /// To what.
        id: RequestId,
        /// Why.
        reason: Text,
    },
    /// Withdraw it or close its window.
    Revoke {
        /// What.
        id: RequestId,
        /// Why.
        reason: Text,
    },
    /// Bring everything down.
    Freeze {
        /// Why.
        reason: Text,
    },
    /// Look whether something listens where the keeper should.
    Probe,
    /// Forget every key that has not been taken up yet.
    DropTypeAhead,
    /// Send the whole screen again.
    Redraw,
    /// Leave.
    Quit,
}
