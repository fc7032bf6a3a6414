//! What an entry of the log is about, on one line.

use super::facts::window_listed;
use crate::domain::audit::entry::{Body, Delivery, Entry};
use crate::domain::request::doc::{ReleaseWindow, RequestDoc, Subject};

/// What happened, the most important first: the line may end anywhere.
pub fn about(entry: &Entry) -> String {
    match &entry.body {
        Body::Setup(founding) => format!("{}, quorum {}", founding.origin(), founding.roster.roster.quorum()),
        Body::Started { voided, ended, version, .. } => {
            let counts = [(voided.len(), "approvals void"), (ended.len(), "windows ended")];
            let counts = counts.into_iter().filter(|(count, _)| *count > 0);
            let counts: String = counts.map(|(count, what)| format!(", {what}: {count}")).collect();
            format!("version {version}{counts}")
        }
        Body::Deposited { credential, deposited } => {
            format!("{credential} generation {}, sunset {}", deposited.generation, deposited.terms.sunset)
        }
        Body::Requested { doc } => requested(doc),
        Body::Approved { request, .. } => request.to_string(),
        Body::Armed { request, window, .. } => {
            let window = ReleaseWindow::Fixed { interval: *window };
            format!("{request} {}", window_listed(window, None, entry.ts))
        }
        Body::ArmFailed { request, why, .. } | Body::PullReturned { request, why } => {
            format!("{request}: {why}")
        }
        Body::Denied { request, reason, .. } | Body::Revoked { request, reason, .. } => {
            format!("{request}: {reason}")
        }
        Body::Expired { request } => request.to_string(),
        Body::Frozen { reason, .. } => reason.to_string(),
        Body::Pulled { request, job, .. } => format!("{request} by {job}"),
        Body::Revealed { request, operator } => format!("{request} to {operator}"),
        Body::Delivered { request, delivered, .. } | Body::Shown { request, delivered, .. } => {
            format!("{request} {}", delivery(*delivered))
        }
        Body::ChipSays { request, answer } => format!("{request}: {answer}"),
        Body::Refused { code, what, .. } => format!("{code}: {what}"),
        Body::PassphraseFailed { operator } => format!("of {operator}"),
        Body::Stopped => "the keeper was told to stop".to_owned(),
        Body::Checkpoint { request: Some(request), .. } => format!("for export {request}"),
        Body::Checkpoint { request: None, .. } => "of the day".to_owned(),
        Body::Cosigned { size, operator, .. } => format!("by {operator}, {size} entries"),
        Body::Exported { request, operator, range, .. } => {
            format!("{request} to {operator}, entries {} to {}", range.0, range.1 - 1)
        }
    }
}

fn requested(doc: &RequestDoc) -> String {
    let what = match &doc.subject {
        Subject::Release { credential, job, .. } => format!("{credential} to {job}"),
        Subject::Reveal { credential, .. } => format!("to be shown {credential}"),
        Subject::Client { client } => format!("client {}", client.job),
        Subject::Export { from, medium, .. } => format!("export from {from} onto {medium}"),
        Subject::Thaw => "thaw".to_owned(),
    };
    format!("{} {what}: {}", doc.id, doc.reason)
}

const fn delivery(delivered: Delivery) -> &'static str {
    match delivered {
        Delivery::Acknowledged => "acknowledged",
        Delivery::Written => "written",
        Delivery::Unknown => "unknown",
    }
}
