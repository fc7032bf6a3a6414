use rand_core::OsRng;

use super::*;
use crate::crypto::operator_key::OperatorKey;
use crate::crypto::testing::Vector;
use crate::domain::operator::Role;

fn subject(credential: &str, generation: u32) -> ShareSubject {
    ShareSubject {
        appliance: ApplianceName::parse("vault-1").expect("a name"),
        credential: CredentialName::parse(credential).expect("a name"),
        generation: Generation::from_number(generation).expect("not zero"),
    }
}

fn id(text: &str) -> OperatorId {
    OperatorId::parse(text).expect("an id")
}

fn q() -> Key32 {
    Key32::take(&mut [0x5A; 32])
}

/// Five people and a deposit of `q` for three of them.
struct Deposit {
    keys: Vec<OperatorKey>,
    sealed: Vec<SealedShare>,
}

impl Deposit {
    fn of(subject: &ShareSubject) -> Self {
        let people = ["alice", "bo", "cleo", "dan", "eve"];
        Self::by(people.map(|name| OperatorKey::generate(id(name), &mut OsRng)).into(), subject)
    }

    fn by(keys: Vec<OperatorKey>, subject: &ShareSubject) -> Self {
        let people: Vec<_> = keys.iter().map(|key| key.public([Role::Operator].into())).collect();
        let sealed = split(&q(), subject, &people.iter().collect::<Vec<_>>(), 3, &mut OsRng).expect("3 of 5");
        Self { keys, sealed }
    }

    fn share(&self, at: usize) -> Share {
        open_share(&self.keys[at].identity(), &self.sealed[at]).expect("one's own").0
    }

    fn join(&self, which: &[usize]) -> Result<Key32, ShareError> {
        join(&self.sealed, &which.iter().map(|&at| self.share(at)).collect::<Vec<_>>(), 3)
    }
}

#[test]
fn a_share_is_the_one_that_other_code_makes() {
    let vector = Vector::read(include_str!("../../../tests/vectors/crypto/share.json"));
    let share = Share::parse(&vector.bytes("bytes")).expect("a share");
    let generation = Generation::from_number(vector.number("generation")).expect("not zero");
    let context = ShareContext {
        subject: ShareSubject {
            appliance: ApplianceName::parse(vector.text("appliance")).expect("a name"),
            credential: CredentialName::parse(vector.text("credential")).expect("a name"),
            generation,
        },
        operator: id(vector.text("operator")),
        index: u8::try_from(vector.number("index")).expect("small"),
        k: vector.number("k"),
    };
    assert_eq!(share.context, context);
    assert_eq!(share.to_bytes()[..], vector.bytes("bytes"));
    assert_eq!(share.digest()[..], vector.bytes("digest"));
}

#[test]
fn any_three_of_five_give_the_key_back_and_two_do_not() {
    let deposit = Deposit::of(&subject("racf/prod01", 7));
    for which in [&[0, 1, 2][..], &[4, 0, 2], &[0, 1, 2, 3, 4]] {
        assert!(deposit.join(which).expect("a quorum").same(&q()), "{which:?}");
    }
    for (which, got) in [(&[0, 1][..], 2), (&[3][..], 1), (&[][..], 0)] {
        assert_eq!(
            deposit.join(which).expect_err("no quorum"),
            ShareError::TooFew { got, k: 3 },
            "{which:?}"
        );
    }
    let two = [0, 1].map(|at| {
        let share = deposit.share(at);
        shamir::Point { index: share.context.index, value: share.value }
    });
    assert!(!shamir::join(&two).expect("two points make a line").same(&q()), "a line is not the curve");
}

#[test]
fn p01_a_quorum_below_two_joins_nothing() {
    let deposit = Deposit::of(&subject("a", 1));
    for k in [0, 1, 2, 4] {
        let refused = join(&deposit.sealed, &[deposit.share(0)], k).expect_err("k is 3");
        assert_eq!(refused, ShareError::OtherSplit { operator: id("alice") }, "{k}");
    }
    for k in [0, 1] {
        assert_eq!(
            join(&deposit.sealed, &[], k).expect_err("nothing"),
            ShareError::TooFew { got: 0, k },
            "{k}"
        );
    }
    let one = deposit.keys[0].public([Role::Operator].into());
    for (k, n) in [(0, 2), (1, 2), (3, 2), (2, 17)] {
        let outcome = split(&q(), &subject("a", 1), &vec![&one; n], k, &mut OsRng);
        assert_eq!(outcome.expect_err("unsound"), ShareError::Split { k, n }, "{k} of {n}");
    }
}

#[test]
fn p03_one_share_counts_once() {
    let deposit = Deposit::of(&subject("a", 1));
    assert_eq!(deposit.join(&[0, 1, 1]).expect_err("twice"), ShareError::Duplicate { index: 2 });
}

#[test]
fn a_bad_share_is_named() {
    let deposit = Deposit::of(&subject("a", 1));
    let mut bad = deposit.share(1);
    bad.value = Key32::take(&mut [9; 32]);
    let shares = [deposit.share(0), bad, deposit.share(2)];
    let refused = join(&deposit.sealed, &shares, 3).expect_err("a bad share");
    assert_eq!(refused, ShareError::Digest { operator: id("bo") });

    let mut posing = deposit.share(1);
    posing.context.operator = id("cleo");
    assert_eq!(deposit.sealed[2].check(&posing), Err(ShareError::Digest { operator: id("cleo") }));
    let mut stranger = deposit.share(1);
    stranger.context.operator = id("zoe");
    let refused = join(&deposit.sealed, &[stranger], 3).expect_err("a stranger");
    assert_eq!(refused, ShareError::Digest { operator: id("zoe") });
}

#[test]
fn shares_of_two_generations_do_not_join() {
    let old = Deposit::of(&subject("a", 1));
    let new = Deposit::by(old.keys, &subject("a", 2));
    let older = Deposit::by(new.keys, &subject("a", 1));
    let both = [new.sealed[0].clone(), older.sealed[1].clone()];
    let opened = |at: usize| open_share(&older.keys[at].identity(), &both[at]).expect("one's own").0;
    let refused = join(&both, &[opened(0), opened(1)], 3).expect_err("mixed");
    assert_eq!(refused, ShareError::OtherSplit { operator: id("bo") });
}

#[test]
fn p05_a_console_opens_only_what_it_displayed() {
    let deposit = Deposit::of(&subject("racf/prod01", 7));
    let own = deposit.share(0).context;
    let changed = |change: fn(&mut ShareContext)| {
        let mut context = own.clone();
        change(&mut context);
        context
    };
    let cases = [
        ("as displayed", own.clone(), true),
        (
            "another credential",
            changed(|c| c.subject.credential = subject("racf/test01", 7).credential),
            false,
        ),
        ("another generation", changed(|c| c.subject.generation = c.subject.generation.next()), false),
        (
            "another appliance",
            changed(|c| c.subject.appliance = ApplianceName::parse("x").expect("a name")),
            false,
        ),
        ("another operator", changed(|c| c.operator = id("bo")), false),
        ("another index", changed(|c| c.index += 1), false),
        ("another k", changed(|c| c.k -= 1), false),
    ];
    for (name, expected, opens) in cases {
        let open = open_share(&deposit.keys[0].identity(), &deposit.sealed[0]).expect("one's own");
        let outcome = open.matching(&expected);
        assert_eq!(outcome.is_ok(), opens, "{name}");
        let refusal = outcome.err().map(|e| e.to_string());
        assert!(refusal.is_none_or(|r| r == format!("asked for {expected}, got {own}")), "{name}");
    }
}

#[test]
fn nobody_opens_the_share_of_another_or_a_changed_one() {
    let deposit = Deposit::of(&subject("a", 1));
    let alice = deposit.keys[0].identity();
    let refused = open_share(&alice, &deposit.sealed[1]).expect_err("another's");
    assert_eq!(refused, ShareError::NotOurs { operator: id("bo") });
    let sealed = &deposit.sealed[0];
    for at in 0..sealed.age.len() {
        let mut changed = sealed.clone();
        changed.age[at] ^= 0x40;
        assert!(open_share(&alice, &changed).is_err(), "byte {at}");
    }
    let digest = ShareError::Digest { operator: id("alice") };
    let swapped = [
        ("digest", SealedShare { digest: [0; 32], ..sealed.clone() }, digest.clone()),
        ("index", SealedShare { index: 2, ..sealed.clone() }, digest),
        (
            "operator",
            SealedShare { operator: id("bo"), ..sealed.clone() },
            ShareError::Digest { operator: id("bo") },
        ),
    ];
    for (name, changed, refusal) in swapped {
        assert_eq!(open_share(&alice, &changed).expect_err(name), refusal, "{name}");
    }
}

#[test]
fn a_share_is_read_in_one_form_only() {
    let bytes = Deposit::of(&subject("a", 1)).share(0).to_bytes();
    assert_eq!(Share::parse(&bytes).expect("as written").to_bytes(), bytes);
    for end in 0..bytes.len() {
        assert!(Share::parse(&bytes[..end]).is_err(), "{end} bytes");
    }
    let at = |offset: usize, byte: u8| {
        let mut changed = bytes.to_vec();
        changed[offset] = byte;
        changed
    };
    // The credential, generation, index and last byte of k of this share, by their place.
    let cases = [
        ("one byte more", [&bytes[..], &[0]].concat()),
        ("another prefix", at(0, b'P')),
        ("a credential in upper case", at(20 + 15 + 8, b'A')),
        ("generation zero", at(20 + 15 + 9 + 3, 0)),
        ("index zero", at(20 + 15 + 9 + 4 + 13, 0)),
        ("k zero", at(20 + 15 + 9 + 4 + 13 + 4, 0)),
        ("k one", at(20 + 15 + 9 + 4 + 13 + 4, 1)),
        ("k seventeen", at(20 + 15 + 9 + 4 + 13 + 4, 17)),
    ];
    for (name, changed) in cases {
        assert!(Share::parse(&changed).is_err(), "{name}");
    }
}

#[test]
fn a_sealed_share_reads_back_from_json_and_prints_nothing_secret() {
    let deposit = Deposit::of(&subject("a", 1));
    let json = serde_json::to_string(&deposit.sealed).expect("serialises");
    assert_eq!(serde_json::from_str::<Vec<SealedShare>>(&json).expect("reads back"), deposit.sealed);
    let share = deposit.share(0);
    let value = hex::encode(share.value.expose());
    assert_eq!(format!("{share:?}"), "Share(share 1 (k=3) of alice in a generation 1 on vault-1)");
    assert!(!json.contains(&value));
}
