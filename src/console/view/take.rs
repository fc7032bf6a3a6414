//! A bundle on its way: what is being done, and a gauge.

use ratatui::layout::Position;

use crate::console::document::LABEL_WIDTH;
use crate::console::layout::{shown, wrap};
use crate::console::model::{Model, Take, percent};
use crate::domain::text::escape;

use super::Canvas;
use super::theme::Role;

/// Columns of the gauge at most: a hundredth or two are one of them, and few bytes on a slow line.
const GAUGE_WIDTH: usize = 50;
/// Columns behind the gauge: `] 100%`.
const PERCENT_WIDTH: usize = 7;

pub(super) fn draw(canvas: &mut Canvas, model: &Model, take: &Take) {
    let area = canvas.body(model, &format!("The bundle of {}", take.id));
    let width = usize::from(area.width);
    let last = area.bottom().saturating_sub(3);
    let mut y = area.y;
    canvas.put(area.x, y, LABEL_WIDTH as u16, "into", Role::Plain);
    let into = shown(model.profile, &escape(&take.into.display().to_string()));
    for line in wrap(&into, width.saturating_sub(LABEL_WIDTH)) {
        if y < last {
            canvas.put(area.x + LABEL_WIDTH as u16, y, area.width, &line, Role::Plain);
            y += 1;
        }
    }
    y = (y + 1).min(last);
    canvas.cursor = Some(Position::new(area.x, y));
    let (step, done) = match take.progress() {
        _ if take.is_stopped => ("stopping", take.progress().map_or(0, percent)),
        Some(progress) => (progress.step, percent(progress)),
        None => ("asking the keeper for it", 0),
    };
    canvas.put(area.x, y, area.width, step, Role::Strong);
    canvas.put(area.x, y + 1, area.width, &gauge(done, width), Role::Plain);
    let words = if take.is_stopped {
        "What was fetched stays where it is."
    } else {
        "Ctrl-C stops it. What was fetched stays, and x goes on with it into the same folder. A bundle that is \
         being written is written to its end."
    };
    for (row, line) in wrap(words, width).iter().enumerate() {
        let y = y + 3 + row as u16;
        if y < area.bottom() {
            canvas.put(area.x, y, area.width, line, Role::Plain);
        }
    }
}

/// `[####......]  40%`, the same on every terminal.
fn gauge(percent: u64, width: usize) -> String {
    let columns = width.saturating_sub(PERCENT_WIDTH + 1).min(GAUGE_WIDTH);
    // At most 100 hundredths.
    let full = columns * percent as usize / 100;
    format!("[{}{}] {percent:>3}%", "#".repeat(full), ".".repeat(columns - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_is_full_when_all_is_done_and_fits() {
        let cases = [
            (0, 20, "[............]   0%"),
            (50, 20, "[######......]  50%"),
            (99, 20, "[###########.]  99%"),
            (100, 20, "[############] 100%"),
            (100, 3, "[] 100%"),
        ];
        for (percent, width, expected) in cases {
            assert_eq!(gauge(percent, width), expected, "{percent}");
        }
        assert_eq!(gauge(7, 200).len(), 1 + GAUGE_WIDTH + 6);
    }
}
