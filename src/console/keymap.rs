//! The keys of every screen: one table for what they do, the footer and the help.

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
    /// Open what is under the cursor.
    Open,
    /// Back, and from a list out.
    Back,
    /// To the approval.
    Approve,
    /// To the approval of less than was asked for.
    Less,
    /// To be shown the credential.
    View,
    /// To the denial.
    Deny,
    /// To the revocation.
    Revoke,
    /// To a new request.
    New,
    /// To the request for a bundle.
    Export,
    /// To taking the bundle that was granted.
    Take,
    /// To the cosignature of the newest checkpoint.
    Cosign,
    /// Ended requests too, or not.
    Ended,
    /// Older entries of the log.
    Older,
    /// A look at the appliance or its log.
    Look,
    /// Another tab, by its digit.
    Digit,
    /// The tab to the right.
    NextTab,
    /// The tab to the left.
    PreviousTab,
    /// A filter.
    Filter,
    /// No filter any more.
    ClearFilter,
    /// The next row that passes the filter.
    NextMatch,
    /// The one before.
    PreviousMatch,
    /// Ask the keeper again.
    Refresh,
    /// Log out.
    Lock,
    /// A command.
    Command,
    /// This table.
    Help,
}

/// A screen on which these keys work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Choosing who one is.
    Login,
    /// The list of requests.
    Requests,
    /// A request.
    Request,
    /// The inventory.
    Credentials,
    /// The deadlines.
    Rotation,
    /// A credential.
    Credential,
    /// The list of clients.
    Jobs,
    /// A client.
    Client,
    /// The list of entries.
    Audit,
    /// An entry.
    Entry,
    /// How the appliance is.
    System,
}

use Place::{
    Audit, Client, Credential, Credentials, Entry, Jobs, Login, Request, Requests, Rotation, System,
};

const ALL: &[Place] =
    &[Login, Requests, Request, Credentials, Rotation, Credential, Jobs, Client, Audit, Entry, System];
const INSIDE: &[Place] =
    &[Requests, Request, Credentials, Rotation, Credential, Jobs, Client, Audit, Entry, System];
const LISTS: &[Place] = &[Requests, Credentials, Rotation, Jobs, Audit];
/// What is a list or one of its rows, and so may leave with `q`.
const TABS: &[Place] = &[Login, Requests, Credentials, Rotation, Jobs, Audit, System];
const PAGES: &[Place] = &[Request, Credential, Client, Entry];
const CREDENTIALS: &[Place] = &[Credentials, Rotation];
const REQUEST: &[Place] = &[Requests, Request];

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
    /// Where.
    pub places: &'static [Place],
}

const fn row(
    action: Action,
    keys: &'static [Key],
    (written, help, short): (&'static str, &'static str, &'static str),
    places: &'static [Place],
) -> Binding {
    Binding { action, keys, written, help, short, places }
}

const DIGITS: &[Key] =
    &[Key::Char('1'), Key::Char('2'), Key::Char('3'), Key::Char('4'), Key::Char('5'), Key::Char('6')];

/// The table. Never here: `[`, `O`, `~`, `A`-`D`, `F`, `H` and `P`-`S`, which a slow line may cut out of
/// the sequence of an arrow key, and everything that flow control, terminals and multiplexers keep for
/// themselves.
pub const BINDINGS: &[Binding] = &[
    row(
        Action::Open,
        &[Key::Enter],
        ("Enter", "be this one: the passphrase follows", "Enter:choose"),
        &[Login],
    ),
    row(Action::Open, &[Key::Enter], ("Enter", "open the request", "Enter:open"), &[Requests]),
    row(Action::Open, &[Key::Enter], ("Enter", "open the credential", "Enter:open"), CREDENTIALS),
    row(Action::Open, &[Key::Enter], ("Enter", "open the client", "Enter:open"), &[Jobs]),
    row(Action::Open, &[Key::Enter], ("Enter", "open the entry, in full", "Enter:open"), &[Audit]),
    row(Action::Look, &[Key::Char('v')], ("v", "look at TPM, clock, store, quorum", "v:look"), &[System]),
    row(
        Action::Look,
        &[Key::Char('v')],
        ("v", "read the whole log, compare with the chip", "v:verify"),
        &[Audit],
    ),
    row(
        Action::Approve,
        &[Key::Char('a')],
        ("a", "approve: your passphrase, then its id", "a:approve"),
        REQUEST,
    ),
    row(
        Action::Less,
        &[Key::Char('w')],
        ("w", "approve less: a shorter window, fewer pulls", "w:less"),
        &[Request],
    ),
    row(
        Action::View,
        &[Key::Char('v')],
        ("v", "be shown the credential you asked for: once", "v:view"),
        &[Request],
    ),
    row(Action::Deny, &[Key::Char('d')], ("d", "deny it: a reason", "d:deny"), REQUEST),
    row(
        Action::Revoke,
        &[Key::Char('c')],
        ("c", "revoke: withdraw it, or close its window", "c:revoke"),
        REQUEST,
    ),
    row(Action::Take, &[Key::Char('x')], ("x", "take the bundle you asked for", "x:take"), &[Request]),
    row(
        Action::Export,
        &[Key::Char('x')],
        ("x", "ask for a signed bundle of the log; two others approve it", "x:export"),
        &[Audit],
    ),
    row(
        Action::Cosign,
        &[Key::Char('c')],
        ("c", "cosign the newest checkpoint: your passphrase", "c:cosign"),
        &[Audit],
    ),
    row(Action::New, &[Key::Char('n')], ("n", "a new request", "n:new"), &[Requests, Jobs, Client]),
    row(
        Action::New,
        &[Key::Char('n')],
        ("n", "a new request for it", "n:new"),
        &[Credentials, Rotation, Credential],
    ),
    row(Action::NextMatch, &[Key::Char('n')], ("n", "the next that passes the filter", "n:next"), LISTS),
    row(Action::PreviousMatch, &[Key::Char('N')], ("N", "the one before", ""), LISTS),
    row(Action::Help, &[Key::Char('?')], ("?", "this help", "?:help"), ALL),
    row(Action::Filter, &[Key::Char('/')], ("/", "a filter; /! leaves out", "/:filter"), LISTS),
    row(Action::ClearFilter, &[Key::Esc], ("Esc", "no filter any more; so does an empty /", ""), LISTS),
    row(Action::Command, &[Key::Char(':')], (":", "a command, see below", ":cmd"), ALL),
    row(Action::Lock, &[Key::Char('L')], ("L", "log out", "L:lock"), INSIDE),
    row(Action::Back, &[Key::Char('q')], ("q", "leave the console", "q:quit"), TABS),
    row(Action::Back, &[Key::Char('q'), Key::Backspace, Key::Esc], ("q Backspace", "back", "q:back"), PAGES),
    row(Action::Digit, DIGITS, ("1-6", "another tab", ""), INSIDE),
    row(Action::NextTab, &[Key::Tab], ("Tab", "the next tab", ""), INSIDE),
    row(Action::PreviousTab, &[Key::BackTab], ("Shift-Tab", "the tab before", ""), INSIDE),
    row(Action::Down, &[Key::Char('j'), Key::Down], ("j Down", "one down", ""), ALL),
    row(Action::Up, &[Key::Char('k'), Key::Up], ("k Up", "one up", ""), ALL),
    row(Action::First, &[Key::Char('g'), Key::Home], ("g Home", "to the first", ""), ALL),
    row(Action::Last, &[Key::Char('G'), Key::End], ("G End", "to the last", ""), ALL),
    row(
        Action::PageDown,
        &[Key::Char('.'), Key::Char(' '), Key::PageDown],
        (". Space PgDn", "a screen down", ""),
        INSIDE,
    ),
    row(Action::PageUp, &[Key::Char(','), Key::PageUp], (", PgUp", "a screen up", ""), INSIDE),
    row(Action::Ended, &[Key::Char('e')], ("e", "show ended requests too, or not", ""), &[Requests]),
    row(Action::Older, &[Key::Char('o')], ("o", "read older entries too", "o:older"), &[Audit]),
    row(Action::Refresh, &[Key::Char('r')], ("r", "ask the keeper again", ""), INSIDE),
];

/// What a command does, and when there is one.
#[derive(Clone, Copy, Debug)]
pub struct CommandRow {
    /// Behind the colon.
    pub name: &'static str,
    /// What the help says.
    pub help: &'static str,
    /// When it works.
    pub when: When,
}

/// When a command works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// At all times.
    Always,
    /// While somebody is logged in.
    Inside,
    /// While somebody is logged in and nothing is frozen.
    Unfrozen,
    /// While everything is down.
    Frozen,
    /// While an operator is logged in.
    Operator,
}

/// The commands behind `:`.
pub const COMMANDS: &[CommandRow] = &[
    CommandRow {
        name: "freeze",
        help: "end every window and refuse every pull, at once: a reason",
        when: When::Unfrozen,
    },
    CommandRow { name: "thaw", help: "ask to lift the freeze: two approve it", when: When::Frozen },
    CommandRow { name: "export", help: "ask for a signed bundle of the log", when: When::Inside },
    CommandRow { name: "cosign", help: "cosign the newest checkpoint", when: When::Operator },
    CommandRow { name: "lock", help: "log out", when: When::Inside },
    CommandRow { name: "size 80x24", help: "draw for a terminal of that size", when: When::Always },
    CommandRow { name: "redraw", help: "send the whole screen again", when: When::Always },
    CommandRow { name: "q", help: "leave the console", when: When::Always },
];

/// What else the help says.
pub const EVERYWHERE: &[(&str, &str)] =
    &[("Ctrl-L", "send the whole screen again"), ("Ctrl-C", "leave the console; in a dialog, close it")];

/// The rows for a key on a screen.
pub fn rows(place: Place, key: Key) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |row| row.places.contains(&place) && row.keys.contains(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_and_none_is_a_piece_of_an_arrow_key() {
        for place in ALL {
            let here = BINDINGS.iter().filter(|row| row.places.contains(place));
            let mut seen = Vec::new();
            for (action, key) in here.flat_map(|row| row.keys.iter().map(|key| (row.action, *key))) {
                // Only one of these two is offered: it depends on whether a filter is set.
                if action != Action::NextMatch {
                    assert!(!seen.contains(&key), "{key:?} twice on {place:?}");
                    seen.push(key);
                }
                if let Key::Char(c) = key {
                    assert!(!matches!(c, '[' | 'O' | '~' | 'A'..='D' | 'F' | 'H' | 'P'..='S'), "{c}");
                }
            }
        }
    }

    #[test]
    fn everything_can_be_reached_with_plain_characters() {
        // Other keys, or what is typed elsewhere, do the same.
        let exempt = [Action::PreviousTab, Action::ClearFilter];
        for row in BINDINGS.iter().filter(|row| !exempt.contains(&row.action)) {
            let plain = |key: &Key| matches!(key, Key::Char(_) | Key::Enter | Key::Backspace | Key::Tab);
            assert!(row.keys.iter().any(plain), "{:?}", row.action);
        }
    }
}
