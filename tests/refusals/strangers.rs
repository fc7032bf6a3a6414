//! What people are refused, and what the chip hears of it.

use portcullis::crypto::key_file::{KdfCost, KeyFile};
use portcullis::crypto::operator_key::OperatorKey;
use portcullis::demo::stage::{SECRET, Stage, passphrase};
use portcullis::domain::ids::OperatorId;
use portcullis::domain::secret::Passphrase;
use rand_core::OsRng;
use zeroize::Zeroizing;

use crate::common::rig::{CREDENTIAL, JOB, Rig};

/// Somebody makes a key file of their own that points at this appliance.
fn stranger(stage: &Stage) -> String {
    let known = std::fs::read_to_string(stage.home().join("operators/bob.pcop")).expect("a key file");
    let pin = KeyFile::parse(&known).expect("it reads").keeper().expect("a keeper");
    let words = Passphrase::new(Zeroizing::new(passphrase("mallory")));
    let key = OperatorKey::generate(OperatorId::parse("mallory").expect("an id"), &mut OsRng);
    let file = KeyFile::seal(&key, &words, KdfCost::Standard, &mut OsRng);
    let file = file.and_then(|file| file.with_keeper(pin, &words, &mut OsRng)).expect("sealed");
    let path = stage.prop("mallory.pcop");
    std::fs::write(&path, file.to_text()).expect("written");
    path.display().to_string()
}

#[test]
fn what_people_are_refused_never_reaches_the_chip() {
    let rig = Rig::serving(&[CREDENTIAL]);
    rig.stage.deposit(CREDENTIAL, SECRET, &[]).expect("deposited");
    let ask = ["request", CREDENTIAL, "--job", JOB, "--reason", "night batch", "--ticket", "INC-4711"];
    let asked = rig.stage.does("alice", &ask).expect("asked");
    let id = rig.stage.request_id(&asked).expect("a request");
    let key = stranger(&rig.stage);
    let yes = ["approve", &id, "--id-again", &id];
    rig.stage.approve_by(&["carol"], &id).expect("approved");
    let refused = [
        ("a stranger", "mallory", [&["--key", &key][..], &yes].concat()),
        ("who asked and deposited", "alice", [&["--operator", "alice"][..], &yes].concat()),
        ("who approved already", "carol", [&["--operator", "carol"][..], &yes].concat()),
        (
            "a request that is not there",
            "carol",
            vec!["--operator", "carol", "revoke", "ZZZZ", "--reason", "no"],
        ),
        (
            "a thaw of what is not frozen",
            "carol",
            vec!["--operator", "carol", "thaw", "--reason", "no", "--ticket", "1"],
        ),
    ];
    for (name, person, args) in refused {
        rig.tap.take_codes();
        let output = rig.stage.run_with_passphrase(&passphrase(person), &args).expect("run");
        assert_eq!(output.code, 3, "{name}: {}", output.said());
        let codes = rig.tap.take_codes();
        // An approval makes the keeper look at the chip's clock, and that is all.
        let wrong: Vec<_> = codes.iter().filter(|code| !CLOCK.contains(code)).collect();
        assert!(wrong.is_empty(), "{name}: {codes:x?}");
    }
}

/// TPM2_StartAuthSession, TPM2_GetTime, TPM2_FlushContext.
const CLOCK: [u32; 3] = [0x0176, 0x014c, 0x0165];
