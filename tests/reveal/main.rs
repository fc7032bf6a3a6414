//! The exception: a person is shown a credential, once, over the channel that only their key opens; the same
//! record and the same chip as for a job, and a rotation that cannot be put off.

#[path = "../common/mod.rs"]
mod common;
mod refused;

use common::people::key_of;
use common::rig::{CREDENTIAL, Rig};
use common::tap::{NV_INCREMENT, NV_WRITE, POLICY_COUNTER_TIMER, POLICY_NV, POLICY_PCR, UNSEAL};
use portcullis::demo::stage::SECRET;
use portcullis::desk::client::Client;
use portcullis::desk::error::DeskError;
use portcullis::desk::reveal::{Shown, request_reveal, reveal};
use portcullis::domain::credential::ROTATE_WHEN_SEEN;
use portcullis::domain::home::Home;
use portcullis::domain::ids::{CredentialName, Generation, RequestId};
use portcullis::domain::secret::Plaintext;
use portcullis::domain::text::Text;
use portcullis::domain::wire::operator::{Ask, CredentialView, Refused, Reply, Standing};

/// The codes that the chip is asked for conditions with.
const CONDITIONS: [u32; 3] = [POLICY_PCR, POLICY_COUNTER_TIMER, POLICY_NV];

fn connect(rig: &Rig, person: &str) -> Client {
    let socket = Home::at(rig.stage.home()).operator_socket();
    Client::connect(&socket, &key_of(&rig.stage, person)).expect("connected")
}

/// Has alice ask with the command line, and bob and carol agree.
fn armed(rig: &Rig, credential: &str, options: &[&str]) -> String {
    let ask = ["request", credential, "--reveal", "--reason", "console by hand", "--ticket", "INC-4712"];
    let asked = rig.stage.does("alice", &[&ask[..], options].concat()).expect("asked");
    let request = rig.stage.request_id(&asked).expect("a request");
    rig.stage.approve_by(&["bob", "carol"], &request).expect("approved");
    request
}

fn id(request: &str) -> RequestId {
    RequestId::parse(request).expect("an id")
}

/// Asks as `person` to be shown what the request is about.
fn look(rig: &Rig, person: &str, request: &str) -> Result<Shown, DeskError> {
    reveal(&mut connect(rig, person), &id(request))
}

fn refusal(outcome: Result<Shown, DeskError>) -> Refused {
    match outcome {
        Err(DeskError::Refused(refused)) => refused,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("somebody was shown it"),
    }
}

fn view(rig: &Rig, credential: &str) -> CredentialView {
    let name = CredentialName::parse(credential).expect("a name");
    match connect(rig, "bob").ask(&Ask::Credential { name }) {
        Ok(Reply::Credential(view)) => *view,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_asked_is_shown_it_once_recorded_before_the_chip_is_asked_and_it_must_be_rotated() {
    let rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, SECRET, &[]).expect("deposited");
    let before = view(&rig, CREDENTIAL);
    assert_eq!((before.standing, before.seen.len()), (Standing::Ok, 0));
    let request = armed(&rig, CREDENTIAL, &[]);
    rig.tap.take_codes();
    let shown = look(&rig, "alice", &request).expect("shown");
    let codes = rig.tap.take_codes();
    assert_eq!((shown.credential.as_str(), shown.generation), (CREDENTIAL, Generation::FIRST));
    assert!(shown.plaintext.expose() == SECRET, "what was deposited");
    let place = |wanted: u32| codes.iter().position(|code| *code == wanted).expect("it was sent");
    let asked = codes.iter().position(|code| CONDITIONS.contains(code)).expect("conditions");
    assert!(place(NV_WRITE) < place(NV_INCREMENT) && place(NV_INCREMENT) < asked, "{codes:x?}");
    assert!(asked < place(UNSEAL), "{codes:x?}");
    let entry = rig.wait_for_entry("shown", &request);
    assert_eq!(entry["detail"]["delivered"], "acknowledged");
    let entry = rig.wait_for_entry("revealed", &request);
    assert_eq!(entry["detail"]["operator"], "alice");

    let after = view(&rig, CREDENTIAL);
    assert_eq!(after.standing, Standing::Due);
    let seen = &after.seen[0];
    assert_eq!(
        (seen.operator.as_str(), seen.generation, seen.request.as_str()),
        ("alice", Generation::FIRST, &*request)
    );
    assert_eq!(after.rotate_by, seen.at.plus(ROTATE_WHEN_SEEN));
    for (args, word) in [(vec!["show", CREDENTIAL], "by alice"), (vec!["list"], "DUE")] {
        let said = rig.stage.does("bob", &args).expect("said").text();
        assert!(said.contains(word) && said.contains("alice"), "{said}");
    }

    rig.stage.deposit(CREDENTIAL, b"another one", &["--next"]).expect("rotated");
    let rotated = view(&rig, CREDENTIAL);
    assert_eq!((rotated.standing, rotated.rotate_by), (Standing::Ok, rotated.current.rotate_by()));
    assert_eq!(rotated.seen, after.seen, "it is still said who saw what");
}

#[test]
fn a_console_may_ask_as_well_and_another_quorum_shows_the_largest_credential_again() {
    let rig = Rig::serving(&[CREDENTIAL]);
    let largest: Vec<u8> = (0..=u8::MAX).cycle().take(Plaintext::LEN_MAX).collect();
    rig.stage.deposit(CREDENTIAL, &largest, &[]).expect("deposited");
    for _ in 0..2 {
        let text = |words: &str| Text::parse(words).expect("a text");
        let name = CredentialName::parse(CREDENTIAL).expect("a name");
        let why = (text("by hand"), text("INC-1"));
        let made = request_reveal(&mut connect(&rig, "alice"), name, None, why).expect("asked");
        assert_eq!((made.doc.subject.kind(), made.need), ("reveal", 2));
        rig.stage.approve_by(&["bob", "carol"], made.doc.id.as_str()).expect("approved");
        let shown = look(&rig, "alice", made.doc.id.as_str()).expect("shown");
        assert!(shown.plaintext.expose() == largest, "{} bytes", shown.plaintext.expose().len());
    }
    assert_eq!(view(&rig, CREDENTIAL).seen.len(), 2);
}

#[test]
fn what_was_sent_and_never_acknowledged_stays_spent_and_is_said_to_be_unknown() {
    let mut rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, SECRET, &[]).expect("deposited");
    let request = armed(&rig, CREDENTIAL, &[]);
    let mut client = connect(&rig, "alice");
    let reply = client.ask(&Ask::Reveal { id: id(&request) }).expect("shown");
    assert!(matches!(reply, Reply::Revealed { .. }), "{reply:?}");
    drop(client);
    assert_eq!(rig.wait_for_entry("shown", &request)["detail"]["delivered"], "unknown");
    assert_eq!(refusal(look(&rig, "alice", &request)).code, "ended");

    // The same when it is the daemon that goes.
    let request = armed(&rig, CREDENTIAL, &[]);
    let mut client = connect(&rig, "alice");
    drop(client.ask(&Ask::Reveal { id: id(&request) }).expect("shown"));
    rig.stage.kill();
    rig.stage.serve().expect("serving");
    assert_eq!(rig.wait_for_entry("shown", &request)["detail"]["delivered"], "unknown");
    assert_eq!(refusal(look(&rig, "alice", &request)).code, "ended");
    assert_eq!(view(&rig, CREDENTIAL).seen.len(), 2);
}
