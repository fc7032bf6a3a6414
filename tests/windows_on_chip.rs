//! A window that the running appliance armed is held by the chip: root, with stock tpm2-tools, the opened
//! store and the owner's authorisation, gets its data key inside the interval and at no other time.

mod common;

use common::appliance::{Appliance, copy_dir};
use common::people::owner_auth;
use common::tools::Tools;
use common::{appliance::refused, store};
use portcullis::crypto::envelope::{DataKey, Envelope, EnvelopeSubject};
use portcullis::demo::stage::{CREDENTIAL, SECRET};
use portcullis::domain::ids::{CredentialName, Generation};
use portcullis::domain::secret::Key32;
use portcullis::domain::wire::operator::WrappedRecord;
use portcullis::tpm::SealedWindow;
use rusqlite::Connection;

/// The window of a request, as the store of a stopped appliance has it.
fn window(store: &Connection, request: &str) -> SealedWindow {
    let sealed = store::blob(store, &format!("SELECT sealed FROM windows WHERE request = '{request}'"));
    serde_json::from_slice(&sealed).expect("a window")
}

/// What the envelope of the credential gives under a key that the chip gave.
fn open_envelope(store: &Connection, key: &[u8]) -> Option<Vec<u8>> {
    let record = store::blob(store, &format!("SELECT record FROM records WHERE name = '{CREDENTIAL}'"));
    let record: WrappedRecord = serde_json::from_slice(&record).expect("a record");
    let envelope: Envelope = serde_json::from_str(&record.envelope).expect("an envelope");
    let key = DataKey::from_key(Key32::take(&mut <[u8; 32]>::try_from(key).expect("32 bytes")));
    let credential = CredentialName::parse(CREDENTIAL).expect("a name");
    let subject =
        EnvelopeSubject { credential: &credential, generation: Generation::FIRST, kind: "password" };
    envelope.open(&key, &subject).ok().map(|plaintext| plaintext.expose().to_vec())
}

#[test]
fn root_opens_a_window_of_the_appliance_inside_its_interval_and_at_no_other_time() {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    let ahead = ["--opens", "+10m", "--for", "10m"];
    let ahead = appliance.arm("payroll", CREDENTIAL, &ahead).expect("armed");
    appliance.stop().expect("stops");
    let opened = store::open(appliance.home());
    let (auth, sealed) = (store::gate_auth(&opened), window(&opened, &ahead));
    let tools = Tools::new(store::chip(appliance.home()).tcti(), &appliance.prop("."));
    let (owner, bounds) = (owner_auth(&appliance), *sealed.bounds());
    let opens = |case: &str, sealed: &SealedWindow| {
        let key = tools.open_window(sealed, &auth).unwrap_or_else(|step| panic!("{case}: refused at {step}"));
        assert_eq!(
            open_envelope(&opened, &key).as_deref(),
            Some(SECRET),
            "{case}: the key opens the envelope"
        );
    };
    assert_eq!(tools.open_window(&sealed, &auth), Err("opens"), "before it");
    tools.set_clock(&owner, bounds.opens_ms);
    opens("inside", &sealed);
    assert!(!tools.force(sealed.key()), "inside, without its policy");
    tools.set_clock(&owner, bounds.closes_ms);
    assert_eq!(tools.open_window(&sealed, &auth), Err("closes"), "after it");
    assert!(!tools.force(sealed.key()), "after it, without its policy");
    assert_eq!(bounds.closes_ms - bounds.opens_ms, 600_000);
}

#[test]
fn root_opens_no_window_of_the_appliance_after_a_freeze_or_a_reset() {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    let frozen = appliance.arm("payroll", CREDENTIAL, &["--for", "20h"]).expect("armed");
    appliance.stop().expect("stops");
    copy_dir(&appliance.store(), &appliance.prop("kept"));
    let opened = store::open(appliance.home());
    let (auth, sealed) = (store::gate_auth(&opened), window(&opened, &frozen));
    let tools = Tools::new(store::chip(appliance.home()).tcti(), &appliance.prop("."));
    let key = tools.open_window(&sealed, &auth).expect("armed");
    assert_eq!(open_envelope(&opened, &key).as_deref(), Some(SECRET));
    opened.close().expect("closed");

    appliance.serve().expect("serves");
    appliance.does("bob", &["freeze", "--reason", "a leak was reported"]).expect("frozen");
    assert_eq!(tools.open_window(&sealed, &auth), Err("gate"), "after a freeze");
    assert!(!tools.force(sealed.key()), "after a freeze, without its policy");

    let thaw = appliance.does("alice", &["thaw", "--reason", "a drill", "--ticket", "INC-1"]).expect("asked");
    let thaw = appliance.request_id(&thaw).expect("an id");
    appliance.approve_by(&["bob", "carol"], &thaw).expect("thawed");
    assert_eq!(tools.open_window(&sealed, &auth), Err("gate"), "a thaw opens nothing again");
    appliance.deposit(CREDENTIAL, SECRET, &["--next"]).expect("deposited");
    let reset = appliance.arm("payroll", CREDENTIAL, &["--for", "20h"]).expect("armed");
    appliance.stop().expect("stops");
    let sealed = window(&store::open(appliance.home()), &reset);
    tools.open_window(&sealed, &auth).expect("armed");
    appliance
        .run(None, ["softtpm", "reset"], b"")
        .and_then(|done| done.expect(0, "the reset"))
        .expect("reset");
    assert_eq!(tools.open_window(&sealed, &auth), Err("resets"), "after a reset");
    assert!(!tools.force(sealed.key()), "after a reset, without its policy");
    appliance.serve().expect("serves");
    refused(&appliance.pull("payroll", CREDENTIAL).expect("pulls"), 3, "the appliance says so too");
}
