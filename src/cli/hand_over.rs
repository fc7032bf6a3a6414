//! Handing a credential to a command: on a pipe that it inherits, never in its arguments or environment.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus};

use rustix::io::FdFlags;

use super::failure::{Failure, Stop};
use crate::domain::secret::Plaintext;

/// Where the command finds the descriptor's number, which is no secret.
const FD_VARIABLE: &str = "PORTCULLIS_FD";

/// Refuses a program that is not there to be run, before a pull is spent for it.
pub fn check(program: &OsStr) -> Result<(), Stop> {
    let is_program = |path: &Path| {
        path.metadata().is_ok_and(|seen| seen.is_file() && seen.permissions().mode() & 0o111 != 0)
    };
    let found = match env::var_os("PATH") {
        _ if program.as_encoded_bytes().contains(&b'/') => is_program(Path::new(program)),
        Some(path) => env::split_paths(&path).any(|folder| is_program(&folder.join(program))),
        // The system has a path of its own then.
        None => true,
    };
    if found {
        return Ok(());
    }
    let what = format!("{} is no program that can be run", program.to_string_lossy());
    Err(Failure::usage("exec", what, "check the command after --exec; nothing was pulled").into())
}

/// Runs `program` with the credential on an inherited pipe, and gives its exit code.
///
/// A pipe and not a file: what was read is gone, and nothing of it is ever swapped out. A command that
/// ends by a signal gives 128 and its number, as shells do.
pub fn run(program: &OsStr, args: &[OsString], plaintext: Plaintext) -> Result<u8, Stop> {
    let failed = |error: io::Error| {
        let what = format!("{} could not be run: {error}", program.to_string_lossy());
        let advice = "check the command; the pull is spent, ask for another window";
        Stop::from(Failure::unexpected("exec", what, advice))
    };
    let (reader, mut writer) = io::pipe().map_err(failed)?;
    let reader = OwnedFd::from(reader);
    rustix::io::fcntl_setfd(&reader, FdFlags::empty()).map_err(|error| failed(error.into()))?;
    let number = reader.as_raw_fd().to_string();
    let mut child = Command::new(program).args(args).env(FD_VARIABLE, number).spawn().map_err(failed)?;
    drop(reader);
    // A command that ends without reading has had its chance; its exit code tells.
    let written = writer.write_all(plaintext.expose());
    drop((writer, plaintext));
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        return Err(failed(error));
    }
    child.wait().map(code).map_err(failed)
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn run_shell(script: &str, credential: &[u8]) -> Result<u8, Stop> {
        let plaintext = Plaintext::new(Zeroizing::new(credential.to_vec())).expect("fits");
        run(OsStr::new("sh"), &["-c".into(), script.into()], plaintext)
    }

    #[test]
    fn a_command_reads_exactly_the_bytes_and_its_exit_code_is_returned() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("copy");
        let script = format!("cat <&$PORTCULLIS_FD > '{}'; exit 7", copy.display());
        for len in [1, 24, 65_536] {
            let credential: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
            assert_eq!(run_shell(&script, &credential).ok(), Some(7), "{len}");
            assert_eq!(std::fs::read(&copy).expect("a copy"), credential, "{len}");
        }
    }

    #[test]
    fn only_a_program_that_can_be_run_is_pulled_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = folder.path().join("text");
        std::fs::write(&text, "no program").expect("written");
        let cases = [
            ("found on the path", OsStr::new("sh"), true),
            ("with its path", OsStr::new("/bin/sh"), true),
            ("mistyped", OsStr::new("no-such-login"), false),
            ("not there", OsStr::new("/nonexistent/login"), false),
            ("not executable", text.as_os_str(), false),
            ("a folder", folder.path().as_os_str(), false),
            ("nothing", OsStr::new(""), false),
        ];
        for (name, program, expected) in cases {
            assert_eq!(check(program).is_ok(), expected, "{name}");
        }
    }

    #[test]
    fn the_end_of_a_command_is_told_whatever_it_is() {
        let cases = [("does not read", "exit 0", Some(0)), ("signal", "kill -TERM $$", Some(143))];
        for (name, script, code) in cases {
            assert_eq!(run_shell(script, &[b'x'; 65_536]).ok(), code, "{name}");
        }
        let plaintext = Plaintext::new(Zeroizing::new(vec![1])).expect("fits");
        assert!(run(OsStr::new("/nonexistent/command"), &[], plaintext).is_err());
    }
}
