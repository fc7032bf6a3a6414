//! Entries with every kind of value that an entry has, and words that look like others.

use proptest::option;
use proptest::prelude::*;

use crate::domain::audit::body::{Body, Caller, Delivery};
use crate::domain::audit::entry::{ClockTrust, Entry};
use crate::domain::audit::founding::{Founding, LogKeys};
use crate::domain::audit::tree::Head;
use crate::domain::client::{ClientRecord, Grants};
use crate::domain::credential::{CredentialKind, Deposited, RotationDays, Terms};
use crate::domain::ids::{
    ApplianceName, CredentialName, Generation, JobName, OperatorId, RequestId, TrustDomain,
};
use crate::domain::operator::{AgeRecipient, OperatorPublic, Role, Roster, SignedRoster};
use crate::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use crate::domain::selector::{Selector, Selectors};
use crate::domain::text::Text;
use crate::domain::time::{ChipBoot, Day, Interval, Length, Timestamp};

pub(super) fn request(bits: u32) -> RequestId {
    RequestId::from_entropy(bits)
}

pub(super) fn caller(path: &str) -> Box<Caller> {
    let (user, path) = (None, Some(path.to_owned()));
    Box::new(Caller { uid: 7, gid: 8, pid: 9, user, path, sha256: None })
}

/// Words of an entry, and of a forger.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r#"[ -~]{0,20}"#,
        "[0-9a-f]{64}",
        r#"(,"epoch":|,"type":|"detail":|,"v":|\\|\}|\]|,)*"#
    ]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..1_u64 << 40, 1 => (1_u64 << 53) - 2..(1_u64 << 53) + 2, 1 => 0..3_u64]
}

fn instant() -> impl Strategy<Value = Timestamp> {
    number().prop_map(Timestamp::from_ms)
}

fn id() -> impl Strategy<Value = RequestId> {
    (0..1_u32 << 20).prop_map(request)
}

fn person() -> impl Strategy<Value = OperatorId> {
    "[a-z0-9][a-z0-9-]{0,31}".prop_map(|name| OperatorId::parse(&name).expect("a person"))
}

fn job() -> impl Strategy<Value = JobName> {
    prop_oneof![Just("payroll".to_owned()), "[a-z0-9][a-z0-9._-]{0,14}"]
        .prop_map(|name| JobName::parse(&name).expect("a job"))
}

fn credential() -> impl Strategy<Value = CredentialName> {
    "[a-z][a-z0-9._-]{0,7}(/[a-z][a-z0-9._-]{0,7})?"
        .prop_map(|name| CredentialName::parse(&name).expect("a credential"))
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![Just("\u{e9}, \"quoted\"".to_owned()), "[ -~\u{e9}]{0,20}x"]
        .prop_map(|text| Text::parse(&text).expect("a text"))
}

fn interval() -> impl Strategy<Value = Interval> {
    (0..1_u64 << 52, 1..1_u64 << 40).prop_map(|(from, length)| {
        let from = Timestamp::from_ms(from);
        Interval::new(from, from.plus(Length::from_ms(length))).expect("an interval")
    })
}

fn window() -> impl Strategy<Value = ReleaseWindow> {
    prop_oneof![
        number().prop_map(|ms| ReleaseWindow::FromArming { length_ms: Length::from_ms(ms) }),
        interval().prop_map(|interval| ReleaseWindow::Fixed { interval }),
    ]
}

fn generation() -> impl Strategy<Value = Generation> {
    (1..=u32::MAX).prop_map(|number| Generation::from_number(number).expect("not 0"))
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![Just(Delivery::Acknowledged), Just(Delivery::Written), Just(Delivery::Unknown)]
}

fn subject() -> impl Strategy<Value = Subject> {
    let recipients = prop::collection::vec(any::<[u8; 32]>().prop_map(AgeRecipient::from_key), 0..3);
    let channel = Channel::Unix;
    let selectors = Selectors::new([Selector::parse("unix:uid:7").expect("a selector")]).expect("one");
    prop_oneof![
        (credential(), generation(), job(), window(), any::<u32>()).prop_map(
            move |(credential, generation, job, window, pulls)| {
                Subject::Release { credential, generation, job, channel, window, pulls }
            }
        ),
        (credential(), generation(), window()).prop_map(|(credential, generation, window)| Subject::Reveal {
            credential,
            generation,
            window
        }),
        (number(), text(), option::of(text()), recipients)
            .prop_map(|(from, medium, seal, recipients)| Subject::Export { from, medium, seal, recipients }),
        (job(), prop::collection::btree_set(credential(), 1..4), text(), option::of(person())).prop_map(
            move |(job, names, reason, owner)| {
                let (selectors, grants) = (selectors.clone(), Grants::new(names).expect("a few"));
                Subject::Client { client: ClientRecord { job, selectors, grants, reason, owner } }
            }
        ),
        Just(Subject::Thaw),
    ]
}

fn doc() -> impl Strategy<Value = RequestDoc> {
    let requester = prop_oneof![person().prop_map(Requester::Operator), job().prop_map(Requester::Job)];
    let head = (any::<u32>(), words(), id(), subject(), requester);
    let rest = (option::of(person()), option::of(words()), instant(), text(), words());
    (head, rest).prop_map(|((v, origin, id, subject, requester), rest)| {
        let (on_behalf_of, evidence, made, reason, policy) = rest;
        let (ticket, roster, nonce) = (reason.clone(), policy.clone(), policy.clone());
        let decision_ends = made.plus(RequestDoc::DECISION_LENGTH);
        RequestDoc {
            v,
            origin,
            id,
            subject,
            requester,
            on_behalf_of,
            evidence,
            made,
            decision_ends,
            reason,
            ticket,
            policy,
            roster,
            nonce,
        }
    })
}

fn deposited() -> impl Strategy<Value = Deposited> {
    let kind =
        prop_oneof![Just(CredentialKind::Password), Just(CredentialKind::Pin), Just(CredentialKind::Key)];
    let parts =
        (generation(), (text(), text(), 1..1_097_u32, 0..5_000_u32, kind), person(), instant(), words());
    parts.prop_map(|(generation, (owner, reason, days, sunset, kind), depositor, at, record)| {
        let rotation_days = RotationDays::new(days).expect("an interval");
        let sunset = Day::parse("2026-11-23").expect("a day").plus_days(sunset);
        let terms = Terms { owner, reason, rotation_days, sunset, kind };
        Deposited { generation, terms, depositor, at, record }
    })
}

fn founding() -> impl Strategy<Value = Body> {
    (words(), number(), any::<[u8; 32]>(), any::<(u32, u32)>()).prop_map(
        |(word, epoch_base, key, recovery_shares)| {
            let other = |number: u8| [&[number], &key[1..]].concat().try_into().expect("32 bytes");
            let people = [("al", 0), ("bo", 4)].map(|(name, first)| OperatorPublic {
                id: OperatorId::parse(name).expect("a person"),
                roles: [Role::Operator, Role::Custodian].into(),
                age: AgeRecipient::from_key(other(first)),
                noise: other(first + 1),
                approval: other(first + 2),
                cosign: other(first + 3),
            });
            let roster = Roster::new(1, 2, people.into()).expect("a roster");
            let keys = LogKeys {
                log: key,
                bundle: key,
                tpm: word.clone(),
                attestation: word.clone(),
                certified: word.clone(),
                certificate: word.clone(),
                expires: Day::parse("2099-12-31").expect("a day"),
            };
            Body::Setup(Box::new(Founding {
                appliance: ApplianceName::parse("gate").expect("a name"),
                trust_domain: TrustDomain::parse("example.org").expect("a domain"),
                roster: SignedRoster::unsigned(roster, key),
                policy: word.clone(),
                recovery: word.clone(),
                recovery_shares,
                keeper: word.clone(),
                chip: word.clone(),
                epoch_base,
                version: word.clone(),
                program: word.clone(),
                pcrs: word.clone(),
                pcr_digest: word,
                keys,
            }))
        },
    )
}

/// What follows from a request.
fn step() -> impl Strategy<Value = Body> {
    prop_oneof![
        doc().prop_map(|doc| Body::Requested { doc: Box::new(doc) }),
        (id(), person(), option::of(window()), option::of(any::<u32>()), words()).prop_map(
            |(request, operator, window, pulls, signature)| Body::Approved {
                request,
                operator,
                window,
                pulls,
                signature
            }
        ),
        (id(), interval(), (number(), number()), number(), words()).prop_map(
            |(request, window, chip, gate, sealed)| Body::Armed { request, window, chip, gate, sealed }
        ),
        (id(), words(), words()).prop_map(|(request, why, nonce)| Body::ArmFailed { request, why, nonce }),
        (id(), person(), text()).prop_map(|(request, operator, reason)| Body::Denied {
            request,
            operator,
            reason
        }),
        (id(), person(), text()).prop_map(|(request, operator, reason)| Body::Revoked {
            request,
            operator,
            reason
        }),
        id().prop_map(|request| Body::Expired { request }),
        (id(), job(), words(), words()).prop_map(|(request, job, evidence, path)| Body::Pulled {
            request,
            job,
            evidence,
            caller: caller(&path)
        }),
        (id(), person()).prop_map(|(request, operator)| Body::Revealed { request, operator }),
        (id(), words()).prop_map(|(request, why)| Body::PullReturned { request, why }),
        (id(), job(), delivery()).prop_map(|(request, job, delivered)| Body::Delivered {
            request,
            job,
            delivered
        }),
        (id(), person(), delivery()).prop_map(|(request, operator, delivered)| Body::Shown {
            request,
            operator,
            delivered
        }),
        (id(), words()).prop_map(|(request, answer)| Body::ChipSays { request, answer }),
    ]
}

/// What does not.
fn other() -> impl Strategy<Value = Body> {
    let voided = prop::collection::btree_map(id(), words(), 0..4);
    let ended = prop::collection::vec(id(), 0..3);
    let head = option::of((number(), words()).prop_map(|(size, root)| Head { size, root }));
    prop_oneof![
        founding(),
        (voided, ended, words(), words()).prop_map(|(voided, ended, version, program)| Body::Started {
            voided,
            ended,
            version,
            program
        }),
        Just(Body::Stopped),
        (credential(), deposited()).prop_map(|(credential, deposited)| Body::Deposited {
            credential,
            deposited: Box::new(deposited)
        }),
        (person(), text()).prop_map(|(operator, reason)| Body::Frozen { operator, reason }),
        (words(), words(), words()).prop_map(|(wanted, code, what)| Body::Refused { wanted, code, what }),
        person().prop_map(|operator| Body::PassphraseFailed { operator }),
        (option::of(id()), head).prop_map(|(request, previous)| Body::Checkpoint { request, previous }),
        (number(), person(), number(), words()).prop_map(|(size, operator, time, signature)| {
            Body::Cosigned { size, operator, time, signature }
        }),
        (id(), person(), (number(), number()), words()).prop_map(|(request, operator, range, manifest)| {
            Body::Exported { request, operator, range, manifest }
        }),
    ]
}

/// Bodies of every type.
fn body() -> impl Strategy<Value = Body> {
    prop_oneof![2 => step(), 1 => other()]
}

/// Entries of every type.
pub(super) fn entry() -> impl Strategy<Value = Entry> {
    let header = (any::<u32>(), number(), instant(), number(), any::<(u32, u32)>(), number());
    let rest = (any::<bool>(), prop::collection::vec(any::<String>(), 0..3), body());
    (header, rest).prop_map(|((v, seq, ts, mono, boot, epoch), (evaluation, actor, body))| {
        let (reset_count, restart_count) = boot;
        let boot = ChipBoot { reset_count, restart_count };
        let clock = if evaluation { ClockTrust::Agrees } else { ClockTrust::Alarm };
        Entry { v, seq, ts, mono, boot, clock, epoch, evaluation, actor, body }
    })
}
