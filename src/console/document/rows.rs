//! A credential, a client or an entry of the log, in full; never a value.

use super::{Lines, Row, Weight};
use crate::console::facts;
use crate::console::model::{LogEntry, Model, RowId, Session};
use crate::console::table::standing_words;
use crate::domain::credential::Deposited;
use crate::domain::text::escape;
use crate::domain::time::Timestamp;
use crate::domain::wire::operator::{ClientView, CredentialView, Standing};

/// The lines of one row of a list; none when it is no longer there.
pub fn rows(model: &Model, session: &Session, of: &RowId, now_ms: u64) -> Vec<Row> {
    let mut lines = Lines::new(model);
    match of {
        RowId::Credential(name) => {
            session
                .credential(name)
                .into_iter()
                .for_each(|view| credential(&mut lines, view, session.now(now_ms)));
        }
        RowId::Client(job) => session.client(job).into_iter().for_each(|view| client(&mut lines, view)),
        RowId::Entry(seq) => session.log.entry(*seq).into_iter().for_each(|one| entry(&mut lines, one)),
        // A request has a screen of its own.
        RowId::Request(_) => {}
    }
    lines.finish()
}

fn credential(lines: &mut Lines<'_>, view: &CredentialView, now: Timestamp) {
    let terms = &view.current.terms;
    lines.strong("credential", view.name.as_str());
    lines.plain("kind", terms.kind.word());
    lines.plain("owner", &terms.owner.to_string());
    lines.plain("reason", &terms.reason.to_string());
    let weight = match Standing::of(&view.current, view.rotate_by, now) {
        Standing::Ok => Weight::Plain,
        Standing::Due => Weight::Warn,
        Standing::Overdue | Standing::PastSunset => Weight::Bad,
    };
    lines.weighed(weight, "rotate by", &format!("{}, {}", view.rotate_by, standing_words(view, now)));
    lines.plain("every", &format!("{} days", terms.rotation_days.days()));
    lines.plain("sunset", &format!("{}: from the day after it is refused", terms.sunset));
    if view.jobs.is_empty() {
        lines.plain("jobs", "none may ask for it");
    }
    for (place, job) in view.jobs.iter().enumerate() {
        lines.plain(if place == 0 { "jobs" } else { "" }, job.as_str());
    }
    let last = view.last_pull.as_ref().map(|(at, job)| format!("{at} by {job}"));
    lines.plain("last pull", last.as_deref().unwrap_or("never"));
    for deposited in std::iter::once(&view.current).chain(&view.older) {
        lines.blank();
        generation(lines, view, deposited);
    }
}

/// Who has seen one value: whoever brought it, and the people who were shown it, the jobs that were handed it.
fn generation(lines: &mut Lines<'_>, view: &CredentialView, deposited: &Deposited) {
    let is_current = deposited.generation == view.current.generation;
    let which = if is_current { "in force" } else { "replaced" };
    lines.strong("generation", &format!("{}, {which}", deposited.generation));
    lines.plain("deposited", &format!("{} by {}, who knows it", deposited.at, deposited.depositor));
    for seen in view.seen.iter().filter(|seen| seen.generation == deposited.generation) {
        lines.strong("shown to", &format!("{}, {}, request {}", seen.operator, seen.at, seen.request));
    }
    let handed: Vec<_> = view.handed.iter().filter(|one| one.generation == deposited.generation).collect();
    if handed.is_empty() {
        lines.plain("handed to", "no job");
    }
    for one in handed {
        let times = if one.count == 1 { "once".to_owned() } else { format!("{} times", one.count) };
        lines.plain("handed to", &format!("{}, {times}, last {}", one.job, one.last));
    }
}

fn client(lines: &mut Lines<'_>, view: &ClientView) {
    let record = &view.record;
    lines.strong("client", record.job.as_str());
    for selector in record.selectors.iter() {
        lines.plain("must match", &escape(&selector.to_string()));
    }
    for grant in record.grants.iter() {
        lines.plain("may ask for", grant.as_str());
    }
    let owner = record.owner.as_ref().map(|owner| format!("{owner}, who cannot approve its requests"));
    lines.plain("owner", owner.as_deref().unwrap_or("nobody"));
    lines.plain("reason", &record.reason.to_string());
    let last = view.last_pull.as_ref().map(|(at, name)| format!("{at}: {name}"));
    lines.plain("last pull", last.as_deref().unwrap_or("never"));
    lines.plain("waiting", &format!("{} of its connections", view.waiting));
    lines.plain("line", "the local socket; serial lines are not in this version");
}

fn entry(lines: &mut Lines<'_>, entry: &LogEntry) {
    match facts::entry_facts(entry.leaf.as_bytes()) {
        Ok(facts) => {
            for fact in facts {
                let label = fact.label.strip_prefix("detail.").unwrap_or(&fact.label);
                lines.plain(label, &fact.value);
            }
        }
        Err(why) => {
            lines.weighed(Weight::Bad, "UNREADABLE", &format!("it is not JSON: {}", escape(&why.why)));
            lines.plain("bytes", &escape(&entry.leaf));
        }
    }
}
