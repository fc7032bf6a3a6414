use super::*;

const ANSWERS: &str = r#"
appliance = "vault-1"
trust_domain = "example.org"
tcti = "swtpm"
quorum = 2
recovery = { k = 3, n = 5, out = "shares" }

[[operator]]
id = "alice"
roles = ["operator"]
key_file = "alice.pcop"
passphrase_file = "alice.txt"

[[operator]]
id = "bo"
roles = ["operator", "auditor"]
key_file = "bo.pcop"

[[operator]]
id = "dora"
roles = ["custodian"]
key_file = "dora.pcop"
"#;

#[test]
fn the_answers_of_the_design_are_read() {
    let answers = SetupAnswers::parse(ANSWERS).expect("read");
    assert_eq!((answers.pcrs.as_str(), answers.operators.len()), (SetupAnswers::PCRS_DEFAULT, 3));
    assert!(answers.is_evaluation());
}

#[test]
fn answers_that_found_no_appliance_are_refused_by_name() {
    let id = |text: &str| OperatorId::parse(text).expect("an id");
    let cases = [
        ("quorum 0", "quorum = 2", "quorum = 0", AnswersError::QuorumTooSmall { quorum: 0 }),
        ("quorum 1", "quorum = 2", "quorum = 1", AnswersError::QuorumTooSmall { quorum: 1 }),
        ("quorum 3", "quorum = 2", "quorum = 3", AnswersError::QuorumTooLarge { quorum: 3, operators: 2 }),
        (
            "one key file for two",
            "\"bo.pcop\"",
            "\"alice.pcop\"",
            AnswersError::KeyFileTwice { first: id("alice"), second: id("bo") },
        ),
        (
            "one name for two",
            "id = \"bo\"",
            "id = \"alice\"",
            AnswersError::OperatorTwice { operator: id("alice") },
        ),
        ("no role", "[\"custodian\"]", "[]", AnswersError::NoRole { operator: id("dora") }),
        ("no custodian", "[\"custodian\"]", "[\"auditor\"]", AnswersError::NoCustodian),
        ("one share", "k = 3, n = 5", "k = 1, n = 5", AnswersError::Recovery { k: 1, n: 5 }),
        ("k over n", "k = 3, n = 5", "k = 6, n = 5", AnswersError::Recovery { k: 6, n: 5 }),
        ("many shares", "k = 3, n = 5", "k = 3, n = 17", AnswersError::Recovery { k: 3, n: 17 }),
        ("no TPM", "\"swtpm\"", "\"\"", AnswersError::NoTpm),
        (
            "a real TPM",
            "\"swtpm\"",
            "\"device:/dev/tpmrm0\"",
            AnswersError::EvaluationOnly { what: "a passphrase in a file" },
        ),
    ];
    for (name, from, to, error) in cases {
        assert!(ANSWERS.contains(from), "{name}");
        assert_eq!(SetupAnswers::parse(&ANSWERS.replace(from, to)), Err(error), "{name}");
    }
    for (name, from, to) in
        [("both shares", "k = 3, n = 5", "k = 2, n = 2"), ("all shares", "k = 3, n = 5", "k = 16, n = 16")]
    {
        assert!(SetupAnswers::parse(&ANSWERS.replace(from, to)).is_ok(), "{name}");
    }
}

#[test]
fn an_unknown_answer_is_refused() {
    for (from, to) in
        [("quorum = 2", "quorum = 2\nquota = 2"), ("quorum = 2", ""), ("id = \"bo\"", "id = \"Bo\"")]
    {
        let outcome = SetupAnswers::parse(&ANSWERS.replacen(from, to, 1));
        assert!(matches!(outcome, Err(AnswersError::Malformed { .. })), "{to}: {outcome:?}");
    }
}

#[test]
fn pcrs_are_different_numbers_below_24() {
    let cases = [
        ("sha256:0,2,4,7", true),
        ("sha256:0", true),
        ("sha256:23", true),
        ("sha256:24", false),
        ("sha256:", false),
        ("sha256:7,7", false),
        ("sha256:07", false),
        ("sha1:0", false),
        ("", false),
    ];
    for (text, fits) in cases {
        assert_eq!(check_pcrs(text).is_ok(), fits, "{text}");
    }
}
