//! Where no secret may turn up: memory, the chip's wire, files, arguments, environments, dumps and words.

#[path = "../common/mod.rs"]
mod common;
mod dumps;
mod keys;
mod listener;
mod memory;
mod places;
mod reveal;
mod search;

use common::rig::{CREDENTIAL, JOB, Rig};
use keys::Keys;
use memory::Memory;
use portcullis::demo::stage::{PEOPLE, passphrase};
use search::Needles;

/// A credential that nothing else looks like.
pub fn secret() -> Vec<u8> {
    use rand_core::RngCore as _;
    let printable = || char::from(b'!' + u8::try_from(rand_core::OsRng.next_u32() % 94).expect("below 94"));
    (0..64).map(|_| printable()).collect::<String>().into_bytes()
}

/// What opens a credential, and what the people type.
fn needles(secret: &[u8], keys: &Keys) -> Needles {
    let mut needles = Needles::new().random("the credential", secret);
    for (name, key) in [("T", &keys.t), ("Q", &keys.q), ("the data key", &keys.data)] {
        needles = needles.random(name, key.expose());
    }
    for (person, share) in &keys.shares {
        needles = needles.random(&format!("the share of {person}"), share);
    }
    for person in PEOPLE {
        needles = needles.words(&format!("the passphrase of {person}"), &passphrase(person));
    }
    needles
}

/// Both processes of the daemon as they are now.
fn both(rig: &Rig, when: &str) -> [Memory; 2] {
    let of = |who: &str, pid| Memory::of(&format!("{who} {when}"), pid);
    [of("the keeper", rig.keeper()), of("the listener", rig.listener())]
}

#[test]
fn nothing_that_could_decrypt_is_in_memory_but_the_shares_that_are_being_collected() {
    let secret = secret();
    let mut rig = Rig::serving(&[CREDENTIAL]);
    let mut seen = Vec::from(both(&rig, "before the deposit"));
    rig.stage.deposit(CREDENTIAL, &secret, &[]).expect("deposited");
    seen.extend(both(&rig, "after the deposit"));
    let asked = ["request", CREDENTIAL, "--job", JOB, "--reason", "night batch", "--ticket", "INC-4711"];
    let asked = rig.stage.does("alice", &asked).expect("asked");
    let request = rig.stage.request_id(&asked).expect("a request");
    rig.stage.approve_by(&["bob"], &request).expect("approved");
    let collecting = Memory::of("the keeper with one share", rig.keeper());
    rig.stage.approve_by(&["carol"], &request).expect("approved");
    seen.extend(both(&rig, "while the window waits"));
    let pulled = rig.stage.pull(JOB, CREDENTIAL).expect("pulled");
    assert_eq!((pulled.code, &pulled.stdout), (0, &secret), "{}", pulled.stderr);
    rig.wait_for_entry("delivered", &request);
    seen.extend(both(&rig, "after the delivery"));
    rig.stage.stop().expect("stopped");

    let keys = Keys::learn(rig.stage.home(), &rig.chip.tpm().tcti(), CREDENTIAL);
    let wire = rig.tap.bytes();
    let needles = needles(&secret, &keys);
    let mut found: Vec<String> = seen.iter().flat_map(|memory| memory.find(&needles)).collect();
    found.extend(needles.find("what went to the chip and back", &wire));
    let on_the_wire = Needles::new().random("the store key", keys.store.expose());
    found.extend(on_the_wire.find("what went to the chip and back", &wire));
    assert!(found.is_empty(), "{}", found.join("\n"));
    // The same eyes do see what is there for a while: the share of the first who approves, and no other.
    let collected = collecting.find(&needles);
    let is_bobs = |found: &String| found.starts_with("the share of bob");
    assert!(!collected.is_empty() && collected.iter().all(is_bobs), "{}", collected.join("\n"));
    assert!(wire.len() > 10_000, "the tap heard {} bytes", wire.len());
}
