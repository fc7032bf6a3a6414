//! Those who are not who they should be: a key on no roster, another uid, another program.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rand_core::OsRng;
use sha2::{Digest, Sha256};

use super::stage::{CREDENTIAL, SECRET, Stage, StageError, my_uid, passphrase};
use super::story::otherwise;
use crate::crypto::key_file::{KdfCost, KeyFile};
use crate::crypto::operator_key::OperatorKey;
use crate::domain::ids::OperatorId;
use crate::domain::secret::Passphrase;

/// Somebody makes a key file of their own that points at this appliance, and tries to approve.
pub fn stranger(stage: &mut Stage) -> Result<String, StageError> {
    let file = stage.prop("mallory.pcop");
    make_key_file(stage, &file).map_err(|error| otherwise("the stranger's key file", error))?;
    let request = stage.request.clone().unwrap_or_default();
    // The key file is named, so the operator's name on the command line stays away.
    let path = file.display().to_string();
    let args = ["--key", &path, "approve", &request, "--id-again", &request];
    Ok(stage.run_with_passphrase(&passphrase("mallory"), &args)?.expect(3, "a stranger approves")?.said())
}

fn make_key_file(stage: &Stage, file: &Path) -> Result<(), String> {
    let known =
        std::fs::read_to_string(stage.home().join("operators/bob.pcop")).map_err(|e| e.to_string())?;
    let pin = KeyFile::parse(&known)
        .map_err(|e| e.to_string())?
        .keeper()
        .ok_or("bob's key file names no keeper")?;
    let id = OperatorId::parse("mallory").map_err(|e| e.to_string())?;
    let secret = Passphrase::new(zeroize::Zeroizing::new(passphrase("mallory")));
    let key = OperatorKey::generate(id, &mut OsRng);
    let sealed = KeyFile::seal(&key, &secret, KdfCost::Standard, &mut OsRng).map_err(|e| e.to_string())?;
    let sealed = sealed.with_keeper(pin, &secret, &mut OsRng).map_err(|e| e.to_string())?;
    std::fs::write(file, sealed.to_text()).map_err(|e| e.to_string())
}

/// The same program, run by another user: by a real one where root plays, else a record that asks
/// for a user that this one is not.
pub fn another_uid(stage: &mut Stage) -> Result<String, StageError> {
    const NOBODY: u32 = 65_534;
    let output = if my_uid() == 0 {
        let program = stage.copy_program("client-of-nobody")?;
        stage.pull_as(&program, Some(NOBODY), "payroll", CREDENTIAL)?
    } else {
        stage.add_client("other", &[format!("unix:uid:{}", my_uid() + 1)], &[CREDENTIAL])?;
        stage.pull("other", CREDENTIAL)?
    };
    Ok(output.expect(3, "a pull of another user")?.said())
}

/// A record that names program and digest: the program itself is served, a changed copy is not.
pub fn changed_client(stage: &mut Stage) -> Result<String, StageError> {
    let system = |what: &'static str| move |cause| StageError::System { what, cause };
    let program = stage.copy_program("client")?;
    let bytes = std::fs::read(&program).map_err(system("the client"))?;
    let path = format!("unix:path:{}", program.display());
    let digest = format!("unix:sha256:{}", hex::encode(Sha256::digest(&bytes)));
    stage.add_client("signed", &[path, digest], &["db/signed"])?;
    stage.deposit("db/signed", SECRET, &[])?;
    stage.arm("signed", "db/signed", &["--pulls", "2"])?;
    let served = stage.pull_as(&program, None, "signed", "db/signed")?.expect(0, "the client itself")?;
    if served.stdout != SECRET {
        return Err(otherwise("the client itself", served.said()));
    }
    let changed = stage.copy_program("client-changed")?;
    let appended =
        std::fs::OpenOptions::new().append(true).open(&changed).and_then(|mut file| file.write_all(b"!"));
    appended.map_err(system("the changed client"))?;
    std::fs::set_permissions(&changed, std::fs::Permissions::from_mode(0o755))
        .map_err(system("the changed client"))?;
    Ok(stage.pull_as(&changed, None, "signed", "db/signed")?.expect(3, "the changed client")?.said())
}
