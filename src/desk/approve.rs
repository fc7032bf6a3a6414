//! A signed yes: exactly what was shown is what is signed, and only its own share is opened.

use super::error::DeskError;
use crate::crypto::operator_key::OperatorKey;
use crate::crypto::shares::{SealedShare, ShareContext, ShareSubject, open_share};
use crate::desk::client::Client;
use crate::domain::ids::ApplianceName;
use crate::domain::request::doc::{ApprovalStatement, ReleaseWindow, RequestDoc};
use crate::domain::secret::SecretBytes;
use crate::domain::wire::operator::{Ask, Reply, RequestView, StateName};

/// Who that is.
const NO_SHARE: &str = "who deposited it has none, nor who came later";

/// Approves the request that `view` showed, at most as it was asked, and gives what became of it.
///
/// `share` is the operator's own sealed share as [`Reply::Request`] brought it; `window` and `pulls`
/// say less than what was asked, or nothing.
///
/// # Errors
/// [`DeskError::Ended`] for one that is decided; [`DeskError::Widened`] for more than was asked;
/// [`DeskError::CannotApprove`] for one's own; [`DeskError::ShareMismatch`] when the share
/// is of anything else than the request shows; those of [`Client::ask`].
pub fn approve(
    client: &mut Client,
    key: &OperatorKey,
    view: &RequestView,
    share: Option<&str>,
    window: Option<ReleaseWindow>,
    pulls: Option<u32>,
) -> Result<RequestView, DeskError> {
    let ask = signed_yes(key, view, share, window, pulls)?;
    match client.ask(&ask)? {
        Reply::Done { request: Some(request), .. } => Ok(*request),
        _ => Err(DeskError::Protocol { asked: "an approval" }),
    }
}

/// Makes the message of [`approve`].
fn signed_yes(
    key: &OperatorKey,
    view: &RequestView,
    share: Option<&str>,
    window: Option<ReleaseWindow>,
    pulls: Option<u32>,
) -> Result<Ask, DeskError> {
    if view.state != StateName::Requested {
        return Err(DeskError::Ended { request: view.doc.id.clone(), state: view.state });
    }
    if view.doc.is_asked_by(key.id()) {
        let what = format!("{} asked for request {} and cannot approve it", key.id(), view.doc.id);
        return Err(DeskError::CannotApprove { what });
    }
    let statement = narrowed(ApprovalStatement::as_asked(key.id().clone(), view.doc.clone()), window, pulls)?;
    let share = match view.doc.subject.opens() {
        Some(_) => Some(own_share(key, view, share)?),
        None => None,
    };
    let canonical = statement.canonical();
    let signature = hex::encode(key.sign_approval(&canonical));
    let statement = String::from_utf8(canonical).expect("canonical JSON is text");
    Ok(Ask::Approve { id: view.doc.id.clone(), statement, signature, share })
}

/// Takes away from what was asked; never adds.
fn narrowed(
    asked: ApprovalStatement,
    window: Option<ReleaseWindow>,
    pulls: Option<u32>,
) -> Result<ApprovalStatement, DeskError> {
    let cannot = |what| Err(DeskError::Widened { what });
    let mut narrowed = asked;
    if let Some(less) = window {
        if !narrowed.window.is_some_and(|all| less.is_within(all)) {
            return cannot("an approver may shorten the window, never lengthen it");
        }
        narrowed.window = Some(less);
    }
    if let Some(less) = pulls {
        if !narrowed.pulls.is_some_and(|all| (1..=all).contains(&less)) {
            return cannot("an approver may allow fewer pulls than asked for, at least one");
        }
        narrowed.pulls = Some(less);
    }
    Ok(narrowed)
}

/// Opens the share, and gives it away only if it is the one of the request that was shown.
fn own_share(key: &OperatorKey, view: &RequestView, share: Option<&str>) -> Result<SecretBytes, DeskError> {
    let none = || DeskError::CannotApprove {
        what: format!("{} holds no share of this credential: {NO_SHARE}", key.id()),
    };
    let sealed: SealedShare = serde_json::from_str(share.ok_or_else(none)?)
        .map_err(|_| DeskError::Protocol { asked: "one's own share" })?;
    let expected = expected_context(key, view, sealed.index())?;
    let open = open_share(&key.identity(), &sealed).and_then(|share| share.matching(&expected));
    Ok(SecretBytes::new(open.map_err(DeskError::ShareMismatch)?.to_bytes()))
}

/// What the share must say of itself, taken from the bytes that were shown.
fn expected_context(key: &OperatorKey, view: &RequestView, index: u8) -> Result<ShareContext, DeskError> {
    let Some((credential, generation)) = view.doc.subject.opens() else {
        return Err(DeskError::Protocol { asked: "a share of what opens nothing" });
    };
    let appliance =
        appliance_of(&view.doc).ok_or(DeskError::Protocol { asked: "the origin of a request" })?;
    if key.keeper().is_none_or(|pin| pin.appliance != appliance) {
        let what =
            format!("request {} is of the appliance {appliance}, this key file is for another", view.doc.id);
        return Err(DeskError::CannotApprove { what });
    }
    let subject = ShareSubject { appliance, credential: credential.clone(), generation };
    Ok(ShareContext { subject, operator: key.id().clone(), index, k: view.need })
}

/// The appliance in `<trust domain>/<appliance>`.
fn appliance_of(doc: &RequestDoc) -> Option<ApplianceName> {
    let (_, appliance) = doc.origin.split_once('/')?;
    ApplianceName::parse(appliance).ok()
}
