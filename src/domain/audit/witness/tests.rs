use super::*;

const ORIGIN: &str = "bank.example/keeper-1";

fn log(byte: u8) -> Vkey {
    Vkey::new(ORIGIN, NoteKey::Ed25519([byte; 32])).expect("a name")
}

fn person(name: &str, byte: u8) -> Vkey {
    Vkey::new(name, NoteKey::Cosignature([byte; 32])).expect("a name")
}

fn people() -> [Vkey; 6] {
    let mut byte = 10;
    ["x1", "x2", "x3", "y1", "y2", "y3"].map(|name| {
        byte += 1;
        person(name, byte)
    })
}

/// A log and six witnesses, then these lines.
fn policy(rest: &str) -> Result<WitnessPolicy, PolicyError> {
    let mut text = format!("log {} https://log.example/\n", log(1));
    for key in people() {
        text += &format!("witness {} {key}\n", key.name());
    }
    WitnessPolicy::read((text + rest).as_bytes())
}

/// The line on which the rest of [`policy`] begins.
const REST: usize = 8;

#[test]
fn a_quorum_is_what_the_groups_say() {
    let nested = "group X 2 x1 x2 x3\ngroup Y any y1 y2 y3\ngroup XY all X Y\nquorum XY\n";
    let cases = [
        ("none", "quorum none\n", "", true),
        ("one, absent", "quorum x1\n", "x2", false),
        ("one, present", "quorum x1\n", "x1", true),
        ("two of three, one", "group G 2 x1 x2 x3\nquorum G\n", "x1 y1 y2", false),
        ("two of three, two", "group G 2 x1 x2 x3\nquorum G\n", "x1 x3", true),
        ("two of three, one twice", "group G 2 x1 x2 x3\nquorum G\n", "x1 x1", false),
        ("all, two of three", "group G all x1 x2 x3\nquorum G\n", "x1 x2", false),
        ("all, all", "group G all x1 x2 x3\nquorum G\n", "x1 x2 x3", true),
        ("any, none", "group G any x1 x2 x3\nquorum G\n", "y1", false),
        ("any, one", "group G any x1 x2 x3\nquorum G\n", "x2", true),
        ("nested, one side", nested, "x1 x2 x3", false),
        ("nested, the other side and one", nested, "x1 y1 y2 y3", false),
        ("nested, both", nested, "x1 x2 y3", true),
    ];
    for (name, rest, signed, expected) in cases {
        let policy = policy(rest).expect(name);
        let signed: Vec<Vkey> = signed
            .split_whitespace()
            .flat_map(|name| people().into_iter().filter(move |key| key.name() == name))
            .collect();
        assert_eq!(policy.is_satisfied_by(&signed), expected, "{name}");
        assert_eq!(policy.needs_nobody(), rest == "quorum none\n", "{name}");
    }
}

#[test]
fn a_stranger_counts_for_nobody() {
    let policy = policy("group G 2 x1 x2 x3\nquorum G\n").expect("a policy");
    let [x1, x2, ..] = people();
    let renamed = person("x9", x2.key().bytes()[0]);
    let rekeyed = person("x2", 0xEE);
    assert!(!policy.is_satisfied_by([&x1, &renamed, &rekeyed, &log(1)]));
    assert!(policy.is_satisfied_by([&x1, &x2, &rekeyed]));
    assert_eq!(policy.logs(), [log(1)]);
    assert_eq!(policy.witnesses().len(), 6);
}

#[test]
fn blanks_comments_and_order_are_free_and_all_else_is_not() {
    let unknown = |line: usize, name: &str| PolicyError::Unknown { line, name: name.to_owned() };
    let taken = |name: &str| PolicyError::NameTaken { line: REST, name: name.to_owned() };
    let member = |line: usize, name: &str| PolicyError::MemberTwice { line, name: name.to_owned() };
    let threshold = PolicyError::Threshold { line: REST, members: 2 };
    let form = |expected: &str, found: &PolicyError| matches!(found, PolicyError::Form { line: REST, expected: said } if said.contains(expected));
    let good = [
        "  quorum\tnone \n",
        "\n \t\n# words\n\t# quorum x1\nquorum none\n",
        "quorum x1\nwitness \u{e9} w+00000000+\n",
    ];
    assert!(policy(good[0]).is_ok() && policy(good[1]).is_ok());
    assert!(matches!(policy(good[2]), Err(PolicyError::Key { role: "witness", .. })));
    let cases = [
        ("no quorum", "", PolicyError::Quorum { found: 0 }),
        ("two quorums", "quorum x1\nquorum none\n", PolicyError::Quorum { found: 2 }),
        ("quorum of nobody", "quorum z\n", unknown(REST, "z")),
        ("quorum before its group", "quorum G\ngroup G any x1\n", unknown(REST, "G")),
        ("a group of itself", "group G any G\nquorum G\n", unknown(REST, "G")),
        ("a group of a later one", "group G any H\ngroup H any x1\nquorum G\n", unknown(REST, "H")),
        ("none as a member", "group G any none\nquorum G\n", unknown(REST, "none")),
        ("a group called none", "group none any x1\nquorum none\n", taken("none")),
        ("a group called as a witness", "group x1 any x2\nquorum x1\n", taken("x1")),
        ("a member twice", "group G 2 x1 x1\nquorum G\n", member(REST, "x1")),
        ("a member of two groups", "group G any x1\ngroup H any x1\nquorum H\n", member(REST + 1, "x1")),
        ("0 of 2", "group G 0 x1 x2\nquorum G\n", threshold.clone()),
        ("3 of 2", "group G 3 x1 x2\nquorum G\n", threshold.clone()),
        ("01 of 2", "group G 01 x1 x2\nquorum G\n", threshold.clone()),
        ("a number too large", "group G 18446744073709551617 x1 x2\nquorum G\n", threshold.clone()),
        ("some of 2", "group G some x1 x2\nquorum G\n", threshold),
        ("no line feed at the end", "quorum none", PolicyError::Text),
        ("carriage returns", "quorum none\r\n", PolicyError::Text),
        ("a control character", "# \u{7f}\nquorum none\n", PolicyError::Text),
    ];
    for (name, rest, expected) in cases {
        assert_eq!(policy(rest), Err(expected), "{name}");
    }
    for (rest, expected) in [
        ("quorum\n", "`quorum NAME`"),
        ("quorum x1 x2\n", "`quorum NAME`"),
        ("group G any\n", "`group NAME"),
        ("witness x9\n", "`witness NAME"),
        ("witness x9 k u more\n", "`witness NAME"),
        ("log\n", "`log KEY`"),
        ("Log x\n", "begins with"),
        ("quorum\u{a0}none\n", "begins with"),
    ] {
        let found = policy(rest).expect_err(rest);
        assert!(form(expected, &found), "{rest:?} gave {found:?}");
    }
    assert_eq!(WitnessPolicy::read(b"quorum none\n\xFF\n"), Err(PolicyError::Text));
}

#[test]
fn one_key_is_one_log_or_one_witness() {
    let other_name = Vkey::new("other.example", NoteKey::Ed25519([1; 32])).expect("a name");
    let again = person("somebody-else", 11);
    let twice = |role| Err(PolicyError::KeyTwice { line: REST, role });
    let key = |key: &Vkey, role| Err(PolicyError::Key { line: REST, key: key.to_string(), role });
    let cases = [
        ("a log again", format!("log {other_name}\n"), twice("log")),
        ("a witness again", format!("witness x9 {again}\n"), twice("witness")),
        ("a cosigner as a log", format!("log {again}\n"), key(&again, "log")),
        ("a log as a witness", format!("witness x9 {}\n", log(2)), key(&log(2), "witness")),
        ("another log", format!("log {}\n", log(2)), Ok(2)),
    ];
    for (name, line, expected) in cases {
        let found = policy(&(line + "quorum none\n")).map(|policy| policy.logs().len());
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_policy_has_limits() {
    let witnesses = |count: usize| -> String {
        (0..count).map(|n| format!("witness w{n} {}\n", person("w", 0x80 + n as u8))).collect()
    };
    let groups = |count: usize| -> String {
        (0..count)
            .map(|n| format!("group g{n} any {}\n", if n == 0 { "x1".into() } else { format!("g{}", n - 1) }))
            .collect()
    };
    let logs =
        |count: usize| -> String { (0..count).map(|n| format!("log {}\n", log(2 + n as u8))).collect() };
    let most = POLICY_LINES_MAX;
    let cases = [
        ("witnesses", witnesses(most - 6), None),
        ("one witness more", witnesses(most - 5), Some(REST + most - 6)),
        ("groups", groups(most), None),
        ("one group more", groups(most + 1), Some(REST + most)),
        ("logs", logs(most - 1), None),
        ("one log more", logs(most), Some(REST + most - 1)),
    ];
    for (name, lines, line) in cases {
        let found = policy(&(lines + "quorum x1\n")).map(|_| ());
        assert_eq!(found, line.map_or(Ok(()), |line| Err(PolicyError::TooMany { line })), "{name}");
    }
    let padded = |size: usize| {
        let mut text = "quorum none\n#".to_owned();
        text += &"x".repeat(size - text.len() - 1);
        WitnessPolicy::read((text + "\n").as_bytes()).map(|_| ())
    };
    assert_eq!(padded(POLICY_SIZE_MAX), Ok(()));
    assert_eq!(padded(POLICY_SIZE_MAX + 1), Err(PolicyError::TooLarge { found: POLICY_SIZE_MAX + 1 }));
}
