//! A temporary folder.

use std::path::{Path, PathBuf};

use super::output::{StageError, system};

/// A folder that is removed with everything in it.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one that only this user enters, and that others may pass through.
    ///
    /// # Errors
    /// [`StageError::System`].
    pub fn new() -> Result<Self, StageError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let mut bytes = [0; 8];
        rand_core::RngCore::fill_bytes(&mut rand_core::OsRng, &mut bytes);
        let path = std::env::temp_dir().join(format!("portcullis-{}", hex::encode(bytes)));
        std::fs::DirBuilder::new()
            .mode(0o711)
            .create(&path)
            .map_err(system("a folder for the demonstration"))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the temporary folder's own keeper.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
