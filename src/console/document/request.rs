//! A request as lines of text: where it stands, then everything that a signature covers.

use super::{Lines, Row};
use crate::console::countdown;
use crate::console::facts::{self, Fact};
use crate::console::layout;
use crate::console::model::{Approve, Detail, Model, Session};
use crate::domain::ids::OperatorId;
use crate::domain::request::doc::Subject;
use crate::domain::text::escape;
use crate::domain::time::{Interval, Length};
use crate::domain::wire::operator::{RequestView, StateName};

/// Lines of an approval that are typed into.
pub const FIELDS: usize = 2;

/// The lines of an open request at the present width.
pub fn rows(model: &Model, session: &Session, detail: &Detail, now_ms: u64) -> Vec<Row> {
    let view = &detail.view;
    let mut lines = Lines::new(model);
    lines.strong("fingerprint", &view.doc.fingerprint().to_string());
    lines.strong("stands at", &standing(view));
    if let Some(less) = less_than_asked(view) {
        lines.strong("they allow", &less);
    }
    if let (Some(left), Some(end)) = (session.left(view, now_ms), view.ends()) {
        let what = if view.state == StateName::Armed { "closes" } else { "expires" };
        lines.plain(what, &ends(end.hour_minute(), left));
    }
    if let (Some(window), Some(pulls)) = (view.window, view.pulls_left) {
        lines.plain("in force", &format!("{}, {pulls} left", window_words(window)));
    }
    if view.waiting > 0 {
        lines.plain("waiting", &format!("{} connected", view.waiting));
    }
    if let Some(note) = &view.note {
        lines.plain("note", &escape(note));
    }
    match facts::facts(&view.doc.canonical()) {
        Ok(facts) => facts.iter().for_each(|fact| lines.plain(&fact.label, &fact.value)),
        Err(why) => lines.strong("UNREADABLE", &why.to_string()),
    }
    lines.finish()
}

/// The lines above the fields of an approval: what is signed, out of the bytes that are signed.
pub fn statement_rows(
    model: &Model,
    session: &Session,
    detail: &Detail,
    dialog: &Approve,
    now_ms: u64,
) -> Vec<Row> {
    let mut lines = Lines::new(model);
    if dialog.is_reveal() {
        return reveal_rows(lines, dialog);
    }
    let statement = dialog.statement(&session.status.operator);
    lines.strong("fingerprint", &dialog.doc.fingerprint().to_string());
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
            // Of an export all is on the screen: who takes evidence out, and to whom.
            let is_export = matches!(dialog.doc.subject, Subject::Export { .. });
            let is_of_export = |path: &str| is_export && path.starts_with("request.subject.");
            let is_named = |path: &str| named.contains(&path) || is_of_export(path);
            let named = request.iter().filter(|fact| is_named(&fact.path));
            named.chain(&own).for_each(|fact| lines.spare(spare(&fact.path), &fact.label, &fact.value));
        }
        Err(why) => lines.strong("UNREADABLE", &why.to_string()),
    }
    if let (Some(left), Some(end)) = (session.left(&detail.view, now_ms), detail.view.ends()) {
        lines.plain("expires", &ends(end.hour_minute(), left));
    }
    // What is not signed comes last.
    lines.spare(1, "approved by", &approved_by(&detail.view));
    if let Some(less) = less_than_asked(&detail.view) {
        lines.strong("they allow", &less);
    }
    lines.finish()
}

/// What will happen to whoever is shown a credential.
fn reveal_rows(mut lines: Lines<'_>, dialog: &Approve) -> Vec<Row> {
    if let Some((credential, generation)) = dialog.doc.subject.opens() {
        lines.strong("credential", &format!("{credential}, generation {generation}"));
    }
    lines.said(
        "It is shown once, on this screen, for 20 seconds at most. Space holds it; any other key ends it.",
    );
    lines.said("It must be rotated within 24 hours.");
    lines.said("Serial loggers, script and the scrollback of terminals (tmux) keep what they see.");
    lines.said("Look who stands behind you.");
    lines.finish()
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
pub fn is_statement_shown(
    model: &Model,
    session: &Session,
    detail: &Detail,
    dialog: &Approve,
    now_ms: u64,
) -> bool {
    let rows = statement_rows(model, session, detail, dialog, now_ms);
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
    let (agreed, subject) = (view.agreed?, &view.doc.subject);
    subject.window()?;
    if (agreed.window, agreed.pulls) == (subject.window(), subject.pulls()) {
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
