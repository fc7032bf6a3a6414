//! A screen as SVG: the same cells in the same places, whatever font the reader has.

use std::fmt::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::console::layout::width_of;
use crate::console::profile::Profile;
use crate::console::view::Shown;

/// The size of a cell in hundredths of a unit, for a font of 10 units: as wide as DejaVu Sans Mono, and low
/// enough for its lines to meet.
const CELL: (usize, usize) = (602, 1_160);
/// From the top of a cell to the feet of its letters.
const BASELINE: usize = 920;
const MARGIN: usize = 600;
/// Pixels for 100 units, where the reader asks for no other size.
const PERCENT: usize = 150;
const FONTS: &str = "'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,'Liberation Mono',monospace";

/// The colours of a terminal, as a reader sees them.
pub(super) struct Palette {
    background: &'static str,
    plain: &'static str,
    named: &'static [(Color, &'static str)],
}

/// A dark terminal with colours, and one with amber phosphor.
pub(super) const fn palette(profile: Profile) -> Palette {
    const NAMED: &[(Color, &str)] =
        &[(Color::Green, "#7fd88f"), (Color::Yellow, "#f2cc60"), (Color::Red, "#ff8f86")];
    if profile.has_colour() {
        Palette { background: "#10151b", plain: "#d9dee4", named: NAMED }
    } else {
        Palette { background: "#14100a", plain: "#ffc46b", named: &[] }
    }
}

impl Palette {
    fn of(&self, color: Color, otherwise: &'static str) -> &'static str {
        let named = self.named.iter().find(|(known, _)| *known == color);
        match color {
            Color::Reset => otherwise,
            _ => named.unwrap_or_else(|| panic!("{color:?} is in no palette")).1,
        }
    }

    /// Letters and ground.
    fn look(&self, cell: &Cell) -> (&'static str, &'static str) {
        let (letters, ground) = (self.of(cell.fg, self.plain), self.of(cell.bg, self.background));
        if cell.modifier.contains(Modifier::REVERSED) { (ground, letters) } else { (letters, ground) }
    }
}

/// Cells of one row that look alike.
struct Run<'a> {
    column: usize,
    columns: usize,
    text: String,
    cell: &'a Cell,
}

fn is_narrow(cell: &Cell) -> bool {
    width_of(cell.symbol()) < 2
}

fn runs(row: &[Cell]) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    let mut column = 0;
    while let Some(cell) = row.get(column) {
        // What is wider than a cell stands alone, so that it does not push the rest along.
        let columns = width_of(cell.symbol()).max(1);
        match runs.last_mut() {
            Some(run) if run.cell.style() == cell.style() && columns == 1 && is_narrow(run.cell) => {
                run.text.push_str(cell.symbol());
                run.columns += 1;
            }
            _ => runs.push(Run { column, columns, text: cell.symbol().to_owned(), cell }),
        }
        column += columns;
    }
    runs
}

/// Hundredths as a number.
fn number(hundredths: usize) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn x(column: usize) -> String {
    number(MARGIN + column * CELL.0)
}

/// Draws a screen; `title` is what a screen reader says of it.
pub(super) fn svg(shown: &Shown, profile: Profile, title: &str) -> String {
    let palette = palette(profile);
    let area = shown.buffer.area;
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    let (width, height) = (2 * MARGIN + columns * CELL.0, 2 * MARGIN + rows * CELL.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" xml:space=\"preserve\" width=\"{}\" height=\"{}\" \
         viewBox=\"0 0 {} {}\">\n<title>{}</title>\n<style>text{{font:10px {FONTS};fill:{};white-space:pre}}\
         .b{{font-weight:bold}}.u{{text-decoration:underline}}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"4\" fill=\"{}\"/>\n",
        width * PERCENT / 10_000,
        height * PERCENT / 10_000,
        number(width),
        number(height),
        escaped(title),
        palette.plain,
        palette.background
    );
    for (row, cells) in shown.buffer.content.chunks(columns).enumerate() {
        for run in runs(cells) {
            draw(&mut svg, &palette, row, &run);
        }
    }
    if let Some(at) = shown.cursor {
        let (letters, _) = palette.look(&shown.buffer[at]);
        let (left, top) = (x(usize::from(at.x)), number(MARGIN + usize::from(at.y) * CELL.1));
        let (width, height) = (number(CELL.0), number(CELL.1));
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"none\" stroke=\"{letters}\"/>"
        );
    }
    svg + "</svg>\n"
}

fn draw(svg: &mut String, palette: &Palette, row: usize, run: &Run<'_>) {
    let top = MARGIN + row * CELL.1;
    let (letters, ground) = palette.look(run.cell);
    if ground != palette.background {
        let (width, height) = (number(run.columns * CELL.0), number(CELL.1));
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            svg,
            "<rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>",
            x(run.column),
            number(top)
        );
    }
    let is_underlined = run.cell.modifier.contains(Modifier::UNDERLINED);
    let (text, before) = if is_underlined {
        (run.text.as_str(), 0)
    } else {
        (run.text.trim(), run.text.len() - run.text.trim_start().len())
    };
    if text.is_empty() {
        return;
    }
    let classes = [(Modifier::BOLD, "b"), (Modifier::UNDERLINED, "u")];
    let classes = classes.into_iter().filter(|(modifier, _)| run.cell.modifier.contains(*modifier));
    let classes: Vec<&str> = classes.map(|(_, class)| class).collect();
    let _ = write!(svg, "<text x=\"{}\" y=\"{}\"", x(run.column + before), number(top + BASELINE));
    // Every reader has another font; the length keeps its columns below each other.
    let columns = width_of(text);
    if columns > 1 {
        let _ = write!(svg, " textLength=\"{}\"", number(columns * CELL.0));
    }
    if !classes.is_empty() {
        let _ = write!(svg, " class=\"{}\"", classes.join(" "));
    }
    if letters != palette.plain {
        let _ = write!(svg, " style=\"fill:{letters}\"");
    }
    let _ = writeln!(svg, ">{}</text>", escaped(text));
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::{Position, Rect};
    use ratatui::style::Style;

    use super::*;

    /// How much brighter one colour is than another, as WCAG 2.1 counts it.
    ///
    /// # Source
    /// WCAG 2.1, "relative luminance" and "contrast ratio".
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |colour: &str| {
            let part = |at: usize| {
                let part = u8::from_str_radix(&colour[at..at + 2], 16).expect("two digits");
                let part = f64::from(part) / 255.0;
                if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_colour_of_a_picture_can_be_read() {
        assert!((contrast("#ffffff", "#000000") - 21.0).abs() < 0.01);
        for profile in [Profile::UnicodeColour, Profile::AsciiMono] {
            let palette = palette(profile);
            let letters = palette.named.iter().map(|(_, colour)| *colour).chain([palette.plain]);
            for colour in letters {
                let contrast = contrast(colour, palette.background);
                assert!(contrast >= 7.0, "{profile:?}: {colour} has {contrast:.1}");
            }
        }
    }

    #[test]
    fn a_picture_has_each_look_and_each_place() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        let style = Style::new();
        buffer.set_string(0, 0, "<a> & b", style);
        buffer.set_string(8, 0, "red", style.fg(Color::Red).add_modifier(Modifier::BOLD));
        buffer.set_string(0, 1, " on ", style.add_modifier(Modifier::REVERSED));
        buffer.set_string(4, 1, " x ", style.add_modifier(Modifier::UNDERLINED));
        buffer.set_string(7, 1, "\u{6f22}y", style);
        let shown = Shown { buffer, veiled: None, cursor: Some(Position::new(1, 1)) };
        let picture = svg(&shown, Profile::UnicodeColour, "a < b");
        for part in [
            "<title>a &lt; b</title>",
            "<text x=\"6\" y=\"15.2\" textLength=\"42.14\">&lt;a&gt; &amp; b</text>",
            "<text x=\"54.16\" y=\"15.2\" textLength=\"18.06\" class=\"b\" style=\"fill:#ff8f86\">red</text>",
            "<rect x=\"6\" y=\"17.6\" width=\"24.08\" height=\"11.6\" fill=\"#d9dee4\"/>",
            "<text x=\"12.02\" y=\"26.8\" textLength=\"12.04\" style=\"fill:#10151b\">on</text>",
            "<text x=\"30.08\" y=\"26.8\" textLength=\"18.06\" class=\"u\"> x </text>",
            "<text x=\"48.14\" y=\"26.8\" textLength=\"12.04\">\u{6f22}</text>",
            "<text x=\"60.18\" y=\"26.8\">y</text>",
            "<rect x=\"12.02\" y=\"17.6\" width=\"6.02\" height=\"11.6\" fill=\"none\" stroke=\"#10151b\"/>",
        ] {
            assert!(picture.contains(part), "no {part} in\n{picture}");
        }
    }
}
