//! An entry of the log in words: on one line, or whole.

use serde_json::Value;

use crate::desk::entry_words;
use crate::domain::audit::entry::Entry;
use crate::domain::text::escape;
use crate::domain::time::{Length, Timestamp};

/// The longest line.
const COLUMNS: usize = 79;

/// Number, time, type, who and what, cut where the line ends.
pub fn line(number: u64, leaf: &str) -> String {
    let told = match Entry::from_leaf(number, leaf.as_bytes()) {
        Ok(entry) => {
            let who: Vec<String> = entry.actor.iter().map(|actor| who(actor)).collect();
            let (at, kind, what) = (entry.ts, entry.body.word(), entry_words::about(&entry));
            format!("{number:>5} {at} {kind:<9} {} {what}", who.join(","))
        }
        // A keeper of another version may have written it.
        Err(_) => format!("{number:>5} not known to this version: {leaf}"),
    };
    let told = escape(told.trim_end());
    if told.chars().count() <= COLUMNS {
        return told;
    }
    let kept: String = told.chars().take(COLUMNS - 3).collect();
    kept + "..."
}

/// Who did it; an operator cannot be taken for the keeper, nor for a job.
fn who(actor: &str) -> String {
    actor.strip_prefix("operator:").map_or_else(|| actor.to_owned(), |id| format!("op:{id}"))
}

/// Every value in an entry, under its path.
pub fn whole(number: u64, leaf: &str) -> Vec<(String, String)> {
    let mut told = vec![("entry".to_owned(), number.to_string())];
    match serde_json::from_str(leaf) {
        Ok(Value::Object(mut fields)) => {
            // What it is about comes first, then what happened, then how it was written.
            let detail = fields.remove("detail");
            let mut first = |name: &str| fields.remove_entry(name);
            let head = [first("ts"), first("type"), first("actor"), detail.map(|d| ("detail".to_owned(), d))];
            for (name, value) in head.into_iter().flatten().chain(fields) {
                flatten(&name, &value, &mut told);
            }
        }
        _ => told.push(("leaf".to_owned(), escape(leaf))),
    }
    told
}

fn flatten(path: &str, value: &Value, told: &mut Vec<(String, String)>) {
    let last = path.rsplit('.').next().unwrap_or_default();
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, value)| flatten(&format!("{path}.{name}"), value, told));
        }
        Value::Array(items) if !items.is_empty() => {
            let is_interval = matches!(last, "window" | "interval");
            match (is_interval, items.iter().map(Value::as_u64).collect::<Option<Vec<_>>>().as_deref()) {
                (true, Some([opens, closes])) => {
                    let (opens, closes) = (Timestamp::from_ms(*opens), Timestamp::from_ms(*closes));
                    let told_as = format!("{} to {}, {}", exact(opens), exact(closes), opens.until(closes));
                    told.push((escape(path), told_as));
                }
                _ => items
                    .iter()
                    .enumerate()
                    .for_each(|(at, item)| flatten(&format!("{path}.{at}"), item, told)),
            }
        }
        other => told.push((escape(path), plain(last, other))),
    }
}

fn plain(name: &str, value: &Value) -> String {
    match (name, value, value.as_u64()) {
        ("ts" | "at" | "made" | "decision_ends", _, Some(ms)) => exact(Timestamp::from_ms(ms)),
        ("length_ms", _, Some(ms)) => Length::from_ms(ms).to_string(),
        (_, Value::Null, _) => "-".to_owned(),
        (_, Value::String(text), _) => escape(text),
        (_, other, _) => escape(&other.to_string()),
    }
}

/// To the millisecond, where there are any.
fn exact(at: Timestamp) -> String {
    let text = at.to_string();
    match (at.ms() % 1_000, text.strip_suffix('Z')) {
        (0, _) | (_, None) => text,
        (rest, Some(seconds)) => format!("{seconds}.{rest:03}Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::entry::{Body, ClockTrust, Delivery};
    use crate::domain::ids::{JobName, OperatorId, RequestId};
    use crate::domain::text::Text;
    use crate::domain::time::{ChipBoot, Interval};

    fn leaf(actor: &str, body: Body) -> String {
        let ts = Timestamp::parse("2026-11-23T21:00:00.250Z").expect("an instant");
        let boot = ChipBoot { reset_count: 1, restart_count: 0 };
        let actor = vec![actor.to_owned()];
        let clock = ClockTrust::Agrees;
        let entry = Entry { v: 1, seq: 7, ts, mono: 5, boot, clock, epoch: 3, evaluation: true, actor, body };
        String::from_utf8(entry.to_leaf().expect("a leaf")).expect("text")
    }

    fn id() -> RequestId {
        RequestId::parse("7K2M").expect("an id")
    }

    fn denied(reason: &str) -> Body {
        let operator = OperatorId::parse("al").expect("a person");
        Body::Denied { request: id(), operator, reason: Text::parse(reason).expect("a text") }
    }

    #[test]
    fn an_entry_is_one_harmless_line_of_a_terminal() {
        let at = |text: &str| Timestamp::parse(text).expect("an instant");
        let window = Interval::new(at("2026-11-23T22:00Z"), at("2026-11-23T23:30Z")).expect("not empty");
        let sealed = "0".repeat(64);
        let armed = Body::Armed { request: id(), window, chip: (1, 2), gate: 4, sealed };
        let job = JobName::parse("payroll").expect("a job");
        let delivered = Body::Delivered { request: id(), job, delivered: Delivery::Unknown };
        let refused = |what: &str| Body::Refused {
            wanted: "approve".to_owned(),
            code: "own-request".to_owned(),
            what: what.to_owned(),
        };
        let cases = [
            (
                "denied",
                leaf("operator:al", denied("no")),
                "    7 2026-11-23T21:00:00Z denied    op:al 7K2M: no",
            ),
            (
                "armed",
                leaf("keeper", armed),
                "    7 2026-11-23T21:00:00Z armed     keeper 7K2M 22:00Z to 23:30Z, 1h30m",
            ),
            (
                "delivered",
                leaf("keeper", delivered),
                "    7 2026-11-23T21:00:00Z delivered keeper 7K2M unknown",
            ),
            (
                "long",
                leaf("operator:al", denied(&"x".repeat(500))),
                "    7 2026-11-23T21:00:00Z denied    op:al 7K2M: xxxxxxxxxxxxxxxxxxxxxxxxxxx...",
            ),
            (
                "hostile",
                leaf("uid:0", refused("a\u{1b}[2J\u{202e}")),
                "    7 2026-11-23T21:00:00Z refused   uid:0 own-request: a\\u{1b}[2J\\u{202e}",
            ),
            (
                "unknown",
                "{\"type\":\"new\"}".to_owned(),
                "    7 not known to this version: {\"type\":\"new\"}",
            ),
            ("not JSON", "x\ny".to_owned(), "    7 not known to this version: x\\u{a}y"),
        ];
        for (name, leaf, expected) in cases {
            assert_eq!(line(7, &leaf), expected, "{name}");
            assert!(expected.len() <= COLUMNS, "{name}");
        }
    }

    #[test]
    fn an_entry_in_full_has_every_value_and_times_that_people_read() {
        let long = "why ".repeat(100);
        let told = whole(7, &leaf("operator:al", denied(&long)));
        let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "entry",
            "ts",
            "type",
            "actor.0",
            "detail.operator",
            "detail.reason",
            "detail.request",
            "boot.reset_count",
            "boot.restart_count",
            "clock",
            "epoch",
            "evaluation",
            "mono",
            "seq",
            "v",
        ];
        assert_eq!(names, expected);
        assert_eq!(told[1].1, "2026-11-23T21:00:00.250Z");
        assert_eq!(told[5].1, long.trim());
        let window = r#"{"detail":{"asked":{"length_ms":900000},"made":60000,"window":[0,60000]}}"#;
        let told = whole(7, window);
        let values: Vec<&str> = told.iter().map(|(_, value)| value.as_str()).collect();
        let interval = "1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z, 1m";
        assert_eq!(values, ["7", "15m", "1970-01-01T00:01:00Z", interval]);
        assert_eq!(whole(7, "a\u{1b}b")[1].1, "a\\u{1b}b", "what is no JSON is shown as it is");
    }
}
