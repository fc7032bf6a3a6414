//! About to cosign: what, and what it goes on from.

use ratatui::layout::Rect;

use crate::console::countdown;
use crate::console::document::{LABEL_WIDTH, root_words};
use crate::console::layout::wrap;
use crate::console::model::{Cosign, Model};
use crate::domain::audit::checkpoint::Checkpoint;
use crate::domain::text::escape;
use crate::domain::time::Length;

use super::Canvas;
use super::theme::Role;

const PROMPT: &str = "Passphrase (not shown): ";

pub(super) fn draw(canvas: &mut Canvas, model: &Model, dialog: &Cosign, now_ms: u64) {
    let area = canvas.body(model, "Cosign the newest checkpoint");
    let checkpoint = &dialog.next.checkpoint;
    let facts = [
        ("log", escape(checkpoint.origin())),
        ("entries", checkpoint.size().to_string()),
        ("root", root_words(checkpoint)),
        ("goes on from", before(checkpoint, dialog.next.before.as_ref())),
    ];
    let mut y = area.y;
    for (label, value) in &facts {
        canvas.put(area.x, y, LABEL_WIDTH as u16, label, Role::Plain);
        let value = wrap(value, usize::from(area.width).saturating_sub(LABEL_WIDTH));
        for line in &value {
            let x = area.x + LABEL_WIDTH as u16;
            canvas.put(x, y, area.right().saturating_sub(x), line, Role::Strong);
            y += 1;
        }
    }
    y = says(canvas, Rect { y: y + 1, ..area }, area.bottom().saturating_sub(2));
    canvas.put(area.x, y, area.width, PROMPT, Role::Strong);
    // It stays there however much is typed: not even the length is shown.
    canvas.cursor_behind(area.x, y, PROMPT, area.right());
    let left = model.backoff.left(now_ms);
    if left > Length::ZERO {
        let text = format!("Next try in {}.", countdown::words(left));
        canvas.put(area.x, y + 1, area.width, &text, Role::Warn);
    }
}

/// What it means, as far as there is room above the row `last`; gives the row for the passphrase.
fn says(canvas: &mut Canvas, area: Rect, last: u16) -> u16 {
    const WORDS: &str = "You witness that the log had these entries and goes on from those. Whoever puts an \
                         older log back contradicts you.";
    let lines = wrap(WORDS, usize::from(area.width));
    let mut y = area.y;
    if y + lines.len() as u16 + 1 > last {
        return y.min(last);
    }
    for line in &lines {
        canvas.put(area.x, y, area.width, line, Role::Plain);
        y += 1;
    }
    y + 1
}

/// What they cosigned last.
fn before(now: &Checkpoint, before: Option<&Checkpoint>) -> String {
    match before {
        None => "nothing: it is the first that you cosign".to_owned(),
        Some(before) if before == now => "the same, which you have signed before".to_owned(),
        Some(before) => format!("{} entries, root {}", before.size(), root_words(before)),
    }
}
