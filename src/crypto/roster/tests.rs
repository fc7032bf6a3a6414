use rand_core::OsRng;

use super::*;
use crate::crypto::operator_key::OperatorKey;
use crate::domain::operator::{AgeRecipient, Signature};

fn key(name: &str) -> OperatorKey {
    OperatorKey::generate(OperatorId::parse(name).expect("an id"), &mut OsRng)
}

fn person(key: &OperatorKey, role: Role) -> OperatorPublic {
    key.public([role].into())
}

/// Four operators and an auditor.
struct People(Vec<OperatorKey>, OperatorKey);

impl People {
    fn new() -> Self {
        Self(["al", "bo", "cy", "di"].map(key).into(), key("zoe"))
    }

    /// A version of the first `count` operators and the auditor, signed by `signers`.
    fn version(
        &self,
        version: u32,
        count: usize,
        quorum: u32,
        before: Option<&SignedRoster>,
        signers: &[usize],
    ) -> SignedRoster {
        let operators = self.0[..count].iter().map(|key| person(key, Role::Operator));
        let people = operators.chain([person(&self.1, Role::Auditor)]).collect();
        let roster = Roster::new(version, quorum, people).expect("a roster");
        let mut signed = SignedRoster::unsigned(roster, before.map_or([0; 32], SignedRoster::digest));
        signers.iter().for_each(|&at| sign(&mut signed, &self.0[at]));
        signed
    }
}

fn sign(signed: &mut SignedRoster, by: &OperatorKey) {
    let signature = by.sign_roster(signed);
    signed.signatures.insert(by.id().clone(), signature);
}

fn refusal(chain: &[SignedRoster]) -> Option<String> {
    verify_chain(chain).err().map(|e| e.to_string())
}

#[test]
fn p11_each_version_is_signed_by_the_quorum_of_the_one_before() {
    let people = People::new();
    let first = people.version(1, 3, 2, None, &[0, 1, 2]);
    let next = |quorum, signers: &[usize]| people.version(2, 4, quorum, Some(&first), signers);
    let cases = [
        ("set-up alone", vec![first.clone()], None),
        ("nothing", vec![], Some("the chain of rosters is empty")),
        (
            "set-up without one operator",
            vec![people.version(1, 3, 2, None, &[0, 1])],
            Some("roster version 1 has 2 signatures, needed are 3"),
        ),
        ("two of three change it", vec![first.clone(), next(3, &[0, 2])], None),
        (
            "one of three does not",
            vec![first.clone(), next(3, &[0])],
            Some("roster version 2 has 1 signatures, needed are 2"),
        ),
        (
            "a newcomer does not vote himself in",
            vec![first.clone(), next(3, &[0, 3])],
            Some("roster version 2 is signed by di, who is no operator of the one before"),
        ),
        (
            "the new quorum holds for the one after",
            vec![first.clone(), next(3, &[0, 1]), people.version(3, 4, 2, Some(&next(3, &[])), &[0, 3])],
            Some("roster version 3 has 2 signatures, needed are 3"),
        ),
        (
            "and is met",
            vec![first.clone(), next(3, &[0, 1]), people.version(3, 4, 2, Some(&next(3, &[])), &[0, 1, 3])],
            None,
        ),
        (
            "a version left out",
            vec![first.clone(), people.version(3, 4, 2, Some(&first), &[0, 1])],
            Some("roster version 3 stands where version 2 belongs"),
        ),
        (
            "the start left out",
            vec![next(2, &[0, 1])],
            Some("roster version 2 stands where version 1 belongs"),
        ),
        (
            "another start",
            vec![People::new().version(1, 3, 2, None, &[]), next(2, &[0, 1])],
            Some("roster version 1 has 0 signatures, needed are 3"),
        ),
        (
            "a version after another start",
            vec![people.version(1, 3, 3, None, &[0, 1, 2]), next(2, &[0, 1])],
            Some("roster version 2 follows another roster than the one before it"),
        ),
    ];
    for (name, chain, expected) in cases {
        assert_eq!(refusal(&chain).as_deref(), expected, "{name}");
    }
}

#[test]
fn an_auditor_has_no_say_in_the_roster() {
    let people = People::new();
    let first = people.version(1, 3, 2, None, &[0, 1, 2]);
    let mut second = people.version(2, 4, 2, Some(&first), &[0]);
    sign(&mut second, &people.1);
    let expected = "roster version 2 is signed by zoe, who is no operator of the one before";
    assert_eq!(refusal(&[first, second]).as_deref(), Some(expected));
}

#[test]
fn p22_a_signature_is_for_one_version_and_one_use() {
    let people = People::new();
    let first = people.version(1, 3, 2, None, &[0, 1, 2]);
    let al = first.roster.people()[0].id.clone();
    let forge = |signature: [u8; 64]| {
        let mut second = people.version(2, 4, 2, Some(&first), &[1]);
        second.signatures.insert(al.clone(), Signature(signature));
        refusal(&[first.clone(), second])
    };
    let refused = Some("roster version 2: the signature of al does not verify".to_owned());
    assert_eq!(forge(first.signatures[&al].0), refused, "of the version before");
    assert_eq!(forge([0; 64]), refused, "zeros");
    let second = people.version(2, 4, 2, Some(&first), &[]);
    assert_eq!(
        forge(people.0[0].sign_approval(&second.canonical())),
        refused,
        "an approval of the same bytes"
    );
    assert_eq!(forge(people.0[1].sign_roster(&second).0), refused, "somebody else's");
    assert_eq!(forge(people.0[0].sign_roster(&second).0), None, "the right one");
}

#[test]
fn a_changed_roster_has_no_signatures() {
    let people = People::new();
    let mut first = people.version(1, 3, 2, None, &[0, 1, 2]);
    first.roster = people.version(1, 3, 3, None, &[]).roster;
    assert_eq!(refusal(&[first]).as_deref(), Some("roster version 1: the signature of al does not verify"));
}

#[test]
fn a_key_that_proves_nobody_is_refused() {
    let (al, bo) = (key("al"), key("bo"));
    type Change = fn(&mut OperatorPublic);
    let cases: [(&str, Change); 5] = [
        ("age", |p| p.age = AgeRecipient::from_key([0; 32])),
        ("noise", |p| p.noise = [0; 32]),
        ("noise", |p| p.noise[31] |= 0x80),
        ("approval", |p| {
            p.approval = {
                let mut neutral = [0; 32];
                neutral[0] = 1;
                neutral
            }
        }),
        ("cosign", |p| p.cosign = [0; 32]),
    ];
    for (name, change) in cases {
        let mut weak = person(&al, Role::Operator);
        change(&mut weak);
        assert_eq!(unusable_key(&weak), Some(name));
        let roster = Roster::new(1, 2, vec![weak, person(&bo, Role::Operator)]).expect("a roster");
        let mut signed = SignedRoster::unsigned(roster, [0; 32]);
        [&al, &bo].into_iter().for_each(|key| sign(&mut signed, key));
        let expected = format!("roster version 1: the {name} key of al is not usable");
        assert_eq!(refusal(&[signed]), Some(expected));
    }
}
