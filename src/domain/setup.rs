//! What set-up must know before it founds an appliance.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ids::{ApplianceName, OperatorId, TrustDomain};
use super::operator::{Role, Roster};

/// The answers to the questions of set-up, as a person gives them or a TOML file says them.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SetupAnswers {
    /// The appliance's name.
    pub appliance: ApplianceName,
    /// The domain of its jobs' names and of its log's origin.
    pub trust_domain: TrustDomain,
    /// Where the TPM is; [`SetupAnswers::SOFTWARE`] for the software TPM of an evaluation.
    pub tcti: String,
    /// The PCRs that must not change, like [`SetupAnswers::PCRS_DEFAULT`].
    #[serde(default = "default_pcrs")]
    pub pcrs: String,
    /// How many operators it takes.
    pub quorum: u32,
    /// The recovery shares.
    pub recovery: RecoveryAnswers,
    /// The people.
    #[serde(rename = "operator")]
    pub operators: Vec<OperatorAnswers>,
}

/// How the recovery identity is split, and where its shares go.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryAnswers {
    /// How many shares it takes.
    pub k: u32,
    /// How many there are.
    pub n: u32,
    /// The folder that the shares are written to, on an EVALUATION appliance; without it they are
    /// shown on the terminal, once.
    pub out: Option<PathBuf>,
}

/// One person on the first roster.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorAnswers {
    /// The name on the roster.
    pub id: OperatorId,
    /// What the person may do.
    pub roles: BTreeSet<Role>,
    /// The key file; made when it is not there.
    pub key_file: PathBuf,
    /// A file whose first line is the passphrase, on an EVALUATION appliance; without it the person is asked.
    pub passphrase_file: Option<PathBuf>,
}

/// Why the answers found no appliance.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswersError {
    /// Not TOML, or not with exactly these fields.
    #[error("the answers cannot be read: {reason}")]
    Malformed {
        /// What the parser said, on one line.
        reason: String,
    },
    /// One person, or nobody, would do.
    #[error("quorum {quorum} is below the floor of {min}", min = Roster::QUORUM_MIN)]
    QuorumTooSmall {
        /// What was asked for.
        quorum: u32,
    },
    /// The quorum could never be met.
    #[error("quorum {quorum} needs more than the {operators} operators there are")]
    QuorumTooLarge {
        /// What was asked for.
        quorum: u32,
        /// How many people have the role.
        operators: usize,
    },
    /// More people than one roster takes.
    #[error("{people} people, allowed are at most {max}", max = Roster::PEOPLE_MAX)]
    TooManyPeople {
        /// How many there are.
        people: usize,
    },
    /// One name stands twice.
    #[error("{operator} is there twice")]
    OperatorTwice {
        /// Who.
        operator: OperatorId,
    },
    /// One key would count as two people.
    #[error("{first} and {second} name the same key file")]
    KeyFileTwice {
        /// One of them.
        first: OperatorId,
        /// The other.
        second: OperatorId,
    },
    /// Somebody who could do nothing.
    #[error("{operator} has no role")]
    NoRole {
        /// Who.
        operator: OperatorId,
    },
    /// Nobody could put anything in.
    #[error("nobody is a custodian, so nothing could be deposited")]
    NoCustodian,
    /// One share, or none, would give everything back; or all of them would not.
    #[error("recovery {k} of {n}: k is at least 2, n at least k and at most {max}", max = SetupAnswers::SHARES_MAX)]
    Recovery {
        /// How many shares it should take.
        k: u32,
        /// How many there should be.
        n: u32,
    },
    /// Not PCRs of the SHA-256 bank.
    #[error("{pcrs:?} names no PCRs: write sha256: and numbers from 0 to 23, like sha256:0,2,4,7")]
    Pcrs {
        /// What was written, shortened.
        pcrs: String,
    },
    /// No way to a TPM.
    #[error("the tcti is empty: write device:/dev/tpmrm0, or swtpm for an EVALUATION appliance")]
    NoTpm,
    /// What is for a software TPM only.
    #[error("{what} is for an EVALUATION appliance, which has tcti = \"swtpm\"")]
    EvaluationOnly {
        /// What was asked for.
        what: &'static str,
    },
}

impl AnswersError {
    /// What says that `text` names no PCRs.
    pub fn pcrs(text: &str) -> Self {
        Self::Pcrs { pcrs: text.chars().take(40).collect() }
    }
}

impl SetupAnswers {
    /// The `tcti` of an EVALUATION appliance.
    pub const SOFTWARE: &'static str = "swtpm";
    /// Firmware, its drivers, the boot loader, and the Secure Boot keys.
    pub const PCRS_DEFAULT: &'static str = "sha256:0,2,4,7";
    /// The most recovery shares.
    pub const SHARES_MAX: u32 = 16;

    /// Reads a TOML file's text, and checks what it says.
    ///
    /// # Errors
    /// [`AnswersError`], the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, AnswersError> {
        let read: Result<Self, toml::de::Error> = toml::from_str(text);
        let answers = read.map_err(|error| AnswersError::Malformed { reason: error.message().to_owned() })?;
        answers.check().map(|()| answers)
    }

    /// Whether a software TPM holds the keys.
    pub fn is_evaluation(&self) -> bool {
        let (kind, _) = self.tcti.split_once(':').unwrap_or((&self.tcti, ""));
        kind == Self::SOFTWARE
    }

    /// Checks what can be known before the TPM is asked.
    ///
    /// # Errors
    /// [`AnswersError`], the first thing that is wrong.
    pub fn check(&self) -> Result<(), AnswersError> {
        if self.tcti.is_empty() {
            return Err(AnswersError::NoTpm);
        }
        check_pcrs(&self.pcrs)?;
        self.check_people()?;
        self.check_recovery()?;
        let in_files = self.operators.iter().any(|person| person.passphrase_file.is_some());
        match (self.is_evaluation(), in_files, self.recovery.out.is_some()) {
            (false, true, _) => Err(AnswersError::EvaluationOnly { what: "a passphrase in a file" }),
            (false, _, true) => Err(AnswersError::EvaluationOnly { what: "recovery shares in files" }),
            _ => Ok(()),
        }
    }

    fn check_people(&self) -> Result<(), AnswersError> {
        let people = self.operators.len();
        if people > Roster::PEOPLE_MAX {
            return Err(AnswersError::TooManyPeople { people });
        }
        for (at, person) in self.operators.iter().enumerate() {
            let others = &self.operators[..at];
            if others.iter().any(|other| other.id == person.id) {
                return Err(AnswersError::OperatorTwice { operator: person.id.clone() });
            }
            if let Some(other) = others.iter().find(|other| other.key_file == person.key_file) {
                return Err(AnswersError::KeyFileTwice {
                    first: other.id.clone(),
                    second: person.id.clone(),
                });
            }
            if person.roles.is_empty() {
                return Err(AnswersError::NoRole { operator: person.id.clone() });
            }
        }
        let having = |role| self.operators.iter().filter(|person| person.roles.contains(&role)).count();
        let (quorum, operators) = (self.quorum, having(Role::Operator));
        if quorum < Roster::QUORUM_MIN {
            return Err(AnswersError::QuorumTooSmall { quorum });
        }
        if usize::try_from(quorum).is_ok_and(|quorum| quorum > operators) {
            return Err(AnswersError::QuorumTooLarge { quorum, operators });
        }
        if having(Role::Custodian) == 0 { Err(AnswersError::NoCustodian) } else { Ok(()) }
    }

    fn check_recovery(&self) -> Result<(), AnswersError> {
        let RecoveryAnswers { k, n, .. } = self.recovery;
        if k >= 2 && k <= n && n <= Self::SHARES_MAX { Ok(()) } else { Err(AnswersError::Recovery { k, n }) }
    }
}

fn default_pcrs() -> String {
    SetupAnswers::PCRS_DEFAULT.to_owned()
}

/// `sha256:` and one or more different numbers below 24.
fn check_pcrs(text: &str) -> Result<(), AnswersError> {
    let number =
        |digits: &str| digits.parse::<u32>().ok().filter(|pcr| *pcr < 24 && pcr.to_string() == digits);
    let numbers: Option<Vec<u32>> =
        text.strip_prefix("sha256:").and_then(|list| list.split(',').map(number).collect());
    let sound = numbers.is_some_and(|pcrs| pcrs.iter().collect::<BTreeSet<_>>().len() == pcrs.len());
    if sound { Ok(()) } else { Err(AnswersError::pcrs(text)) }
}

#[cfg(test)]
mod tests;
