//! Deposits: what it takes to open one, and whom they are wrapped to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use portcullis::crypto::envelope::{Envelope, EnvelopeSubject, derive_data_key};
use portcullis::crypto::operator_key::{OperatorKey, random_key};
use portcullis::crypto::recipient;
use portcullis::crypto::recovery::RecoveryIdentity;
use portcullis::crypto::shares::{SealedShare, ShareContext, join, open_share};
use portcullis::desk::client::Client;
use portcullis::desk::deposit::deposit;
use portcullis::desk::error::DeskError;
use portcullis::domain::credential::{CredentialKind, RotationDays, Terms};
use portcullis::domain::ids::{ApplianceName, Generation};
use portcullis::domain::operator::{Role, Roster, SignedRoster};
use portcullis::domain::secret::{Key32, Plaintext};
use portcullis::domain::time::Day;
use portcullis::domain::wire::operator::{Ask, Reply, VERSION};
use rand_core::OsRng;
use zeroize::Zeroizing;

use super::keeper::{Keeper, bound};
use super::{key, name, people, subject, text};

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
            let appliance = ApplianceName::parse("vault-1").expect("a name");
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
        let context = ShareContext { subject, operator: key.id().clone(), index: sealed.index(), k: 2 };
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
    let wrapped = BASE64.decode(&record.recovery).expect("base64");
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
