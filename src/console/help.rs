//! The help: the table of keys, and the commands.

use crate::console::keymap::{BINDINGS, COMMANDS, EVERYWHERE};

/// The lines of the help: what to press, and what it does.
pub fn lines() -> Vec<(String, String)> {
    let keys = BINDINGS.iter().map(|binding| (binding.written.to_owned(), binding.help.to_owned()));
    let everywhere = EVERYWHERE.iter().map(|(key, does)| ((*key).to_owned(), (*does).to_owned()));
    let commands = COMMANDS.iter().map(|(name, does)| (format!(":{name}"), (*does).to_owned()));
    keys.chain(everywhere).chain(commands).collect()
}

/// How many lines the help has.
pub fn height() -> usize {
    lines().len()
}
