//! Handing the recovery shares out at set-up: on a cleared screen, each typed in again, or into files.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::failure::Stop;
use super::tty::Tty;
use crate::crypto::recovery::RecoveryShare;

/// Another screen than the one that scrolls, so that nothing stays above the prompt.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[2J\x1b[H\x1b[?1049l";
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Shows each share once, and has it typed in again before the next.
pub fn on_terminal(tty: &mut Tty, shares: &[RecoveryShare]) -> Result<(), Stop> {
    tty.say(ENTER)?;
    let outcome = shares.iter().try_for_each(|share| one(tty, share));
    tty.say(LEAVE)?;
    outcome
}

fn one(tty: &mut Tty, share: &RecoveryShare) -> Result<(), Stop> {
    let (k, n) = share.k_of_n();
    let mut hint = String::new();
    loop {
        let head =
            format!("{CLEAR}Recovery share {} of {n}; {k} of them replace a dead TPM.\n\n", share.index());
        tty.say(&head)?;
        tty.say("For the eyes of its custodian alone. Copy it onto paper:\n\n  ")?;
        tty.say(&share.to_text())?;
        tty.ask(&format!("\n\n{hint}Press Enter when it is copied. "))?;
        tty.say(CLEAR)?;
        let typed =
            zeroize::Zeroizing::new(tty.ask(&format!("Type share {} from the paper:\n\n  ", share.index()))?);
        match RecoveryShare::parse(&typed) {
            Ok(read) if read.same(share) => return Ok(()),
            Ok(_) => hint = "That was another share. ".to_owned(),
            Err(error) => hint = format!("The paper does not match: {error}.\n"),
        }
    }
}

/// Writes each share into a file of a new folder: for an EVALUATION appliance, where nothing is secret.
///
/// # Errors
/// When the folder holds shares already, or cannot be written.
pub fn into_files(folder: &Path, shares: &[RecoveryShare]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for share in shares {
        let path = folder.join(format!("share-{}.txt", share.index()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(share.to_text().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rand_core::OsRng;

    use super::*;
    use crate::crypto::recovery::RecoveryIdentity;

    #[test]
    fn shares_in_files_read_back_and_are_never_written_over() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("shares");
        let identity = RecoveryIdentity::generate(&mut OsRng);
        let shares = identity.split(2, 3, &mut OsRng).expect("splits");
        into_files(&folder, &shares).expect("written");
        let read =
            |index: u8| std::fs::read_to_string(folder.join(format!("share-{index}.txt"))).expect("a file");
        for share in &shares {
            assert!(RecoveryShare::parse(read(share.index()).trim()).expect("a share").same(share));
        }
        let again = into_files(&folder, &shares).map_err(|error| error.kind());
        assert_eq!(again, Err(io::ErrorKind::AlreadyExists));
    }
}
