//! What an auditor takes away: the public keys, and bundles of the log that verify with them.

use std::fs;
use std::path::{Path, PathBuf};

use super::output::system;
use super::stage::{Stage, StageError};
use super::story::otherwise;

/// The public keys in the appliance's home, as somebody wrote them down.
const KEYS: &str = "keys.txt";
/// The bundles there.
const BUNDLES: &str = "bundles";

/// Writes the public keys of the log down, before anything happens that they will be needed for.
pub fn write_keys_down(stage: &mut Stage) -> Result<String, StageError> {
    let keys = stage.does("carol", &["audit", "keys"])?.stdout;
    fs::write(stage.home().join(KEYS), keys).map_err(system("the public keys"))?;
    Ok(KEYS.to_owned())
}

/// Alice asks for a bundle of what is in none yet, bob and carol grant it, alice takes it.
pub fn export(stage: &mut Stage) -> Result<String, StageError> {
    let ask = ["audit", "export", "--no-wait", "--medium", "USB stick 7", "--seal", "004711"];
    let why = ["--reason", "quarterly audit", "--ticket", "AUD-12"];
    let request = stage.request_id(&stage.does("alice", &[&ask[..], &why].concat())?)?;
    stage.approve_by(&["bob", "carol"], &request)?;
    let bundles = stage.home().join(BUNDLES);
    fs::create_dir_all(&bundles).map_err(system("the folder of the bundles"))?;
    let to = bundles.display().to_string();
    let taken = stage.does("alice", &["audit", "export", "--request", &request, "--to", &to, "--json"])?;
    let taken: serde_json::Value =
        serde_json::from_slice(&taken.stdout).map_err(|error| otherwise("the bundle", error.to_string()))?;
    Ok(format!("{BUNDLES}/{}", name(Path::new(taken["bundle"].as_str().unwrap_or_default()))))
}

/// The two of them verify, one after the other, with the keys that were written down.
pub fn verify(stage: &mut Stage) -> Result<String, StageError> {
    let found = bundles(stage)?;
    let output = stage.run(None, arguments(stage, &found), b"")?;
    output.expect(0, "two consecutive bundles")?;
    Ok(format!("{} bundles and {KEYS}", found.len()))
}

/// A copy of the second in which one byte is another does not.
pub fn verify_changed(stage: &mut Stage) -> Result<String, StageError> {
    let mut found = bundles(stage)?;
    let last = found.pop().ok_or_else(|| otherwise("the bundles", "there are none"))?;
    let mut bytes = fs::read(&last).map_err(system("the bundle"))?;
    let middle = bytes.len() / 2;
    bytes[middle] = if bytes[middle] == b'0' { b'1' } else { b'0' };
    let changed = stage.prop("changed");
    fs::create_dir_all(&changed).map_err(system("a changed bundle"))?;
    let changed = changed.join(name(&last));
    fs::write(&changed, bytes).map_err(system("a changed bundle"))?;
    found.push(changed);
    Ok(stage.run(None, arguments(stage, &found), b"")?.expect(6, "a changed bundle")?.said())
}

/// What to type to verify what is left in the appliance's home.
pub fn command(program: &Path, home: &Path) -> String {
    let (program, home) = (program.display(), home.display());
    format!("{program} audit verify {home}/{BUNDLES}/*.pcab.tar --keys {home}/{KEYS} --allow-evaluation")
}

fn arguments(stage: &Stage, bundles: &[PathBuf]) -> Vec<String> {
    let mut arguments = vec!["audit".to_owned(), "verify".to_owned()];
    arguments.extend(bundles.iter().map(|path| path.display().to_string()));
    let keys = stage.home().join(KEYS).display().to_string();
    arguments.extend(["--keys".to_owned(), keys, "--allow-evaluation".to_owned()]);
    arguments
}

/// The bundles in the order of their names, which is that of the log: the first begins at 0.
fn bundles(stage: &Stage) -> Result<Vec<PathBuf>, StageError> {
    let listed = fs::read_dir(stage.home().join(BUNDLES)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let listed = listed.map_err(system("the folder of the bundles"))?;
    let mut found: Vec<PathBuf> = listed.into_iter().map(|entry| entry.path()).collect();
    found.sort();
    match found.len() {
        2 => Ok(found),
        other => Err(otherwise("the bundles", format!("{other} of them, and not 2"))),
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
