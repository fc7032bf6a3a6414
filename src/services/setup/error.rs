//! Why an appliance was not set up, and what to do next.

use std::path::PathBuf;

use crate::crypto::key_file::KeyFileError;
use crate::crypto::recipient::WrapError;
use crate::crypto::recovery::RecoveryError;
use crate::domain::audit::entry::EntryError;
use crate::domain::ids::ApplianceName;
use crate::domain::operator::RosterError;
use crate::services::home::HomeError;
use crate::store::StoreError;
use crate::tpm::TpmError;

/// Why an appliance was not set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is one already.
    #[error("there is an appliance at {} already", .dir.display())]
    Exists {
        /// Where.
        dir: PathBuf,
    },
    /// An earlier set-up stopped half-way, or its wiring is lost.
    #[error(
        "{} has part of an appliance and no portcullis.toml: a set-up stopped half-way, or the file is lost",
        .dir.display()
    )]
    HalfDone {
        /// Where.
        dir: PathBuf,
    },
    /// Its keys would be lost to the appliance that they are for.
    #[error("{} is the key file of an operator of the appliance {appliance}", .path.display())]
    OtherAppliance {
        /// Which file.
        path: PathBuf,
        /// The appliance that it belongs to.
        appliance: ApplianceName,
    },
    /// The people and the quorum do not fit.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The recovery shares cannot be made.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// A key file cannot be made.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Something cannot be wrapped to the recovery recipient.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// A file cannot be written.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The chip said no.
    #[error(transparent)]
    Tpm(#[from] TpmError),
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first entry is too long.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

impl SetupError {
    /// The exit code and what to do next.
    pub const fn parts(&self) -> (u8, &'static str) {
        match self {
            Self::Exists { .. } => (3, "name another home with --home, or start this one: portcullis serve"),
            Self::HalfDone { .. } => (
                3,
                "put a lost portcullis.toml back; else clear the TPM by its firmware, or with store/hierarchies.age and \
                 that set-up's recovery shares, and remove the folder; a software TPM goes with the folder",
            ),
            Self::OtherAppliance { .. } => {
                (3, "name a file that is not there yet, or a new one: portcullis operator new")
            }
            Self::Roster(_) => (
                2,
                "name at least two operators, each with a key of their own, and a quorum of 2 up to their number",
            ),
            Self::Recovery(_) => {
                (2, "write recovery = { k = 3, n = 5, .. } or another pair with 2 <= k <= n <= 16")
            }
            Self::KeyFile(_) => (3, "look at the key file, its passphrase and its place"),
            Self::Wrap(_) | Self::Entry(_) => (1, "report this with the output of portcullis doctor"),
            Self::Home(error) => (1, error.advice()),
            Self::Tpm(error) => (5, error.advice()),
            Self::Store(error) => (6, error.advice()),
        }
    }
}
