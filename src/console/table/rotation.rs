//! What must change, the most urgent first, and how much of it in the coming weeks.

use super::{Cell, Column, Table};
use crate::console::model::{RowId, Session};
use crate::console::view::theme::Role;
use crate::domain::time::Timestamp;
use crate::domain::wire::operator::{CredentialView, Standing};

const COLUMNS: &[Column] = &[
    Column::new("NAME", 18),
    Column::new("ROTATE BY", 10),
    Column::new("STANDING", 19),
    Column::new("EVERY", 6),
    Column::new("SUNSET", 10),
    Column::rest("OWNER"),
];

const DAY_MS: u64 = 86_400_000;

pub(super) struct Rotation<'a>(pub &'a Session);

impl Table for Rotation<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.0.credentials.len()
    }

    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.count()).collect();
        // The data is in order of name, which decides between equal deadlines.
        order.sort_by_key(|place| self.0.credentials[*place].rotate_by);
        order
    }

    fn id(&self, place: usize) -> Option<RowId> {
        self.0.credentials.get(place).map(|view| RowId::Credential(view.name.clone()))
    }

    fn cells(&self, place: usize, now: Timestamp) -> Vec<Cell> {
        let Some(view) = self.0.credentials.get(place) else { return Vec::new() };
        let terms = &view.current.terms;
        let role = standing_role(Standing::of(&view.current, view.rotate_by, now));
        vec![
            Cell::plain(view.name.to_string()),
            Cell::plain(view.rotate_by.day().to_string()),
            Cell { text: standing_words(view, now), role },
            Cell::plain(format!("{} d", terms.rotation_days.days())),
            Cell::plain(terms.sunset.to_string()),
            Cell::plain(terms.owner.to_string()),
        ]
    }

    fn line(&self, place: usize, now: Timestamp) -> String {
        let Some(view) = self.0.credentials.get(place) else { return String::new() };
        format!("{:<18} {:<19} {}", view.name, standing_words(view, now), view.rotate_by.day())
    }

    fn words(&self, place: usize, words: &mut String) {
        let Some(view) = self.0.credentials.get(place) else { return };
        for word in [view.name.as_str(), view.standing.word(), view.current.terms.owner.as_str()] {
            words.push_str(word);
            words.push(' ');
        }
        words.push_str(&view.rotate_by.day().to_string());
    }

    fn nothing(&self) -> &'static str {
        "Nothing is kept here, so nothing is due."
    }

    fn notes(&self, width: usize, now: Timestamp) -> Vec<String> {
        let [weeks, counts] = calendar(&self.0.credentials, now, width);
        let how = "Not from here yet: portcullis deposit NAME --next rotates.";
        vec![weeks, counts, how.to_owned()]
    }
}

/// `OVERDUE by 12 days`, `DUE in 3 days` or `in 40 days`.
pub fn standing_words(view: &CredentialView, now: Timestamp) -> String {
    // Days of the calendar, as the deadline is told.
    let day = |at: Timestamp| at.ms() / DAY_MS;
    let told = |before: &str, days: u64| match days {
        0 => format!("{before} since today"),
        1 => format!("{before} by 1 day"),
        days => format!("{before} by {days} days"),
    };
    let (late, left) =
        (day(now).saturating_sub(day(view.rotate_by)), day(view.rotate_by).saturating_sub(day(now)));
    let within = |days: u64| match days {
        0 => "today".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    };
    match Standing::of(&view.current, view.rotate_by, now) {
        Standing::PastSunset => Standing::PastSunset.word().to_owned(),
        Standing::Overdue => told("OVERDUE", late),
        Standing::Due => format!("DUE {}", within(left)),
        Standing::Ok => within(left),
    }
}

pub(super) const fn standing_role(standing: Standing) -> Role {
    match standing {
        Standing::Ok => Role::Plain,
        Standing::Due => Role::Warn,
        Standing::Overdue | Standing::PastSunset => Role::Bad,
    }
}

/// The Mondays of the coming weeks, and below them how many deadlines fall into each.
fn calendar(credentials: &[CredentialView], now: Timestamp, width: usize) -> [String; 2] {
    const LABEL: usize = 8;
    const COLUMN: usize = 7;
    const WEEKS_MAX: usize = 16;
    const WEEK_MS: u64 = 7 * DAY_MS;
    let weeks = (width.saturating_sub(LABEL + COLUMN) / COLUMN).clamp(1, WEEKS_MAX);
    // The first day of all was a Thursday.
    let days = now.ms() / DAY_MS;
    let monday_ms = (days - (days + 3) % 7) * DAY_MS;
    let mut counts = vec![0_usize; weeks];
    let mut overdue = 0;
    for view in credentials {
        if view.rotate_by <= now {
            overdue += 1;
        } else if let Some(count) = counts.get_mut(((view.rotate_by.ms() - monday_ms) / WEEK_MS) as usize) {
            *count += 1;
        }
    }
    let mut lines = [
        format!("{:<LABEL$}{:>COLUMN$}", "week of", "OVERDUE"),
        format!("{:<LABEL$}{overdue:>COLUMN$}", "due"),
    ];
    for (week, count) in (0..).zip(counts) {
        let monday = Timestamp::from_ms(monday_ms + week * WEEK_MS).day().to_string();
        lines[0].push_str(&format!("{:>COLUMN$}", monday.get(5..).unwrap_or_default()));
        lines[1].push_str(&format!("{count:>COLUMN$}"));
    }
    lines
}
