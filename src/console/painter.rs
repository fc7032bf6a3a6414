//! Sends to the terminal what differs from what it shows, and nothing when nothing does.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo};
use crossterm::queue;
use crossterm::style::{Attribute, SetAttribute};
use ratatui::backend::{Backend, ClearType, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};

use crate::console::profile::Size;
use crate::console::view::Shown;

/// A terminal of a size that is known, and what it shows.
///
/// It drives the backend itself: the library's own terminal asks the real one for its size or the place of
/// its cursor, sends 25 bytes for a frame in which nothing has changed, and jumps over every blank.
pub struct Painter<W: Write> {
    backend: CrosstermBackend<W>,
    shows: Buffer,
    cursor: Option<Position>,
    /// Where something stands that no buffer holds, and which page of it.
    veiled: Option<(Rect, usize)>,
}

type Update<'a> = (u16, u16, &'a Cell);

impl<W: Write> Painter<W> {
    /// Takes a terminal over that has just been cleared, its cursor hidden.
    ///
    /// The library would send colours as a bare reset when `NO_COLOR` is set, which ends the bold or the
    /// reverse before it; the profile has read that variable, so the library must not.
    pub fn new(writer: W, size: Size) -> Self {
        crossterm::style::force_color_output(true);
        let shows = Buffer::empty(Rect::new(0, 0, size.width(), size.height()));
        Self { backend: CrosstermBackend::new(writer), shows, cursor: None, veiled: None }
    }

    /// Sends what of `shown` the terminal does not show yet.
    pub fn paint(&mut self, shown: Shown) -> io::Result<()> {
        if shown.buffer.area != self.shows.area {
            self.shows = Buffer::empty(shown.buffer.area);
            self.redraw()?;
        }
        // Before something veiled comes, and before it goes, nothing else is on the screen.
        let veiled = shown.veiled.as_ref().map(|veiled| (veiled.area, veiled.page));
        let is_unveiled = veiled != self.veiled;
        if is_unveiled {
            self.redraw()?;
        }
        let changes = self.shows.diff(&shown.buffer);
        if changes.is_empty() && shown.cursor == self.cursor && !is_unveiled {
            return Ok(());
        }
        if !changes.is_empty() {
            self.backend.draw(bridged(&changes, &shown.buffer).into_iter())?;
        }
        if let Some(veiled) = shown.veiled.filter(|_| is_unveiled) {
            self.veiled = Some((veiled.area, veiled.page));
            for (y, line) in (veiled.area.y..).zip(&veiled.lines) {
                queue!(self.backend, MoveTo(veiled.area.x, y))?;
                self.backend.write_all(line.as_bytes())?;
            }
        }
        match shown.cursor {
            Some(_) if self.cursor.is_none() => self.backend.show_cursor()?,
            None if self.cursor.is_some() => self.backend.hide_cursor()?,
            _ => {}
        }
        if let Some(position) = shown.cursor {
            self.backend.set_cursor_position(position)?;
        }
        Backend::flush(&mut self.backend)?;
        (self.shows, self.cursor) = (shown.buffer, shown.cursor);
        Ok(())
    }

    /// Clears the terminal, so that the next picture is sent whole, whatever look and cursor were left on it.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.cover()?;
        self.shows.reset();
        self.cursor = None;
        queue!(self.backend, SetAttribute(Attribute::Reset), Hide)?;
        self.backend.clear_region(ClearType::All)
    }
}

impl<W: Write> Painter<W> {
    /// Overwrites what was veiled, cell by cell: some terminals keep what a clearing takes off their screen.
    fn cover(&mut self) -> io::Result<()> {
        let Some((area, _)) = self.veiled.take() else { return Ok(()) };
        let blanks = " ".repeat(usize::from(area.width));
        for y in area.y..area.bottom() {
            queue!(self.backend, MoveTo(area.x, y))?;
            self.backend.write_all(blanks.as_bytes())?;
        }
        Ok(())
    }
}

/// The longest run of unchanged cells that is sent again: a jump takes 6 bytes or more.
const GAP_MAX: usize = 5;

/// The changes, with the unchanged cells of a short gap between two of them sent again.
fn bridged<'a>(changes: &[Update<'a>], new: &'a Buffer) -> Vec<Update<'a>> {
    let mut updates: Vec<Update<'a>> = Vec::with_capacity(changes.len() * 2);
    for change in changes {
        if let Some(last) = updates.last().copied() {
            bridge(last, *change, new, &mut updates);
        }
        updates.push(*change);
    }
    updates
}

fn bridge<'a>(from: Update<'a>, to: Update<'a>, new: &'a Buffer, updates: &mut Vec<Update<'a>>) {
    let gap = from.0 + 1..to.0;
    if from.1 != to.1 || gap.is_empty() || gap.len() > GAP_MAX {
        return;
    }
    // A wide character covers its neighbour, and another style costs more than it saves.
    let is_ascii = |cell: &Cell| cell.symbol().len() == 1;
    let is_frame = |cell: &Cell| cell.symbol().len() == 3 && ('\u{2500}'..'\u{2580}').contains(&first(cell));
    let is_alike = |x: u16| is_ascii(&new[(x, from.1)]) && new[(x, from.1)].style() == from.2.style();
    if (is_ascii(from.2) || is_frame(from.2)) && gap.clone().all(is_alike) {
        updates.extend(gap.map(|x| (x, from.1, &new[(x, from.1)])));
    }
}

fn first(cell: &Cell) -> char {
    cell.symbol().chars().next().unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Shown {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        buffer.set_string(0, 0, text, ratatui::style::Style::new());
        Shown { buffer, cursor: Some(Position::new(0, 0)), veiled: None }
    }

    #[test]
    fn short_gaps_are_bridged_and_wide_characters_are_not_torn() {
        let side = |length| std::num::NonZeroU16::new(length).expect("not 0");
        let cases = [
            ("a b", "x y"),
            ("a      b", "x      y"),
            ("\u{6f22} b", "\u{5b57} y"),
            ("a \u{6f22}b", "x \u{6f22}y"),
        ];
        for (before, after) in cases {
            let mut bytes = Vec::new();
            let mut painter = Painter::new(&mut bytes, Size::new(20, 1).expect("a size"));
            painter.paint(shown(before)).expect("a vector takes everything");
            painter.paint(shown(after)).expect("a vector takes everything");
            drop(painter);
            let mut terminal = vt100::Parser::new(side(1), side(20), 0);
            terminal.process(&bytes);
            assert_eq!(terminal.screen().contents(), after);
        }
    }
}
