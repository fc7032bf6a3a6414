//! Approvals: what is signed, and which share leaves.

use std::collections::BTreeSet;

use portcullis::crypto::operator_key::{OperatorKey, random_key};
use portcullis::crypto::shares::{SealedShare, Share, ShareSubject, open_share, split};
use portcullis::crypto::sign::verify_approval;
use portcullis::desk::approve::approve;
use portcullis::desk::error::DeskError;
use portcullis::domain::ids::{Generation, JobName, RequestId};
use portcullis::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use portcullis::domain::secret::SecretBytes;
use portcullis::domain::time::{Length, Timestamp};
use portcullis::domain::wire::operator::{Ask, Reply, RequestView, StateName};
use rand_core::OsRng;

use super::keeper::{Keeper, id};
use super::{key, name, people, subject, text, with};

/// A release of `racf/prod01`, generation 1, on `vault-1`, asked for by `cy`.
fn view() -> RequestView {
    let at = |minutes| Timestamp::from_ms(1_795_467_600_000).plus(Length::from_minutes(minutes));
    let doc = RequestDoc {
        v: 1,
        origin: "example.org/vault-1".to_owned(),
        id: RequestId::parse("7K2M").expect("an id"),
        subject: Subject::Release {
            credential: name("racf/prod01"),
            generation: Generation::FIRST,
            job: JobName::parse("jobx").expect("a name"),
            channel: Channel::Unix,
            window: ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) },
            pulls: 3,
        },
        requester: Requester::Operator(id("cy")),
        on_behalf_of: None,
        evidence: None,
        made: at(0),
        decision_ends: at(30),
        reason: text("night batch"),
        ticket: text("INC-4711"),
        policy: "00".repeat(32),
        roster: "11".repeat(32),
        nonce: "22".repeat(16),
    };
    RequestView {
        doc,
        state: StateName::Requested,
        approvals: Vec::new(),
        need: 2,
        agreed: None,
        window: None,
        pulls_left: None,
        now: at(1),
        waiting: 0,
        note: None,
    }
}

/// The share of `al` in a fresh split for `subject`.
fn share_of(al: &OperatorKey, subject: &ShareSubject, k: u32) -> SealedShare {
    let (bo, cy) = (key("bo"), key("cy"));
    let people = people(&[al, &bo, &cy]);
    let shares = split(&random_key(&mut OsRng), subject, &people.iter().collect::<Vec<_>>(), k, &mut OsRng);
    shares.expect("split").into_iter().find(|share| *share.operator() == *al.id()).expect("a share")
}

fn approved(_: Ask) -> Vec<Reply> {
    vec![Reply::Done { request: Some(Box::new(view())), message: "approved".to_owned() }]
}

#[test]
fn an_approval_signs_exactly_what_was_shown_and_sends_its_own_share() {
    let (al, heard) = with(&Keeper::new(), approved, |client, al| {
        let sealed = share_of(al, &subject("vault-1", "racf/prod01", 1), 2);
        let json = serde_json::to_string(&sealed).expect("JSON");
        let window = ReleaseWindow::FromArming { length_ms: Length::from_minutes(5) };
        approve(client, al, &view(), Some(&json), Some(window), Some(1)).expect("approved");
        let share = open_share(&al.identity(), &sealed).map(|share| format!("{share:?}"));
        (al.public(BTreeSet::new()), share.expect("opens"))
    });
    let [ask] = heard.asks.as_slice() else { panic!("one approval: {heard:?}") };
    let statement = ask["statement"].as_str().expect("a statement");
    let signature = hex::decode(ask["signature"].as_str().expect("hex")).expect("hex");
    let signature = <[u8; 64]>::try_from(signature).expect("64 bytes");
    assert!(verify_approval(&al.0.approval, statement.as_bytes(), &signature).is_ok());
    let signed: serde_json::Value = serde_json::from_str(statement).expect("JSON");
    assert_eq!(signed["request"], serde_json::to_value(view().doc).expect("JSON"));
    assert_eq!(
        (&signed["operator"], &signed["verdict"], &signed["pulls"]),
        (&"al".into(), &"approve".into(), &1.into())
    );
    assert_eq!(signed["window"], serde_json::json!({ "from-arming": { "length_ms": 300_000 } }));
    let share: SecretBytes = serde_json::from_value(ask["share"].clone()).expect("a share");
    let share = Share::parse(share.expose()).expect("a share");
    assert_eq!(format!("Open{share:?}"), al.1);
}

#[test]
fn a_share_of_anything_else_than_what_was_shown_is_not_opened_for_anybody() {
    let cases = [
        ("another appliance", subject("vault-2", "racf/prod01", 1), 2),
        ("another credential", subject("vault-1", "racf/prod02", 1), 2),
        ("another generation", subject("vault-1", "racf/prod01", 2), 2),
        ("another quorum", subject("vault-1", "racf/prod01", 1), 3),
    ];
    for (case, subject, k) in cases {
        let (refused, heard) = with(&Keeper::new(), approved, |client, al| {
            let json = serde_json::to_string(&share_of(al, &subject, k)).expect("JSON");
            approve(client, al, &view(), Some(&json), None, None)
        });
        assert!(matches!(refused, Err(DeskError::ShareMismatch(_))), "{case}: {refused:?}");
        assert!(heard.asks.is_empty(), "{case}: nothing left this side");
    }
    let (refused, heard) = with(&Keeper::new(), approved, |client, al| {
        let people = people(&[al, &key("bo"), &key("cy")]);
        let subject = subject("vault-1", "racf/prod01", 1);
        let shares =
            split(&random_key(&mut OsRng), &subject, &people.iter().collect::<Vec<_>>(), 2, &mut OsRng);
        let json = serde_json::to_string(&shares.expect("split")[1]).expect("JSON");
        approve(client, al, &view(), Some(&json), None, None)
    });
    assert!(matches!(refused, Err(DeskError::ShareMismatch(_))), "another operator: {refused:?}");
    assert!(heard.asks.is_empty(), "another operator: nothing left this side");
    let (refused, heard) = with(&Keeper::new(), approved, |client, al| {
        let mut others = view();
        others.doc.origin = "example.org/vault-2".to_owned();
        let json =
            serde_json::to_string(&share_of(al, &subject("vault-2", "racf/prod01", 1), 2)).expect("JSON");
        approve(client, al, &others, Some(&json), None, None)
    });
    assert!(
        matches!(refused, Err(DeskError::CannotApprove { .. })),
        "an appliance the key is not for: {refused:?}"
    );
    assert!(heard.asks.is_empty());
}

#[test]
fn p04_nobody_approves_their_own_request_and_nobody_adds_to_one() {
    let longer = Some(ReleaseWindow::FromArming { length_ms: Length::from_minutes(16) });
    let cases = [
        ("asked for by the approver", Some("al"), None, None, None),
        ("asked for on the approver's behalf", None, Some("al"), None, None),
        ("a longer window", None, None, longer, None),
        ("more pulls", None, None, None, Some(4)),
        ("no pulls", None, None, None, Some(0)),
    ];
    for (case, requester, owner, window, pulls) in cases {
        let (refused, heard) = with(&Keeper::new(), approved, |client, al| {
            let mut view = view();
            if let Some(name) = requester {
                view.doc.requester = Requester::Operator(id(name));
            }
            view.doc.on_behalf_of = owner.map(id);
            let json =
                serde_json::to_string(&share_of(al, &subject("vault-1", "racf/prod01", 1), 2)).expect("JSON");
            approve(client, al, &view, Some(&json), window, pulls)
        });
        let own = requester.or(owner).is_some();
        let named = match refused {
            Err(DeskError::CannotApprove { .. }) => own,
            Err(DeskError::Widened { .. }) => !own,
            _ => false,
        };
        assert!(named, "{case}: {refused:?}");
        assert!(heard.asks.is_empty(), "{case}: nothing left this side");
    }
}

#[test]
fn a_request_that_ended_is_not_signed() {
    for state in [StateName::Denied, StateName::Expired, StateName::Armed] {
        let (refused, heard) = with(&Keeper::new(), approved, |client, al| {
            let ended = RequestView { state, ..view() };
            approve(client, al, &ended, None, None, None)
        });
        assert!(matches!(refused, Err(DeskError::Ended { .. })), "{state:?}: {refused:?}");
        assert!(heard.asks.is_empty(), "{state:?}: nothing left this side");
    }
}
