//! Near the end of the story: nothing is undone.

use super::stage::{SECRET, Stage, StageError};

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
