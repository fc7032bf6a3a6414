//! A request as lines of text: where it stands, then everything that a signature covers.

use crate::console::countdown;
use crate::console::facts::{self, Fact};
use crate::console::layout::{self, shown, wrap};
use crate::console::model::{Approve, Detail, Model, Screen, Session};
use crate::domain::ids::OperatorId;
use crate::domain::request::doc::{ApprovalStatement, Subject};
use crate::domain::text::escape;
use crate::domain::time::{Interval, Length};
use crate::domain::wire::operator::{RequestView, StateName};

/// Columns of the label, with the blank behind it.
pub const LABEL_WIDTH: usize = 13;
/// Lines of an approval that are typed into.
pub const FIELDS: usize = 2;

/// One line on the screen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// What it is; empty on the further lines of a long value.
    pub label: String,
    /// What it says.
    pub value: String,
    /// Whether two people compare it, or act on it.
    pub is_strong: bool,
    /// The higher, the sooner it goes when there is no room; 0 stays.
    pub spare: u8,
}

/// How many lines the open request has; 0 when none is open.
pub fn height(model: &Model, now_ms: u64) -> usize {
    match (&model.screen, &model.session) {
        (Screen::Detail(detail), Some(session)) => rows(model, session, detail, now_ms).len(),
        _ => 0,
    }
}

/// The lines of an open request at the present width.
pub fn rows(model: &Model, session: &Session, detail: &Detail, now_ms: u64) -> Vec<Row> {
    let view = &detail.view;
    let mut page = Page::new(model);
    page.strong("fingerprint", &view.doc.fingerprint().to_string());
    page.strong("stands at", &standing(view));
    if let Some(less) = less_than_asked(view) {
        page.strong("they allow", &less);
    }
    if let (Some(left), Some(end)) = (session.left(view, now_ms), view.ends()) {
        let what = if view.state == StateName::Armed { "closes" } else { "expires" };
        page.plain(what, &ends(end.hour_minute(), left));
    }
    if let (Some(window), Some(pulls)) = (view.window, view.pulls_left) {
        page.plain("in force", &format!("{}, {pulls} left", window_words(window)));
    }
    if view.waiting > 0 {
        page.plain("waiting", &format!("{} connected", view.waiting));
    }
    if let Some(note) = &view.note {
        page.plain("note", &escape(note));
    }
    match facts::facts(&view.doc.canonical()) {
        Ok(facts) => facts.iter().for_each(|fact| page.plain(&fact.label, &fact.value)),
        Err(why) => page.strong("UNREADABLE", &why.to_string()),
    }
    page.rows
}

/// The lines above the fields of an approval: what is signed, out of the bytes that are signed.
pub fn statement_rows(model: &Model, session: &Session, dialog: &Approve, now_ms: u64) -> Vec<Row> {
    let mut page = Page::new(model);
    let statement = ApprovalStatement::as_asked(session.status.operator.clone(), (*dialog.doc).clone());
    page.strong("fingerprint", &dialog.doc.fingerprint().to_string());
    match facts::facts(&statement.canonical()) {
        Ok(facts) => {
            let (request, own): (Vec<Fact>, Vec<Fact>) =
                facts.into_iter().partition(|fact| fact.path.starts_with("request."));
            // The rest of the request was read to its end on the screen before.
            let named = [
                "request.id",
                "request.subject.kind",
                "request.subject.credential",
                "request.subject.job",
                "request.subject.client.job",
            ];
            let named = request.iter().filter(|fact| named.contains(&fact.path.as_str()));
            named.chain(&own).for_each(|fact| page.spare(spare(&fact.path), &fact.label, &fact.value));
        }
        Err(why) => page.strong("UNREADABLE", &why.to_string()),
    }
    if let (Some(left), Some(end)) = (session.left(&dialog.detail.view, now_ms), dialog.detail.view.ends()) {
        page.plain("expires", &ends(end.hour_minute(), left));
    }
    // What is not signed comes last.
    page.spare(1, "approved by", &approved_by(&dialog.detail.view));
    if let Some(less) = less_than_asked(&dialog.detail.view) {
        page.strong("they allow", &less);
    }
    page.rows
}

/// How soon a line above the fields of an approval goes: title and header say these things, too.
fn spare(path: &str) -> u8 {
    match path {
        "request.id" => 4,
        "verdict" => 3,
        "operator" => 2,
        _ => 0,
    }
}

/// Whether everything that has to be on the screen of an approval is, whatever message is below it.
pub fn is_statement_shown(model: &Model, session: &Session, dialog: &Approve, now_ms: u64) -> bool {
    let rows = statement_rows(model, session, dialog, now_ms);
    rows_needed(&rows) + FIELDS <= usize::from(layout::least_text_height(model))
}

/// How many lines stay however little room there is.
pub fn rows_needed(rows: &[Row]) -> usize {
    rows.iter().filter(|row| row.spare == 0).count()
}

/// Leaves out what can be spared until the rest fits, or nothing is left to spare.
pub fn fit(mut rows: Vec<Row>, room: usize) -> Vec<Row> {
    while rows.len() > room {
        match (0..rows.len()).filter(|place| rows[*place].spare > 0).max_by_key(|place| rows[*place].spare) {
            Some(place) => rows.remove(place),
            None => break,
        };
    }
    rows
}

/// `14:20Z, 11 min`.
fn ends(at: String, left: Length) -> String {
    format!("{at}, {}", countdown::words(left))
}

/// `REQUESTED, 1 of 2: alice`.
fn standing(view: &RequestView) -> String {
    format!("{}, {} of {}: {}", view.state.word(), view.approvals.len(), view.need, names(view))
}

/// `alice (1 of 2)`.
fn approved_by(view: &RequestView) -> String {
    format!("{} ({} of {})", names(view), view.approvals.len(), view.need)
}

fn names(view: &RequestView) -> String {
    let names: Vec<&str> = view.approvals.iter().map(OperatorId::as_str).collect();
    if names.is_empty() { "nobody yet".to_owned() } else { names.join(", ") }
}

/// Window and pulls that those who approved have in common, when that is less than was asked for.
fn less_than_asked(view: &RequestView) -> Option<String> {
    let (agreed, Subject::Release { window, pulls, .. }) = (view.agreed?, &view.doc.subject) else {
        return None;
    };
    if (agreed.window, agreed.pulls) == (Some(*window), Some(*pulls)) {
        return None;
    }
    let window = agreed.window.map(facts::window_words).into_iter();
    let words: Vec<String> = window.chain(agreed.pulls.map(pulls_words)).collect();
    Some(words.join(", "))
}

fn pulls_words(pulls: u32) -> String {
    if pulls == 1 { "1 pull".to_owned() } else { format!("{pulls} pulls") }
}

/// `14:00-15:00Z`.
pub fn window_words(window: Interval) -> String {
    format!("{}-{}", window.opens().hour_minute().trim_end_matches('Z'), window.closes().hour_minute())
}

/// Lines at one width.
struct Page<'a> {
    model: &'a Model,
    width: usize,
    rows: Vec<Row>,
}

impl<'a> Page<'a> {
    fn new(model: &'a Model) -> Self {
        let width = usize::from(layout::text_area(model).width).saturating_sub(LABEL_WIDTH);
        Self { model, width, rows: Vec::new() }
    }

    fn plain(&mut self, label: &str, value: &str) {
        self.add(label, value, false, 0);
    }

    fn spare(&mut self, spare: u8, label: &str, value: &str) {
        self.add(label, value, false, spare);
    }

    fn strong(&mut self, label: &str, value: &str) {
        self.add(label, value, true, 0);
    }

    fn add(&mut self, label: &str, value: &str, is_strong: bool, spare: u8) {
        let profile = self.model.profile;
        // A label that is not one of ours is a path, which may be long: then it has lines of its own.
        let mut label = shown(profile, &escape(label));
        if label.len() >= LABEL_WIDTH {
            let whole = wrap(&label, self.width + LABEL_WIDTH);
            let row = |label| Row { label, value: String::new(), is_strong, spare };
            self.rows.extend(whole.into_iter().map(row));
            label = String::new();
        }
        for value in wrap(&shown(profile, value), self.width) {
            self.rows.push(Row { label: std::mem::take(&mut label), value, is_strong, spare });
        }
    }
}
