//! The end of the story: nothing is undone, and the log proves it.

use super::stage::{SECRET, Stage, StageError};
use super::story::otherwise;

/// Stops the daemon, keeps a copy of the store, goes on, and puts the copy back.
pub fn old_store(stage: &mut Stage) -> Result<String, StageError> {
    let system = |cause| StageError::System { what: "a copy of the store", cause };
    let (store, old, new) = (stage.home().join("store"), stage.prop("store.old"), stage.prop("store.new"));
    stage.stop()?;
    copy_dir(&store, &old).map_err(system)?;
    stage.serve()?;
    stage.deposit("db/later", SECRET, &[])?;
    stage.stop()?;
    copy_dir(&store, &new).map_err(system)?;
    copy_dir(&old, &store).map_err(system)?;
    let refused = stage.run(None, ["serve"], b"")?.expect(6, "the start on an old store")?.said();
    copy_dir(&new, &store).map_err(system)?;
    stage.serve()?;
    Ok(refused)
}

fn copy_dir(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The log as anybody may check it.
pub mod verify {
    use super::{Stage, StageError, otherwise};

    /// Copies the log out of the appliance and verifies the copy.
    pub fn dump(stage: &mut Stage) -> Result<String, StageError> {
        let dir = stage.prop("log").display().to_string();
        stage.does("carol", &["audit", "dump", &dir])?;
        let seen = stage.run(None, ["audit", "verify", &dir, "--allow-evaluation", "--json"], b"")?;
        let seen: serde_json::Value = serde_json::from_slice(&seen.expect(0, "the dump")?.stdout)
            .map_err(|error| otherwise("the report", error.to_string()))?;
        Ok(format!("{} entries, root {}", seen["size"], seen["root"].as_str().unwrap_or_default()))
    }

    /// Changes one byte in the middle of the copy.
    pub fn changed_dump(stage: &mut Stage) -> Result<String, StageError> {
        let system = |cause| StageError::System { what: "the dump", cause };
        let dir = stage.prop("log-changed");
        super::copy_dir(&stage.prop("log"), &dir).map_err(system)?;
        let entries = dir.join("entries.ndjson");
        let mut bytes = std::fs::read(&entries).map_err(system)?;
        let middle = bytes.len() / 2;
        bytes[middle] = if bytes[middle] == b'0' { b'1' } else { b'0' };
        std::fs::write(&entries, bytes).map_err(system)?;
        let dir = dir.display().to_string();
        let refused = stage.run(None, ["audit", "verify", &dir, "--allow-evaluation"], b"")?;
        Ok(refused.expect(6, "the changed dump")?.said())
    }
}
