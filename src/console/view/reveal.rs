//! A credential, and nothing around it but what it is and how long it stays.

use ratatui::layout::{Position, Rect};
use zeroize::Zeroizing;

use crate::console::layout;
use crate::console::model::{Model, Reveal};

use super::Canvas;
use super::theme::Role;

/// No screen leaves it out.
const EVALUATION: &str = "EVALUATION";

/// A part of the screen that no buffer may hold: the painter writes it past them.
#[derive(Clone, Eq, PartialEq)]
pub struct Veiled {
    /// Where it stands.
    pub area: Rect,
    /// Which page it is.
    pub page: usize,
    /// Its lines, in ASCII without controls.
    pub lines: Vec<Zeroizing<String>>,
}

impl std::fmt::Debug for Veiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Veiled({}, page {})", self.area, self.page)
    }
}

pub(super) fn draw(canvas: &mut Canvas, model: &Model, reveal: &Reveal, now_ms: u64) -> Veiled {
    let room = layout::reveal_room(model);
    let (width, height) = room;
    let seconds = |end_ms: u64| end_ms.saturating_sub(now_ms).div_ceil(1_000);
    let (id, pages) = (&reveal.view.doc.id, reveal.pages(room));
    let page = if pages > 1 { format!(", page {}/{pages}", reveal.page + 1) } else { String::new() };
    let left = format!("{} s, with Space {} s", seconds(reveal.ends_ms()), seconds(reveal.whole_ms()));
    let words =
        [format!("{id} {}", reveal.credential), format!("generation {}{page}: {left}", reveal.generation)];
    let banner = if model.is_evaluation { EVALUATION.len() + 1 } else { 0 };
    let beside = width.saturating_sub(banner) as u16;
    canvas.put(0, 0, beside, &words[0], Role::Strong);
    canvas.put(0, 1, width as u16, &words[1], Role::Strong);
    if model.is_evaluation {
        canvas.put(beside + 1, 0, EVALUATION.len() as u16, EVALUATION, Role::Banner);
    }
    let y = layout::REVEAL_HEADER_ROWS;
    canvas.cursor = Some(Position::new(0, y));
    Veiled {
        area: Rect::new(0, y, width as u16, height as u16),
        page: reveal.page,
        lines: reveal.lines(room),
    }
}
