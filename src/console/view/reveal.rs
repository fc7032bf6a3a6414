//! A credential, and nothing around it but what it is and how long it stays.

use ratatui::layout::{Position, Rect};
use zeroize::Zeroizing;

use crate::console::layout;
use crate::console::model::{Model, Reveal};

use super::Canvas;
use super::theme::Role;

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
    let page = if pages > 1 { format!(", page {} of {pages}", reveal.page + 1) } else { String::new() };
    let left = format!("{} s, with Space {} s", seconds(reveal.ends_ms()), seconds(reveal.whole_ms()));
    let words =
        [format!("{id} {}", reveal.credential), format!("generation {}: {left}{page}", reveal.generation)];
    for (y, text) in words.iter().enumerate() {
        canvas.put(0, y as u16, width as u16, text, Role::Strong);
    }
    let y = layout::REVEAL_HEADER_ROWS;
    canvas.cursor = Some(Position::new(0, y));
    Veiled {
        area: Rect::new(0, y, width as u16, height as u16),
        page: reveal.page,
        lines: reveal.lines(room),
    }
}
