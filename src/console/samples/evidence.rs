//! Bundles and checkpoints.

use std::path::PathBuf;

use super::{doc, log, operator, text, view};
use crate::console::model::Log;
use crate::desk::cosign::Cosigned;
use crate::desk::export::Fetched;
use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::audit::tree::TreeHash;
use crate::domain::operator::AgeRecipient;
use crate::domain::request::doc::{Requester, Subject};
use crate::domain::wire::operator::{RequestView, StateName};

/// A bundle for so many auditors.
pub fn export_to(recipients: u8) -> Subject {
    Subject::Export {
        from: 17_940,
        medium: text("USB stick 7, for the auditors in Basel"),
        seal: Some(text("004711")),
        recipients: (1..=recipients).map(|number| AgeRecipient::from_key([number; 32])).collect(),
    }
}

/// `alice` asks for a bundle.
pub fn export() -> RequestView {
    let alice = Requester::Operator(operator("alice"));
    view(doc("XP0R", export_to(1), alice, "quarterly audit", "AUD-12"), StateName::Requested, &[])
}

/// `bo` asked for one, and two have approved.
pub fn granted() -> RequestView {
    let bo = Requester::Operator(operator("bo"));
    let doc = doc("XP0R", export_to(1), bo, "quarterly audit", "AUD-12");
    view(doc, StateName::Granted, &["alice", "chris"])
}

fn checkpoint(size: u64, byte: u8) -> Checkpoint {
    let root = TreeHash::from_hex(&hex::encode([byte; 32])).expect("32 bytes");
    Checkpoint::new("example.org/host01", size, root).expect("a checkpoint")
}

/// What `bo` would cosign.
pub fn to_cosign() -> Box<Cosigned> {
    Box::new(Cosigned { checkpoint: checkpoint(18_227, 0x5b), before: Some(checkpoint(17_940, 0xc0)) })
}

/// The bundle of [`granted`].
pub fn fetched() -> Box<Fetched> {
    let path = PathBuf::from("/media/usb/example.org-host01-17940-18227.pcab.tar.age");
    Box::new(Fetched { path, range: (17_940, 18_227), manifest: "7a".repeat(32) })
}

/// The log with a checkpoint that alice has cosigned.
pub fn signed_log() -> Log {
    let mut log = log();
    let words = [("checkpoint", "keeper", "of the day"), ("cosigned", "operator:alice", "18227 entries")];
    for (entry, (word, actor, about)) in log.entries.iter_mut().zip(words) {
        (entry.word, entry.actor, entry.about) = (word.to_owned(), actor.to_owned(), about.to_owned());
    }
    log
}
