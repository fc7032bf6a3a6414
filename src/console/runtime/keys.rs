//! Who may log in at this console.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::ConsoleOptions;
use crate::console::model::KeyFile;
use crate::desk::error::DeskError;
use crate::desk::key::{find_key_file, read_key_file};
use crate::domain::home::Home;

/// Reads the name in each key file that the options leave to choose from, in order of name.
///
/// # Errors
/// [`DeskError`] when there is none, or when the one that was asked for cannot be used.
pub(super) fn find(options: &ConsoleOptions) -> Result<Vec<KeyFile>, DeskError> {
    if options.key.is_some() || options.operator.is_some() {
        let path = find_key_file(options.key.as_deref(), &options.home, options.operator.as_ref())?;
        return Ok(vec![named(&path)?]);
    }
    let folder = Home::at(&options.home).operators();
    let listed = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    // What is not a key file in that folder is nobody's, and keeps nobody else out.
    let is_named = |path: &std::path::PathBuf| path.extension() == Some(OsStr::new("pcop"));
    let mut keys: Vec<KeyFile> = listed.filter(is_named).filter_map(|path| named(&path).ok()).collect();
    keys.sort_by(|a, b| a.operator.cmp(&b.operator));
    if keys.is_empty() { Err(DeskError::NoKeyFile { looked: folder }) } else { Ok(keys) }
}

fn named(path: &Path) -> Result<KeyFile, DeskError> {
    Ok(KeyFile { operator: read_key_file(path)?.id().clone(), path: path.to_owned() })
}
