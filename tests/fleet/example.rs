//! The two appliances of the document, and what they did in two weeks.

use std::collections::BTreeMap;

use portcullis::domain::audit::entry::{Body, Delivery, Entry};
use portcullis::domain::audit::tree::Tree;
use portcullis::domain::request::doc::{ReleaseWindow, RequestDoc, Requester, Subject};
use portcullis::domain::time::Timestamp;

use crate::samples::{
    approved, armed, arming, credential, deposited, digest, doc, entry, generation, job, operator, pulled,
    refused, release, request, samples, text,
};

/// A log that grows: entries at moments, like `1120 08:06` of the year 2026.
#[derive(Default)]
struct Log(Vec<Entry>);

fn at(moment: &str) -> u64 {
    let (day, time) = moment.split_once(' ').expect("a day and a time");
    let (month, day) = day.split_at(2);
    Timestamp::parse(&format!("2026-{month}-{day}T{time}Z")).expect("a moment").ms()
}

impl Log {
    fn add(&mut self, moment: &str, actor: &str, body: Body) {
        let seq = self.0.len().try_into().expect("a small number");
        self.0.push(entry(seq, at(moment), actor, body));
    }

    fn ask(&mut self, moment: &str, doc: RequestDoc) {
        let actor = doc.requester.to_string();
        self.add(moment, &actor, Body::Requested { doc: Box::new(doc) });
    }

    fn approve(&mut self, moment: &str, id: &str, people: &[&str], window: Option<ReleaseWindow>) {
        for person in people {
            self.add(moment, &format!("operator:{person}"), approved(id, person, window));
        }
    }

    fn checkpoint(&mut self, moment: &str) {
        self.add(moment, "keeper", Body::Checkpoint { request: None, previous: None });
    }

    /// A request of a job that is granted and pulled once.
    fn release(&mut self, day: &str, id: &str, (name, number): (&str, u32), people: &[&str]) {
        let moment = |minute: u32| format!("{day}:{minute:02}");
        let mut asked = doc(id, release(name, number, "payroll"), Requester::Job(job("payroll")));
        asked.on_behalf_of = Some(operator("carol"));
        self.ask(&moment(3), asked);
        self.approve(&moment(5), id, people, Some(arming()));
        self.add(&moment(5), "keeper", armed(id));
        self.add(&moment(6), "job:payroll", pulled(id, "payroll", true));
        let (request, job) = (request(id), job("payroll"));
        self.add(&moment(6), "keeper", Body::Delivered { request, job, delivered: Delivery::Acknowledged });
    }
}

fn started() -> Body {
    let (voided, ended) = (BTreeMap::new(), Vec::new());
    Body::Started { voided, ended, version: "0.1.0".to_owned(), program: digest('d') }
}

fn set_up() -> Body {
    samples().swap_remove(0).body
}

/// The log of `example.org/mill`: a rotation after a release, and a credential that a person has seen.
pub fn mill() -> Vec<Entry> {
    let mut log = Log::default();
    log.add("1120 08:00", "operator:alice", set_up());
    log.add("1120 08:01", "keeper", started());
    log.add(
        "1120 08:02",
        "operator:carol",
        deposited("racf/prod01", 1, at("1120 08:02"), (90, "2027-06-30")),
    );
    log.add("1120 08:02", "operator:carol", deposited("db2", 1, at("1120 08:02"), (90, "2027-06-30")));
    log.release("1120 08", "7K2M", ("racf/prod01", 1), &["alice", "bob"]);
    let subject =
        Subject::Reveal { credential: credential("db2"), generation: generation(1), window: arming() };
    log.ask("1120 09:00", doc("8A00", subject, Requester::Operator(operator("carol"))));
    log.approve("1120 09:05", "8A00", &["alice", "bob"], Some(arming()));
    log.add("1120 09:05", "keeper", armed("8A00"));
    let (request, operator) = (request("8A00"), operator("carol"));
    log.add(
        "1120 09:06",
        "operator:carol",
        Body::Revealed { request: request.clone(), operator: operator.clone() },
    );
    let delivered = Delivery::Acknowledged;
    log.add("1120 09:07", "keeper", Body::Shown { request, operator, delivered });
    log.checkpoint("1121 08:00");
    log.add(
        "1122 10:00",
        "operator:carol",
        deposited("racf/prod01", 2, at("1122 10:00"), (90, "2027-06-30")),
    );
    for moment in ["1123 02:00", "1123 02:01"] {
        let what = "\"batch\" is not \\ known: C:\\batch, \u{e9}";
        log.add(moment, "uid:1000", refused("job batch pulls db2", "unknown-job", what));
    }
    log.checkpoint("1201 08:00");
    log.0
}

/// The log of `example.org/quay`: approvals that a restart voided, a pull that was given back, and an end.
pub fn quay() -> Vec<Entry> {
    let mut log = Log::default();
    log.add("1120 08:00", "operator:alice", set_up());
    log.add("1120 08:01", "keeper", started());
    log.add("1120 08:02", "operator:alice", deposited("vpn/psk", 1, at("1120 08:02"), (10, "2026-11-30")));
    log.add("1120 08:02", "operator:alice", deposited("pos/7", 1, at("1120 08:02"), (20, "2027-06-30")));
    log.release("1121 10", "0QV5", ("vpn/psk", 1), &["bob", "carol-2"]);
    log.ask("1121 11:00", doc("1111", release("pos/7", 1, "till"), Requester::Operator(operator("alice"))));
    log.approve("1121 11:01", "1111", &["bob"], Some(arming()));
    let voided = BTreeMap::from([(request("1111"), "0".repeat(32))]);
    let (version, program) = ("0.1.0".to_owned(), digest('d'));
    log.add("1121 11:02", "keeper", Body::Started { voided, ended: Vec::new(), version, program });
    log.approve("1121 11:03", "1111", &["carol-2", "bob"], Some(arming()));
    log.add("1121 11:03", "keeper", armed("1111"));
    log.add("1121 11:04", "job:till", pulled("1111", "till", false));
    let why = "the record was not read".to_owned();
    log.add("1121 11:04", "keeper", Body::PullReturned { request: request("1111"), why });
    log.add("1121 11:05", "uid:0", Body::PassphraseFailed { operator: operator("bob") });
    let asked = |id| doc(id, release("pos/7", 1, "till"), Requester::Operator(operator("alice")));
    log.ask("1121 12:00", asked("2222"));
    let (denied, reason) = (request("2222"), text("not before the audit"));
    log.add(
        "1121 12:10",
        "operator:bob",
        Body::Denied { request: denied, operator: operator("bob"), reason },
    );
    log.checkpoint("1122 08:00");
    log.ask("1122 09:00", asked("3333"));
    log.add("1122 09:30", "keeper", Body::Expired { request: request("3333") });
    log.checkpoint("1123 08:00");
    log.0
}

/// The members of a bundle that the document reads: the checkpoint and the entries from `from` to before `to`.
pub fn members(origin: &str, log: &[Entry], from: usize, to: usize) -> (String, Vec<u8>) {
    let leaves: Vec<Vec<u8>> = log[..to].iter().map(|entry| entry.to_leaf().expect("a leaf")).collect();
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.append(leaf));
    let root = hex::decode(tree.root().to_string()).expect("hex");
    let root = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, root);
    let note = format!("{origin}\n{to}\n{root}\n\n\u{2014} {origin} AAAA\n");
    let lines = leaves[from..].iter().flat_map(|leaf| [leaf.as_slice(), b"\n"].concat());
    (note, lines.collect())
}
