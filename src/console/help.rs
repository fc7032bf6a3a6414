//! The help: the keys and the commands that work on the screen below it.

use crate::console::allowed;
use crate::console::keymap::{BINDINGS, COMMANDS, EVERYWHERE};
use crate::console::model::Model;

/// The lines of the help: what to press, and what it does.
pub fn lines(model: &Model) -> Vec<(String, String)> {
    let place = allowed::place(model);
    let here = BINDINGS.iter().filter(|row| place.is_some_and(|place| row.places.contains(&place)));
    let keys = here
        .filter(|row| allowed::is_offered(model, row))
        .map(|row| (row.written.to_owned(), row.help.to_owned()));
    let everywhere = EVERYWHERE.iter().map(|(key, does)| ((*key).to_owned(), (*does).to_owned()));
    let commands = COMMANDS.iter().filter(|row| allowed::is_command_offered(model, row));
    let commands = commands.map(|row| (format!(":{}", row.name), row.help.to_owned()));
    keys.chain(everywhere).chain(commands).collect()
}
