//! Credentials, clients, people and entries that the tests of this room share.

use std::collections::BTreeSet;

use super::{now, operator, text};
use crate::console::model::{Log, LogEntry};
use crate::domain::client::{ClientRecord, Grants};
use crate::domain::credential::{CredentialKind, Deposited, Handed, RotationDays, Seen, Terms};
use crate::domain::ids::{CredentialName, Generation, JobName, RequestId};
use crate::domain::operator::{AgeRecipient, OperatorPublic, Role, Roster};
use crate::domain::time::{Day, Length, Timestamp};
use crate::domain::wire::operator::{ClientView, CredentialView, Finding, Level, Standing};

fn days_ago(days: u64) -> Timestamp {
    Timestamp::from_ms(now().ms() - Length::from_minutes(days * 24 * 60).ms())
}

pub fn job(name: &str) -> JobName {
    JobName::parse(name).expect("a job name")
}

pub fn name(name: &str) -> CredentialName {
    CredentialName::parse(name).expect("a credential name")
}

/// A credential that was deposited so many days ago and must change every 90.
pub fn credential(called: &str, age_days: u64, jobs: &[&str]) -> CredentialView {
    let terms = Terms {
        owner: text("mainframe team"),
        reason: text("the mainframe knows no federation; the project to replace it ends in 2028"),
        rotation_days: RotationDays::new(90).expect("an interval"),
        sunset: Day::parse("2028-06-30").expect("a day"),
        kind: CredentialKind::Password,
    };
    let (depositor, at) = (operator("chris"), days_ago(age_days));
    let current = Deposited { generation: Generation::FIRST, terms, depositor, at, record: "00".repeat(32) };
    CredentialView {
        name: name(called),
        rotate_by: current.rotate_by(),
        standing: Standing::of(&current, current.rotate_by(), now()),
        current,
        older: Vec::new(),
        jobs: jobs.iter().map(|name| job(name)).collect(),
        last_pull: None,
        handed: Vec::new(),
        seen: Vec::new(),
    }
}

/// One of each standing, one of them with a past.
pub fn credentials() -> Vec<CredentialView> {
    let mut used = credential("racf/prod01", 87, &["jobx.prod1", "jobx.prod2"]);
    let older = used.current.clone();
    used.current.generation = older.generation.next();
    used.current.depositor = operator("alice");
    used.older = vec![Deposited { at: days_ago(180), ..older }];
    used.last_pull = Some((days_ago(1), job("jobx.prod1")));
    let handed =
        |generation, name, count, days| Handed { generation, job: job(name), count, last: days_ago(days) };
    used.handed = vec![
        handed(Generation::FIRST, "jobx.prod1", 41, 88),
        handed(Generation::FIRST.next(), "jobx.prod1", 2, 1),
        handed(Generation::FIRST.next(), "jobx.prod2", 1, 4),
    ];
    let (operator, request) = (operator("bo"), RequestId::from_entropy(9));
    used.seen = vec![Seen { operator, generation: Generation::FIRST, at: days_ago(89), request }];
    let mut gone = credential("db2/legacy", 10, &[]);
    gone.current.terms.sunset = Day::parse("2026-11-01").expect("a day");
    gone.current.terms.owner = text("the \u{202e}\u{e9}quipe of the \u{200b}database");
    gone.standing = Standing::PastSunset;
    let mut pin = credential("badge/door", 102, &["netbackup"]);
    pin.current.terms.kind = CredentialKind::Pin;
    vec![
        pin,
        gone,
        used,
        credential("sw-core-02/enable", 40, &["netbackup"]),
        credential("tape/lib", 75, &["backup"]),
    ]
}

pub fn clients() -> Vec<ClientView> {
    let client = |called: &str, selectors: &str, grants: &[&str], owner: Option<&str>| ClientView {
        record: ClientRecord {
            job: job(called),
            selectors: serde_json::from_str(selectors).expect("selectors"),
            grants: Grants::new(grants.iter().map(|grant| name(grant)).collect()).expect("some names"),
            reason: text("night batch of the ledger; the mainframe knows no federation"),
            owner: owner.map(operator),
        },
        last_pull: None,
        waiting: 0,
    };
    let mut batch = client(
        "jobx.prod1",
        r#"["unix:uid:1001","unix:path:/usr/sbin/jobx"]"#,
        &["racf/prod01"],
        Some("chris"),
    );
    batch.last_pull = Some((days_ago(1), name("racf/prod01")));
    batch.waiting = 1;
    let many = ["badge/door", "sw-core-02/enable", "tape/lib"];
    let digest = format!(r#"["unix:sha256:{}"]"#, "7a".repeat(32));
    vec![
        client("backup", r#"["unix:user:backup"]"#, &["tape/lib"], None),
        batch,
        client("netbackup", &digest, &many, None),
    ]
}

pub fn roster() -> Roster {
    let person = |id: &str, number: u8, roles: &[Role]| OperatorPublic {
        id: operator(id),
        roles: BTreeSet::from_iter(roles.iter().copied()),
        age: AgeRecipient::from_key([number; 32]),
        noise: [number + 1; 32],
        approval: [number + 2; 32],
        cosign: [number + 3; 32],
    };
    let people = vec![
        person("alice", 10, &[Role::Operator, Role::Custodian]),
        person("bo", 20, &[Role::Operator]),
        person("chris", 30, &[Role::Operator, Role::Custodian]),
        person("dora", 40, &[Role::Auditor]),
    ];
    Roster::new(1, 2, people).expect("a roster")
}

pub fn findings() -> Vec<Finding> {
    let finding = |what: &str, level, seen: &str, advice: Option<&str>| Finding {
        what: what.to_owned(),
        level,
        seen: seen.to_owned(),
        advice: advice.map(str::to_owned),
    };
    vec![
        finding("tpm", Level::Ok, "swtpm:path=/run/tpm is the one of set-up", None),
        finding(
            "pcrs",
            Level::Fail,
            "sha256:0,2,4,7 are not those of set-up",
            Some("find out what changed in the boot chain; nothing can be released until it is back"),
        ),
        finding("memory", Level::Warn, "not locked: too little", Some("raise RLIMIT_MEMLOCK for the daemon")),
    ]
}

/// The last five entries of a longer log, one of them beyond this program.
pub fn log() -> Log {
    const FIRST: u64 = 18_226;
    let entry = |offset: u64, word: &str, actor: &str, about: &str, detail: &str| {
        let seq = FIRST + offset;
        let at = Timestamp::from_ms(now().ms() - 60_000 * (5 - offset));
        let leaf = format!(
            r#"{{"actor":["{actor}"],"boot":{{"reset_count":3,"restart_count":0}},"detail":{detail},"epoch":412,"evaluation":true,"mono":9000,"seq":{seq},"ts":{},"type":"{word}","v":1}}"#,
            at.ms()
        );
        let [word, actor, about] = [word, actor, about].map(str::to_owned);
        LogEntry { seq, at: Some(at), word, actor, about, leaf }
    };
    let entries = vec![
        entry(0, "requested", "job:jobx.prod1", "7K2M racf/prod01", r#"{"doc":{"id":"7K2M"}}"#),
        entry(1, "approved", "operator:alice", "7K2M by alice", r#"{"operator":"alice","request":"7K2M"}"#),
        entry(
            2,
            "refused",
            "uid:1004",
            "no-client: nobody speaks for \\u{1b}[2J",
            r#"{"code":"no-client","wanted":"GET racf/prod01","what":"nobody speaks for \u001b[2J\u202e"}"#,
        ),
        entry(3, "denied", "operator:alice", "TH4W not before the site confirmed", r#"{"request":"TH4W"}"#),
        LogEntry {
            seq: FIRST + 4,
            at: None,
            word: "unreadable".to_owned(),
            actor: String::new(),
            about: "entry 18230 is not canonical JSON of a known type".to_owned(),
            leaf: "not JSON".to_owned(),
        },
    ];
    Log { entries, size: FIRST + 5, root: "5b".repeat(32) }
}

/// One of many clients.
pub fn client_number(number: usize) -> ClientView {
    let mut view = clients().remove(1);
    view.record.job = job(&format!("nightbatch-{number:02}"));
    view.waiting = 0;
    view
}

/// The last entries of a log in which jobs pull all day.
pub fn long_log(count: u64) -> Log {
    let of = log();
    let pulled = |seq| LogEntry {
        seq,
        word: "pulled".to_owned(),
        actor: "job:nightbatch-01".to_owned(),
        ..of.entries[0].clone()
    };
    Log { entries: (of.size - count..of.size).map(pulled).collect(), size: of.size, root: of.root.clone() }
}
