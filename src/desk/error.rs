//! Why the operator's side could not do what it was asked.

use std::io;
use std::path::PathBuf;

use crate::auditor::error::BundleError;
use crate::crypto::channel::ChannelError;
use crate::crypto::key_file::KeyFileError;
use crate::crypto::roster::RosterChainError;
use crate::crypto::shares::ShareError;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::text::escape;
use crate::domain::wire::operator::{Refused, StateName};
use crate::domain::wire::record::RecordLength;

/// Why the operator's side could not do what it was asked; `Display` is the first line of the two.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// The keeper said no.
    #[error("{}", escape(&.0.what))]
    Refused(Refused),
    /// The keeper cannot be reached, or hung up before it knew who calls.
    #[error("the keeper at {} cannot be reached: {error}", socket.display())]
    Link {
        /// Where it should be.
        socket: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The connection was there, and broke before the answer came.
    #[error("the connection to the keeper broke before it answered: {error}")]
    Cut {
        /// What the system said.
        error: io::Error,
        /// What to do next, which depends on what was asked.
        next: &'static str,
    },
    /// The other end is not the pinned keeper, or somebody is on the line.
    #[error("the channel to the keeper failed: {0}")]
    Channel(#[from] ChannelError),
    /// A record has a length that none has.
    #[error("the keeper's records cannot be read: {0}")]
    Record(#[from] RecordLength),
    /// The keeper speaks another version of the vocabulary.
    #[error("the keeper speaks version {theirs} of the operators' messages, this program {ours}")]
    Version {
        /// Its version.
        theirs: u32,
        /// This program's.
        ours: u32,
    },
    /// An answer that does not belong to the question.
    #[error("the keeper's answer to {asked} was not understood")]
    Protocol {
        /// What was asked.
        asked: &'static str,
    },
    /// There is no key file.
    #[error("there is no key file in {}", looked.display())]
    NoKeyFile {
        /// Where it was looked for.
        looked: PathBuf,
    },
    /// There are several, and nobody said whose.
    #[error("{} holds {count} key files", folder.display())]
    ManyKeyFiles {
        /// Where they are.
        folder: PathBuf,
        /// How many there are.
        count: usize,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A bundle was not written.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The entries that were fetched are not those that MANIFEST names.
    #[error("{} is not what the keeper's MANIFEST says, and was removed", path.display())]
    OtherEntries {
        /// The file.
        path: PathBuf,
    },
    /// Whoever fetched a bundle stopped it.
    #[error("the bundle of {id} was stopped before it was whole")]
    Stopped {
        /// Of which request.
        id: RequestId,
    },
    /// The log does not go on from what this person cosigned before.
    #[error("the log contradicts what {operator} cosigned before: {why}")]
    Contradiction {
        /// Who.
        operator: OperatorId,
        /// In what.
        why: String,
    },
    /// It is not a usable key file.
    #[error("{}: {error}", path.display())]
    KeyFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: KeyFileError,
    },
    /// The passphrase does not open it.
    #[error("the passphrase does not open {}", path.display())]
    WrongPassphrase {
        /// Which file.
        path: PathBuf,
    },
    /// The key file belongs to no appliance yet.
    #[error("the key file of {operator} belongs to no appliance yet")]
    NotPinned {
        /// Whose it is.
        operator: OperatorId,
    },
    /// The request is one that this key may not or cannot approve.
    #[error("{what}")]
    CannotApprove {
        /// Why not.
        what: String,
    },
    /// The checkpoint is one that this key does not sign.
    #[error("{what}")]
    CannotCosign {
        /// Why not.
        what: String,
    },
    /// The request collects no approvals any more.
    #[error("request {request} is {}: it cannot be approved", .state.word())]
    Ended {
        /// Which request.
        request: RequestId,
        /// What became of it.
        state: StateName,
    },
    /// More than what was asked for.
    #[error("{what}")]
    Widened {
        /// Of what.
        what: &'static str,
    },
    /// A share is not the one of the request that was shown: somebody tries to open something else.
    #[error("the share is not the one of this request: {0}")]
    ShareMismatch(ShareError),
    /// Shares cannot be made.
    #[error("the credential's key cannot be split: {0}")]
    Split(ShareError),
    /// Nobody may tell who the operators are but the operators.
    #[error("the keeper's roster is not believed: {0}")]
    RosterChain(#[from] RosterChainError),
    /// The roster begins with other people than those of set-up.
    #[error("the keeper's roster does not begin with the one that this key file was made for")]
    OtherRoster,
    /// Too few people could ever approve it.
    #[error("{approvers} operators besides {depositor} could approve it, and it takes {quorum}")]
    TooFewApprovers {
        /// Who deposits, and so may not approve.
        depositor: OperatorId,
        /// How many others there are.
        approvers: usize,
        /// How many it takes.
        quorum: u32,
    },
}

impl DeskError {
    /// The same on a connection that was there already.
    pub(super) fn cut(self, next: &'static str) -> Self {
        match self {
            Self::Link { error, .. } => Self::Cut { error, next },
            other => other,
        }
    }

    /// Stable, in kebab case.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(refused) => &refused.code,
            Self::Link { .. } => "link",
            Self::Cut { .. } => "cut",
            Self::Channel(_) | Self::Record(_) => "channel",
            Self::Version { .. } => "version",
            Self::Protocol { .. } => "protocol",
            Self::NoKeyFile { .. } => "no-key-file",
            Self::ManyKeyFiles { .. } => "many-key-files",
            Self::File { .. } => "file",
            Self::Bundle(_) => "bundle",
            Self::OtherEntries { .. } => "other-entries",
            Self::Stopped { .. } => "stopped",
            Self::Contradiction { .. } => "contradiction",
            Self::KeyFile { .. } => "key-file",
            Self::WrongPassphrase { .. } => "wrong-passphrase",
            Self::NotPinned { .. } => "not-pinned",
            Self::CannotApprove { .. } => "cannot-approve",
            Self::CannotCosign { .. } => "cannot-cosign",
            Self::Ended { .. } => "wrong-state",
            Self::Widened { .. } => "window-widened",
            Self::ShareMismatch(_) => "share-mismatch",
            Self::Split(_) => "split",
            Self::RosterChain(_) => "roster-chain",
            Self::OtherRoster => "other-roster",
            Self::TooFewApprovers { .. } => "too-few-approvers",
        }
    }

    /// The exit code, of section 7 of the design.
    pub fn exit(&self) -> u8 {
        match self {
            Self::Refused(refused) => refused.exit,
            Self::NoKeyFile { .. } | Self::ManyKeyFiles { .. } => 2,
            Self::File { .. } | Self::Bundle(_) | Self::Stopped { .. } => 1,
            Self::Link { .. }
            | Self::Cut { .. }
            | Self::Channel(_)
            | Self::Record(_)
            | Self::Version { .. }
            | Self::Protocol { .. } => 7,
            Self::RosterChain(_)
            | Self::OtherRoster
            | Self::OtherEntries { .. }
            | Self::Contradiction { .. } => 6,
            Self::KeyFile { .. }
            | Self::WrongPassphrase { .. }
            | Self::NotPinned { .. }
            | Self::CannotApprove { .. }
            | Self::CannotCosign { .. }
            | Self::Ended { .. }
            | Self::Widened { .. }
            | Self::ShareMismatch(_)
            | Self::Split(_)
            | Self::TooFewApprovers { .. } => 3,
        }
    }

    /// The second line: what to do next.
    pub fn advice(&self) -> String {
        let advice = match self {
            Self::Refused(refused) => return escape(&refused.advice),
            Self::Link { error, .. } => unreached(error.kind()),
            Self::Cut { next, .. } => next,
            Self::Channel(_) | Self::Record(_) => {
                "check that this key file is for this appliance, and who else is on the socket"
            }
            Self::Version { .. } | Self::Protocol { .. } => "use the portcullis of the keeper's version",
            Self::NoKeyFile { .. } => {
                "insert the medium and name the file with --key, or make one: `portcullis operator new`"
            }
            Self::ManyKeyFiles { .. } => "say whose with --operator ID, or which with --key FILE",
            Self::File { .. } => "look at the path, its permissions, and whether there is room",
            Self::Bundle(_) => "look at the medium; the next try goes on with what was fetched",
            Self::OtherEntries { .. } => {
                "run it again; when it happens twice: portcullis audit verify --live"
            }
            Self::Stopped { .. } => "take it again into the same folder: it goes on with what was fetched",
            Self::Contradiction { .. } => {
                "sign nothing; keep both, freeze the appliance and find out who put an old copy back"
            }
            Self::KeyFile { .. } => "use the copy of the key file that was put away at set-up",
            Self::WrongPassphrase { .. } => {
                "type it again; a lost passphrase means a new key and a new roster"
            }
            Self::NotPinned { .. } => "use the key file that set-up wrote, not the one before it",
            Self::CannotApprove { .. } => "another operator must decide this request",
            Self::CannotCosign { .. } => "look at the newest one, and sign that",
            Self::Ended { .. } => {
                "look at it with `portcullis requests --all`; who still needs it asks again: `portcullis request`"
            }
            Self::Widened { .. } => "leave the option out, or give less than what was asked for",
            Self::ShareMismatch(_) => {
                "do not approve; freeze the appliance and read its log: what was shown is not what would open"
            }
            Self::Split(_) => "look at the roster with `portcullis operator list`",
            Self::RosterChain(_) | Self::OtherRoster => {
                "deposit nothing; compare the roster's digest with the one written down at set-up"
            }
            Self::TooFewApprovers { .. } => "let a custodian deposit it who is no operator",
        };
        advice.to_owned()
    }
}

/// What to do next when no conversation began.
const fn unreached(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            "check that this key file is for this appliance; what `portcullis serve` writes says why"
        }
        io::ErrorKind::PermissionDenied => {
            "whoever speaks to it is in the group of its socket, `portcullis` where it is installed"
        }
        io::ErrorKind::TimedOut => {
            "it is busy or stuck: try again, and look at what `portcullis serve` writes"
        }
        _ => "start it with `portcullis serve`, or name its home with --home",
    }
}
