//! What entries are made of, read from its canonical form.

use crate::domain::audit::body::{Body, Caller, Delivery};
use crate::domain::audit::entry::{ClockTrust, Entry};
use crate::domain::audit::founding::Founding;
use crate::domain::audit::tree::Head;
use crate::domain::canonical::read::{Canonical, Reader, members};
use crate::domain::credential::{CredentialKind, Deposited, RotationDays, Terms};
use crate::domain::ids::{CredentialName, Generation, JobName, OperatorId, RequestId};
use crate::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use crate::domain::text::Text;
use crate::domain::time::{ChipBoot, Day, Interval, Length, Timestamp};

/// The entry whose canonical bytes these are; `None` when they are not, or not in a plain way.
pub(in crate::domain::audit) fn read(leaf: &[u8]) -> Option<Entry> {
    let text = str::from_utf8(leaf).ok()?;
    let kind = kind(text)?;
    let from = &mut Reader::new(text);
    from.word("{\"actor\":")?;
    let actor = from.value()?;
    from.word(",\"boot\":")?;
    let boot = from.value()?;
    from.word(",\"clock\":")?;
    let clock = from.value()?;
    let body = body(kind, from)?;
    from.word(",\"epoch\":")?;
    let epoch = from.value()?;
    from.word(",\"evaluation\":")?;
    let evaluation = from.value()?;
    from.word(",\"mono\":")?;
    let mono = from.value()?;
    from.word(",\"seq\":")?;
    let seq = from.value()?;
    from.word(",\"ts\":")?;
    let ts = from.value()?;
    from.word(",\"type\":\"")?;
    from.word(kind)?;
    from.word("\",\"v\":")?;
    let v = from.value()?;
    from.word("}")?;
    from.end()?;
    Some(Entry { v, seq, ts, mono, boot, clock, epoch, evaluation, actor, body })
}

/// What the end of the text says of its type: a guess, until all that is before it was read.
fn kind(text: &str) -> Option<&str> {
    let comma = text.bytes().rposition(|byte| byte == b',')?;
    let front = text.get(..comma)?.strip_suffix('"')?;
    let quote = front.bytes().rposition(|byte| byte == b'"')?;
    front.get(quote + 1..)
}

fn body(kind: &str, from: &mut Reader<'_>) -> Option<Body> {
    if kind == "stopped" {
        return Some(Body::Stopped);
    }
    from.word(",\"detail\":")?;
    Some(match kind {
        "setup" => Body::Setup(from.value()?),
        "started" => members!(from, Body::Started { ended, program, version, voided }),
        "deposited" => members!(from, Body::Deposited { credential, deposited }),
        "requested" => members!(from, Body::Requested { doc }),
        "approved" => members!(from, Body::Approved { operator, pulls, request, signature, window }),
        "armed" => members!(from, Body::Armed { chip, gate, request, sealed, window }),
        "arm-failed" => members!(from, Body::ArmFailed { nonce, request, why }),
        "denied" => members!(from, Body::Denied { operator, reason, request }),
        "revoked" => members!(from, Body::Revoked { operator, reason, request }),
        "expired" => members!(from, Body::Expired { request }),
        "frozen" => members!(from, Body::Frozen { operator, reason }),
        "pulled" => members!(from, Body::Pulled { caller, evidence, job, request }),
        "revealed" => members!(from, Body::Revealed { operator, request }),
        "pull-returned" => members!(from, Body::PullReturned { request, why }),
        "delivered" => members!(from, Body::Delivered { delivered, job, request }),
        "shown" => members!(from, Body::Shown { delivered, operator, request }),
        "chip-says" => members!(from, Body::ChipSays { answer, request }),
        "refused" => members!(from, Body::Refused { code, wanted, what }),
        "passphrase-failed" => members!(from, Body::PassphraseFailed { operator }),
        "checkpoint" => members!(from, Body::Checkpoint { previous, request }),
        "cosigned" => members!(from, Body::Cosigned { operator, signature, size, time }),
        "exported" => members!(from, Body::Exported { manifest, operator, range, request }),
        _ => return None,
    })
}

/// Structs with their members in order.
macro_rules! structs {
    ($($name:ident { $($member:ident),* })*) => {
        $(impl Canonical for $name {
            fn read(from: &mut Reader<'_>) -> Option<Self> {
                Some(members!(from, $name { $($member),* }))
            }
        })*
    };
}

structs! {
    Caller { gid, path, pid, sha256, uid, user }
    ChipBoot { reset_count, restart_count }
    Deposited { at, depositor, generation, record, terms }
    Head { root, size }
    RequestDoc {
        decision_ends, evidence, id, made, nonce, on_behalf_of, origin, policy, reason, requester, roster,
        subject, ticket, v
    }
    Terms { kind, owner, reason, rotation_days, sunset }
}

/// Names that `parse` leaves as they are.
macro_rules! parsed {
    ($($name:ident)*) => {
        $(impl Canonical for $name {
            fn read(from: &mut Reader<'_>) -> Option<Self> {
                let text = from.plain()?;
                Self::parse(text).ok().filter(|parsed| parsed.as_str() == text)
            }
        })*
    };
}

parsed! { CredentialName JobName OperatorId RequestId }

impl Canonical for Text {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.either(|from| {
            let text = from.plain()?;
            Self::parse(text).ok().filter(|parsed| parsed.as_str() == text)
        })
    }
}

/// Words for values.
macro_rules! words {
    ($($name:ident { $($variant:ident $word:literal),* })*) => {
        $(impl Canonical for $name {
            fn read(from: &mut Reader<'_>) -> Option<Self> {
                match from.plain()? {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        })*
    };
}

words! {
    Channel { Unix "unix" }
    ClockTrust { Agrees "agrees", Alarm "alarm" }
    CredentialKind { Password "password", Pin "pin", Key "key" }
    Delivery { Acknowledged "acknowledged", Written "written", Unknown "unknown" }
}

/// What is rare, or has many forms.
macro_rules! derived {
    ($($name:ident)*) => {
        $(impl Canonical for $name {
            fn read(from: &mut Reader<'_>) -> Option<Self> {
                from.derived()
            }
        })*
    };
}

derived! { Day Founding }

impl Canonical for Generation {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Self::from_number(from.value()?)
    }
}

impl Canonical for RotationDays {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Self::new(from.value()?)
    }
}

impl Canonical for Timestamp {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.value().map(Self::from_ms)
    }
}

impl Canonical for Length {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.value().map(Self::from_ms)
    }
}

impl Canonical for Interval {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (opens, closes) = from.value()?;
        Self::new(opens, closes)
    }
}

impl Canonical for Requester {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (kind, name) = from.plain()?.split_once(':')?;
        match kind {
            "operator" => OperatorId::parse(name).ok().filter(|id| id.as_str() == name).map(Self::Operator),
            "job" => JobName::parse(name).ok().filter(|job| job.as_str() == name).map(Self::Job),
            _ => None,
        }
    }
}

impl Canonical for ReleaseWindow {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let window = if from.word("{\"from-arming\":").is_some() {
            members!(from, Self::FromArming { length_ms })
        } else {
            from.word("{\"fixed\":")?;
            members!(from, Self::Fixed { interval })
        };
        from.word("}")?;
        Some(window)
    }
}

impl Canonical for Subject {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        if from.word("{\"channel\":").is_none() {
            return from.derived();
        }
        let channel = from.value()?;
        from.word(",\"credential\":")?;
        let credential = from.value()?;
        from.word(",\"generation\":")?;
        let generation = from.value()?;
        from.word(",\"job\":")?;
        let job = from.value()?;
        from.word(",\"kind\":\"release\",\"pulls\":")?;
        let pulls = from.value()?;
        from.word(",\"window\":")?;
        let window = from.value()?;
        from.word("}")?;
        Some(Self::Release { credential, generation, job, channel, window, pulls })
    }
}
