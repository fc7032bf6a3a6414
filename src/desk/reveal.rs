//! The exception: a person is shown a credential. Asking for it, and taking it once.

use super::client::Client;
use super::error::DeskError;
use crate::domain::ids::{CredentialName, Generation, RequestId};
use crate::domain::request::doc::ReleaseWindow;
use crate::domain::secret::Plaintext;
use crate::domain::text::Text;
use crate::domain::wire::operator::{Ask, Reply, RequestView};

/// A credential in the clear, for one screen and the shortest time: wiped when it is dropped.
#[derive(Debug)]
pub struct Shown {
    /// The credential.
    pub credential: CredentialName,
    /// Which value of it.
    pub generation: Generation,
    /// The value.
    pub plaintext: Plaintext,
}

/// Asks to be shown a credential; the one who asks is the one who will see it.
///
/// Without `window` it may be shown in the 15 minutes after the last approval, which is also the longest.
///
/// # Errors
/// Those of [`Client::ask`].
pub fn request_reveal(
    client: &mut Client,
    credential: CredentialName,
    window: Option<ReleaseWindow>,
    (reason, ticket): (Text, Text),
) -> Result<RequestView, DeskError> {
    match client.ask(&Ask::RequestReveal { credential, window, reason, ticket })? {
        Reply::Done { request: Some(request), .. } => Ok(*request),
        _ => Err(DeskError::Protocol { asked: "a request to be shown a credential" }),
    }
}

/// Takes the credential that an armed request shows, and says that it came. It is spent then, and has to
/// be rotated within a day: ask the person first.
///
/// # Errors
/// Those of [`Client::ask`].
pub fn reveal(client: &mut Client, id: &RequestId) -> Result<Shown, DeskError> {
    match client.ask(&Ask::Reveal { id: id.clone() })? {
        Reply::Revealed { credential, generation, plaintext } => {
            // It is here whether or not the keeper hears of it; then the log says `unknown`.
            drop(client.ask(&Ask::Received { id: id.clone() }));
            Ok(Shown { credential, generation, plaintext })
        }
        _ => Err(DeskError::Protocol { asked: "a credential" }),
    }
}
