//! What happens to the console, and what it wants done: the whole of its traffic with the world.

use std::path::PathBuf;

use crate::console::key::Key;
use crate::console::profile::Size;
use crate::domain::ids::RequestId;
use crate::domain::request::doc::RequestDoc;
use crate::domain::secret::Passphrase;
use crate::domain::text::Text;
use crate::domain::wire::operator::{RequestView, Status};

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
        /// The requests.
        requests: Vec<RequestView>,
        /// The one that is open, if one is.
        open: Option<Box<RequestView>>,
    },
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
    /// A denial, a revocation or a freeze was done.
    Done(String),
    /// An effect did not succeed.
    Failed(Failure),
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
    /// [`Effect::Deny`], [`Effect::Revoke`] or [`Effect::Freeze`].
    Reason,
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
    Refresh {
        /// Ended requests too.
        ended: bool,
        /// The request that is open.
        open: Option<RequestId>,
    },
    /// Open the key file again and sign.
    Approve {
        /// The key file.
        path: PathBuf,
        /// Exactly what was shown.
        doc: Box<RequestDoc>,
        /// What opens the key file.
        passphrase: Passphrase,
    },
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
