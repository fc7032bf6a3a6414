use super::*;

/// Somebody whose four keys are made of `seed` and nobody else's.
fn person(id: &str, seed: u8, roles: &[Role]) -> OperatorPublic {
    OperatorPublic {
        id: OperatorId::parse(id).expect("an id"),
        roles: roles.iter().copied().collect(),
        age: AgeRecipient::from_key([seed; 32]),
        noise: [seed + 1; 32],
        approval: [seed + 2; 32],
        cosign: [seed + 3; 32],
    }
}

fn operators(count: u8) -> Vec<OperatorPublic> {
    (0..count).map(|n| person(&format!("op-{n:02}"), n * 4, &[Role::Operator])).collect()
}

fn with(
    mut people: Vec<OperatorPublic>,
    change: impl FnOnce(&mut Vec<OperatorPublic>),
) -> Vec<OperatorPublic> {
    change(&mut people);
    people
}

#[test]
fn p01_a_roster_is_refused_outside_its_rules() {
    let auditor = || person("zoe", 200, &[Role::Auditor]);
    let cases = [
        // name, version, quorum, people, refusal (none: a roster)
        ("two of two", 1, 2, operators(2), None),
        ("nobody", 1, 2, vec![], Some("a roster needs people")),
        ("sixteen", 1, 2, operators(16), None),
        ("seventeen", 1, 2, operators(17), Some("17 people on the roster, at most 16")),
        ("version zero", 0, 2, operators(2), Some("version 0 is no roster's")),
        ("quorum zero", 1, 0, operators(2), Some("quorum 0 is below the floor of 2")),
        ("quorum one", 1, 1, operators(2), Some("quorum 1 is below the floor of 2")),
        ("quorum of all", 1, 3, operators(3), None),
        ("quorum above all", 1, 4, operators(3), Some("quorum 4 needs more than the 3 operators there are")),
        (
            "an auditor does not fill a quorum",
            1,
            2,
            with(operators(1), |p| p.push(auditor())),
            Some("quorum 2 needs more than the 1 operators there are"),
        ),
        (
            "no operator at all",
            1,
            2,
            vec![auditor()],
            Some("quorum 2 needs more than the 0 operators there are"),
        ),
        (
            "one name twice",
            1,
            2,
            with(operators(2), |p| p.push(person("op-01", 100, &[Role::Custodian]))),
            Some("op-01 is on the roster twice"),
        ),
        ("no role", 1, 2, with(operators(3), |p| p[2].roles.clear()), Some("op-02 has no role")),
    ];
    for (name, version, quorum, people, refusal) in cases {
        let outcome = Roster::new(version, quorum, people);
        assert_eq!(outcome.err().map(|e| e.to_string()).as_deref(), refusal, "{name}");
    }
}

#[test]
fn p03_one_key_is_one_person_and_one_use() {
    type Change = fn(&mut Vec<OperatorPublic>);
    let cases: [(&str, Change, &str); 6] = [
        ("age", |p| p[1].age = p[0].age.clone(), "the age key of op-01 is also the age key of op-00"),
        ("noise", |p| p[1].noise = p[0].noise, "the noise key of op-01 is also the noise key of op-00"),
        (
            "approval",
            |p| p[1].approval = p[0].approval,
            "the approval key of op-01 is also the approval key of op-00",
        ),
        ("cosign", |p| p[1].cosign = p[0].cosign, "the cosign key of op-01 is also the cosign key of op-00"),
        (
            "across uses",
            |p| p[1].cosign = p[0].approval,
            "the cosign key of op-01 is also the approval key of op-00",
        ),
        (
            "one's own",
            |p| p[1].cosign = p[1].approval,
            "the cosign key of op-01 is also the approval key of op-01",
        ),
    ];
    for (name, change, refusal) in cases {
        let outcome = Roster::new(1, 2, with(operators(3), change));
        assert_eq!(outcome.expect_err(name).to_string(), refusal, "{name}");
    }
}

#[test]
fn the_order_of_people_does_not_matter() {
    let sorted = Roster::new(1, 2, operators(3)).expect("a roster");
    let turned = Roster::new(1, 2, with(operators(3), |p| p.reverse())).expect("a roster");
    assert_eq!(sorted, turned);
    assert_eq!(sorted.by_noise(&[5; 32]).map(|p| p.id.as_str()), Some("op-01"));
    assert_eq!(sorted.get(&OperatorId::parse("op-09").expect("an id")), None);
}

#[test]
fn a_roster_in_json_is_held_to_the_same_rules() {
    let signed = SignedRoster::unsigned(Roster::new(1, 2, operators(2)).expect("a roster"), [0; 32]);
    let json = serde_json::to_string(&signed).expect("serialises");
    assert_eq!(serde_json::from_str::<SignedRoster>(&json).expect("reads back"), signed);
    let key = "01".repeat(32);
    let cases = [
        ("a quorum of one", r#""quorum":2"#, r#""quorum":1"#.to_owned()),
        ("an unknown field", r#""quorum":2"#, r#""quorum":2,"any":true"#.to_owned()),
        ("an unknown role", r#""operator""#, r#""owner""#.to_owned()),
        ("upper case in an age key", "age1", "AGE1".to_owned()),
        ("a short key", key.as_str(), key[2..].to_owned()),
        ("a long key", key.as_str(), format!("{key}00")),
        ("upper-case hex", "0707", "070A".to_owned()),
        ("no hex", key.as_str(), key.replace('0', "g")),
    ];
    for (name, from, to) in cases {
        let changed = json.replacen(from, &to, 1);
        assert_ne!(changed, json, "{name}: the case changes something");
        assert!(serde_json::from_str::<SignedRoster>(&changed).is_err(), "{name}");
    }
}

#[test]
fn the_digest_covers_the_roster_and_what_came_before() {
    let roster = |quorum| Roster::new(1, quorum, operators(3)).expect("a roster");
    let digests = [
        SignedRoster::unsigned(roster(2), [0; 32]).digest(),
        SignedRoster::unsigned(roster(3), [0; 32]).digest(),
        SignedRoster::unsigned(roster(2), [1; 32]).digest(),
    ];
    assert_eq!(BTreeSet::from(digests).len(), 3);
    let mut signed = SignedRoster::unsigned(roster(2), [0; 32]);
    signed.signatures.insert(OperatorId::parse("op-00").expect("an id"), Signature([7; 64]));
    assert_eq!(signed.digest(), digests[0], "signatures are not part of what is signed");
    assert!(signed.canonical().starts_with(b"portcullis/roster/v1\n{\"previous\":\"00"));
}

#[test]
fn an_age_recipient_has_one_spelling() {
    // From the test vectors of age itself.
    let text = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
    let parsed = AgeRecipient::parse(text).expect("a recipient");
    assert_eq!((parsed.as_str(), AgeRecipient::from_key(*parsed.key())), (text, parsed.clone()));
    let typo = text.replacen('t', "v", 1);
    let upper = text.to_uppercase();
    let secret = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
    let bech32m = bech32::encode::<bech32::Bech32m>(AgeRecipient::HRP, parsed.key()).expect("short");
    let short = bech32::encode::<bech32::Bech32>(AgeRecipient::HRP, &parsed.key()[1..]).expect("short");
    for wrong in ["", "age1", &typo, &upper, secret, &bech32m, &short, &format!("{text} ")] {
        assert!(AgeRecipient::parse(wrong).is_err(), "{wrong}");
    }
}
