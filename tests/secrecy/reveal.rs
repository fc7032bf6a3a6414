//! A credential that a person was shown is nowhere but with that person.

use portcullis::desk::client::Client;
use portcullis::desk::reveal::reveal;
use portcullis::domain::home::Home;
use portcullis::domain::ids::RequestId;

use crate::common::people::key_of;
use crate::common::rig::{CREDENTIAL, Rig};
use crate::keys::Keys;
use crate::memory::Memory;
use crate::places::files;
use crate::{both, needles};

#[test]
fn a_credential_that_a_person_was_shown_is_in_no_memory_no_file_and_on_no_wire_afterwards() {
    let secret = crate::secret();
    let mut rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, &secret, &[]).expect("deposited");
    let ask = ["request", CREDENTIAL, "--reveal", "--reason", "console by hand", "--ticket", "INC-4712"];
    let asked = rig.stage.does("alice", &ask).expect("asked");
    let request = rig.stage.request_id(&asked).expect("a request");
    rig.stage.approve_by(&["bob", "carol"], &request).expect("approved");
    let mut seen = Vec::from(both(&rig, "while the window waits"));
    let socket = Home::at(rig.stage.home()).operator_socket();
    let mut client = Client::connect(&socket, &key_of(&rig.stage, "alice")).expect("connected");
    let shown = reveal(&mut client, &RequestId::parse(&request).expect("an id")).expect("shown");
    assert!(shown.plaintext.expose() == secret, "it is shown");
    // The connection is still open, and what holds its state in the keeper with it.
    seen.extend(both(&rig, "after the showing"));
    let printed = format!("{shown:?} {client:?}");
    rig.wait_for_entry("shown", &request);
    let live = files(rig.stage.home());
    drop((client, shown));
    seen.extend(both(&rig, "after the person has left"));
    rig.stage.stop().expect("stopped");

    let keys = Keys::learn(rig.stage.home(), &rig.chip.tpm().tcti(), CREDENTIAL);
    let needles = needles(&secret, &keys);
    let mut found: Vec<String> = seen.iter().flat_map(|memory: &Memory| memory.find(&needles)).collect();
    found.extend(needles.find("what went to the chip and back", &rig.tap.bytes()));
    found.extend(needles.find("what is printed for debugging", printed.as_bytes()));
    for (path, bytes) in live.iter().chain(&files(rig.stage.home())) {
        // What set-up was told to read the words from is not the appliance's.
        if !path.ends_with(".passphrase") {
            found.extend(needles.find(path, bytes));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
