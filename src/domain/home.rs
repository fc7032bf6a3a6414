//! Where an appliance keeps its things on this machine: paths only, nothing is looked at.

use std::path::{Path, PathBuf};

use super::ids::OperatorId;

/// The folder of one appliance, and the folder of its sockets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Home {
    dir: PathBuf,
    run: PathBuf,
}

impl Home {
    /// The home of an installed appliance.
    pub const SYSTEM_DIR: &'static str = "/var/lib/portcullis";
    /// The sockets of an installed appliance.
    pub const SYSTEM_RUN: &'static str = "/run/portcullis";

    /// The home at `dir`: its sockets are in `run/` below it, but for the installed appliance.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        let run = if dir == Path::new(Self::SYSTEM_DIR) { Self::SYSTEM_RUN.into() } else { dir.join("run") };
        Self { dir, run }
    }

    /// The folder of state and configuration.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of the sockets.
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// The folder that key files are looked for in.
    pub fn operators(&self) -> PathBuf {
        self.dir.join("operators")
    }

    /// The key file of one operator, unless it is elsewhere.
    pub fn key_file(&self, operator: &OperatorId) -> PathBuf {
        self.operators().join(format!("{operator}.pcop"))
    }

    /// There when a software TPM holds the keys: anybody may read it, before anybody is asked.
    pub fn evaluation_mark(&self) -> PathBuf {
        self.dir.join("EVALUATION")
    }

    /// Where consoles and command lines speak to the keeper.
    pub fn operator_socket(&self) -> PathBuf {
        self.run.join("operator.sock")
    }

    /// Where jobs pull.
    pub fn pull_socket(&self) -> PathBuf {
        self.run.join("pull.sock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_lie_below_the_home_but_for_the_installed_appliance() {
        let cases = [
            ("own", "/tmp/x", "/tmp/x/run/pull.sock"),
            ("installed", Home::SYSTEM_DIR, "/run/portcullis/pull.sock"),
        ];
        for (name, dir, socket) in cases {
            assert_eq!(Home::at(dir).pull_socket(), Path::new(socket), "{name}");
        }
    }
}
