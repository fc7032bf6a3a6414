//! libtss2 writes to standard error whatever the chip refuses, also what is expected, and takes the
//! wish for silence from the environment alone: so a verb that speaks to the chip starts itself anew.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::args::Verb;

const NAME: &str = "TSS2_LOG";
const SILENT: &str = "all+NONE";

/// Starts this program anew with the silence in its environment, where the verb needs it and it is
/// not there yet. Comes back only when there is nothing to do, or when that failed.
pub fn start_anew(verb: &Verb, args: &[OsString]) {
    let speaks_to_chip = matches!(verb, Verb::Setup(_) | Verb::Serve(_) | Verb::Softtpm(_));
    if !speaks_to_chip || std::env::var_os(NAME).is_some() {
        return;
    }
    let rest = args.get(1..).unwrap_or_default();
    let error = Command::new("/proc/self/exe").args(rest).env(NAME, SILENT).exec();
    // Noise on standard error is all that is lost.
    super::render::note(&format!("portcullis: the TPM library could not be silenced: {error}"));
}
