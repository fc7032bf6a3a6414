//! The questions of set-up, one after the other; an answer that does not fit is asked for again.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::failure::Stop;
use crate::crypto::recovery::RecoveryIdentity;
use crate::domain::home::Home;
use crate::domain::ids::{ApplianceName, OperatorId, TrustDomain};
use crate::domain::operator::{Role, Roster};
use crate::domain::setup::{OperatorAnswers, RecoveryAnswers, SetupAnswers};
use crate::domain::text::escape;

/// What asks one question and gives what was typed.
pub type Ask<'a> = &'a mut dyn FnMut(&str) -> Result<String, Stop>;

/// What this machine suggests.
#[derive(Clone, Debug)]
pub struct Suggestions {
    /// Its name, where that is an appliance's.
    pub appliance: Option<ApplianceName>,
    /// Its TPM, where it has one.
    pub tcti: Option<String>,
    /// The home, for the places of key files.
    pub home: Home,
}

/// Asks everything that set-up must know.
pub fn ask_all(ask: Ask<'_>, suggest: &Suggestions) -> Result<SetupAnswers, Stop> {
    let appliance = one(ask, "Name of the appliance", suggest.appliance.as_ref(), ApplianceName::parse)?;
    let trust_domain = one(ask, "Trust domain, like example.org", None::<&String>, TrustDomain::parse)?;
    let question = "TPM, like device:/dev/tpmrm0 (swtpm: an EVALUATION that protects nothing)";
    let tcti = one(ask, question, suggest.tcti.as_ref(), |text| Ok::<_, String>(text.to_owned()))?;
    let default = SetupAnswers::PCRS_DEFAULT.to_owned();
    let pcrs =
        one(ask, "PCRs that must not change", Some(&default), |text| Ok::<_, String>(text.to_owned()))?;
    let operators = people(ask, &suggest.home)?;
    let having = operators.iter().filter(|person| person.roles.contains(&Role::Operator)).count();
    let most = u32::try_from(having).unwrap_or(u32::MAX);
    let quorum = one(ask, "How many operators it takes", Some(&Roster::QUORUM_MIN), |text| {
        number(text, Roster::QUORUM_MIN, most)
    })?;
    let n = one(ask, "Recovery shares in all", Some(&RecoveryIdentity::N_DEFAULT), |text| {
        number(text, 2, SetupAnswers::SHARES_MAX)
    })?;
    let k_default = RecoveryIdentity::K_DEFAULT.min(n);
    let k = one(ask, "Recovery shares that are enough", Some(&k_default), |text| number(text, 2, n))?;
    let recovery = RecoveryAnswers { k, n, out: None };
    Ok(SetupAnswers { appliance, trust_domain, tcti, pcrs, quorum, recovery, operators })
}

/// Asks for people until somebody can approve and somebody can deposit.
fn people(ask: Ask<'_>, home: &Home) -> Result<Vec<OperatorAnswers>, Stop> {
    let mut people: Vec<OperatorAnswers> = Vec::new();
    let mut hint = "";
    loop {
        let having = |role| people.iter().filter(|person| person.roles.contains(&role)).count();
        let question = format!("{hint}Person {}, empty when all are named", people.len() + 1);
        let typed = ask(&format!("{question}: "))?;
        hint = "";
        if typed.is_empty() {
            if having(Role::Operator) < 2 {
                hint = "It takes at least two operators.\n";
            } else if having(Role::Custodian) == 0 {
                hint = "Nobody is a custodian, so nothing could be deposited.\n";
            } else {
                return Ok(people);
            }
            continue;
        }
        match OperatorId::parse(&typed) {
            Err(_) => hint = "A name is 1 to 32 of a-z, 0-9 and -.\n",
            Ok(id) if people.iter().any(|person| person.id == id) => hint = "That name is there already.\n",
            Ok(id) => {
                let person = person(ask, home, id, &people)?;
                people.push(person);
            }
        }
    }
}

fn person(
    ask: Ask<'_>,
    home: &Home,
    id: OperatorId,
    others: &[OperatorAnswers],
) -> Result<OperatorAnswers, Stop> {
    let question = format!("Roles of {id}: operator, custodian, auditor");
    let roles = one(ask, &question, Some(&"operator"), roles)?;
    let place = home.key_file(&id).display().to_string();
    let question = format!("Key file of {id}; it is made when it is not there");
    let key_file = one(ask, &question, Some(&place), |text| {
        let path = PathBuf::from(text);
        let taken = others.iter().find(|other| same_file(&other.key_file, &path));
        taken.map_or(Ok(path), |other| Err(format!("that is the key file of {}", other.id)))
    })?;
    Ok(OperatorAnswers { id, roles, key_file, passphrase_file: None })
}

fn same_file(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    a == b || matches!((whole(a), whole(b)), (Ok(a), Ok(b)) if a == b)
}

fn roles(text: &str) -> Result<BTreeSet<Role>, String> {
    let role = |word: &str| match word {
        "operator" => Ok(Role::Operator),
        "custodian" => Ok(Role::Custodian),
        "auditor" => Ok(Role::Auditor),
        other => Err(format!("{other:?} is not operator, custodian or auditor")),
    };
    text.split([',', ' ']).filter(|word| !word.is_empty()).map(role).collect()
}

fn number(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let wrong = || format!("write a number from {least} to {most}");
    text.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(wrong)
}

/// Asks one question until the answer fits; an empty answer is the default, where there is one.
fn one<T, D: Display, E: Display>(
    ask: Ask<'_>,
    question: &str,
    default: Option<&D>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, Stop> {
    let default = default.map(ToString::to_string);
    let suffix = default.as_ref().map_or_else(String::new, |value| format!(" [{value}]"));
    let mut hint = String::new();
    loop {
        let typed = ask(&format!("{hint}{question}{suffix}: "))?;
        let answer = if typed.is_empty() { default.clone().unwrap_or_default() } else { typed };
        match parse(&answer) {
            Ok(value) if !answer.is_empty() => return Ok(value),
            Ok(_) => hint = "There is no default for this.\n".to_owned(),
            Err(error) => hint = format!("{}.\n", escape(&error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(answers: &[&str]) -> (Result<SetupAnswers, Stop>, Vec<String>) {
        let mut left = answers.iter();
        let mut questions = Vec::new();
        let mut ask = |question: &str| {
            questions.push(question.to_owned());
            Ok((*left.next().expect("an answer for every question")).to_owned())
        };
        let suggest = Suggestions {
            appliance: ApplianceName::parse("host01").ok(),
            tcti: None,
            home: Home::at("/srv/p"),
        };
        let outcome = ask_all(&mut ask, &suggest);
        assert_eq!(left.next(), None, "every answer was asked for");
        (outcome, questions)
    }

    #[test]
    fn defaults_are_taken_and_make_sound_answers() {
        let people =
            ["alice", "", "", "bo", "operator,auditor", "/media/bo.pcop", "dora", "custodian", "", ""];
        let answers = [&["", "example.org", "swtpm", ""], &people[..], &["", "", ""]].concat();
        let answers = asked(&answers).0.expect("answers");
        assert_eq!(answers.check(), Ok(()));
        assert_eq!((answers.appliance.as_str(), answers.quorum), ("host01", 2));
        assert_eq!((answers.recovery.k, answers.recovery.n), (3, 5));
        assert_eq!(answers.operators[0].key_file, Path::new("/srv/p/operators/alice.pcop"));
        assert_eq!(answers.operators[1].roles, BTreeSet::from([Role::Operator, Role::Auditor]));
    }

    #[test]
    fn an_answer_that_does_not_fit_is_asked_for_again() {
        let answers = [
            "-",
            "host01",
            "",
            "example.org",
            "",
            "swtpm",
            "",
            // Too few people, a wrong name, one name twice, one key file twice, a role that is none.
            "",
            "Al",
            "al",
            "",
            "",
            "al",
            "",
            "bo",
            "boss",
            "operator",
            "/srv/p/operators/al.pcop",
            "",
            "",
            "dora",
            "custodian",
            "",
            "",
            "1",
            "3",
            "2",
            "17",
            "2",
            "3",
            "2",
        ];
        let (outcome, questions) = asked(&answers);
        assert_eq!(outcome.expect("answers").check(), Ok(()));
        let hinted = |hint: &str| questions.iter().any(|question| question.starts_with(hint));
        for hint in [
            "\"-\" is not an appliance name",
            "\"\" is not a trust domain",
            "There is no default for this.",
            "It takes at least two operators.",
            "A name is 1 to 32",
            "That name is there already.",
            "\"boss\" is not operator",
            "that is the key file of al",
            "Nobody is a custodian",
            "write a number from 2 to 2",
            "write a number from 2 to 16",
        ] {
            assert!(hinted(hint), "{hint}: {questions:#?}");
        }
    }
}
