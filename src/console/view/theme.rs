//! What a meaning looks like in each profile. Meaning is never in the look alone: words carry it.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::console::profile::Profile;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Nothing in particular.
    Plain,
    /// A heading, a key, a value that people compare.
    Strong,
    /// The row under the cursor.
    Selected,
    /// As wished.
    Good,
    /// Somebody should look.
    Warn,
    /// Not as wished.
    Bad,
    /// What nobody may overlook on any screen.
    Banner,
}

/// The style for a meaning; without colours it has no [`Color`] at all, not even a reset one.
pub fn style(profile: Profile, role: Role) -> Style {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    let coloured = |style: Style, colour| if profile.has_colour() { style.fg(colour) } else { style };
    match role {
        Role::Plain => plain,
        Role::Strong => bold,
        Role::Selected => plain.add_modifier(Modifier::REVERSED),
        Role::Good => coloured(plain, Color::Green),
        Role::Warn => coloured(bold, Color::Yellow),
        Role::Bad => coloured(bold, Color::Red),
        Role::Banner => coloured(bold.add_modifier(Modifier::REVERSED), Color::Yellow),
    }
}

/// The frame.
pub const fn frame(profile: Profile) -> border::Set<'static> {
    const ASCII: border::Set<'static> = border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    };
    if profile.is_ascii() { ASCII } else { border::PLAIN }
}
