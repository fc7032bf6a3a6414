//! The gate, the epoch, the head and the clock.

use std::sync::Arc;

use super::rig::{Blank, Rig, key};
use crate::domain::secret::Key32;
use crate::tpm::{Anchor, Chip, Hierarchies, NvAuths, PcrSelection, provision};

#[test]
fn an_anchor_writes_the_head_and_advances_the_epoch_by_one() {
    let mut rig = Rig::new();
    let base = rig.chip.anchor_read(&rig.auths).expect("read");
    assert_eq!(base.head, [0; 32], "after set-up");
    let heads = ["one", "two", "three"].map(|name| *key(name).expose());
    for (head, epoch) in heads.iter().zip(base.epoch + 1..) {
        rig.chip.anchor(&rig.auths, head).expect("anchored");
        assert_eq!(rig.chip.anchor_read(&rig.auths), Ok(Anchor { epoch, head: *head }));
    }
    rig.tpm().power_loss().expect("comes back");
    let last = Anchor { epoch: base.epoch + 3, head: heads[2] };
    assert_eq!(rig.chip.anchor_read(&rig.auths), Ok(last), "after a loss of power");
}

#[test]
fn the_two_parts_of_an_anchor_can_be_finished_one_by_one() {
    let rig = Rig::new();
    let base = rig.chip.anchor_read(&rig.auths).expect("read");
    let head = *key("head").expose();
    rig.chip.anchor_head(&rig.auths, &head).expect("written");
    assert_eq!(rig.chip.anchor_read(&rig.auths), Ok(Anchor { epoch: base.epoch, head }));
    assert_eq!(rig.chip.anchor_epoch(&rig.auths), Ok(base.epoch + 1));
    assert_eq!(rig.chip.anchor_read(&rig.auths), Ok(Anchor { epoch: base.epoch + 1, head }));
}

#[test]
fn the_gate_counts_only_when_it_is_closed() {
    let mut rig = Rig::new();
    let base = rig.chip.gate(&rig.auths).expect("read");
    assert_eq!(rig.chip.gate(&rig.auths), Ok(base));
    assert_eq!(rig.chip.close_gate(&rig.auths), Ok(base + 1));
    rig.tpm().power_cycle().expect("comes back");
    assert_eq!(rig.chip.gate(&rig.auths), Ok(base + 1));
}

#[test]
fn a_counter_needs_its_own_authorisation() {
    let rig = Rig::new();
    for index in ["0x018070c1", "0x018070c2", "0x018070c3"] {
        let owner = format!("hex:{}", hex::encode(key("owner auth").expose()));
        for (name, arguments) in [("nobody", vec![]), ("the owner", vec!["-C", "o", "-P", &owner])] {
            let read = rig.try_tool("tpm2_nvread", &[&arguments[..], &["-s", "8", index]].concat());
            assert!(!read.status.success(), "{name} reads {index}");
            let counted = rig.try_tool("tpm2_nvincrement", &[&arguments[..], &[index]].concat());
            assert!(!counted.status.success(), "{name} increments {index}");
        }
    }
    assert!(rig.chip.gate(&rig.auths).is_ok(), "failed guesses lock nothing");
}

#[test]
fn an_authorisation_may_end_in_zero_bytes_which_the_chip_strips() {
    let zeros = |first| Key32::take(&mut std::array::from_fn(|at| if at < 16 { first } else { 0 }));
    let auths = Arc::new(NvAuths { gate: zeros(1), epoch: zeros(2), head: zeros(3) });
    let hierarchies = Hierarchies { owner: zeros(4), lockout: zeros(5) };
    let blank = Blank::new();
    let tcti = blank.tpm.tpm().tcti();
    let pins = provision(&tcti, &PcrSelection::DEFAULT, &hierarchies, &auths).expect("provisioned");
    let chip = Chip::new(tcti, pins);
    chip.anchor(&auths, &[6; 32]).expect("anchored");
    assert_eq!(chip.anchor_read(&auths).expect("read").head, [6; 32]);
    assert!(chip.close_gate(&auths).expect("closed") > 1);
}

#[test]
fn many_threads_may_ask_one_chip() {
    let rig = Rig::new();
    let base = rig.chip.anchor_read(&rig.auths).expect("read").epoch;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5).for_each(|_| rig.chip.anchor(&rig.auths, &[1; 32]).expect("anchored")));
        }
    });
    assert_eq!(rig.chip.anchor_read(&rig.auths).expect("read").epoch, base + 20);
}

#[test]
fn the_clock_names_the_boot_that_policies_see() {
    let mut rig = Rig::new();
    let first = rig.chip.time().expect("read");
    let seen = rig.tool("tpm2_readclock", &[]);
    assert!(seen.contains(&format!("reset_count: {}\n", first.boot.reset_count)), "{seen}");
    rig.set_clock(first.clock_ms + 1_000_000);
    assert!(rig.chip.time().expect("read").clock_ms >= first.clock_ms + 1_000_000);
    rig.tpm().power_cycle().expect("comes back");
    let second = rig.chip.time().expect("read");
    assert_eq!(second.boot.reset_count, first.boot.reset_count + 1);
    assert!(second.clock_ms >= first.clock_ms + 1_000_000 && second.safe, "orderly: {second:?}");
}
