//! What VERIFY.txt tells people to type, typed as it stands.

use std::path::Path;
use std::process::{Command, Output};

/// The commands in a text: the lines that begin with four blanks.
pub fn commands(text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Has one bash execute them in a folder.
pub fn execute(commands: &str, folder: &Path) -> Result<String, String> {
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(commands).current_dir(folder).env("TMPDIR", folder.parent().expect("a folder above"));
    let Output { status, stdout, stderr } = bash.output().expect("bash is needed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if status.success() { Ok(text(&stdout)) } else { Err(text(&stdout) + &text(&stderr)) }
}
