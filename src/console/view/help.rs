//! Every key and command.

use ratatui::layout::Position;

use crate::console::help;
use crate::console::model::Model;

use super::Canvas;
use super::theme::Role;

/// Columns of what to press.
const PRESS: u16 = 14;

pub(super) fn draw(canvas: &mut Canvas, model: &Model, scroll: usize) {
    let area = canvas.body(model, "Help: what works below");
    for (row, (press, does)) in
        help::lines(model).iter().skip(scroll).take(usize::from(area.height)).enumerate()
    {
        let y = area.y + row as u16;
        canvas.put(area.x, y, PRESS, press, Role::Strong);
        canvas.put(area.x + PRESS, y, area.width.saturating_sub(PRESS), does, Role::Plain);
    }
    canvas.cursor = Some(Position::new(area.x, area.y));
}
