//! Pictures of the model, one file per screen. Each is a buffer and a place for the cursor; whether that
//! differs from what the terminal shows is for the painter to say.

mod approve;
mod chrome;
mod cosign;
mod document;
mod form;
mod help;
mod list;
mod login;
mod reason;
mod reveal;
mod take;
pub mod theme;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::console::document::open as document_of;
use crate::console::layout::{self, Shape, cut, shape, width_of};
use crate::console::model::{Dialog, Model, Overlay, Screen, Session};
use crate::console::profile::Profile;
use crate::console::tab::Tab;
pub use reveal::Veiled;
use theme::{Role, style};

/// What the terminal is to show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shown {
    /// Every cell.
    pub buffer: Buffer,
    /// Where the cursor stands, which a screen reader follows.
    pub cursor: Option<Position>,
    /// What stands in neither, and is blank there.
    pub veiled: Option<Veiled>,
}

/// Draws the model as it is at `now_ms`.
pub fn render(model: &Model, now_ms: u64) -> Shown {
    let area = Rect::new(0, 0, model.size.width(), model.size.height());
    let mut canvas = Canvas { profile: model.profile, buffer: Buffer::empty(area), cursor: None };
    if shape(model.size) == Shape::TooSmall {
        chrome::too_small(&mut canvas, model);
        return canvas.finish();
    }
    if let Screen::Reveal(reveal) = &model.screen {
        let veiled = reveal::draw(&mut canvas, model, reveal, now_ms);
        return Shown { veiled: Some(veiled), ..canvas.finish() };
    }
    chrome::header(&mut canvas, model, now_ms);
    body(&mut canvas, model, now_ms);
    chrome::message(&mut canvas, model);
    chrome::footer(&mut canvas, model);
    canvas.finish()
}

/// The screen, or the dialog over it, or the help over both.
fn body(canvas: &mut Canvas, model: &Model, now_ms: u64) {
    if let Some(Overlay::Help(scroll)) = &model.overlay {
        return help::draw(canvas, model, *scroll);
    }
    let session = match (&model.screen, &model.session) {
        (Screen::Login(login), _) => return login::draw(canvas, model, login, now_ms),
        (_, Some(session)) => session,
        // Without a session there is no screen but the login.
        (_, None) => return,
    };
    match (&model.dialog, &model.screen) {
        (Some(Dialog::Approve(dialog)), Screen::Detail(detail)) => {
            approve::draw(canvas, model, session, (detail, dialog), now_ms);
        }
        (Some(Dialog::Reason(dialog)), _) => reason::draw(canvas, model, session, dialog),
        (Some(Dialog::Form(form)), _) => form::draw(canvas, model, session, form),
        (Some(Dialog::Cosign(dialog)), _) => cosign::draw(canvas, model, dialog, now_ms),
        (Some(Dialog::Take(take)), _) => take::draw(canvas, model, take),
        (_, Screen::Detail(detail)) => {
            let rows = document_of(model, now_ms);
            document::scrolled(
                canvas,
                model,
                &format!("Request {}", detail.view.doc.id),
                &rows,
                detail.scroll,
            );
        }
        (_, Screen::Page(page)) => document::page(canvas, model, page, now_ms),
        (_, Screen::List) if session.tab == Tab::System => document::system(canvas, model, session, now_ms),
        _ => list::draw(canvas, model, session, now_ms),
    }
}

/// Columns of the mark before the label of a field.
const MARK_WIDTH: u16 = 2;

/// What stands before the label of a field: which one is typed into is seen also where no cursor is.
const fn mark(is_focused: bool) -> &'static str {
    if is_focused { "> " } else { "  " }
}

/// A buffer with the profile it is drawn for.
struct Canvas {
    profile: Profile,
    buffer: Buffer,
    cursor: Option<Position>,
}

impl Canvas {
    /// Writes a text from `x` on, cut to `width`, and says how many columns it took.
    fn put(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let text = cut(&layout::shown(self.profile, text), usize::from(width));
        if !self.buffer.area.contains(Position::new(x, y)) {
            return 0;
        }
        let style = style(self.profile, role);
        let (end, _) = self.buffer.set_stringn(x, y, &text, usize::from(width), style);
        end - x
    }

    /// Writes a whole row in one style, filled with blanks.
    fn put_row(&mut self, area: Rect, row: u16, text: &str, role: Role) {
        let y = area.y + row;
        self.put(area.x, y, area.width, text, role);
        if role == Role::Selected {
            self.buffer.set_style(Rect::new(area.x, y, area.width, 1), style(self.profile, role));
        }
    }

    /// Frames the body, or puts its title above it where there is no room for a frame.
    fn body(&mut self, model: &Model, title: &str) -> Rect {
        let body = layout::areas(model).body;
        let title = format!(" {title} ");
        if shape(model.size) != Shape::Full {
            self.put(body.x, body.y, body.width, &title, Role::Strong);
            return layout::text_area(model);
        }
        let set = theme::frame(self.profile);
        let (right, bottom) = (body.right() - 1, body.bottom() - 1);
        for x in body.x + 1..right {
            self.put(x, body.y, 1, set.horizontal_top, Role::Plain);
            self.put(x, bottom, 1, set.horizontal_bottom, Role::Plain);
        }
        for y in body.y + 1..bottom {
            self.put(body.x, y, 1, set.vertical_left, Role::Plain);
            self.put(right, y, 1, set.vertical_right, Role::Plain);
        }
        let corners = [
            (body.x, body.y, set.top_left),
            (right, body.y, set.top_right),
            (body.x, bottom, set.bottom_left),
            (right, bottom, set.bottom_right),
        ];
        for (x, y, corner) in corners {
            self.put(x, y, 1, corner, Role::Plain);
        }
        self.put(body.x + 2, body.y, body.width.saturating_sub(4), &title, Role::Strong);
        layout::text_area(model)
    }

    /// Frames the body below the bar of tabs; `note` stands behind the name of the open one.
    fn tabs(&mut self, model: &Model, session: &Session, note: Option<&str>) -> Rect {
        let is_full = shape(model.size) == Shape::Full;
        let area = self.body(model, "");
        let body = layout::areas(model).body;
        let open = match note {
            Some(note) => format!("{} ({note})", session.tab.title()),
            None => session.tab.title().to_owned(),
        };
        if !is_full {
            // The other tabs as digits: there is room for no more.
            let others: String = Tab::ALL
                .iter()
                .filter(|tab| **tab != session.tab)
                .flat_map(|tab| tab.title().chars().take(1))
                .collect();
            let width = self.put(body.x + 1, body.y, body.width, &open, Role::Strong);
            let x = body.x + 1 + width + 2;
            self.put(x, body.y, body.right().saturating_sub(x), &format!("[{others}]"), Role::Plain);
            return area;
        }
        // A blank on both sides of a name, and the frame between two.
        let width = |word: fn(Tab) -> &'static str| {
            let others = Tab::ALL.into_iter().filter(|tab| *tab != session.tab);
            others.map(|tab| width_of(word(tab)) + 3).sum::<usize>() + width_of(&open) + 3
        };
        let room = usize::from(body.width.saturating_sub(3));
        let word = if width(Tab::short) <= room { Tab::short } else { Tab::shortest };
        let end = body.right() - 1;
        let mut x = body.x + 2;
        for tab in Tab::ALL {
            let is_open = tab == session.tab;
            let (text, role) = if is_open { (&*open, Role::Strong) } else { (word(tab), Role::Plain) };
            x += self.put(x, body.y, end.saturating_sub(x), &format!(" {text} "), role) + 1;
        }
        area
    }

    /// Puts the cursor behind a text that begins at `x`.
    fn cursor_behind(&mut self, x: u16, y: u16, text: &str, right: u16) {
        let x = x.saturating_add(width_of(text) as u16).min(right.saturating_sub(1));
        self.cursor = Some(Position::new(x, y));
    }

    fn finish(self) -> Shown {
        Shown { buffer: self.buffer, cursor: self.cursor, veiled: None }
    }
}
