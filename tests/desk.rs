//! The operator's side against the other end of its channel: what it says, and what it never does.

#[path = "desk/keeper.rs"]
mod keeper;

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use keeper::{Heard, Keeper, al, bound, id, passphrase};
use portcullis::crypto::envelope::{Envelope, EnvelopeSubject, derive_data_key};
use portcullis::crypto::key_file::{KdfCost, KeyFile};
use portcullis::crypto::operator_key::OperatorKey;
use portcullis::crypto::recovery::RecoveryIdentity;
use portcullis::crypto::shares::{SealedShare, Share, ShareSubject, join, open_share, split};
use portcullis::crypto::sign::verify_approval;
use portcullis::crypto::{operator_key::random_key, recipient};
use portcullis::desk::approve::approve;
use portcullis::desk::client::Client;
use portcullis::desk::deposit::deposit;
use portcullis::desk::error::DeskError;
use portcullis::desk::key::report_wrong_passphrase;
use portcullis::domain::credential::{CredentialKind, RotationDays, Terms};
use portcullis::domain::ids::{CredentialName, Generation, JobName, RequestId};
use portcullis::domain::operator::{OperatorPublic, Role, Roster, SignedRoster};
use portcullis::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use portcullis::domain::secret::{Key32, Plaintext, SecretBytes};
use portcullis::domain::text::Text;
use portcullis::domain::time::{Day, Length, Timestamp};
use portcullis::domain::wire::operator::{Ask, Refused, Reply, RequestView, StateName, VERSION};
use rand_core::OsRng;
use zeroize::Zeroizing;

const NO_TIME: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(30);

fn key(name: &str) -> OperatorKey {
    OperatorKey::generate(id(name), &mut OsRng)
}

fn text(words: &str) -> Text {
    Text::parse(words).expect("a text")
}

fn name(words: &str) -> CredentialName {
    CredentialName::parse(words).expect("a name")
}

fn frozen() -> Reply {
    let (code, what, advice) =
        ("frozen".to_owned(), "the appliance is frozen".to_owned(), "thaw it".to_owned());
    Reply::Refused(Refused { code, exit: 3, what, advice })
}

/// Connects as `al`, lets `say` speak, and gives what it got and what the other end heard.
fn with<T>(
    keeper: &Keeper,
    answer: impl FnMut(Ask) -> Vec<Reply> + Send + 'static,
    say: impl FnOnce(&mut Client, &OperatorKey) -> T,
) -> (T, Heard) {
    let other_end = keeper.serve(VERSION, answer);
    let mut client = Client::connect(&keeper.socket(), al()).expect("connected");
    let outcome = say(&mut client, al());
    drop(client);
    (outcome, other_end.join().expect("no panic"))
}

#[test]
fn both_ends_prove_their_keys_and_speak_one_version() {
    let keeper = Keeper::new();
    let unbound = Client::connect(&keeper.socket(), &key("al"));
    assert!(matches!(unbound, Err(DeskError::NotPinned { .. })), "bound to nobody");
    let known = al();
    assert!(
        matches!(Client::connect(&keeper.socket(), known), Err(DeskError::Link { .. })),
        "nobody is there"
    );
    let other_end = keeper.serve(VERSION + 1, |_| Vec::new());
    let refused = Client::connect(&keeper.socket(), known).map_err(|error| error.exit());
    assert_eq!(refused.err(), Some(7), "another version");
    assert_eq!(other_end.join().expect("no panic").remote, known.public(BTreeSet::new()).noise);

    let impostor = Keeper::other();
    let other_end = impostor.serve(VERSION, |_| Vec::new());
    let refused = Client::connect(&impostor.socket(), known);
    assert!(refused.is_err(), "a keeper with another key");
    assert!(other_end.join().expect("no panic").asks.is_empty());
}

#[test]
fn a_refusal_keeps_its_words_and_its_exit_code() {
    let ((), _) = with(
        &Keeper::new(),
        |_| vec![frozen()],
        |client, _| {
            let error = client.ask(&Ask::Status).expect_err("refused");
            assert_eq!(
                (error.exit(), error.code(), error.to_string()),
                (3, "frozen", "the appliance is frozen".to_owned())
            );
            assert_eq!(error.advice(), "thaw it");
        },
    );
}

#[test]
fn what_the_keeper_says_cannot_steer_a_terminal() {
    let hostile = || {
        let (code, what) = ("x".to_owned(), "a\u{1b}[2Jb".to_owned());
        vec![Reply::Refused(Refused { code, exit: 3, what, advice: "c\u{9b}d\u{202e}".to_owned() })]
    };
    let ((), _) = with(
        &Keeper::new(),
        move |_| hostile(),
        |client, _| {
            let error = client.ask(&Ask::Status).expect_err("refused");
            assert_eq!(error.to_string(), "a\\u{1b}[2Jb");
            assert_eq!(error.advice(), "c\\u{9b}d\\u{202e}");
        },
    );
}

#[test]
fn a_change_is_noticed_whenever_it_was_said() {
    let answers = |ask| match ask {
        Ask::Watch => vec![Reply::Watching],
        // A change before the answer, and two after it.
        Ask::Credentials => {
            let changed = |size| Reply::Changed { size };
            vec![changed(1), Reply::Credentials { credentials: Vec::new() }, changed(2), changed(3)]
        }
        _ => vec![frozen()],
    };
    let ((), _) = with(&Keeper::new(), answers, |client, _| {
        client.ask(&Ask::Watch).expect("watching");
        assert!(!client.wait_change(NO_TIME).expect("a wait"), "nothing has changed yet");
        assert!(matches!(client.ask(&Ask::Credentials), Ok(Reply::Credentials { .. })), "not the change");
        for change in 1..=3 {
            assert!(client.wait_change(LONG).expect("a wait"), "change {change}");
        }
        assert!(!client.wait_change(NO_TIME).expect("a wait"), "that was all");
        assert_eq!(client.ask(&Ask::Status).map_err(|error| error.exit()).err(), Some(3), "it still answers");
    });
}

#[test]
fn a_long_answer_comes_whole_and_a_closed_line_is_a_link_error() {
    let leaves = || vec!["x".repeat(60_000); 4];
    let answers = move |ask| match ask {
        Ask::Entries { .. } => vec![Reply::Entries { leaves: leaves(), size: 4, root: String::new() }],
        _ => panic!("the other end goes away"),
    };
    let keeper = Keeper::new();
    let other_end = keeper.serve(VERSION, answers);
    let mut client = Client::connect(&keeper.socket(), al()).expect("connected");
    let Ok(Reply::Entries { leaves: got, .. }) = client.ask(&Ask::Entries { from: 0, count: 4 }) else {
        panic!("no entries");
    };
    assert_eq!(got, leaves());
    let error = client.ask(&Ask::Status).expect_err("it is gone");
    assert_eq!((error.exit(), error.code()), (7, "link"), "{error}");
    assert!(other_end.join().is_err());
}

#[test]
fn a_wrong_passphrase_is_reported_by_nobody_on_the_roster() {
    let keeper = Keeper::new();
    let al = key("al");
    let path = keeper.dir().join("al.pcop");
    let file = KeyFile::seal(&al, &passphrase(), KdfCost::Standard, &mut OsRng).expect("sealed");
    let file = file.with_keeper(keeper.pin([0; 32]), &passphrase(), &mut OsRng).expect("bound");
    std::fs::write(&path, file.to_text()).expect("a file");
    let other_end = keeper.serve(VERSION, |_| vec![Reply::Done { request: None, message: String::new() }]);
    report_wrong_passphrase(&keeper.socket(), &path);
    let heard = other_end.join().expect("no panic");
    assert_ne!(heard.remote, al.public(BTreeSet::new()).noise);
    assert_eq!(heard.asks, [serde_json::json!({ "ask": "passphrase-failed", "operator": "al" })]);
}

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
        window: None,
        pulls_left: None,
        now: at(1),
        waiting: 0,
        note: None,
    }
}

fn people(keys: &[&OperatorKey]) -> Vec<OperatorPublic> {
    keys.iter().map(|key| key.public([Role::Operator].into())).collect()
}

/// The share of `al` in a fresh split for `subject`.
fn share_of(al: &OperatorKey, subject: &ShareSubject, k: u32) -> SealedShare {
    let (bo, cy) = (key("bo"), key("cy"));
    let people = people(&[al, &bo, &cy]);
    let shares = split(&random_key(&mut OsRng), subject, &people.iter().collect::<Vec<_>>(), k, &mut OsRng);
    shares.expect("split").into_iter().find(|share| *share.operator() == *al.id()).expect("a share")
}

fn subject(appliance: &str, credential: &str, generation: u32) -> ShareSubject {
    ShareSubject {
        appliance: portcullis::domain::ids::ApplianceName::parse(appliance).expect("a name"),
        credential: name(credential),
        generation: Generation::from_number(generation).expect("a number"),
    }
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
        assert!(matches!(refused, Err(DeskError::CannotApprove { .. })), "{case}: {refused:?}");
        assert!(heard.asks.is_empty(), "{case}: nothing left this side");
    }
}

fn terms() -> Terms {
    Terms {
        owner: text("mainframe team"),
        reason: text("RACF knows no federation"),
        rotation_days: RotationDays::new(90).expect("days"),
        sunset: Day::parse("2027-06-30").expect("a day"),
        kind: CredentialKind::Pin,
    }
}

/// A first roster, signed by everybody who may sign it.
fn first_roster(people: &[(&OperatorKey, &[Role])]) -> SignedRoster {
    let public = people.iter().map(|(key, roles)| key.public(roles.iter().copied().collect()));
    let mut signed = SignedRoster::unsigned(Roster::new(1, 2, public.collect()).expect("a roster"), [0; 32]);
    let operators = people.iter().filter(|(_, roles)| roles.contains(&Role::Operator));
    let signatures = operators.map(|(key, _)| (key.id().clone(), key.sign_roster(&signed))).collect();
    signed.signatures = signatures;
    signed
}

/// A keeper that takes a deposit for `rosters`.
fn takes(
    rosters: Vec<SignedRoster>,
    recovery: &RecoveryIdentity,
) -> impl FnMut(Ask) -> Vec<Reply> + Send + use<> {
    let recovery = recovery.recipient().as_str().to_owned();
    move |ask| match ask {
        Ask::DepositContext { .. } => {
            let appliance = portcullis::domain::ids::ApplianceName::parse("vault-1").expect("a name");
            let (rosters, recovery) = (rosters.clone(), recovery.clone());
            vec![Reply::DepositContext { appliance, generation: Generation::FIRST, rosters, recovery }]
        }
        _ => vec![Reply::Done { request: None, message: "deposited".to_owned() }],
    }
}

fn put(keeper: &Keeper, dora: &OperatorKey) -> Result<String, DeskError> {
    let mut client = Client::connect(&keeper.socket(), dora).expect("connected");
    let plaintext = Plaintext::new(Zeroizing::new(b"S3CRET#1".to_vec())).expect("fits");
    deposit(&mut client, dora, &name("racf/prod01"), false, &terms(), &plaintext)
}

#[test]
fn a_deposit_opens_with_the_chips_half_and_two_approvers_and_without_the_depositor() {
    let keeper = Keeper::new();
    let (al, bo, cy, dora) = (key("al"), key("bo"), key("cy"), key("dora"));
    let operator = &[Role::Operator][..];
    let both = &[Role::Operator, Role::Custodian][..];
    let roster = first_roster(&[(&al, operator), (&bo, operator), (&cy, operator), (&dora, both)]);
    let dora = bound(&dora, keeper.pin(roster.digest()));
    let recovery = RecoveryIdentity::generate(&mut OsRng);
    let other_end = keeper.serve(VERSION, takes(vec![roster.clone()], &recovery));
    assert_eq!(put(&keeper, &dora).expect("deposited"), "deposited");
    let heard = other_end.join().expect("no panic");
    let Ok(Ask::Deposit(deposit)) = serde_json::from_value(heard.asks[1].clone()) else {
        panic!("{heard:?}")
    };
    assert!(!heard.asks[1].to_string().contains("S3CRET"));

    let record = &deposit.record;
    let shares: Vec<SealedShare> =
        record.shares.iter().map(|share| serde_json::from_str(share).expect("a share")).collect();
    let holders: Vec<_> = shares.iter().map(|share| share.operator().as_str()).collect();
    assert_eq!((holders, record.k), (vec!["al", "bo", "cy"], 2), "who deposits cannot approve");
    assert_eq!(record.roster, hex::encode(roster.digest()));
    let open = |key: &OperatorKey, at: usize| {
        let sealed: &SealedShare = &shares[at];
        let subject = subject("vault-1", "racf/prod01", 1);
        let context = portcullis::crypto::shares::ShareContext {
            subject,
            operator: key.id().clone(),
            index: sealed.index(),
            k: 2,
        };
        open_share(&key.identity(), sealed).and_then(|share| share.matching(&context)).expect("opens")
    };
    let q = join(&shares, &[open(&al, 0), open(&cy, 2)], 2).expect("two are enough");
    let t = deposit.t.to_key().expect("32 bytes");
    let salt = <[u8; 32]>::try_from(hex::decode(&record.salt).expect("hex")).expect("32 bytes");
    let envelope: Envelope = serde_json::from_str(&record.envelope).expect("an envelope");
    let racf = name("racf/prod01");
    let of = EnvelopeSubject { credential: &racf, generation: Generation::FIRST, kind: "pin" };
    let opened =
        |t: &Key32, q: &Key32| envelope.open(&derive_data_key(t, q, &salt, &racf, Generation::FIRST), &of);
    assert_eq!(opened(&t, &q).expect("opens").expose(), b"S3CRET#1");
    assert!(opened(&random_key(&mut OsRng), &q).is_err(), "without the chip's half");
    assert!(opened(&t, &random_key(&mut OsRng)).is_err(), "without the operators' half");
    let wrapped = base64::engine::general_purpose::STANDARD.decode(&record.recovery).expect("base64");
    let recovered = recipient::unwrap(&recovery.identity(), &wrapped).expect("opens");
    assert_eq!(recovered.as_slice(), t.expose(), "recovery has the chip's half and nothing else");
}

#[test]
fn p11_nothing_is_wrapped_to_people_whom_set_up_did_not_name() {
    let (al, bo, dora) = (key("al"), key("bo"), key("dora"));
    let (operator, custodian) = (&[Role::Operator][..], &[Role::Custodian][..]);
    let genuine = first_roster(&[(&al, operator), (&bo, operator), (&dora, custodian)]);
    let (mallory, eve) = (key("mallory"), key("eve"));
    let forged = first_roster(&[(&mallory, operator), (&eve, operator), (&dora, custodian)]);
    let mut grown = SignedRoster::unsigned(
        Roster::new(2, 2, [people(&[&mallory, &eve]), vec![]].concat()).expect("a roster"),
        genuine.digest(),
    );
    let signature = al.sign_roster(&grown);
    grown.signatures.insert(al.id().clone(), signature);
    let cases = [
        ("other founders", vec![forged], "other-roster"),
        ("no roster", Vec::new(), "roster-chain"),
        ("a change that one person signed", vec![genuine.clone(), grown], "roster-chain"),
    ];
    let recovery = RecoveryIdentity::generate(&mut OsRng);
    for (case, rosters, code) in cases {
        let keeper = Keeper::new();
        let dora = bound(&dora, keeper.pin(genuine.digest()));
        let other_end = keeper.serve(VERSION, takes(rosters, &recovery));
        let refused = put(&keeper, &dora).expect_err(case);
        assert_eq!((refused.code(), refused.exit()), (code, 6), "{case}");
        assert_eq!(
            other_end.join().expect("no panic").asks.len(),
            1,
            "{case}: the context was asked for, nothing sent"
        );
    }
}

#[test]
fn p03_a_depositor_does_not_count_among_those_who_could_approve() {
    let (al, dora) = (key("al"), key("dora"));
    let roster = first_roster(&[(&al, &[Role::Operator]), (&dora, &[Role::Operator, Role::Custodian])]);
    let keeper = Keeper::new();
    let dora = bound(&dora, keeper.pin(roster.digest()));
    let other_end = keeper.serve(VERSION, takes(vec![roster], &RecoveryIdentity::generate(&mut OsRng)));
    let refused = put(&keeper, &dora).expect_err("too few");
    assert!(matches!(refused, DeskError::TooFewApprovers { approvers: 1, quorum: 2, .. }), "{refused:?}");
    assert_eq!(other_end.join().expect("no panic").asks.len(), 1);
}
