//! Entries of every type, and of every kind of value in them.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::domain::audit::entry::{Body, Caller, ClockTrust, Delivery, Entry};
use portcullis::domain::audit::founding::{Founding, LogKeys};
use portcullis::domain::audit::tree::Head;
use portcullis::domain::client::{ClientRecord, Grants};
use portcullis::domain::credential::{CredentialKind, Deposited, RotationDays, Terms};
use portcullis::domain::ids::{
    ApplianceName, CredentialName, Generation, JobName, OperatorId, RequestId, TrustDomain,
};
use portcullis::domain::operator::{AgeRecipient, OperatorPublic, Role, Roster, Signature, SignedRoster};
use portcullis::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use portcullis::domain::selector::{Selector, Selectors};
use portcullis::domain::text::Text;
use portcullis::domain::time::{ChipBoot, Day, Interval, Length, Timestamp};

/// The appliance of the samples.
pub const ORIGIN: &str = "example.org/mill";
/// When they happened.
pub const AT: u64 = 1_795_467_600_123;

pub fn operator(id: &str) -> OperatorId {
    OperatorId::parse(id).expect("an operator")
}

pub fn job(name: &str) -> JobName {
    JobName::parse(name).expect("a job")
}

pub fn request(id: &str) -> RequestId {
    RequestId::parse(id).expect("a request")
}

pub fn text(words: &str) -> Text {
    Text::parse(words).expect("a text")
}

pub fn credential(name: &str) -> CredentialName {
    CredentialName::parse(name).expect("a credential")
}

pub fn generation(number: u32) -> Generation {
    Generation::from_number(number).expect("a generation")
}

pub fn digest(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn signature(digit: char) -> String {
    digit.to_string().repeat(128)
}

fn nonce(digit: char) -> String {
    digit.to_string().repeat(32)
}

fn interval() -> Interval {
    Interval::new(Timestamp::from_ms(AT), Timestamp::from_ms(AT + 900_000)).expect("not empty")
}

pub fn arming() -> ReleaseWindow {
    ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) }
}

/// The entry in which `body` happened.
pub fn entry(seq: u64, ts: u64, actor: &str, body: Body) -> Entry {
    let boot = ChipBoot { reset_count: 4, restart_count: 0 };
    let (clock, actor) = (ClockTrust::Agrees, vec![actor.to_owned()]);
    let ts = Timestamp::from_ms(ts);
    Entry { v: 1, seq, ts, mono: 5_000 + seq, boot, clock, epoch: seq, evaluation: true, actor, body }
}

fn person(id: &str, number: u8, roles: &[Role]) -> OperatorPublic {
    let key = |kind: u8| [number * 4 + kind; 32];
    let (noise, approval, cosign) = (key(1), key(2), key(3));
    let (id, roles) = (operator(id), roles.iter().copied().collect());
    OperatorPublic { id, roles, age: AgeRecipient::from_key(key(0)), noise, approval, cosign }
}

fn roster() -> SignedRoster {
    let all = [Role::Operator, Role::Custodian, Role::Auditor];
    let people = vec![person("alice", 1, &all), person("bob", 2, &all[..2]), person("carol-2", 3, &all[2..])];
    let mut roster = SignedRoster::unsigned(Roster::new(1, 2, people).expect("a roster"), [0; 32]);
    roster.signatures.insert(operator("alice"), Signature([7; 64]));
    roster
}

fn founding() -> Founding {
    let keys = LogKeys {
        log: [1; 32],
        bundle: [2; 32],
        tpm: "0023000b".to_owned(),
        attestation: "0023000c".to_owned(),
        certified: "ff544347".to_owned(),
        certificate: "3044".to_owned(),
        expires: Day::parse("2029-11-23").expect("a day"),
    };
    Founding {
        appliance: ApplianceName::parse("mill").expect("a name"),
        trust_domain: TrustDomain::parse("example.org").expect("a domain"),
        roster: roster(),
        policy: digest('a'),
        recovery: AgeRecipient::from_key([9; 32]).to_string(),
        recovery_shares: (5, 3),
        keeper: digest('b'),
        chip: digest('c'),
        epoch_base: 17,
        version: "0.1.0".to_owned(),
        program: digest('d'),
        pcrs: "sha256:0,2,4,7".to_owned(),
        pcr_digest: digest('e'),
        keys,
    }
}

/// A request for `subject`.
pub fn doc(id: &str, subject: Subject, requester: Requester) -> RequestDoc {
    RequestDoc {
        v: 1,
        origin: ORIGIN.to_owned(),
        id: request(id),
        subject,
        requester,
        on_behalf_of: None,
        evidence: None,
        made: Timestamp::from_ms(AT),
        decision_ends: Timestamp::from_ms(AT + 1_800_000),
        reason: text("night batch, \u{e9}, \"quoted\" \\ ] \u{202e}"),
        ticket: text("INC-4711"),
        policy: digest('a'),
        roster: digest('f'),
        nonce: nonce('0'),
    }
}

pub fn release(name: &str, number: u32, for_job: &str) -> Subject {
    Subject::Release {
        credential: credential(name),
        generation: generation(number),
        job: job(for_job),
        channel: Channel::Unix,
        window: arming(),
        pulls: 2,
    }
}

fn client(owner: Option<OperatorId>) -> Subject {
    let selectors = [
        "unix:uid:1000",
        "unix:gid:0",
        "unix:user:batch",
        "unix:group:batch",
        "unix:path:/opt/a b/job",
        &format!("unix:sha256:{}", digest('a')),
    ];
    let selectors = selectors.map(|selector| Selector::parse(selector).expect("a selector"));
    let grants = BTreeSet::from([credential("racf/prod01"), credential("db2")]);
    Subject::Client {
        client: ClientRecord {
            job: job("payroll"),
            selectors: Selectors::new(selectors).expect("a set"),
            grants: Grants::new(grants).expect("grants"),
            reason: text("the payroll run"),
            owner,
        },
    }
}

fn requests() -> Vec<Body> {
    let alice = || Requester::Operator(operator("alice"));
    let reveal = Subject::Reveal {
        credential: credential("db2"),
        generation: generation(3),
        window: ReleaseWindow::Fixed { interval: interval() },
    };
    let export = |seal: Option<Text>, recipients| Subject::Export {
        from: 4,
        medium: text("disc 7"),
        seal,
        recipients,
    };
    let by_a_job = RequestDoc {
        on_behalf_of: Some(operator("bob")),
        evidence: Some(digest('1')),
        ..doc("7K2M", release("racf/prod01", 1, "payroll"), Requester::Job(job("payroll")))
    };
    let docs = [
        by_a_job,
        doc("0000", reveal, alice()),
        doc("ZZZZ", client(None), alice()),
        doc("ZZZY", client(Some(operator("bob"))), alice()),
        doc("8888", export(None, Vec::new()), alice()),
        doc("8889", export(Some(text("A-113")), vec![AgeRecipient::from_key([5; 32])]), alice()),
        doc("9999", Subject::Thaw, alice()),
    ];
    docs.into_iter().map(|doc| Body::Requested { doc: Box::new(doc) }).collect()
}

pub fn deposited(name: &str, number: u32, at: u64, (days, sunset): (u32, &str)) -> Body {
    let terms = Terms {
        owner: text("mainframe team"),
        reason: text("RACF knows no federation"),
        rotation_days: RotationDays::new(days).expect("an interval"),
        sunset: Day::parse(sunset).expect("a day"),
        kind: CredentialKind::Password,
    };
    let (depositor, at) = (operator("carol"), Timestamp::from_ms(at));
    let deposited = Deposited { generation: generation(number), terms, depositor, at, record: digest('2') };
    Body::Deposited { credential: credential(name), deposited: Box::new(deposited) }
}

pub fn pulled(id: &str, by: &str, known: bool) -> Body {
    let keyed = || known.then(|| format!("hmac-sha256:{}", digest('3')));
    let sha256 = known.then(|| digest('4'));
    let caller = Caller { uid: 1_000, gid: 100, pid: 4_711, user: keyed(), path: keyed(), sha256 };
    let (request, job, evidence) = (request(id), job(by), digest('5'));
    Body::Pulled { request, job, evidence, caller: Box::new(caller) }
}

pub fn approved(id: &str, by: &str, window: Option<ReleaseWindow>) -> Body {
    let (request, operator, pulls) = (request(id), operator(by), window.map(|_| 2));
    Body::Approved { request, operator, window, pulls, signature: signature('6') }
}

pub fn armed(id: &str) -> Body {
    let (window, chip) = (interval(), (5_000, 905_000));
    Body::Armed { request: request(id), window, chip, gate: 3, sealed: digest('7') }
}

pub fn refused(wanted: &str, code: &str, what: &str) -> Body {
    Body::Refused { wanted: wanted.to_owned(), code: code.to_owned(), what: what.to_owned() }
}

/// At least one body of every type.
fn bodies() -> Vec<Body> {
    let id = || request("7K2M");
    let (alice, payroll) = (|| operator("alice"), || job("payroll"));
    let started =
        |voided, ended| Body::Started { voided, ended, version: "0.1.0".to_owned(), program: digest('d') };
    let mut bodies = vec![
        Body::Setup(Box::new(founding())),
        started(BTreeMap::from([(id(), nonce('1'))]), vec![request("0000")]),
        started(BTreeMap::new(), Vec::new()),
        Body::Stopped,
        deposited("racf/prod01", 1, AT, (90, "2027-06-30")),
        deposited("db2", 2, AT, (1_096, "2099-12-31")),
        approved("7K2M", "alice", Some(arming())),
        approved("7K2M", "alice", Some(ReleaseWindow::Fixed { interval: interval() })),
        approved("9999", "alice", None),
        armed("7K2M"),
        Body::ArmFailed { request: id(), why: "the chip\u{7f}said no".to_owned(), nonce: nonce('2') },
        Body::Denied { request: id(), operator: alice(), reason: text("not tonight") },
        Body::Revoked { request: id(), operator: alice(), reason: text("a mistake") },
        Body::Expired { request: id() },
        Body::Frozen { operator: alice(), reason: text("a theft") },
        pulled("7K2M", "payroll", true),
        pulled("7K2M", "payroll", false),
        Body::Revealed { request: id(), operator: alice() },
        Body::PullReturned { request: id(), why: "the record was not read".to_owned() },
        Body::ChipSays { request: id(), answer: "closed, TPM response code 0x126: policy".to_owned() },
        refused("job payroll pulls racf/prod01", "not-granted", "\u{9b}2J it is not granted \\ \"it\" ]"),
        Body::PassphraseFailed { operator: alice() },
        Body::Checkpoint { request: None, previous: None },
        Body::Checkpoint { request: Some(id()), previous: Some(Head { size: 3, root: digest('8') }) },
        Body::Cosigned { size: 9, operator: alice(), time: AT / 1_000, signature: signature('9') },
        Body::Exported { request: id(), operator: alice(), range: (0, 9), manifest: digest('0') },
    ];
    for delivered in [Delivery::Acknowledged, Delivery::Written, Delivery::Unknown] {
        bodies.push(Body::Delivered { request: id(), job: payroll(), delivered });
        bodies.push(Body::Shown { request: id(), operator: alice(), delivered });
    }
    bodies.extend(requests());
    bodies
}

/// A log with all of them; it follows no rule but that of its form.
pub fn samples() -> Vec<Entry> {
    let actors = ["operator:alice", "job:payroll", "uid:1000", "keeper"];
    let entries = bodies().into_iter().zip(0_u64..).zip(actors.iter().cycle());
    let mut entries: Vec<Entry> =
        entries.map(|((body, seq), actor)| entry(seq, AT + seq, actor, body)).collect();
    entries[0].actor = vec!["operator:alice".to_owned(), "operator:bob".to_owned()];
    entries[1].clock = ClockTrust::Alarm;
    entries[2].evaluation = false;
    entries
}

/// The words of all types, as the reader of entries lists them when it meets another.
pub fn all_words() -> BTreeSet<String> {
    let error = serde_json::from_str::<Body>(r#"{"type":"no such type","detail":{}}"#).expect_err("unknown");
    let said = error.to_string();
    let (_, list) = said.split_once("expected one of ").expect("the list of types");
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_type_of_entry_has_a_sample_that_reads_back() {
    let samples = samples();
    let words: BTreeSet<String> = samples.iter().map(|entry| entry.body.word().to_owned()).collect();
    assert_eq!(words, all_words());
    for entry in samples {
        let leaf = entry.to_leaf().expect("short enough");
        assert_eq!(Entry::from_leaf(entry.seq, &leaf), Ok(entry));
    }
}
