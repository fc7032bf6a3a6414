//! The demonstration: the real binary plays the whole story on this machine, with a software TPM.
//!
//! It drives the program from outside, as people and jobs would, and looks at exit codes and data.

mod ending;
mod evidence;
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

/// Plays it, and says in one line how it ended. `say` writes one line for the person who watches.
///
/// # Errors
/// [`StageError`] when the stage cannot be set, or when a step did otherwise than it should.
pub fn run(options: &Options, say: &mut dyn FnMut(&str)) -> Result<String, StageError> {
    let kept;
    let home = match &options.keep {
        Some(dir) => dir.clone(),
        None => {
            kept = scratch::Scratch::new()?;
            kept.path().join("home")
        }
    };
    let mut stage = Stage::set(options.program.clone(), home)?;
    let ended = if options.unattended { story::play(&mut stage, say) } else { attended(&mut stage, say) };
    stage.strike();
    if let Some(dir) = &options.keep {
        say(&format!(
            "the appliance's home is left in {}; its daemon and software TPM are stopped",
            dir.display()
        ));
        if options.unattended && ended.is_ok() {
            say("its bundles verify anywhere, without it:");
            say(&format!("  {}", evidence::command(&options.program, dir)));
        }
    }
    ended
}

/// Sets everything up to a job that waits, and leaves the rest to two people at the console.
fn attended(stage: &mut Stage, say: &mut dyn FnMut(&str)) -> Result<String, StageError> {
    stage.found()?;
    say("EVALUATION appliance: operators alice, bob and carol; two of them approve");
    stage.serve()?;
    stage.add_client("payroll", &[format!("unix:uid:{}", stage::my_uid())], &[stage::CREDENTIAL])?;
    stage.deposit(stage::CREDENTIAL, stage::SECRET, &[])?;
    say("alice deposited racf/prod01, and so may not approve its release");
    let mut job = stage.pull_in_background("payroll", stage::CREDENTIAL)?;
    stage.wait_for_request()?;
    say("the job payroll asks for it and waits");
    say("");
    say("  Two people open the gate in the console, one after the other:");
    for person in ["bob", "carol"] {
        say(&format!("    {person:6} passphrase: {}", stage::passphrase(person)));
    }
    say("  Choose the person, log in, open the request with Enter, read it to its end");
    say("  with G, compare the fingerprint, approve with a. After an approval the");
    say("  console logs that person out. :q leaves it.");
    say("");
    stage.pause("press Enter to open the console")?;
    let status: ExitStatus = stage.console()?;
    match stage.collect(&mut job)? {
        Some(output) if output.stdout == stage::SECRET => {
            Ok("the job payroll received exactly the bytes that were deposited".to_owned())
        }
        Some(output) => Ok(format!("the job payroll got nothing: {}", output.said())),
        None if status.success() => Ok("the job payroll got nothing: nobody opened the gate".to_owned()),
        None => Err(StageError::Step { what: "the console".to_owned(), saw: status.to_string() }),
    }
}
