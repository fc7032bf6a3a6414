//! `setup`: ask, let every founder arrive, found the appliance, and bind the founders to it.

use std::io;
use std::path::Path;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::host::SetupArgs;
use crate::cli::questions::{Suggestions, ask_all};
use crate::cli::render::note;
use crate::cli::{passphrase, session, shares};
use crate::crypto::operator_key::KeeperPin;
use crate::crypto::recovery::RecoveryShare;
use crate::desk::found::{Founder, first_roster};
use crate::domain::home::Home;
use crate::domain::ids::ApplianceName;
use crate::domain::operator::SignedRoster;
use crate::domain::setup::{OperatorAnswers, SetupAnswers, SetupError};

/// Longer answers are not looked at, in bytes.
const ANSWERS_LEN_MAX: usize = 64 * 1024;
/// The TPM of a machine that has one.
const TPM_DEVICE: &str = "/dev/tpmrm0";

/// What hands the recovery shares to their custodians; an error ends set-up before it takes effect.
pub type HandOut<'a> = &'a mut dyn FnMut(&[RecoveryShare]) -> io::Result<()>;

/// Founds an appliance with `found`, which makes TPM objects, store and log, and gives whom to trust.
pub fn run(
    args: &SetupArgs,
    context: &Context,
    found: impl FnOnce(&Home, &SetupAnswers, SignedRoster, HandOut<'_>) -> Result<KeeperPin, Stop>,
) -> Result<(), Stop> {
    let answers = match &args.answers {
        Some(file) => from_file(file)?,
        None => from_terminal(context)?,
    };
    let founders: Vec<Founder> =
        answers.operators.iter().map(|person| arrive(person, context)).collect::<Result<_, _>>()?;
    let roster = first_roster(answers.quorum, &founders).map_err(|error| {
        Failure::usage("roster", error.to_string(), "start again with other people, keys or quorum")
    })?;
    let digest = hex::encode(roster.digest());
    let mut hand_out = |shares: &[RecoveryShare]| match &answers.recovery.out {
        Some(folder) => shares::into_files(folder, shares),
        None => at_terminal(shares),
    };
    let pin = found(&context.home, &answers, roster, &mut hand_out)?;
    founders.iter().try_for_each(|founder| founder.bind(pin.clone()))?;
    if answers.is_evaluation() {
        note("portcullis: EVALUATION: a software TPM holds the keys, and protects nothing");
    }
    context.screen.facts(&[
        ("appliance", format!("{}/{}", answers.trust_domain, answers.appliance)),
        ("keeper", hex::encode(pin.noise)),
        ("first roster", digest),
        ("next", "write the two numbers down, then run `portcullis serve`".to_owned()),
    ])
}

/// Reads the answers of an EVALUATION; paths in them are relative to their file.
fn from_file(file: &Path) -> Result<SetupAnswers, Stop> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let what = format!("{} cannot be read: {error}", file.display());
        Failure::usage("answers", what, "name a TOML file, as docs/operating.md shows one")
    })?;
    if text.len() > ANSWERS_LEN_MAX {
        let what = format!("{} is too long for answers", file.display());
        return Err(
            Failure::usage("answers", what, "name a TOML file, as docs/operating.md shows one").into()
        );
    }
    let mut answers = SetupAnswers::parse(&text).map_err(wrong_answers)?;
    if !answers.is_evaluation() {
        return Err(wrong_answers(SetupError::EvaluationOnly { what: "--answers" }));
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

/// Lets one founder open their key file, or make one.
fn arrive(person: &OperatorAnswers, context: &Context) -> Result<Founder, Stop> {
    let path = &person.key_file;
    let arrive = |typed| Founder::arrive(person.id.clone(), person.roles.clone(), path, typed);
    if let Some(file) = &person.passphrase_file {
        return Ok(arrive(passphrase::from_file(file)?)?);
    }
    if path.exists() {
        return session::at_terminal(path, &context.operator_socket(), arrive);
    }
    Ok(arrive(passphrase::new(None, person.id.as_str())?)?)
}

fn at_terminal(shares: &[RecoveryShare]) -> io::Result<()> {
    let handed = passphrase::terminal().and_then(|tty| shares::on_terminal(&mut tty.without_limit(), shares));
    handed.map_err(|stop| match stop {
        Stop::Failed(failure) => io::Error::other(failure.what),
        Stop::OutputClosed => io::ErrorKind::BrokenPipe.into(),
    })
}

fn wrong_answers(error: SetupError) -> Stop {
    Failure::usage("answers", error.to_string(), "change the answer and start again; nothing was made").into()
}
