//! What can be said of an appliance whose daemon does not run.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::doctor::{fail, ok, warn};
use super::home::{self, Wiring};
use crate::domain::home::Home;
use crate::domain::wire::operator::Finding;
use crate::tpm::{Chip, Pins, SoftTpm, Tcti, TpmError};

/// Looks at configuration, files and chip without the daemon. Nothing is opened that is sealed, and
/// nothing is started.
pub fn offline(home: &Home) -> Vec<Finding> {
    let mut findings =
        vec![fail("daemon", "it does not answer", "start it: portcullis serve, and read what it says")];
    let wiring = match Wiring::read(home) {
        Ok(wiring) => wiring,
        Err(error) => {
            findings.push(fail("configuration", error.to_string(), error.advice()));
            return findings;
        }
    };
    findings.push(ok("configuration", home::config_file(home).display().to_string()));
    let files = [
        (home::store_dir(home), 0o700),
        (home::store_file(home), 0o600),
        (home::store_key_file(home), 0o600),
        (home::pins_file(home), 0o600),
    ];
    findings.extend(files.iter().map(|(path, mode)| file_finding(path, *mode)));
    findings.extend(chip_findings(home, &wiring));
    findings
}

fn file_finding(path: &Path, mode: u32) -> Finding {
    let what = path.display().to_string();
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.permissions().mode() & 0o777 & !mode == 0 => {
            ok(&what, "present, and its owner's alone")
        }
        Ok(found) => {
            let seen = format!("others may use it: mode {:o}", found.permissions().mode() & 0o777);
            warn(&what, seen, "take their permissions away with chmod")
        }
        Err(error) => fail(&what, error.to_string(), "put back the newest backup of this file"),
    }
}

fn chip_findings(home: &Home, wiring: &Wiring) -> Vec<Finding> {
    let chip = connection(home, wiring).and_then(|tcti| {
        let pins = home::read_file(&home::pins_file(home));
        let pins: Option<Pins> = pins.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        pins.map(|pins| Chip::new(tcti, pins))
            .ok_or(TpmError::Malformed { what: "what was pinned of the chip" })
    });
    let chip = match chip {
        Ok(chip) => chip,
        Err(error) => return vec![fail("tpm", error.to_string(), error.advice())],
    };
    let names = match chip.check_names() {
        Ok(()) => ok("tpm", format!("{} is the one of set-up", chip.tcti())),
        Err(error) => fail("tpm", error.to_string(), error.advice()),
    };
    vec![names, super::doctor::pcr_finding(&chip)]
}

fn connection(home: &Home, wiring: &Wiring) -> Result<Tcti, TpmError> {
    if !wiring.tpm.is_own() {
        return wiring.tpm.tcti.parse();
    }
    let running = SoftTpm::attach(&home::soft_tpm_dir(home))?;
    let off = || TpmError::Unreachable { tcti: wiring.tpm.tcti.clone(), cause: "it is off".to_owned() };
    running.map(|tpm| tpm.tcti()).ok_or_else(off)
}
