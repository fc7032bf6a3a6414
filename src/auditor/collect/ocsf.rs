//! Entries as events of the Open Cybersecurity Schema Framework.
//!
//! An entry is looked at alone, so a line says what its entry says and no more: a pull names its request and
//! not the credential. `docs/fleet.md` says why each type has its class.

use serde_json::{Value, json};

use super::{Weight, appliance_of};
use crate::domain::audit::entry::{Body, Delivery, Entry};
use crate::domain::audit::tree::TreeHash;
use crate::domain::canonical;
use crate::domain::ids::{OperatorId, RequestId};

/// The released version of the framework that the events follow.
pub const VERSION: &str = "1.3.0";
/// Name and vendor of the product.
const PRODUCT: &str = "Portcullis";

/// A class of events.
#[derive(Clone, Copy)]
enum Class {
    Authentication,
    EntityManagement,
    ApplicationLifecycle,
}

impl Class {
    /// Its number and its name, and those of its category.
    const fn words(self) -> (u32, &'static str, u32, &'static str) {
        match self {
            Self::Authentication => (3_002, "Authentication", 3, "Identity & Access Management"),
            Self::EntityManagement => (3_004, "Entity Management", 3, "Identity & Access Management"),
            Self::ApplicationLifecycle => (6_002, "Application Lifecycle", 6, "Application Activity"),
        }
    }
}

/// Activities, with their numbers in the classes that have them.
type Activity = (u32, &'static str);
const LOGON: Activity = (1, "Logon");
const INSTALL: Activity = (1, "Install");
const START: Activity = (3, "Start");
const STOP: Activity = (4, "Stop");
const CREATE: Activity = (1, "Create");
const READ: Activity = (2, "Read");
const UPDATE: Activity = (3, "Update");
const ACTIVATE: Activity = (10, "Activate");
const DEACTIVATE: Activity = (11, "Deactivate");
const SUSPEND: Activity = (12, "Suspend");
/// What the framework has no activity for: number 99, with a name of ours.
const fn other(name: &'static str) -> Activity {
    (99, name)
}

/// How it ended.
type Status = (u32, &'static str);
const UNKNOWN: Status = (0, "Unknown");
const SUCCESS: Status = (1, "Success");
const FAILURE: Status = (2, "Failure");

/// What an entry is in the framework.
struct Event {
    class: Class,
    activity: Activity,
    status: Status,
    /// The members that its class has and others have not.
    own: Vec<(&'static str, Value)>,
}

/// The entry with the bytes `leaf` of the log `origin`, as one line of canonical JSON without a line feed.
///
/// # Source
/// OCSF 1.3.0, the classes 3002, 3004 and 6002 with the profile `host`.
pub fn line(origin: &str, entry: &Entry, leaf: &[u8]) -> String {
    let Event { class, activity, status, own } = event(origin, &entry.body, entry.seq);
    let (class_uid, class_name, category_uid, category_name) = class.words();
    let (severity_id, severity) = severity(entry);
    let mut event = json!({
        "activity_id": activity.0,
        "activity_name": activity.1,
        "actor": { "user": user(entry.actor.first().map_or("", String::as_str)) },
        "category_name": category_name,
        "category_uid": category_uid,
        "class_name": class_name,
        "class_uid": class_uid,
        "device": {
            "hostname": appliance_of(origin), "type": "Server", "type_id": 1, "uid": origin
        },
        "message": message(entry),
        "metadata": metadata(origin, entry),
        "severity": severity,
        "severity_id": severity_id,
        "status": status.1,
        "status_id": status.0,
        "time": entry.ts.ms(),
        "type_uid": class_uid * 100 + activity.0,
        "unmapped": unmapped(entry, leaf),
    });
    for (name, value) in own {
        event[name] = value;
    }
    // Canonical JSON is UTF-8, so nothing is lost.
    String::from_utf8_lossy(&canonical::to_vec(&event)).into_owned()
}

fn metadata(origin: &str, entry: &Entry) -> Value {
    let mut metadata = json!({
        "event_code": entry.body.word(),
        "log_name": origin,
        "product": { "name": PRODUCT, "vendor_name": PRODUCT, "version": env!("CARGO_PKG_VERSION") },
        "profiles": ["host"],
        "sequence": entry.seq,
        "uid": format!("{origin}#{}", entry.seq),
        "version": VERSION,
    });
    if let Some(request) = entry.body.request() {
        metadata["correlation_uid"] = format!("{origin}/{request}").into();
    }
    if entry.evaluation {
        metadata["labels"] = json!(["evaluation"]);
    }
    metadata
}

/// The members of the entry that have no place in the framework, as the entry has them, and the hash that its
/// leaf has in the tree.
fn unmapped(entry: &Entry, leaf: &[u8]) -> Value {
    let mut unmapped = json!({
        "actor": entry.actor,
        "boot": entry.boot,
        "clock": entry.clock,
        "epoch": entry.epoch,
        "evaluation": entry.evaluation,
        "leaf_hash": TreeHash::of_leaf(leaf).to_string(),
        "mono": entry.mono,
        "v": entry.v,
    });
    let detail =
        serde_json::to_value(&entry.body).ok().and_then(|mut body| body.get_mut("detail").map(Value::take));
    if let Some(detail) = detail {
        unmapped["detail"] = detail;
    }
    unmapped
}

fn message(entry: &Entry) -> String {
    let request = entry.body.request().map(|request| format!(" {request}")).unwrap_or_default();
    format!("{}{request} by {}", entry.body.word(), entry.actor.join(", "))
}

fn severity(entry: &Entry) -> (u32, &'static str) {
    match Weight::of(entry) {
        Weight::Routine => (1, "Informational"),
        Weight::Notable => (2, "Low"),
        Weight::Warning => (3, "Medium"),
        Weight::Alarm => (4, "High"),
    }
}

/// An actor, as `operator:<id>`, `job:<name>`, `uid:<n>` or `keeper`.
fn user(actor: &str) -> Value {
    let (kind, name) = actor.split_once(':').unwrap_or((actor, actor));
    let (type_id, kind) = match kind {
        "operator" => (1, "User"),
        "keeper" => (3, "System"),
        "job" => (99, "Job"),
        _ => (0, "Unknown"),
    };
    json!({ "name": name, "type": kind, "type_id": type_id, "uid": actor })
}

/// What one body is, in a log in which it has the number `seq`.
fn event(origin: &str, body: &Body, seq: u64) -> Event {
    match body {
        Body::Setup(founding) => life(INSTALL, Some(&founding.version)),
        Body::Started { version, .. } => life(START, Some(version)),
        Body::Stopped => life(STOP, None),
        Body::PassphraseFailed { operator } => logon_failed(origin, operator),
        Body::Deposited { credential, deposited } => {
            let generation = deposited.generation.number();
            let entity = json!({
                "name": credential, "type": "credential", "type_id": 99, "uid": credential, "version": generation.to_string()
            });
            entity_event(if generation == 1 { CREATE } else { UPDATE }, SUCCESS, entity)
        }
        Body::Requested { doc } => {
            let entity =
                json!({ "name": doc.subject.title(), "type": "request", "type_id": 99, "uid": doc.id });
            entity_event(CREATE, SUCCESS, entity).commented(doc.reason.as_str())
        }
        Body::Frozen { reason, .. } => {
            entity_event(SUSPEND, SUCCESS, whole("appliance", origin)).commented(reason.as_str())
        }
        Body::Refused { wanted, code, what } => {
            let mut refused = entity_event(
                other("Refuse"),
                FAILURE,
                json!({ "name": wanted, "type": "attempt", "type_id": 99 }),
            );
            refused.own.extend([("status_code", json!(code)), ("status_detail", json!(what))]);
            refused
        }
        Body::Checkpoint { .. } => entity_event(CREATE, SUCCESS, whole("checkpoint", &(seq + 1).to_string())),
        Body::Cosigned { size, .. } => entity_event(UPDATE, SUCCESS, whole("checkpoint", &size.to_string())),
        Body::Exported { .. } => entity_event(READ, SUCCESS, whole("log", origin)),
        Body::Approved { request, .. } => of_request(request, UPDATE, SUCCESS),
        Body::Armed { request, .. } => of_request(request, ACTIVATE, SUCCESS),
        Body::ArmFailed { request, why, .. } => of_request(request, ACTIVATE, FAILURE).because(why),
        Body::Denied { request, reason, .. } | Body::Revoked { request, reason, .. } => {
            of_request(request, DEACTIVATE, SUCCESS).commented(reason.as_str())
        }
        Body::Expired { request } => of_request(request, DEACTIVATE, SUCCESS),
        Body::Pulled { request, .. } | Body::Revealed { request, .. } => of_request(request, READ, SUCCESS),
        Body::PullReturned { request, why } => of_request(request, READ, FAILURE).because(why),
        Body::Delivered { request, delivered, .. } | Body::Shown { request, delivered, .. } => {
            let known = if *delivered == Delivery::Unknown { UNKNOWN } else { SUCCESS };
            of_request(request, other("Hand Over"), known)
        }
        Body::ChipSays { request, answer } => of_request(request, other("Probe"), SUCCESS).because(answer),
    }
}

fn life(activity: Activity, version: Option<&str>) -> Event {
    let mut app = json!({ "name": PRODUCT, "vendor_name": PRODUCT });
    if let Some(version) = version {
        app["version"] = version.into();
    }
    let own = vec![("app", app)];
    Event { class: Class::ApplicationLifecycle, activity, status: SUCCESS, own }
}

fn logon_failed(origin: &str, operator: &OperatorId) -> Event {
    let service = json!({ "name": PRODUCT, "uid": origin });
    let own = vec![
        ("is_remote", json!(false)),
        ("service", service),
        ("user", user(&format!("operator:{operator}"))),
    ];
    Event { class: Class::Authentication, activity: LOGON, status: FAILURE, own }
}

/// A thing that has one name only.
fn whole(kind: &str, name: &str) -> Value {
    json!({ "name": name, "type": kind, "type_id": 99, "uid": name })
}

fn of_request(request: &RequestId, activity: Activity, status: Status) -> Event {
    entity_event(activity, status, whole("request", request.as_str()))
}

fn entity_event(activity: Activity, status: Status, entity: Value) -> Event {
    Event { class: Class::EntityManagement, activity, status, own: vec![("entity", entity)] }
}

impl Event {
    /// The same, with what a person wrote of it.
    fn commented(mut self, comment: &str) -> Self {
        self.own.push(("comment", json!(comment)));
        self
    }

    /// The same, with what the appliance says of how it ended.
    fn because(mut self, detail: &str) -> Self {
        self.own.push(("status_detail", json!(detail)));
        self
    }
}
