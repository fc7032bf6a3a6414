//! Who is it, and the proof.

use ratatui::layout::Position;

use crate::console::countdown;
use crate::console::model::{Login, LoginStep, Model};
use crate::domain::time::Length;

use super::Canvas;
use super::theme::Role;

const PROMPT: &str = "Passphrase (not shown): ";

pub(super) fn draw(canvas: &mut Canvas, model: &Model, login: &Login, now_ms: u64) {
    let area = canvas.body(model, "Log in");
    let intro = match model.probe_at_ms {
        Some(_) => "The keeper does not answer.",
        None => "One operator at a time. Who are you?",
    };
    canvas.put(area.x, area.y, area.width, intro, Role::Plain);
    let above = 2;
    let below = 4;
    let rows = usize::from(area.height.saturating_sub(above + below)).max(1);
    let top = (login.chosen + 1).saturating_sub(rows);
    for (row, (place, key)) in model.keys.iter().enumerate().skip(top).take(rows).enumerate() {
        let is_chosen = place == login.chosen;
        let text = format!("{} {}", if is_chosen { '>' } else { ' ' }, key.operator);
        let role = match (is_chosen, login.step) {
            (true, LoginStep::Choose) => Role::Selected,
            (true, LoginStep::Passphrase) => Role::Strong,
            (false, _) => Role::Plain,
        };
        let row = above + row as u16;
        canvas.put_row(area, row, &text, role);
        if is_chosen && login.step == LoginStep::Choose {
            canvas.cursor = Some(Position::new(area.x, area.y + row));
        }
    }
    let y = area.y + above + model.keys.len().min(rows) as u16 + 1;
    if login.step == LoginStep::Passphrase {
        canvas.put(area.x, y, area.width, PROMPT, Role::Strong);
        // It stays there however much is typed: not even the length is shown.
        canvas.cursor_behind(area.x, y, PROMPT, area.right());
    }
    let left = model.backoff.left(now_ms);
    if left > Length::ZERO {
        let text = format!("Next try in {}.", countdown::words(left));
        canvas.put(area.x, y + 1, area.width, &text, Role::Warn);
    }
}
