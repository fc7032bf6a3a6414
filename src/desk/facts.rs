//! A request in words: every screen shows the same facts, all taken from the bytes that are signed.

use std::cmp::Ordering;

use crate::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Subject};
use crate::domain::text::escape;
use crate::domain::time::{Interval, Timestamp};

/// Everything that the document says, as names and values in the order to read them in.
///
/// Values are escaped: a terminal may be given them.
pub fn facts(doc: &RequestDoc, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("request", doc.id.to_string()),
        ("appliance", escape(&doc.origin)),
        ("asks to", verb(&doc.subject).to_owned()),
    ];
    facts.extend(subject(&doc.subject));
    facts.push(("requester", doc.requester.to_string()));
    if let Some(owner) = &doc.on_behalf_of {
        facts.push(("on behalf of", owner.to_string()));
    }
    facts.push(("reason", doc.reason.to_string()));
    facts.push(("ticket", doc.ticket.to_string()));
    facts.push(("made", doc.made.to_string()));
    facts.push(("decide by", format!("{}, in {}", doc.decision_ends, now.until(doc.decision_ends))));
    if let Some(evidence) = &doc.evidence {
        facts.push(("evidence", escape(evidence)));
    }
    facts.push(("policy", escape(&doc.policy)));
    facts.push(("roster", escape(&doc.roster)));
    facts.push(("nonce", escape(&doc.nonce)));
    facts.push(("fingerprint", doc.fingerprint().to_string()));
    facts
}

/// What approving does.
const fn verb(subject: &Subject) -> &'static str {
    match subject {
        Subject::Release { .. } => "release a credential",
        Subject::Reveal { .. } => "be shown a credential, which then has to be rotated within a day",
        Subject::Client { .. } => "add or replace a client",
        Subject::Export { .. } => "hand a part of the log over as a signed bundle",
        Subject::Thaw => "lift the freeze",
    }
}

fn subject(subject: &Subject) -> Vec<(&'static str, String)> {
    match subject {
        Subject::Release { credential, generation, job, channel, window, pulls } => vec![
            ("credential", format!("{credential}, generation {generation}")),
            ("job", job.to_string()),
            ("channel", channel_words(*channel).to_owned()),
            ("window", window_words(*window)),
            ("pulls", pulls.to_string()),
        ],
        Subject::Reveal { credential, generation, window } => vec![
            ("credential", format!("{credential}, generation {generation}")),
            ("shown to", "whoever asks, and nobody else, once".to_owned()),
            ("window", window_words(*window)),
        ],
        Subject::Client { client } => {
            let mut facts = vec![("job", client.job.to_string())];
            facts.extend(client.selectors.iter().map(|selector| ("selector", escape(&selector.to_string()))));
            facts.extend(client.grants.iter().map(|grant| ("may pull", grant.to_string())));
            facts.push(("its reason", client.reason.to_string()));
            let owner = client.owner.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
            facts.push(("its owner", owner));
            facts
        }
        Subject::Export { from, medium, seal, recipients } => {
            let mut facts = vec![
                ("entries", format!("from {from} up to the checkpoint that is made for it")),
                ("medium", medium.to_string()),
                ("seal", seal.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)),
            ];
            if recipients.is_empty() {
                facts.push(("encrypted to", "nobody: it leaves in the clear".to_owned()));
            }
            facts.extend(recipients.iter().map(|to| ("encrypted to", to.to_string())));
            facts
        }
        Subject::Thaw => Vec::new(),
    }
}

/// By what a credential leaves.
pub const fn channel_words(channel: Channel) -> &'static str {
    match channel {
        Channel::Unix => "the local socket",
    }
}

/// When the gate may be up, in full.
pub fn window_words(window: ReleaseWindow) -> String {
    match window {
        ReleaseWindow::FromArming { length_ms } => format!("{length_ms} from the last approval"),
        ReleaseWindow::Fixed { interval } => {
            format!("{} to {}, {}", interval.opens(), interval.closes(), interval.length())
        }
    }
}

/// When the gate may be up, in a column of 12; the window in force when there is one. One that does not open
/// today has a day: that of its opening, and of one that is open already, that of its end unless it is today.
pub fn window_short(asked: ReleaseWindow, in_force: Option<Interval>, now: Timestamp) -> String {
    match (in_force, asked) {
        (Some(interval), _) | (None, ReleaseWindow::Fixed { interval }) => {
            let (opens, closes) = (interval.opens(), interval.closes());
            let month_day = |at: Timestamp| at.day().to_string().split_off("2026-".len());
            match opens.day().cmp(&now.day()) {
                Ordering::Equal => {
                    format!("{}-{}", opens.hour_minute().trim_end_matches('Z'), closes.hour_minute())
                }
                Ordering::Greater => format!("{} {}", month_day(opens), opens.hour_minute()),
                Ordering::Less if closes.day() == now.day() => format!("to {}", closes.hour_minute()),
                Ordering::Less => format!("to {}", month_day(closes)),
            }
        }
        (None, ReleaseWindow::FromArming { length_ms }) => format!("now+{length_ms}"),
    }
}

/// When the gate may be up, for a list: with the day wherever that is not today, and with the length.
pub fn window_listed(asked: ReleaseWindow, in_force: Option<Interval>, now: Timestamp) -> String {
    let told = |at: Timestamp, today: Timestamp| match at.day() == today.day() {
        true => at.hour_minute(),
        false => format!("{} {}", at.day(), at.hour_minute()),
    };
    match (in_force, asked) {
        (Some(interval), _) | (None, ReleaseWindow::Fixed { interval }) => {
            let (opens, closes) = (interval.opens(), interval.closes());
            format!("{} to {}, {}", told(opens, now), told(closes, opens), interval.length())
        }
        (None, ReleaseWindow::FromArming { length_ms }) => format!("now+{length_ms}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Length;

    #[test]
    fn a_list_tells_the_day_of_a_window_that_is_not_todays() {
        let at = |text: &str| Timestamp::parse(text).expect("an instant");
        let now = at("2026-11-23T12:00Z");
        let cases = [
            ("today", "2026-11-23T14:00Z", "2026-11-23T15:00Z", "14:00Z to 15:00Z, 1h00m"),
            ("into tomorrow", "2026-11-23T22:00Z", "2026-11-24T04:00Z", "22:00Z to 2026-11-24 04:00Z, 6h00m"),
            ("tomorrow", "2026-11-24T01:00Z", "2026-11-24T04:00Z", "2026-11-24 01:00Z to 04:00Z, 3h00m"),
            (
                "since yesterday",
                "2026-11-22T22:00Z",
                "2026-11-23T13:00Z",
                "2026-11-22 22:00Z to 2026-11-23 13:00Z, 15h00m",
            ),
        ];
        for (name, opens, closes, told) in cases {
            let interval = Interval::new(at(opens), at(closes)).expect("not empty");
            let fixed = ReleaseWindow::Fixed { interval };
            let arming = ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) };
            assert_eq!(window_listed(fixed, None, now), told, "{name}");
            assert_eq!(window_listed(arming, Some(interval), now), told, "{name}, in force");
            assert_eq!(window_listed(arming, None, now), "now+15m");
        }
    }

    #[test]
    fn a_column_tells_the_day_of_a_window_that_is_not_todays() {
        let at = |text: &str| Timestamp::parse(text).expect("an instant");
        let now = at("2026-11-23T12:00Z");
        let cases = [
            ("today", "2026-11-23T14:00Z", "2026-11-23T15:00Z", "14:00-15:00Z"),
            ("into tomorrow", "2026-11-23T22:00Z", "2026-11-24T04:00Z", "22:00-04:00Z"),
            ("tomorrow", "2026-11-24T01:00Z", "2026-11-24T04:00Z", "11-24 01:00Z"),
            ("since yesterday", "2026-11-22T22:00Z", "2026-11-23T13:00Z", "to 13:00Z"),
            ("over", "2026-11-20T22:00Z", "2026-11-21T13:00Z", "to 11-21"),
        ];
        for (name, opens, closes, told) in cases {
            let interval = Interval::new(at(opens), at(closes)).expect("not empty");
            let arming = ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) };
            assert_eq!(window_short(ReleaseWindow::Fixed { interval }, None, now), told, "{name}");
            assert_eq!(window_short(arming, Some(interval), now), told, "{name}, in force");
            assert_eq!(window_short(arming, None, now), "now+15m");
            assert!(told.len() <= 12, "{name}");
        }
    }
}
