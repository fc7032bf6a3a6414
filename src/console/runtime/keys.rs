//! Who may log in at this console.

use super::ConsoleOptions;
use crate::console::model::KeyFile;
use crate::desk::error::DeskError;
use crate::desk::key::key_files;

/// Reads the name in each key file that the options leave to choose from, in order of name.
///
/// # Errors
/// [`DeskError`] when there is none, or when the one that was asked for cannot be used.
pub(super) fn find(options: &ConsoleOptions) -> Result<Vec<KeyFile>, DeskError> {
    let found = key_files(options.key.as_deref(), &options.home, options.operator.as_ref())?;
    Ok(found.into_iter().map(|(operator, path)| KeyFile { operator, path }).collect())
}
