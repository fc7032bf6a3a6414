//! The keys of the list and of an open request: one table for what they do, the footer and the help.

use crate::console::key::Key;

/// What a key asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// One row or line up.
    Up,
    /// One row or line down.
    Down,
    /// To the first.
    First,
    /// To the last.
    Last,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// Open the request under the cursor.
    Open,
    /// Back, and from the list out.
    Back,
    /// To the approval.
    Approve,
    /// To the denial.
    Deny,
    /// To the revocation.
    Revoke,
    /// Ended requests too, or not.
    Ended,
    /// Ask the keeper again.
    Refresh,
    /// Log out.
    Lock,
    /// A command.
    Command,
    /// This table.
    Help,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What it asks for.
    pub action: Action,
    /// The keys that ask for it.
    pub keys: &'static [Key],
    /// How the help writes them.
    pub written: &'static str,
    /// What the help says.
    pub help: &'static str,
    /// What the footer says, behind the first key; empty: nothing.
    pub short: &'static str,
}

const fn row(
    action: Action,
    keys: &'static [Key],
    written: &'static str,
    help: &'static str,
    short: &'static str,
) -> Binding {
    Binding { action, keys, written, help, short }
}

/// The table. Never here: `[`, `O`, `~`, `A`-`D`, `F`, `H` and `P`-`S`, which a slow line may cut out of
/// the sequence of an arrow key, and everything that flow control, terminals and multiplexers keep for
/// themselves.
pub const BINDINGS: &[Binding] = &[
    row(Action::Open, &[Key::Enter], "Enter", "open the request", "Enter:open"),
    row(Action::Approve, &[Key::Char('a')], "a", "approve it: your passphrase, then its id", "a:approve"),
    row(Action::Deny, &[Key::Char('d')], "d", "deny it: a reason", "d:deny"),
    row(Action::Revoke, &[Key::Char('c')], "c", "revoke: withdraw it, or close its window", "c:revoke"),
    row(Action::Help, &[Key::Char('?')], "?", "this help", "?:help"),
    row(Action::Command, &[Key::Char(':')], ":", "a command, see below", ":cmd"),
    row(Action::Lock, &[Key::Char('L')], "L", "log out", "L:lock"),
    row(Action::Back, &[Key::Char('q'), Key::Backspace, Key::Esc], "q Backspace", "back", "q:back"),
    row(Action::Down, &[Key::Char('j'), Key::Down], "j Down", "one down", ""),
    row(Action::Up, &[Key::Char('k'), Key::Up], "k Up", "one up", ""),
    row(Action::First, &[Key::Char('g'), Key::Home], "g Home", "to the first", ""),
    row(Action::Last, &[Key::Char('G'), Key::End], "G End", "to the last", ""),
    row(
        Action::PageDown,
        &[Key::Char('.'), Key::Char(' '), Key::PageDown],
        ". Space PgDn",
        "a screen down",
        "",
    ),
    row(Action::PageUp, &[Key::Char(','), Key::PageUp], ", PgUp", "a screen up", ""),
    row(Action::Ended, &[Key::Char('e')], "e", "show ended requests too, or not", ""),
    row(Action::Refresh, &[Key::Char('r')], "r", "ask the keeper again", ""),
];

/// The commands behind `:`, with what the help says of them.
pub const COMMANDS: &[(&str, &str)] = &[
    ("freeze", "end every window and refuse every pull, at once: a reason"),
    ("q", "leave the console"),
    ("lock", "log out"),
    ("redraw", "send the whole screen again"),
];

/// What else the help says.
pub const EVERYWHERE: &[(&str, &str)] = &[
    ("Ctrl-L", "send the whole screen again"),
    ("Ctrl-C", "close a dialog; elsewhere leave the console"),
    ("Ctrl-U", "clear a field"),
    ("Tab", "next field"),
];

/// What a key asks for on the list or an open request.
pub fn action(key: Key) -> Option<Action> {
    BINDINGS.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_and_none_is_a_piece_of_an_arrow_key() {
        let mut seen = Vec::new();
        for key in BINDINGS.iter().flat_map(|binding| binding.keys) {
            assert!(!seen.contains(key), "{key:?} twice");
            seen.push(*key);
            if let Key::Char(c) = key {
                assert!(!matches!(c, '[' | 'O' | '~' | 'A'..='D' | 'F' | 'H' | 'P'..='S'), "{c}");
            }
        }
    }

    #[test]
    fn everything_can_be_reached_with_plain_characters() {
        for binding in BINDINGS {
            let plain = |key: &Key| matches!(key, Key::Char(_) | Key::Enter | Key::Backspace | Key::Tab);
            assert!(binding.keys.iter().any(plain), "{:?}", binding.action);
        }
    }
}
