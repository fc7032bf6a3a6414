//! Errands about the log as evidence: cosigning it, and taking a bundle of it away.

use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::Ordering;

use super::Happening;
use super::keeper::{Runner, status};
use crate::console::event::Event;
use crate::desk::cosign::{self, Cosigned};
use crate::desk::error::DeskError;
use crate::desk::export::fetch_while;
use crate::desk::key::open_key_file;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::operator::AgeRecipient;
use crate::domain::secret::Passphrase;

impl Runner {
    /// Finds out what would be cosigned.
    pub(super) fn look_to_cosign(&mut self, path: &Path, operator: &OperatorId) -> Result<Event, DeskError> {
        let next = cosign::look(self.client()?, operator, path)?;
        Ok(Event::ToCosign(Box::new(next)))
    }

    /// Cosigns what was shown, or nothing: the newest checkpoint must still be that one.
    pub(super) fn cosign(
        &mut self,
        path: &Path,
        shown: &Cosigned,
        passphrase: &Passphrase,
    ) -> Result<Event, DeskError> {
        let key = self.reporting(path, open_key_file(path, passphrase))?;
        let client = self.client()?;
        let next = cosign::look(client, key.id(), path)?;
        if next != *shown {
            let what = "there is a newer checkpoint than the one that was shown".to_owned();
            return Err(DeskError::CannotCosign { what });
        }
        let now = status(client)?.now;
        let cosigned = cosign::sign(client, &key, path, now, next)?;
        Ok(Event::Cosigned(Box::new(cosigned)))
    }

    /// Fetches a bundle, and tells how far it is, until it is there or was stopped.
    pub(super) fn take(
        &mut self,
        id: &RequestId,
        recipients: &[AgeRecipient],
        into: &Path,
    ) -> Result<Event, DeskError> {
        let into = folder(into)?;
        let (sender, stop) = (self.sender.clone(), self.stop.clone());
        let mut go_on = |progress| {
            // When the loop is gone, nobody waits for it either.
            let is_heard = sender.send(Happening::Outside(Event::Taking(progress))).is_ok();
            is_heard && !stop.load(Ordering::SeqCst)
        };
        let fetched = fetch_while(self.client()?, id, recipients, &into, &mut go_on)?;
        Ok(Event::Taken(Box::new(fetched)))
    }
}

/// The folder in full, for whoever reads where the bundle is; it must be there.
fn folder(typed: &Path) -> Result<PathBuf, DeskError> {
    let failed = |error| DeskError::File { path: typed.to_owned(), error };
    let into = absolute(typed).map_err(failed)?;
    if into.metadata().map_err(failed)?.is_dir() {
        Ok(into)
    } else {
        Err(failed(std::io::ErrorKind::NotADirectory.into()))
    }
}
