//! A request in facts, and what can be done with it.

use super::Fact;
use crate::desk::facts;
use crate::domain::ids::OperatorId;
use crate::domain::request::doc::{ReleaseWindow, Requester, Subject};
use crate::domain::text::escape;
use crate::domain::wire::operator::{RequestView, StateName};

/// What stands under a request that somebody is about to approve.
pub const READ_ALOUD: &str = "Read the fingerprint to the other approver: both must have the same.";

/// What an operator may do to a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Act {
    /// Say yes.
    Approve,
    /// Say no.
    Deny,
    /// Withdraw it, or close its window.
    Revoke,
}

impl Act {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Approve, Self::Deny, Self::Revoke];

    /// The verb.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Revoke => "revoke",
        }
    }

    /// What is said of a request that it was done to.
    pub const fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Deny => "denied",
            Self::Revoke => "revoked",
        }
    }

    /// Whether the keeper would let this operator do it now; else why not. The keeper decides.
    pub fn check(self, view: &RequestView, me: &OperatorId) -> Result<(), String> {
        let id = &view.doc.id;
        let fits = match (self, view.state) {
            (Self::Approve, StateName::Requested) => {
                if view.doc.is_asked_by(me) {
                    return Err(format!("{me} asked for request {id}, so others must approve it"));
                }
                if view.approvals.contains(me) {
                    return Err(format!("{me} already approved request {id}"));
                }
                true
            }
            (Self::Deny, state) => matches!(state, StateName::Requested | StateName::Arming),
            (Self::Revoke, state) => state.is_live(),
            (Self::Approve, _) => false,
        };
        let no = || format!("request {id} is {}: it cannot be {}", view.state.word(), self.done());
        fits.then_some(()).ok_or_else(no)
    }
}

/// Why somebody cannot approve for want of a share: who deposited has none. The keeper decides.
pub fn no_share(view: &RequestView, share: Option<&str>, me: &OperatorId) -> Result<(), String> {
    match (view.doc.subject.opens(), share) {
        (Some((credential, _)), None) => {
            Err(format!("{me} holds no share of {credential}, so others must approve this"))
        }
        _ => Ok(()),
    }
}

/// Everything that somebody must know who decides: where it stands, then what was asked, then what the
/// approvers leave of it.
pub fn whole(view: &RequestView, window: Option<ReleaseWindow>, pulls: Option<u32>) -> Vec<Fact> {
    let asked = facts::facts(&view.doc, view.now);
    let (id, asked) = asked.split_at(1.min(asked.len()));
    let mut told = id.to_vec();
    told.extend(standing(view));
    told.extend_from_slice(asked);
    let allows = |window: Option<ReleaseWindow>, pulls: Option<u32>| {
        let window = window.map(facts::window_words);
        window.into_iter().chain(pulls.map(|pulls| format!("{pulls} pulls"))).collect::<Vec<_>>().join(", ")
    };
    if let Some(agreed) = view.agreed {
        told.push(("they allow", allows(agreed.window, agreed.pulls)));
    }
    if window.is_some() || pulls.is_some() {
        told.push(("you allow", allows(window, pulls)));
    }
    told
}

/// A request in a list: where it stands, and what to know before one opens it.
pub fn listed(view: &RequestView) -> Vec<Fact> {
    let doc = &view.doc;
    let mut told = outcome(view);
    match &doc.subject {
        Subject::Release { credential, generation, job, window, pulls, .. } => {
            told.push(("asks to", format!("release {credential}, generation {generation}, to job {job}")));
            told.extend(asked_window(view, *window));
            told.push(("pulls", pulls.to_string()));
        }
        Subject::Reveal { credential, generation, window } => {
            told.push(("asks to", format!("be shown {credential}, generation {generation}, once")));
            told.extend(asked_window(view, *window));
        }
        Subject::Client { client } => told.push(("asks to", format!("add or replace client {}", client.job))),
        Subject::Export { from, medium, .. } => {
            told.push(("asks to", format!("export the log from entry {from} on, onto {medium}")));
        }
        Subject::Thaw => told.push(("asks to", "lift the freeze".to_owned())),
    }
    told.push(("requester", doc.requester.to_string()));
    told.push(("reason", doc.reason.to_string()));
    told.push(("ticket", doc.ticket.to_string()));
    if let (StateName::Requested | StateName::Arming, Some(end)) = (view.state, view.ends()) {
        told.push(("decide by", format!("{end}, in {}", view.now.until(end))));
    }
    told
}

/// The window that was asked for, until there is one in force.
fn asked_window(view: &RequestView, asked: ReleaseWindow) -> Option<Fact> {
    view.window.is_none().then(|| ("window", facts::window_words(asked)))
}

/// What became of a request.
pub fn outcome(view: &RequestView) -> Vec<Fact> {
    let mut told = vec![("request", view.doc.id.to_string())];
    told.extend(standing(view));
    told
}

/// Where it stands.
fn standing(view: &RequestView) -> Vec<Fact> {
    let word = view.state.word();
    let meaning = match view.state {
        StateName::Requested => "it waits for approvals",
        StateName::Arming => "the window is being sealed",
        StateName::Armed => "the window is sealed into the chip",
        StateName::Spent => "no pull is left",
        StateName::Granted => "it took effect",
        StateName::Denied => "an operator said no",
        StateName::Expired => "its time is over",
        StateName::Revoked => "it was withdrawn or ended",
    };
    let mut told = vec![("state", format!("{word}, {meaning}"))];
    let has_approvals = !matches!(view.state, StateName::Denied | StateName::Expired | StateName::Revoked);
    if has_approvals {
        let people: Vec<_> = view.approvals.iter().map(ToString::to_string).collect();
        let people =
            if people.is_empty() { "nobody yet".to_owned() } else { format!("by {}", people.join(", ")) };
        told.push(("approvals", format!("{} of {}, {people}", view.approvals.len(), view.need)));
    }
    if let Some(window) = view.window {
        told.push(("window", facts::window_words(ReleaseWindow::Fixed { interval: window })));
    }
    if let (Some(left), Some(pulls)) = (view.pulls_left, view.doc.subject.pulls()) {
        // Approvers may have allowed fewer than were asked for.
        told.push(("pulls left", format!("{left}, of {pulls} asked for")));
    }
    if let (StateName::Armed, Some(end)) = (view.state, view.ends()) {
        told.push(("closes in", view.now.until(end).to_string()));
    }
    if view.waiting > 0 {
        told.push(("jobs waiting", view.waiting.to_string()));
    }
    if let Some(note) = &view.note {
        told.push(("note", escape(note)));
    }
    told
}

/// Lines stay where they were written, so nothing is shown among them.
fn shown_elsewhere(view: &RequestView, me: &OperatorId) -> Option<Fact> {
    let is_mine = view.doc.requester == Requester::Operator(me.clone());
    let is_armed = matches!(view.doc.subject, Subject::Reveal { .. }) && view.state == StateName::Armed;
    let words = "be shown it on the screens of `portcullis console` with v, never here";
    (is_mine && is_armed).then(|| ("you can", words.to_owned()))
}

/// A bundle takes a while, and needs no dialogue.
fn taken_elsewhere(view: &RequestView, me: &OperatorId) -> Option<Fact> {
    let is_granted = matches!(view.doc.subject, Subject::Export { .. }) && view.state == StateName::Granted;
    let command = format!("portcullis audit export --request {}", view.doc.id);
    (is_granted && view.doc.is_asked_by(me)).then(|| ("you can", format!("take it: {command} --to DIR")))
}

/// What can be typed next about a request, after `prefix`.
pub fn can_type(view: &RequestView, me: &OperatorId, prefix: &str) -> Vec<Fact> {
    // Who may say no to what others asked for does that, and withdraws what is their own or armed.
    let fits = |act: Act| act != Act::Revoke || view.state == StateName::Armed || view.doc.is_asked_by(me);
    let allowed = Act::ALL.into_iter().filter(|act| fits(*act) && act.check(view, me).is_ok());
    let typed = |act: Act| {
        let plain = if prefix.is_empty() { "" } else { "--plain " };
        ("you can type", format!("{prefix}{} {plain}{}", act.verb(), view.doc.id))
    };
    allowed.map(typed).chain(shown_elsewhere(view, me)).chain(taken_elsewhere(view, me)).collect()
}
