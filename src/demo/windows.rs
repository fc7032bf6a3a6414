//! What ends a window: its deadline, a freeze, a reset of the chip, another measured state.

use super::stage::{SECRET, Stage, StageError};
use super::story::otherwise;

/// Each step has a credential of its own, so that an ended window stands in nobody's way.
fn furnish(stage: &Stage, job: &str, credential: &str) -> Result<(), StageError> {
    let me = format!("unix:uid:{}", super::stage::my_uid());
    stage.add_client(job, &[me], &[credential])?;
    stage.deposit(credential, SECRET, &[])?;
    Ok(())
}

/// What the chip said of the window of `request`, from the log.
fn chip_says(stage: &Stage, request: &str) -> Result<String, StageError> {
    stage.wait_for("the chip's word in the log", || {
        let log = stage.does("carol", &["audit", "show", "--from", "0", "--json"])?.text();
        let entries = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let mut says =
            entries.filter(|entry| entry["type"] == "chip-says" && entry["detail"]["request"] == request);
        Ok(says.next_back().and_then(|entry| entry["detail"]["answer"].as_str().map(str::to_owned)))
    })
}

fn expect_word(says: String, word: &str) -> Result<String, StageError> {
    if says.contains(word) { Ok(says) } else { Err(otherwise("the chip", says)) }
}

pub fn ahead(stage: &mut Stage) -> Result<String, StageError> {
    furnish(stage, "nightly", "db/nightly")?;
    stage.arm("nightly", "db/nightly", &["--opens", "+8s", "--for", "30s"])?;
    stage.stop()?;
    stage.serve()?;
    let output = stage.pull("nightly", "db/nightly")?.expect(0, "a pull in the window")?;
    if output.stdout == SECRET { Ok(String::new()) } else { Err(otherwise("the bytes", output.said())) }
}

pub fn deadline(stage: &mut Stage) -> Result<String, StageError> {
    furnish(stage, "brief", "db/brief")?;
    let request = stage.arm("brief", "db/brief", &["--for", "3s"])?;
    expect_word(chip_says(stage, &request)?, "0x126")
}

pub fn frozen(stage: &mut Stage) -> Result<String, StageError> {
    furnish(stage, "cold", "db/cold")?;
    let request = stage.arm("cold", "db/cold", &[])?;
    stage.does("bob", &["freeze", "--reason", "a leak was reported"])?;
    let says = expect_word(chip_says(stage, &request)?, "0x126")?;
    stage.pull("cold", "db/cold")?.expect(3, "a pull while frozen")?;
    let thaw = stage.does("alice", &["thaw", "--reason", "it was a drill", "--ticket", "INC-4711"])?;
    let thaw = stage.request_id(&thaw)?;
    stage.approve_by(&["bob", "carol"], &thaw)?;
    Ok(says)
}

pub fn reset(stage: &mut Stage) -> Result<String, StageError> {
    furnish(stage, "boot", "db/boot")?;
    let request = stage.arm("boot", "db/boot", &[])?;
    stage.run(None, ["softtpm", "reset"], b"")?.expect(0, "the reset")?;
    let refused = stage.pull("boot", "db/boot")?;
    if refused.code == 0 || !refused.stdout.is_empty() {
        return Err(otherwise("a pull after the reset", refused.said()));
    }
    expect_word(chip_says(stage, &request)?, "closed")
}

pub fn extended_pcr(stage: &mut Stage) -> Result<String, StageError> {
    furnish(stage, "drift", "db/drift")?;
    stage.arm("drift", "db/drift", &[])?;
    stage.run(None, ["softtpm", "extend", "7"], b"")?.expect(0, "the measurement")?;
    let saw = stage.pull("drift", "db/drift")?.expect(5, "a pull in another measured state")?.said();
    // The next boot measures what it should again.
    stage.run(None, ["softtpm", "reset"], b"")?.expect(0, "the reset")?;
    stage.stop()?;
    stage.serve()?;
    Ok(saw)
}
