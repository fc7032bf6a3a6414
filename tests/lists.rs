//! What the lists of a whole appliance say: every row, once and in order, and which job was handed what.

mod common;

use std::collections::BTreeSet;

use common::appliance::{Appliance, released};
use portcullis::crypto::channel::MESSAGE_LEN_MAX;
use portcullis::demo::stage::{CREDENTIAL, passphrase};
use portcullis::desk::client::Client;
use portcullis::desk::key::open_key_file;
use portcullis::desk::lists;
use portcullis::domain::ids::{CredentialName, JobName};
use portcullis::domain::request::doc::ReleaseWindow;
use portcullis::domain::secret::Passphrase;
use portcullis::domain::text::Text;
use portcullis::domain::wire::operator::{Ask, Reply, RequestView};

fn client(appliance: &Appliance, person: &str) -> Client {
    let words = Passphrase::new(zeroize::Zeroizing::new(passphrase(person)));
    let file = appliance.home().join(format!("operators/{person}.pcop"));
    let key = open_key_file(&file, &words).expect("a key");
    Client::connect(&appliance.home().join("run/operator.sock"), &key).expect("a channel")
}

fn text(words: &str) -> Text {
    Text::parse(words).expect("a text")
}

#[test]
fn more_requests_than_fit_a_message_are_all_listed_once_and_newest_first() {
    const COUNT: usize = 300;
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    let mut alice = client(&appliance, "alice");
    for _ in 0..COUNT {
        let ask = Ask::RequestRelease {
            credential: CredentialName::parse(CREDENTIAL).expect("a name"),
            job: JobName::parse("payroll").expect("a name"),
            window: ReleaseWindow::FromArming { length_ms: ReleaseWindow::LENGTH_DEFAULT },
            pulls: 1,
            reason: text(&"\u{20ac}".repeat(Text::CHARS_MAX)),
            ticket: text("INC-1"),
        };
        let made = alice.ask(&ask).expect("it may be asked for");
        assert!(matches!(made, Reply::Done { .. }), "{made:?}");
    }
    let mut counts = Vec::new();
    let live: Vec<RequestView> =
        lists::requests(&mut alice, false, |count| counts.push(count)).expect("a list");
    let bytes = serde_json::to_vec(&live).expect("JSON").len();
    assert!(bytes > MESSAGE_LEN_MAX && counts.len() > 1, "{bytes} bytes in {} pages", counts.len());
    let ids: BTreeSet<_> = live.iter().map(|view| &view.doc.id).collect();
    assert_eq!((live.len(), ids.len(), counts.last()), (COUNT, COUNT, Some(&COUNT)));
    assert!(live.is_sorted_by(|a, b| a.doc.made >= b.doc.made), "newest first");
}

#[test]
fn which_job_was_handed_which_value_outlives_a_restart() {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    let ask = ["request", CREDENTIAL, "--job", "payroll", "--reason", "r", "--ticket", "T", "--pulls", "3"];
    let request = appliance.does("alice", &ask).expect("asked");
    let request = appliance.request_id(&request).expect("an id");
    appliance.approve_by(&["bob", "carol"], &request).expect("approved");
    for _ in 0..2 {
        released(&appliance.pull("payroll", CREDENTIAL).expect("it runs"), "a pull");
    }
    for moment in ["at once", "after a restart"] {
        let mut bob = client(&appliance, "bob");
        let credentials = lists::credentials(&mut bob, |_| {}).expect("a list");
        let handed: Vec<_> =
            credentials[0].handed.iter().map(|s| (s.generation.number(), s.job.as_str(), s.count)).collect();
        assert_eq!(handed, [(1, "payroll", 2)], "{moment}");
        let clients = lists::clients(&mut bob, |_| {}).expect("a list");
        let last = clients[0].last_pull.as_ref().map(|(at, name)| (*at, name.as_str()));
        assert_eq!(last, Some((credentials[0].handed[0].last, CREDENTIAL)), "{moment}");
        appliance.stop().expect("stops");
        appliance.serve().expect("serves");
    }
}
