//! Root with stock tpm2-tools, at the chip of an appliance.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use portcullis::domain::secret::Key32;
use portcullis::tpm::{SealedKey, SealedWindow};

/// The gate index.
const GATE: &str = "0x018070c1";
/// The storage root key.
const ROOT_KEY: &str = "0x81000001";

/// The tools, a TPM, and a folder for their files.
pub struct Tools {
    tcti: String,
    folder: PathBuf,
}

/// An authorisation value as the tools take it.
pub fn hex_of(key: &Key32) -> String {
    format!("hex:{}", hex::encode(key.expose()))
}

impl Tools {
    /// The tools at the TPM `tcti`, with files in `folder`.
    pub fn new(tcti: impl ToString, folder: &Path) -> Self {
        Self { tcti: tcti.to_string(), folder: folder.to_owned() }
    }

    /// Runs one to its end.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(name);
        command.args(arguments).current_dir(&self.folder).env("TPM2TOOLS_TCTI", &self.tcti);
        command.output().unwrap_or_else(|error| panic!("{name} is needed, from tpm2-tools: {error}"))
    }

    /// Runs one that must succeed.
    pub fn must(&self, name: &str, arguments: &[&str]) {
        let output = self.run(name, arguments);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Sets the chip's clock forward, which takes the owner's authorisation.
    pub fn set_clock(&self, owner: &Key32, clock_ms: u64) {
        self.must("tpm2_setclock", &["-p", &hex_of(owner), &clock_ms.to_string()]);
    }

    /// Takes the steps one after the other; says which was the first to be refused, or what the last gave.
    fn walk(&self, steps: &[(&'static str, &str, &[&str])]) -> Result<Vec<u8>, &'static str> {
        let mut outcome = Ok(Vec::new());
        for (step, tool, arguments) in steps {
            let output = self.run(tool, arguments);
            if !output.status.success() {
                outcome = Err(*step);
                break;
            }
            outcome = Ok(output.stdout);
            self.must("tpm2_flushcontext", &["-t"]);
        }
        for kind in ["-t", "-l", "-s"] {
            self.must("tpm2_flushcontext", &[kind]);
        }
        outcome
    }

    fn write(&self, key: &SealedKey) {
        fs::write(self.folder.join("o.priv"), key.private_bytes()).expect("written");
        fs::write(self.folder.join("o.pub"), key.public_bytes()).expect("written");
    }

    /// Walks the boot policy and unseals.
    pub fn open_half(&self, key: &SealedKey) -> Result<Vec<u8>, &'static str> {
        self.write(key);
        self.walk(&[
            ("load", "tpm2_load", &["-C", ROOT_KEY, "-r", "o.priv", "-u", "o.pub", "-c", "o.ctx"]),
            ("start", "tpm2_startauthsession", &["--policy-session", "-S", "s.ctx"]),
            ("pcr", "tpm2_policypcr", &["-S", "s.ctx", "-l", "sha256:0,2,4,7"]),
            ("unseal", "tpm2_unseal", &["-c", "o.ctx", "-p", "session:s.ctx"]),
        ])
    }

    /// Walks the policy of a window and unseals.
    pub fn open_window(&self, window: &SealedWindow, gate_auth: &Key32) -> Result<Vec<u8>, &'static str> {
        let bounds = window.bounds();
        self.write(window.key());
        fs::write(self.folder.join("gate"), bounds.gate.to_be_bytes()).expect("written");
        let (opens, closes) = (format!("clock={}", bounds.opens_ms), format!("clock={}", bounds.closes_ms));
        let resets = format!("resets={}", bounds.boot.reset_count);
        let restarts = format!("restarts={}", bounds.boot.restart_count);
        let auth = hex_of(gate_auth);
        self.walk(&[
            ("load", "tpm2_load", &["-C", ROOT_KEY, "-r", "o.priv", "-u", "o.pub", "-c", "o.ctx"]),
            ("start", "tpm2_startauthsession", &["--policy-session", "-S", "s.ctx"]),
            ("pcr", "tpm2_policypcr", &["-S", "s.ctx", "-l", "sha256:0,2,4,7"]),
            ("opens", "tpm2_policycountertimer", &["-S", "s.ctx", "--uge", &opens]),
            ("closes", "tpm2_policycountertimer", &["-S", "s.ctx", "--ult", &closes]),
            ("resets", "tpm2_policycountertimer", &["-S", "s.ctx", "--eq", &resets]),
            ("restarts", "tpm2_policycountertimer", &["-S", "s.ctx", "--eq", &restarts]),
            ("gate", "tpm2_policynv", &["-S", "s.ctx", "-i", "gate", "-P", &auth, GATE, "eq"]),
            ("unseal", "tpm2_unseal", &["-c", "o.ctx", "-p", "session:s.ctx"]),
        ])
    }

    /// Skips every condition and goes straight for the key, with whatever stands in for a policy.
    pub fn force(&self, key: &SealedKey) -> bool {
        self.write(key);
        self.must("tpm2_load", &["-C", ROOT_KEY, "-r", "o.priv", "-u", "o.pub", "-c", "o.ctx"]);
        let tries: [&[&str]; 3] = [&[], &["-p", ""], &["-p", "pcr:sha256:0,2,4,7"]];
        tries.into_iter().any(|authorisation| {
            self.must("tpm2_flushcontext", &["-t"]);
            let unsealed = self.run("tpm2_unseal", &[&["-c", "o.ctx"], authorisation].concat());
            self.must("tpm2_flushcontext", &["-t"]);
            unsealed.status.success()
        })
    }
}
