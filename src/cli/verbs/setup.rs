//! `setup`: ask, let every founder arrive, hand out the recovery shares, and found the appliance.

use std::path::Path;

use rand_core::OsRng;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::host::SetupArgs;
use crate::cli::questions::{Suggestions, ask_all};
use crate::cli::render::note;
use crate::cli::{clock, passphrase, session, shares};
use crate::crypto::operator_key::OperatorKey;
use crate::crypto::recovery::RecoveryShare;
use crate::desk::key::open_key_file;
use crate::domain::ids::ApplianceName;
use crate::domain::secret::Passphrase;
use crate::domain::setup::{AnswersError, OperatorAnswers, SetupAnswers};
use crate::services::home::WiredTpm;
use crate::services::setup::{Founder, Plan, SetupError, may_begin, prepare};
use crate::tpm::PcrSelection;

/// Longer answers are not looked at, in bytes.
const ANSWERS_LEN_MAX: usize = 64 * 1024;
/// The TPM of a machine that has one.
const TPM_DEVICE: &str = "/dev/tpmrm0";
const EXAMPLE: &str = "name a TOML file with the answers, as docs/operating.md shows one";

/// Founds an appliance.
pub fn run(args: &SetupArgs, context: &Context) -> Result<(), Stop> {
    let answers = match &args.answers {
        Some(file) => from_file(file)?,
        None => from_terminal(context)?,
    };
    if answers.is_evaluation() {
        note("portcullis: EVALUATION: a software TPM will hold the keys, and protects nothing");
    }
    let prepared = prepare(plan(&answers, context)?).map_err(|error| failure(&error))?;
    hand_out(&answers, prepared.shares())?;
    let founded = prepared.found().map_err(|error| failure(&error))?;
    context.screen.facts(&[
        ("appliance", founded.origin),
        ("first roster", founded.roster),
        (
            "key files",
            founded.key_files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" "),
        ),
        ("next", "write the digest of the first roster down, then run `portcullis serve`".to_owned()),
    ])
}

/// Reads the answers of an EVALUATION; paths in them are relative to their file.
fn from_file(file: &Path) -> Result<SetupAnswers, Stop> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage("answers", format!("{} cannot be read: {error}", file.display()), EXAMPLE)
    })?;
    if text.len() > ANSWERS_LEN_MAX {
        let what = format!("{} is too long for answers", file.display());
        return Err(Failure::usage("answers", what, EXAMPLE).into());
    }
    let mut answers = SetupAnswers::parse(&text).map_err(wrong_answers)?;
    if !answers.is_evaluation() {
        return Err(wrong_answers(AnswersError::EvaluationOnly { what: "--answers" }));
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    for person in &mut answers.operators {
        person.key_file = folder.join(&person.key_file);
        person.passphrase_file = person.passphrase_file.as_ref().map(|path| folder.join(path));
    }
    answers.recovery.out = answers.recovery.out.as_ref().map(|path| folder.join(path));
    Ok(answers)
}

fn from_terminal(context: &Context) -> Result<SetupAnswers, Stop> {
    let host = rustix::system::uname();
    let name =
        host.nodename().to_str().ok().and_then(|name| ApplianceName::parse(&name.to_ascii_lowercase()).ok());
    let suggest = Suggestions {
        appliance: name,
        tcti: Path::new(TPM_DEVICE).exists().then(|| format!("device:{TPM_DEVICE}")),
        home: context.home.clone(),
    };
    let mut tty = passphrase::terminal()?.without_limit();
    let answers = ask_all(&mut |question| tty.ask(question), &suggest)?;
    answers.check().map_err(wrong_answers)?;
    Ok(answers)
}

fn plan(answers: &SetupAnswers, context: &Context) -> Result<Plan, Stop> {
    let pcrs: PcrSelection =
        answers.pcrs.parse().map_err(|_| wrong_answers(AnswersError::pcrs(&answers.pcrs)))?;
    let tpm = WiredTpm { tcti: answers.tcti.clone() };
    // Before anybody types a passphrase.
    may_begin(&context.home, &tpm, answers.operators.iter().map(|person| person.key_file.as_path()))
        .map_err(|error| failure(&error))?;
    let founders =
        answers.operators.iter().map(|person| arrive(person, context)).collect::<Result<_, _>>()?;
    Ok(Plan {
        home: context.home.clone(),
        appliance: answers.appliance.clone(),
        trust_domain: answers.trust_domain.clone(),
        tpm,
        pcrs,
        quorum: answers.quorum,
        founders,
        recovery: (answers.recovery.k, answers.recovery.n),
        now: clock::now(),
    })
}

/// Lets one founder open the key file they brought, or takes the passphrase of a new one.
fn arrive(person: &OperatorAnswers, context: &Context) -> Result<Founder, Stop> {
    let path = &person.key_file;
    let from_file = person.passphrase_file.as_deref().map(passphrase::from_file).transpose()?;
    let (key, passphrase) = match (path.exists(), from_file) {
        (true, Some(passphrase)) => (open_key_file(path, &passphrase)?, passphrase),
        (true, None) => session::at_terminal(path, context, |typed: Passphrase| {
            open_key_file(path, &typed).map(|key| (key, typed))
        })?,
        (false, Some(passphrase)) => (OperatorKey::generate(person.id.clone(), &mut OsRng), passphrase),
        (false, None) => {
            let passphrase = passphrase::new(None, person.id.as_str())?;
            (OperatorKey::generate(person.id.clone(), &mut OsRng), passphrase)
        }
    };
    if *key.id() != person.id {
        let what = format!("{} is the key file of {}, not of {}", path.display(), key.id(), person.id);
        return Err(Failure::usage("key-file", what, "name each person's own key file").into());
    }
    Ok(Founder { key, passphrase, roles: person.roles.clone(), key_file: path.clone() })
}

fn hand_out(answers: &SetupAnswers, made: &[RecoveryShare]) -> Result<(), Stop> {
    let Some(folder) = &answers.recovery.out else {
        return shares::on_terminal(&mut passphrase::terminal()?.without_limit(), made);
    };
    shares::into_files(folder, made).map_err(|error| {
        let what = format!("the recovery shares cannot be written to {}: {error}", folder.display());
        Failure::unexpected("shares", what, "name an empty folder, or one that is not there yet").into()
    })
}

fn wrong_answers(error: AnswersError) -> Stop {
    Failure::usage("answers", error.to_string(), "change the answer and start again; nothing was made").into()
}

fn failure(error: &SetupError) -> Stop {
    let (exit, advice) = error.parts();
    Failure { exit, ..Failure::unexpected("setup", error.to_string(), advice) }.into()
}
