//! An appliance whose daemon sees the system clock that a test says, and every other clock as it is.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::appliance::{Appliance, program};

/// The appliance and its clock.
pub struct Jumping {
    pub appliance: Appliance,
    offset: PathBuf,
    _folder: TempDir,
}

/// The library that stands before the system clock, from the Debian package faketime.
fn library() -> PathBuf {
    let arches = std::fs::read_dir("/usr/lib").expect("read").map(|entry| entry.expect("an entry").path());
    let mut found = arches.map(|arch| arch.join("faketime/libfaketime.so.1")).filter(|path| path.exists());
    found.next().expect("libfaketime is needed, from faketime")
}

impl Jumping {
    /// One that serves, with its clock as the system has it.
    pub fn found(credentials: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let offset = folder.path().join("offset");
        std::fs::write(&offset, "+0").expect("written");
        let appliance = Appliance::found_with(wrapper(folder.path(), &offset), "swtpm");
        let mut jumping = Self { appliance, offset, _folder: folder };
        jumping.appliance.furnish(credentials);
        jumping
    }

    /// Sets the clock to so much before or after what it is.
    pub fn jump(&self, offset: &str) {
        let new = self.offset.with_extension("new");
        std::fs::write(&new, offset).expect("written");
        std::fs::rename(&new, &self.offset).expect("renamed");
    }

    /// Stops and starts the daemon.
    pub fn restart(&mut self) {
        self.appliance.stop().expect("stops");
        self.appliance.serve().expect("serves");
    }
}

/// The program, whose daemon alone gets the clock of `offset`.
fn wrapper(folder: &Path, offset: &Path) -> PathBuf {
    let script = folder.join("portcullis");
    let text = format!(
        "#!/bin/sh\n\
         if [ \"$3\" = serve ]; then\n\
         export LD_PRELOAD={} FAKETIME_TIMESTAMP_FILE={} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1\n\
         fi\n\
         exec {} \"$@\"\n",
        library().display(),
        offset.display(),
        program().display()
    );
    std::fs::write(&script, text).expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("made a program");
    script
}
