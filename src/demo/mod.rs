//! The demonstration: the real binary plays the whole story on this machine, with a software TPM.
//!
//! It drives the program from outside, as people and jobs would, and looks at exit codes and data.

mod ending;
pub mod output;
pub mod people;
pub mod scratch;
pub mod stage;
mod story;
mod stranger;
mod windows;

use std::path::PathBuf;
use std::process::ExitStatus;

use stage::{Stage, StageError};

/// What the demonstration is asked to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program itself.
    pub program: PathBuf,
    /// Where the appliance's home stays behind; without it everything is removed.
    pub keep: Option<PathBuf>,
    /// Nobody is at the terminal: play everybody's part.
    pub unattended: bool,
}

/// How the demonstration ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Summary {
    /// Steps that did what they should.
    pub passed: usize,
    /// All steps.
    pub steps: usize,
}

/// Plays it. `say` writes one line for the person who watches.
///
/// # Errors
/// [`StageError`] when the stage cannot be set, or when a step did otherwise than it should.
pub fn run(options: &Options, say: &mut dyn FnMut(&str)) -> Result<Summary, StageError> {
    let kept;
    let home = match &options.keep {
        Some(dir) => dir.clone(),
        None => {
            kept = scratch::Scratch::new()?;
            kept.path().join("home")
        }
    };
    let mut stage = Stage::set(options.program.clone(), home)?;
    let summary = if options.unattended { story::play(&mut stage, say) } else { attended(&mut stage, say) };
    stage.strike();
    if let Some(dir) = &options.keep {
        say(&format!(
            "the appliance's home is left in {}; its daemon and software TPM are stopped",
            dir.display()
        ));
    }
    summary
}

/// Sets everything up to a job that waits, and leaves the rest to two people at the console.
fn attended(stage: &mut Stage, say: &mut dyn FnMut(&str)) -> Result<Summary, StageError> {
    const STEPS: usize = 4;
    stage.found()?;
    say("an EVALUATION appliance is set up: operators alice, bob and carol, and two of them approve");
    stage.serve()?;
    stage.add_client("payroll", &[format!("unix:uid:{}", stage::my_uid())], &[stage::CREDENTIAL])?;
    stage.deposit(stage::CREDENTIAL, stage::SECRET, &[])?;
    say("alice deposited racf/prod01; she may not approve its release");
    let mut job = stage.pull_in_background("payroll", stage::CREDENTIAL)?;
    stage.wait_for_request()?;
    say("the job payroll asks for it and waits");
    say("");
    say("  bob and carol approve it now, one after the other, in the console:");
    for person in ["bob", "carol"] {
        say(&format!("    log in as {person}, passphrase: {}", stage::passphrase(person)));
    }
    say("    press Enter on the request, compare the fingerprint, press a, type passphrase and request id");
    say("    after each approval the console logs that person out; :q leaves it");
    stage.pause("press Enter to open the console")?;
    let status: ExitStatus = stage.console()?;
    let outcome = stage.collect(&mut job)?;
    match outcome {
        Some(output) if output.stdout == stage::SECRET => {
            say("the job payroll received exactly the bytes that were deposited");
            Ok(Summary { passed: STEPS, steps: STEPS })
        }
        Some(output) => {
            say(&format!("the job payroll got nothing: {}", output.said()));
            Ok(Summary { passed: STEPS, steps: STEPS })
        }
        None if status.success() => {
            say("the job payroll still waits; nobody opened the gate, so it gets nothing");
            Ok(Summary { passed: STEPS, steps: STEPS })
        }
        None => Err(StageError::Step { what: "the console".to_owned(), saw: status.to_string() }),
    }
}
