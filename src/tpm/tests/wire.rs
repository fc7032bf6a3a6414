//! What somebody on the wire sees.

use super::rig::{Blank, Rig, auths, hierarchies, key, pull};
use super::tap::{Tap, UNSEAL};
use crate::domain::request::permit::tests::arm_permit;
use crate::domain::time::ChipBoot;
use crate::tpm::{Chip, PcrSelection, SealedWindow, WindowBounds, provision};

/// Always open, in the first boot with the gate where set-up leaves it.
fn open_bounds(chip: &Chip) -> WindowBounds {
    let gate = chip.gate(&auths()).expect("a gate");
    WindowBounds {
        opens_ms: 0,
        closes_ms: 86_400_000,
        boot: ChipBoot { reset_count: 1, restart_count: 0 },
        gate,
    }
}

#[test]
fn p16_p18_no_key_and_no_authorisation_is_ever_seen_on_the_wire() {
    let blank = Blank::new();
    let tap = Tap::on(&blank.tpm.tpm().tcti());
    let (auths, hierarchies) = (auths(), hierarchies());
    let pins = provision(&tap.tcti(), &PcrSelection::DEFAULT, &hierarchies, &auths).expect("provisioned");
    let chip = Chip::new(tap.tcti(), pins);
    let (store, half) = (chip.seal(&key("store")).expect("sealed"), chip.seal(&key("half")).expect("sealed"));
    chip.open_store(&store).expect("opened");
    chip.open_half(&half, arm_permit()).expect("opened");
    let window = chip.seal_window(&key("data"), &open_bounds(&chip)).expect("sealed");
    pull(&chip, &auths, &window).expect("opened");
    chip.anchor(&auths, key("head").expose()).expect("anchored");
    chip.anchor_head(&auths, key("head").expose()).expect("anchored");
    chip.anchor_read(&auths).expect("read");
    chip.close_gate(&auths).expect("closed");
    assert!(tap.saw(chip.pins().pcr_digest()), "the tap works: this is public");
    assert!(tap.saw(store.public_bytes().as_slice()), "the tap works: this is public");
    let cases = [
        ("the store key", &key("store")),
        ("the half key", &key("half")),
        ("the data key", &key("data")),
        ("the owner authorisation", &hierarchies.owner),
        ("the lockout authorisation", &hierarchies.lockout),
        ("the gate authorisation", &auths.gate),
        ("the epoch authorisation", &auths.epoch),
        ("the head authorisation", &auths.head),
        ("the anchored head", &key("head")),
    ];
    for (name, secret) in cases {
        assert!(!tap.saw(secret.expose()), "{name}");
        assert!(!tap.saw(&secret.expose()[..8]) && !tap.saw(&secret.expose()[24..]), "a part of {name}");
    }
}

#[test]
fn for_every_refusal_the_chip_has_seen_no_unseal() {
    type Spoil = fn(&mut Rig, &SealedWindow);
    let cases: [(&str, u64, Spoil); 6] = [
        ("before the opening", 600_000, |_, _| {}),
        ("after the closing", 0, |rig, window| rig.set_clock(window.bounds().closes_ms)),
        ("another boot", 0, |rig, _| rig.tpm().power_cycle().expect("comes back")),
        ("a closed gate", 0, |rig, _| assert!(rig.chip.close_gate(&auths()).is_ok())),
        ("other PCRs", 0, |rig, _| rig.tpm().extend(2).expect("extended")),
        ("another gate", 0, |rig, _| {
            let owner = format!("hex:{}", hex::encode(hierarchies().owner.expose()));
            rig.tool("tpm2_nvundefine", &["-C", "o", "-P", &owner, "0x018070c1"]);
        }),
    ];
    for (name, opens, spoil) in cases {
        let mut rig = Rig::new();
        let tap = Tap::on(rig.chip.tcti());
        let chip = Chip::new(tap.tcti(), rig.chip.pins().clone());
        let window = chip.seal_window(&key("data"), &rig.bounds(opens, 1_200_000)).expect("sealed");
        let store = chip.seal(&key("store")).expect("sealed");
        spoil(&mut rig, &window);
        tap.take_codes();
        assert!(pull(&chip, &auths(), &window).is_err(), "{name}");
        if name == "other PCRs" {
            assert!(chip.open_store(&store).is_err() && chip.open_half(&store, arm_permit()).is_err());
        }
        let codes = tap.take_codes();
        assert!(!codes.is_empty() && !codes.contains(&UNSEAL), "{name}: {codes:x?}");
    }
}

#[test]
fn probing_an_open_window_asks_for_no_unseal() {
    let rig = Rig::new();
    let tap = Tap::on(rig.chip.tcti());
    let chip = Chip::new(tap.tcti(), rig.chip.pins().clone());
    let window = chip.seal_window(&key("data"), &open_bounds(&chip)).expect("sealed");
    tap.take_codes();
    chip.probe_window(&auths(), &window).expect("open");
    assert!(!tap.take_codes().contains(&UNSEAL));
    pull(&chip, &auths(), &window).expect("opened");
    assert!(tap.take_codes().contains(&UNSEAL));
}

#[test]
fn a_pull_asks_the_chip_for_nothing_that_it_does_not_need() {
    let rig = Rig::new();
    let tap = Tap::on(rig.chip.tcti());
    let chip = Chip::new(tap.tcti(), rig.chip.pins().clone());
    let window = chip.seal_window(&key("data"), &open_bounds(&chip)).expect("sealed");
    tap.take_codes();
    pull(&chip, &auths(), &window).expect("opened");
    let (start, nv_write, nv_increment) = (0x0176, 0x0137, 0x0134);
    let (pcr, timer, nv, load, flush) = (0x017f, 0x016d, 0x0149, 0x0157, 0x0165);
    let needed = [
        start,
        nv_write,
        nv_increment, // the anchor
        start,
        pcr,
        timer,
        timer,
        timer,
        timer,
        nv,
        load,
        UNSEAL,
        flush,
    ];
    assert_eq!(tap.take_codes(), needed);
}
