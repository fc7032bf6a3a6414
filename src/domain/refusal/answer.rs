//! What each refusal is called, how a command ends after it, and what to do next.

use super::Refusal;
use crate::domain::wire::operator::{Refused, StateName};
use crate::domain::wire::pc1::DenyCode;

impl Refusal {
    /// The code, the exit code and what to do next.
    pub const fn parts(&self) -> (&'static str, u8, &'static str) {
        (self.code(), self.exit(), self.advice())
    }

    /// The word that a program knows it by.
    const fn code(&self) -> &'static str {
        match self {
            Self::Frozen { .. } => "frozen",
            Self::NotFrozen => "not-frozen",
            Self::ThawWaits { .. } => "thaw-waits",
            Self::NotOnRoster { .. } => "not-on-roster",
            Self::UnknownOwner { .. } => "unknown-owner",
            Self::WrongRole { .. } => "wrong-role",
            Self::NoRequest { .. } => "no-request",
            Self::WrongState { .. } => "wrong-state",
            Self::NotExport { .. } => "not-export",
            Self::BadExport { .. } => "bad-export",
            Self::ExportOver { .. } => "export-over",
            Self::StaleCheckpoint { .. } => "stale-checkpoint",
            Self::CosignedAlready { .. } => "cosigned-already",
            Self::BadCosignature { .. } => "bad-cosignature",
            Self::NoEntry { .. } => "no-entry",
            Self::Expired { .. } => "expired",
            Self::NotExpired { .. } => "not-expired",
            Self::DuplicateApprover { .. } => "duplicate-approver",
            Self::OwnRequest { .. } => "own-request",
            Self::OwnDeposit { .. } => "own-deposit",
            Self::NoQuorumPossible { .. } => "no-quorum-possible",
            Self::WindowWidened { .. } => "window-widened",
            Self::OtherRules { .. } => "other-rules",
            Self::StatementDiffers { .. } => "statement-differs",
            Self::BadSignature { .. } => "bad-signature",
            Self::BadShare { .. } => "bad-share",
            Self::BadWindow { .. } => "bad-window",
            Self::BadPulls { .. } => "bad-pulls",
            Self::NoCredential { .. } => "no-credential",
            Self::CredentialExists { .. } => "credential-exists",
            Self::StaleDeposit { .. } => "stale-deposit",
            Self::BadDeposit { .. } => "bad-deposit",
            Self::PastSunset { .. } => "past-sunset",
            Self::UnknownJob { .. } => "unknown-job",
            Self::Evidence { .. } => "evidence",
            Self::NotGranted { .. } => "not-granted",
            Self::NotRequester { .. } => "not-requester",
            Self::NotShown { .. } => "not-shown",
            Self::OutsideWindow { .. } => "outside-window",
            Self::Ended { .. } => "ended",
            Self::Clock { .. } => "clock",
            Self::Busy { .. } => "busy",
            Self::Impossible { .. } => "impossible",
            Self::Chip { .. } => "chip",
            Self::Integrity { .. } => "integrity",
            Self::Record { .. } => "record",
            Self::Message { .. } => "message",
        }
    }

    /// The exit code of the command that met it.
    const fn exit(&self) -> u8 {
        const USAGE: u8 = 2;
        const REFUSED: u8 = 3;
        const PENDING: u8 = 4;
        const TPM: u8 = 5;
        const INTEGRITY: u8 = 6;
        match self {
            Self::Message { .. } => USAGE,
            Self::OutsideWindow { .. } | Self::Busy { .. } => PENDING,
            Self::Chip { .. } => TPM,
            Self::Impossible { .. } | Self::Integrity { .. } | Self::Record { .. } => INTEGRITY,
            _ => REFUSED,
        }
    }

    /// What to do next; empty where the chip's own advice is carried along.
    const fn advice(&self) -> &'static str {
        match self {
            Self::Frozen { .. } => "two operators can lift it: portcullis thaw",
            Self::NotFrozen => "nothing needs to be done",
            Self::NotExport { .. } => "look which one it was: portcullis requests --all",
            Self::BadExport { .. } => "ask for one again, without --from it begins where the last one ended",
            Self::ExportOver { .. } => "ask for another: portcullis audit export",
            Self::StaleCheckpoint { .. } => "run it again for the newest: portcullis audit cosign",
            Self::CosignedAlready { .. } => "nothing needs to be done",
            Self::BadCosignature { .. } => "look at the key file: its key must be the one on the roster",
            Self::NoEntry { .. } => "list them with: portcullis audit show",
            Self::ThawWaits { .. } => "approve that one: portcullis requests",
            Self::NotOnRoster { .. } => {
                "use a key file of this appliance: portcullis operator list shows whose are"
            }
            Self::UnknownOwner { .. } => "name somebody who is: portcullis operator list",
            Self::WrongRole { .. } => "ask somebody who has it: portcullis operator list",
            Self::NoRequest { .. } => "list them with: portcullis requests --all",
            Self::WrongState { .. } => "look at it with: portcullis requests --all",
            Self::Expired { .. } => "ask again: portcullis request",
            Self::NotExpired { .. } => "wait, or revoke it",
            Self::DuplicateApprover { .. } | Self::OwnRequest { .. } | Self::OwnDeposit { .. } => {
                "another person has to approve"
            }
            Self::NoQuorumPossible { .. } => {
                "let somebody else ask or deposit, or put more people on the roster"
            }
            Self::WindowWidened { .. } => "an approver may shorten, never lengthen",
            Self::StatementDiffers { .. } => "read the request again and approve that",
            Self::OtherRules { .. } => "revoke it and ask again",
            Self::BadSignature { .. } => "use the key file that is on the roster",
            Self::BadShare { .. } => "run portcullis doctor; the credential may need depositing again",
            Self::BadWindow { .. } => {
                "ask for one that ends in the future, within 7 days, of at most 24 h, or 15 min to be shown it"
            }
            Self::BadPulls { .. } => "ask for 1 to 100",
            Self::NoCredential { .. } => "list them with: portcullis list",
            Self::CredentialExists { .. } => "deposit its next generation with --next",
            Self::StaleDeposit { .. } => "deposit again",
            Self::BadDeposit { .. } => "deposit again with this version of portcullis",
            Self::PastSunset { .. } => {
                "retire it, or deposit it again with a new sunset and the reason for it"
            }
            Self::UnknownJob { .. } => "add it under two operators: portcullis client add",
            Self::Evidence { .. } => "compare the record with the caller: portcullis client list",
            Self::NotGranted { .. } => "grant it under two operators: portcullis client add",
            Self::NotRequester { .. } => {
                "ask for yourself: portcullis request NAME --reveal, or portcullis audit export"
            }
            Self::NotShown { .. } => "ask for yourself: portcullis request NAME --reveal",
            Self::OutsideWindow { .. } => "come back inside the window",
            Self::Ended { .. } => "ask operators for a new window: portcullis request",
            Self::Clock { .. } => "set the system clock right, then run portcullis doctor",
            Self::Busy { .. } => "try again in a minute",
            Self::Impossible { .. } => "keep the store as it is and run portcullis audit verify",
            Self::Chip { .. } => "",
            Self::Integrity { .. } => {
                "keep the store as it is, look at the disk, and compare with an earlier dump"
            }
            Self::Record { .. } => "deposit the credential again, and find out who changed the store",
            Self::Message { .. } => "use this version of portcullis on both sides",
        }
    }

    /// What goes over the operators' channel.
    pub fn to_wire(&self) -> Refused {
        let (code, exit, advice) = self.parts();
        let advice = if let Self::Chip { advice, .. } = self { advice.clone() } else { advice.to_owned() };
        Refused { code: code.to_owned(), exit, what: self.to_string(), advice }
    }

    /// What a job is told on its line.
    pub const fn deny_code(&self) -> DenyCode {
        match self {
            Self::Frozen { .. } => DenyCode::Frozen,
            Self::UnknownJob { .. } => DenyCode::UnknownJob,
            Self::Evidence { .. } => DenyCode::Evidence,
            Self::NotGranted { .. } => DenyCode::NotGranted,
            Self::NoCredential { .. } => DenyCode::NoCredential,
            Self::PastSunset { .. } => DenyCode::Sunset,
            Self::Clock { .. } => DenyCode::Clock,
            Self::Busy { .. } => DenyCode::Busy,
            Self::Chip { .. } => DenyCode::Chip,
            Self::Record { .. } | Self::Impossible { .. } | Self::Integrity { .. } => DenyCode::Record,
            Self::Expired { .. } | Self::OutsideWindow { .. } => DenyCode::Expired,
            Self::Ended { state, .. } => match state {
                StateName::Spent => DenyCode::Spent,
                StateName::Denied => DenyCode::Denied,
                StateName::Revoked => DenyCode::Revoked,
                _ => DenyCode::Expired,
            },
            _ => DenyCode::Policy,
        }
    }
}
