//! The story, step by step. A step that does otherwise than it should ends it.

use super::ending::old_store;
use super::evidence::{export, verify, verify_changed, write_keys_down};
use super::stage::{CREDENTIAL, SECRET, Stage, StageError};
use super::stranger::{another_uid, changed_client, stranger};
use super::windows::{ahead, deadline, extended_pcr, frozen, reset};

/// One step: what it shows, and how; it gives what was seen.
type Step = (&'static str, fn(&mut Stage) -> Result<String, StageError>);

const STEPS: [Step; 24] = [
    ("set-up with three operators and quorum 2", found),
    ("the daemon keeps the gate", serve),
    ("the public keys of the log are written down", write_keys_down),
    ("a client is added under two operators", add_client),
    ("a credential is deposited from standard input", deposit),
    ("a job pulls and waits", wait),
    ("the first approval does not open", first_approval),
    ("the same operator a second time is refused", same_operator),
    ("a stranger's key is refused", stranger),
    ("the second operator opens, and the job gets exactly the deposited bytes", second_approval),
    ("a second pull is refused: spent", spent),
    ("two operators grant a signed bundle of the log", export),
    ("a window armed ahead survives a restart of the daemon", ahead),
    ("after its deadline the TPM itself refuses", deadline),
    ("a freeze ends a window on the chip", frozen),
    ("a reset of the TPM ends the windows", reset),
    ("an extended PCR makes the next pull fail closed", extended_pcr),
    ("a caller with another uid is refused", another_uid),
    ("the same client under another path, changed by one byte, is refused", changed_client),
    ("an old copy of the store is put back: the start is refused", old_store),
    ("the log in the appliance verifies", verify_live),
    ("a second bundle goes on from the first", export),
    ("both verify with the keys that were written down", verify),
    ("with one byte changed they do not", verify_changed),
];

/// Plays all of it; gives how many steps did what they should.
pub fn play(stage: &mut Stage, say: &mut dyn FnMut(&str)) -> Result<String, StageError> {
    for (index, (what, step)) in STEPS.iter().enumerate() {
        let number = index + 1;
        match step(stage) {
            Ok(saw) => {
                say(&format!("ok    {number:2}  {what}{}{saw}", if saw.is_empty() { "" } else { ": " }))
            }
            Err(error) => {
                say(&format!("FAIL  {number:2}  {what}"));
                return Err(error);
            }
        }
    }
    Ok(format!("{0} of {0} steps did what they should", STEPS.len()))
}

/// What was seen instead of what should have been.
pub fn otherwise(what: &str, saw: impl Into<String>) -> StageError {
    StageError::Step { what: what.to_owned(), saw: saw.into() }
}

fn found(stage: &mut Stage) -> Result<String, StageError> {
    stage.found()?;
    Ok("EVALUATION, a software TPM holds the keys".to_owned())
}

fn serve(stage: &mut Stage) -> Result<String, StageError> {
    stage.serve()?;
    stage.does("alice", &["doctor"]).map(|_| String::new())
}

fn add_client(stage: &mut Stage) -> Result<String, StageError> {
    let me = format!("unix:uid:{}", super::stage::my_uid());
    stage.add_client("payroll", &[me], &[CREDENTIAL])?;
    Ok(String::new())
}

fn deposit(stage: &mut Stage) -> Result<String, StageError> {
    stage.deposit(CREDENTIAL, SECRET, &[])?;
    Ok(CREDENTIAL.to_owned())
}

fn wait(stage: &mut Stage) -> Result<String, StageError> {
    let job = stage.pull_in_background("payroll", CREDENTIAL)?;
    stage.job = Some(job);
    let request = stage.wait_for_request()?;
    let saw = format!("request {request}");
    stage.request = Some(request);
    Ok(saw)
}

fn current(stage: &Stage) -> Result<String, StageError> {
    stage.request.clone().ok_or_else(|| otherwise("the request of the job", "there is none"))
}

fn first_approval(stage: &mut Stage) -> Result<String, StageError> {
    let request = current(stage)?;
    let said = stage.approve("bob", &request)?.expect(0, "bob approves")?.text();
    let still = stage.job.as_mut().is_some_and(|job| matches!(job.try_wait(), Ok(None)));
    if !said.contains("1/2") || !still {
        return Err(otherwise("the first approval", said));
    }
    Ok("1/2, the job still waits".to_owned())
}

fn same_operator(stage: &mut Stage) -> Result<String, StageError> {
    let request = current(stage)?;
    Ok(stage.approve("bob", &request)?.expect(3, "bob approves again")?.said())
}

fn second_approval(stage: &mut Stage) -> Result<String, StageError> {
    let request = current(stage)?;
    stage.approve("carol", &request)?.expect(0, "carol approves")?;
    let mut job = stage.job.take().ok_or_else(|| otherwise("the job", "there is none"))?;
    match stage.collect(&mut job)? {
        Some(output) if output.code == 0 && output.stdout == SECRET => Ok(format!("{} bytes", SECRET.len())),
        Some(output) => Err(otherwise("the job", output.said())),
        None => Err(otherwise("the job", "it still waits")),
    }
}

fn spent(stage: &mut Stage) -> Result<String, StageError> {
    Ok(stage.pull("payroll", CREDENTIAL)?.expect(3, "a second pull")?.said())
}

fn verify_live(stage: &mut Stage) -> Result<String, StageError> {
    stage.does("carol", &["audit", "verify"]).map(|_| String::new())
}
