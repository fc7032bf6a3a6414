use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::audit::entry::{Caller, Delivery};
use crate::domain::ids::{JobName, OperatorId, RequestId};
use crate::domain::request::doc::ReleaseWindow;
use crate::domain::text::Text;
use crate::domain::time::{Interval, Length};

fn request(bits: u32) -> RequestId {
    RequestId::from_entropy(bits)
}

fn caller(path: &str) -> Box<Caller> {
    let (user, path) = (None, Some(path.to_owned()));
    Box::new(Caller { uid: 7, gid: 8, pid: 9, user, path, sha256: None })
}

/// Bodies with every kind of value that an entry has.
fn body() -> impl Strategy<Value = Body> {
    let words =
        prop_oneof![any::<String>(), r#"[ -~]{0,20}"#, r#"(,"epoch":|,"type":|"detail":|,"v":|\\|\})*"#];
    let job = || JobName::parse("payroll").expect("a job");
    let person = || OperatorId::parse("bob").expect("a person");
    let text = || Text::parse("é, \"quoted\"").expect("a text");
    let interval = |from| {
        let from = Timestamp::from_ms(from);
        Interval::new(from, from.plus(Length::from_minutes(5))).expect("an interval")
    };
    let bits = 0..1_u32 << 20;
    prop_oneof![
        (bits.clone(), words.clone()).prop_map(move |(bits, evidence)| Body::Pulled {
            request: request(bits),
            job: job(),
            caller: caller(&evidence),
            evidence,
        }),
        (words.clone(), words.clone(), words.clone()).prop_map(|(wanted, code, what)| Body::Refused {
            wanted,
            code,
            what
        }),
        (prop::collection::btree_map(bits.clone(), words.clone(), 0..4), words.clone()).prop_map(
            |(voided, version)| Body::Started {
                voided: voided
                    .into_iter()
                    .map(|(id, nonce)| (request(id), nonce))
                    .collect::<BTreeMap<_, _>>(),
                ended: vec![request(3), request(4)],
                program: version.clone(),
                version,
            }
        ),
        (bits.clone(), any::<bool>(), words.clone()).prop_map(move |(bits, all, signature)| Body::Approved {
            request: request(bits),
            operator: person(),
            window: all.then(|| ReleaseWindow::FromArming { length_ms: Length::from_minutes(7) }),
            pulls: all.then_some(3),
            signature,
        }),
        (bits.clone(), 0..1_u64 << 50, words).prop_map(move |(bits, from, sealed)| Body::Armed {
            request: request(bits),
            window: interval(from),
            chip: (from, from + 1),
            gate: 4,
            sealed,
        }),
        bits.clone().prop_map(move |bits| Body::Revealed { request: request(bits), operator: person() }),
        bits.clone().prop_map(move |bits| Body::Shown {
            request: request(bits),
            operator: person(),
            delivered: Delivery::Unknown,
        }),
        bits.clone().prop_map(move |bits| Body::Delivered {
            request: request(bits),
            job: job(),
            delivered: Delivery::Acknowledged,
        }),
        bits.prop_map(move |bits| Body::Denied {
            request: request(bits),
            operator: person(),
            reason: text()
        }),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let number = || prop_oneof![0..1_u64 << 40, (1_u64 << 53) - 2..(1_u64 << 53) + 2];
    let header = (any::<u32>(), number(), number(), number(), any::<(u32, u32)>(), number());
    let rest = (any::<bool>(), prop::collection::vec(any::<String>(), 0..3), body());
    (header, rest).prop_map(|((v, seq, ts, mono, boot, epoch), (evaluation, actor, body))| {
        let (reset_count, restart_count) = boot;
        let boot = ChipBoot { reset_count, restart_count };
        let clock = if evaluation { ClockTrust::Agrees } else { ClockTrust::Alarm };
        Entry { v, seq, ts: Timestamp::from_ms(ts), mono, boot, clock, epoch, evaluation, actor, body }
    })
}

/// Something that a forger or a careless writer might do to a leaf.
fn spoil(leaf: &[u8], at: usize, how: u8) -> Vec<u8> {
    let text = String::from_utf8(leaf.to_vec()).expect("JSON is text");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let detail = value["detail"].as_object().expect("an object").keys().nth(at % 2).cloned();
    match how {
        0 => text.replacen(',', ", ", 1 + at % 3),
        1 => text.replacen("\"v\"", "\"u\"", 1),
        2 => text.replacen("\"v\":", "\"w\":1,\"v\":", 1),
        3 => text.replacen("payroll", "PAYROLL", 1),
        4 => text.replacen("null", "\"\"", 1),
        5 => text.replacen("\"seq\":", "\"seq\":0", 1),
        6 => text.replacen("/", "\\/", 1).replacen("a", "\\u0061", 1),
        7 => text.replacen("{\"actor\"", "{\"actor\":[],\"actor\"", 1),
        8 => text.replacen(",\"type\":", ",\"type\":\"x\",\"type\":", 1),
        9 => text.replacen("\"detail\":{", "\"detail\":{\"z\":1,", 1),
        10 => {
            let removed = detail.map(|key| value["detail"].as_object_mut().map(|map| map.remove(&key)));
            drop(removed);
            return canonical::to_vec(&value);
        }
        11 => text.replacen("\"detail\":", "\"body\":1,\"detail\":", 1),
        _ => {
            let mut bytes = leaf.to_vec();
            let at = at % bytes.len();
            bytes[at] ^= 1 << (how % 7);
            return bytes;
        }
    }
    .into_bytes()
}

proptest! {
    #[test]
    fn an_entry_is_written_as_the_library_canonicalises_it(entry in entry()) {
        let by_the_library = serde_json_canonicalizer::to_vec(&entry).expect("JSON");
        prop_assert_eq!(String::from_utf8(write(&entry)), String::from_utf8(by_the_library));
    }

    #[test]
    fn what_is_read_is_what_the_derived_way_reads(entry in entry(), at in any::<usize>(), how in 0_u8..32) {
        let leaf = write(&entry);
        prop_assert!(entry.mono >= 1 << 53 || read(&leaf).as_ref() == Entry::from_any_json(0, &leaf).ok().as_ref());
        let spoilt = spoil(&leaf, at, how);
        let slow = Entry::from_any_json(0, &spoilt).ok();
        if let Some(fast) = read(&spoilt) {
            prop_assert_eq!(Some(&fast), slow.as_ref());
        }
        let seq = slow.as_ref().map_or(0, |entry| entry.seq);
        prop_assert_eq!(Entry::from_leaf(seq, &spoilt).ok(), slow);
    }
}

#[test]
fn an_entry_of_ours_is_read_in_one_go() {
    let (boot, ts) = (ChipBoot { reset_count: 1, restart_count: 2 }, Timestamp::from_ms(3));
    let body = Body::Pulled {
        request: request(9),
        job: JobName::parse("a").expect("a job"),
        evidence: String::new(),
        caller: caller(""),
    };
    let clock = ClockTrust::Agrees;
    let actor = vec!["job:a".to_owned()];
    let entry = Entry { v: 1, seq: 4, ts, mono: 5, boot, clock, epoch: 6, evaluation: true, actor, body };
    assert_eq!(read(&write(&entry)), Some(entry));
}
