//! Data that the tests of this room share.

mod evidence;
mod inventory;

use std::collections::BTreeSet;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::console::event::{Event, News, Wanted};
use crate::console::key::Key;
use crate::console::model::{KeyFile, Model};
use crate::console::profile::{Profile, Size};
use crate::console::update::update;
use crate::desk::reveal::Shown;
use crate::domain::client::{ClientRecord, Grants};
use crate::domain::ids::{ApplianceName, CredentialName, Generation, JobName, OperatorId, RequestId};
use crate::domain::operator::Role;
use crate::domain::request::doc::{Channel, ReleaseWindow, RequestDoc, Requester, Subject};
use crate::domain::request::quorum::Agreed;
use crate::domain::secret::Plaintext;
use crate::domain::text::Text;
use crate::domain::time::{ChipBoot, ChipTime, Interval, Length, Timestamp};
use crate::domain::wire::operator::{RequestView, StateName, Status};

pub use evidence::{export, export_to, fetched, granted, signed_log, to_cosign};
pub use inventory::{client_number, clients, credential, credentials, findings, log, long_log, roster};

/// 2026-11-23T13:59:10Z, when all of this happens.
pub fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T13:59:10Z").expect("an instant")
}

pub fn operator(id: &str) -> OperatorId {
    OperatorId::parse(id).expect("an operator id")
}

pub fn request_id(id: &str) -> RequestId {
    RequestId::parse(id).expect("a request id")
}

fn text(text: &str) -> Text {
    Text::parse(text).expect("a text")
}

pub fn status(evaluation: bool) -> Status {
    Status {
        appliance: ApplianceName::parse("host01").expect("a name"),
        origin: "example.org/host01".to_owned(),
        evaluation,
        operator: operator("bo"),
        roles: vec![Role::Operator],
        now: now(),
        chip: ChipTime { clock_ms: 9_000, boot: ChipBoot { reset_count: 3, restart_count: 0 }, safe: true },
        clock_alarm: None,
        frozen: None,
        log_size: 18_231,
        epoch: 412,
        quorum: 2,
        approvers: vec![operator("alice"), operator("bo"), operator("chris")],
        waiting: 1,
        version: "0.1.0".to_owned(),
    }
}

fn doc(id: &str, subject: Subject, requester: Requester, reason: &str, ticket: &str) -> RequestDoc {
    RequestDoc {
        v: 1,
        origin: "example.org/host01".to_owned(),
        id: request_id(id),
        subject,
        requester,
        on_behalf_of: None,
        evidence: None,
        made: Timestamp::from_ms(now().ms() - 1_140_000),
        decision_ends: now().plus(Length::from_ms(690_500)),
        reason: text(reason),
        ticket: text(ticket),
        policy: "5b".repeat(32),
        roster: "c0".repeat(32),
        nonce: "9e".repeat(16),
    }
}

fn view(doc: RequestDoc, state: StateName, approvals: &[&str]) -> RequestView {
    RequestView {
        doc,
        state,
        approvals: approvals.iter().map(|id| operator(id)).collect(),
        need: 2,
        agreed: None,
        window: None,
        pulls_left: None,
        now: now(),
        waiting: 0,
        note: None,
    }
}

pub fn release(credential: &str, job: &str, window: ReleaseWindow, pulls: u32) -> Subject {
    Subject::Release {
        credential: CredentialName::parse(credential).expect("a name"),
        generation: Generation::FIRST,
        job: JobName::parse(job).expect("a name"),
        channel: Channel::Unix,
        window,
        pulls,
    }
}

pub fn window(opens: &str, closes: &str) -> Interval {
    let at = |time: &str| Timestamp::parse(&format!("2026-11-23T{time}Z")).expect("an instant");
    Interval::new(at(opens), at(closes)).expect("not empty")
}

/// One of each kind and state, newest first.
pub fn requests() -> Vec<RequestView> {
    let quarter = ReleaseWindow::FromArming { length_ms: ReleaseWindow::LENGTH_DEFAULT };
    let tonight = ReleaseWindow::Fixed { interval: window("14:00", "15:00") };
    let job = |name: &str| Requester::Job(JobName::parse(name).expect("a name"));
    let mut asked = doc(
        "7K2M",
        release("racf/prod01", "jobx.prod1", tonight, 3),
        job("jobx.prod1"),
        "night batch of the ledger; the mainframe knows no federation",
        "INC-4711",
    );
    asked.evidence = Some("7a".repeat(32));
    asked.on_behalf_of = Some(operator("chris"));
    let mut asked = view(asked, StateName::Requested, &["alice"]);
    asked.waiting = 1;
    let client = ClientRecord {
        job: JobName::parse("backup").expect("a name"),
        selectors: serde_json::from_str(r#"["unix:uid:1001","unix:path:/usr/sbin/backup"]"#)
            .expect("selectors"),
        grants: Grants::new(BTreeSet::from(
            ["tape/lib", "tape/robot"].map(|n| CredentialName::parse(n).expect("a name")),
        ))
        .expect("two names"),
        reason: text("weekly tape rotation"),
        owner: None,
    };
    let mut client = view(
        doc(
            "9QF3",
            Subject::Client { client },
            Requester::Operator(operator("alice")),
            "new tape library",
            "CHG-0822",
        ),
        StateName::Requested,
        &[],
    );
    client.doc.decision_ends = now().plus(Length::from_ms(1_690_500));
    let mut armed = view(
        doc(
            "B00K",
            release("sw-core-02/enable", "netbackup", quarter, 1),
            job("netbackup"),
            "config backup",
            "-",
        ),
        StateName::Armed,
        &["alice", "chris"],
    );
    armed.window = Some(window("13:55", "14:10"));
    armed.pulls_left = Some(1);
    let thaw = doc(
        "TH4W",
        Subject::Thaw,
        Requester::Operator(operator("chris")),
        "false alarm \u{202e}; checked by hand with the site \u{e9}quipe",
        "INC-4712",
    );
    let mut thaw = view(thaw, StateName::Denied, &[]);
    thaw.note = Some("alice: not before the site confirmed".to_owned());
    vec![asked, client, armed, thaw]
}

/// `bo` asked to be shown a credential, and two have approved.
pub fn reveal() -> RequestView {
    let subject = Subject::Reveal {
        credential: CredentialName::parse("racf/prod01").expect("a name"),
        generation: Generation::FIRST,
        window: ReleaseWindow::FromArming { length_ms: ReleaseWindow::LENGTH_DEFAULT },
    };
    let bo = Requester::Operator(operator("bo"));
    let doc = doc("S33N", subject, bo, "the console of the mainframe, by hand", "INC-4713");
    let mut armed = view(doc, StateName::Armed, &["alice", "chris"]);
    armed.window = Some(window("13:55", "14:10"));
    armed.pulls_left = Some(1);
    armed
}

/// What it shows.
pub fn shown(value: &[u8]) -> Box<Shown> {
    Box::new(Shown {
        credential: CredentialName::parse("racf/prod01").expect("a name"),
        generation: Generation::FIRST,
        plaintext: Plaintext::new(Zeroizing::new(value.to_vec())).expect("a value"),
    })
}

/// The first of [`requests`], of which alice has approved only a part.
pub fn narrowed() -> RequestView {
    let interval = window("14:00", "14:30");
    let agreed = Agreed { window: Some(ReleaseWindow::Fixed { interval }), pulls: Some(2) };
    RequestView { agreed: Some(agreed), ..requests().remove(0) }
}

/// Eighteen live requests: what a full screen must hold.
pub fn many_requests() -> Vec<RequestView> {
    let quarter = ReleaseWindow::FromArming { length_ms: ReleaseWindow::LENGTH_DEFAULT };
    let request = |number: u32| {
        let job = format!("nightbatch-{number:02}");
        let requester = Requester::Job(JobName::parse(&job).expect("a name"));
        let subject = release(&format!("mainframe-{number:02}/x"), &job, quarter, 1);
        let id = RequestId::from_entropy(number * 40_961);
        let mut doc = doc(id.as_str(), subject, requester, "night batch", "INC-4711");
        doc.decision_ends = now().plus(Length::from_ms(690_500 + 61_000 * u64::from(number)));
        view(doc, StateName::Requested, &["alice"])
    };
    (1..=18).map(request).collect()
}

/// What a keeper with all these samples tells.
pub fn news(wanted: &Wanted) -> News {
    match wanted {
        Wanted::Requests { .. } => News::Requests(requests()),
        Wanted::Credentials => News::Credentials(credentials()),
        Wanted::Clients => News::Clients(clients()),
        Wanted::Log(_) => News::Log(log()),
        Wanted::Roster => News::Roster(Box::new(roster())),
    }
}

/// A console at its start.
pub fn fresh_model(profile: Profile, size: &str) -> Model {
    let key =
        |id: &str| KeyFile { operator: operator(id), path: PathBuf::from(format!("/srv/op/{id}.pcop")) };
    let size: Size = size.parse().expect("a size");
    Model::new(profile, size, vec![key("alice"), key("bo")])
}

/// A console that `bo` has just logged in to, at 1,000 ms.
pub fn logged_in(profile: Profile, size: &str, requests: Vec<RequestView>, evaluation: bool) -> Model {
    let mut model = fresh_model(profile, "80x24");
    for key in [Key::Down, Key::Enter, Key::Char('p'), Key::Enter] {
        update(&mut model, Event::Key(key), 500);
    }
    let session = model.session_number;
    let status = Box::new(status(evaluation));
    update(&mut model, Event::LoggedIn { session, status, requests }, 1_000);
    update(&mut model, Event::Resized(size.parse().expect("a size")), 1_000);
    model
}
