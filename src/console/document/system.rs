//! How the appliance is.

use super::{Lines, Row, Weight};
use crate::console::model::{Model, Session};
use crate::domain::operator::{Role, Roster};
use crate::domain::text::escape;
use crate::domain::wire::operator::{Finding, Level, Status};

/// The lines of the whole screen.
pub fn rows(model: &Model, session: &Session, _: u64) -> Vec<Row> {
    let mut lines = Lines::new(model);
    let status = &session.status;
    appliance(&mut lines, status);
    if let Some(roster) = &session.roster {
        people(&mut lines, roster, status);
    }
    match &session.findings {
        Some((at, findings)) => {
            lines.blank();
            lines.strong("looked", &format!("at {at}"));
            findings.iter().for_each(|found| finding(&mut lines, found));
        }
        None => lines.plain("looked", "not yet: v looks at TPM, PCRs, clock, store, log and quorum"),
    }
    lines.finish()
}

fn appliance(lines: &mut Lines<'_>, status: &Status) {
    lines.strong("appliance", &format!("{}, origin {}", status.appliance, escape(&status.origin)));
    if status.evaluation {
        lines.weighed(Weight::Warn, "TPM", "EVALUATION: a software TPM holds the keys");
    } else {
        lines.plain("TPM", "a TPM 2.0 holds the keys");
    }
    let boot = status.chip.boot;
    lines.plain("boot", &format!("reset {}, restart {}", boot.reset_count, boot.restart_count));
    match &status.clock_alarm {
        Some(why) => lines.weighed(Weight::Bad, "clock", &format!("NOT TRUSTED: {}", escape(why))),
        None => lines.plain("clock", "trusted: system, chip and log agree"),
    }
    lines.plain("epoch", &format!("{}, counted in the chip", status.epoch));
    lines.plain("log", &format!("{} entries", status.log_size));
    match &status.frozen {
        Some(by) => {
            lines.weighed(Weight::Bad, "FROZEN", &format!("by {}; :thaw asks to lift it", escape(by)))
        }
        None => lines.plain("frozen", "no; :freeze ends every window at once"),
    }
    lines.plain("waiting", &format!("{} jobs connected", status.waiting));
    lines.plain("version", &escape(&status.version));
}

/// Who there is, and whether that is enough.
fn people(lines: &mut Lines<'_>, roster: &Roster, status: &Status) {
    lines.blank();
    let (need, people) = (status.quorum as usize, status.approvers.len());
    let (weight, health) = match people {
        people if people < need => (Weight::Bad, "TOO FEW: nothing can be approved"),
        // Whoever asked or deposited cannot approve.
        people if people < need + 2 => (Weight::Warn, "SHORT: an absence may stop a release"),
        _ => (Weight::Plain, "enough"),
    };
    lines.weighed(weight, "quorum", &format!("{need} of {people}: {health}"));
    lines.plain("roster", &format!("version {}", roster.version()));
    for person in roster.people() {
        let roles: Vec<String> = person.roles.iter().map(Role::to_string).collect();
        lines.plain(person.id.as_str(), &roles.join(", "));
    }
}

fn finding(lines: &mut Lines<'_>, finding: &Finding) {
    let (weight, word) = match finding.level {
        Level::Ok => (Weight::Plain, "ok"),
        Level::Warn => (Weight::Warn, "LOOK"),
        Level::Fail => (Weight::Bad, "FAIL"),
    };
    lines.weighed(weight, &finding.what, &format!("{word}: {}", escape(&finding.seen)));
    finding.advice.iter().for_each(|advice| lines.plain("", &escape(advice)));
}
