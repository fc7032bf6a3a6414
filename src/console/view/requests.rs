//! The list of requests.

use ratatui::layout::{Position, Rect};

use crate::console::layout::{self, Shape, cut, shape, width_of};
use crate::console::model::{Model, Session};
use crate::desk::facts::window_short;
use crate::domain::request::doc::{Requester, Subject};
use crate::domain::wire::operator::{RequestView, StateName};

use super::Canvas;
use super::theme::{Role, style};

/// Columns of the table, each with one blank behind it; what is left belongs to the reason.
const ID: usize = 5;
const TITLE: usize = 18;
const JOB: usize = 15;
const WINDOW: usize = 12;
const STATE: usize = 7;
const LEFT: usize = 6;
const FIXED: usize = 1 + ID + TITLE + JOB + WINDOW + STATE + LEFT + 5;

pub(super) fn draw(canvas: &mut Canvas, model: &Model, session: &Session, now_ms: u64) {
    let count = session.requests.len();
    let ended = if session.shows_ended { "all requests" } else { "live requests" };
    let mut area = canvas.body(model, &format!("{ended} ({count})"));
    let is_full = shape(model.size) == Shape::Full;
    if is_full {
        let words = ["ID", "CREDENTIAL", "FOR", "WINDOW", "REASON", "STATE", "LEFT"].map(str::to_owned);
        canvas.put_row(area, 0, &table_row(' ', &words, usize::from(area.width)).0, Role::Strong);
        area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    }
    if count == 0 {
        canvas.put_row(area, 0, "Nothing is asked for. This screen says when something is.", Role::Plain);
        canvas.cursor = Some(Position::new(area.x, area.y));
        return;
    }
    let rows = session.requests.iter().enumerate().skip(session.top).take(layout::list_rows(model));
    for (row, (place, view)) in rows.enumerate() {
        let is_selected = place == session.selected;
        let mark = if is_selected { '>' } else { ' ' };
        let left = session.left(view, now_ms).map_or(String::new(), |left| left.to_string());
        let role = if is_selected { Role::Selected } else { Role::Plain };
        if is_full {
            let (text, state_x) = table_row(mark, &cells(view, left), usize::from(area.width));
            canvas.put_row(area, row as u16, &text, role);
            if !is_selected {
                let state = Rect::new(area.x + state_x as u16, area.y + row as u16, STATE as u16, 1);
                canvas.buffer.set_style(state, style(canvas.profile, state_role(view.state)));
            }
        } else {
            let text = column_row(mark, view, &left);
            canvas.put_row(area, row as u16, &text, role);
        }
        if is_selected {
            canvas.cursor = Some(Position::new(area.x, area.y + row as u16));
        }
    }
}

/// A row of the table, and where its state begins.
fn table_row(mark: char, cells: &[String; 7], width: usize) -> (String, usize) {
    let reason = width.saturating_sub(FIXED);
    let widths = [ID, TITLE, JOB, WINDOW, reason, STATE, LEFT];
    let mut text = mark.to_string();
    let mut state_at = 0;
    for (place, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if place == 5 {
            state_at = width_of(&text);
        }
        let cell = cut(cell, width);
        // The id has its blank within its width, and the last column needs none.
        let gap = usize::from((1..6).contains(&place));
        let fill = width - width_of(&cell) + gap;
        text.push_str(&cell);
        text.extend(std::iter::repeat_n(' ', fill));
    }
    (text, state_at)
}

fn cells(view: &RequestView, left: String) -> [String; 7] {
    let doc = &view.doc;
    let reason = if doc.ticket.as_str() == "-" { doc.reason.to_string() } else { doc.ticket.to_string() };
    let (job, window) = match &doc.subject {
        Subject::Release { job, window, .. } => (job.to_string(), window_short(*window, view.window)),
        _ => (requester(&doc.requester), "-".to_owned()),
    };
    [doc.id.to_string(), doc.subject.title(), job, window, reason, view.state_text(), left]
}

/// `>7K2M 1/2 11m racf/prod01 > jobx`: the most important first, in case the rest is cut.
fn column_row(mark: char, view: &RequestView, left: &str) -> String {
    let doc = &view.doc;
    let behind = match &doc.subject {
        Subject::Release { job, .. } => job.to_string(),
        _ => requester(&doc.requester),
    };
    format!("{mark}{} {:<7} {left:<6} {} > {behind}", doc.id, view.state_text(), doc.subject.title())
}

fn requester(requester: &Requester) -> String {
    match requester {
        Requester::Operator(id) => id.to_string(),
        Requester::Job(name) => name.to_string(),
    }
}

const fn state_role(state: StateName) -> Role {
    match state {
        StateName::Requested => Role::Strong,
        StateName::Arming | StateName::Armed => Role::Warn,
        _ => Role::Plain,
    }
}
