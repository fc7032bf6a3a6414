//! A chip, an index or a key that is not the one of set-up.

use super::rig::{Rig, hierarchies, key, pull};
use crate::tpm::{Chip, TpmError};

const NOT_OURS: TpmError = TpmError::NotOurs { handle: 0x8100_0001 };

fn owner() -> String {
    format!("hex:{}", hex::encode(hierarchies().owner.expose()))
}

/// What each verb answers, without its success.
fn every_verb(asked: &Chip, rig: &Rig) -> Vec<(&'static str, Result<(), TpmError>)> {
    let sealed = rig.chip.seal(&key("store"));
    let window = rig.chip.seal_window(
        &key("data"),
        &crate::tpm::WindowBounds {
            opens_ms: 0,
            closes_ms: 86_400_000,
            boot: crate::domain::time::ChipBoot { reset_count: 1, restart_count: 0 },
            gate: 1,
        },
    );
    let mut verbs = vec![
        ("seal", asked.seal(&key("store")).map(drop)),
        ("time", asked.time().map(drop)),
        ("gate", asked.gate(&rig.auths).map(drop)),
        ("close_gate", asked.close_gate(&rig.auths).map(drop)),
        ("anchor_read", asked.anchor_read(&rig.auths).map(drop)),
        ("anchor", asked.anchor(&rig.auths, &[7; 32])),
        ("anchor_head", asked.anchor_head(&rig.auths, &[7; 32])),
        ("anchor_epoch", asked.anchor_epoch(&rig.auths).map(drop)),
        ("check_names", asked.check_names()),
        ("lock_platform", asked.lock_platform().map(drop)),
    ];
    if let (Ok(sealed), Ok(window)) = (sealed, window) {
        verbs.push(("open_store", asked.open_store(&sealed).map(drop)));
        verbs.push(("pull", pull(asked, &rig.auths, &window).map(drop)));
        verbs.push(("probe_window", asked.probe_window(&rig.auths, &window).map(drop)));
    }
    verbs
}

#[test]
fn p17_a_chip_with_another_root_key_gets_nothing_from_any_verb() {
    let (ours, other) = (Rig::new(), Rig::new());
    let fooled = Chip::new(other.chip.tcti().clone(), ours.chip.pins().clone());
    let verbs = every_verb(&fooled, &ours);
    assert_eq!(verbs.len(), 13);
    for (verb, outcome) in verbs {
        assert_eq!(outcome, Err(NOT_OURS), "{verb}");
    }
}

#[test]
fn p17_a_replaced_root_key_is_refused() {
    let rig = Rig::new();
    let sealed = rig.chip.seal(&key("store")).expect("sealed");
    let auth = owner();
    rig.tool("tpm2_evictcontrol", &["-C", "o", "-P", &auth, "-c", "0x81000001"]);
    assert_eq!(rig.chip.open_store(&sealed).map(drop), Err(NOT_OURS), "none");
    rig.tool("tpm2_createprimary", &["-C", "o", "-P", &auth, "-G", "ecc", "-c", "other.ctx"]);
    rig.tool("tpm2_evictcontrol", &["-C", "o", "-P", &auth, "-c", "other.ctx", "0x81000001"]);
    rig.tool("tpm2_flushcontext", &["-t"]);
    assert_eq!(rig.chip.open_store(&sealed).map(drop), Err(NOT_OURS), "another");
    for (verb, outcome) in every_verb(&rig.chip, &rig) {
        assert_eq!(outcome, Err(NOT_OURS), "{verb}");
    }
}

#[test]
fn a_redefined_index_is_refused() {
    let gate = "0x018070c1";
    let same = "authread|authwrite|no_da|nt=counter";
    let ours = hex::encode(key("gate auth").expose());
    let cases = [
        ("same attributes, another authorisation", same, hex::encode(key("wrong").expose())),
        ("readable by the owner", "authread|authwrite|ownerread|no_da|nt=counter", ours.clone()),
        ("kept in RAM", "authread|authwrite|no_da|orderly|nt=counter", ours.clone()),
        ("writable", "authread|authwrite|no_da", ours),
    ];
    for (name, attributes, value) in cases {
        let rig = Rig::new();
        let window = rig.chip.seal_window(&key("data"), &rig.bounds(0, 600_000)).expect("sealed");
        let (auth, value) = (owner(), format!("hex:{value}"));
        rig.tool("tpm2_nvundefine", &["-C", "o", "-P", &auth, gate]);
        let missing = Err(TpmError::NvNotOurs { index: 0x0180_70c1 });
        assert_eq!(rig.chip.gate(&rig.auths).map(drop), missing, "{name}: missing");
        rig.tool("tpm2_nvdefine", &["-C", "o", "-P", &auth, "-s", "8", "-a", attributes, "-p", &value, gate]);
        let written = if attributes.contains("counter") { "tpm2_nvincrement" } else { "tpm2_nvwrite" };
        let zeros = rig.blank.directory.path().join("zeros");
        std::fs::write(&zeros, [0; 8]).expect("written");
        let data = if written == "tpm2_nvwrite" { vec!["-i", "zeros"] } else { vec![] };
        rig.tool(written, &[&["-P", &value], &data[..], &[gate]].concat());
        let opened = pull(&rig.chip, &rig.auths, &window).map(drop);
        for (verb, outcome) in [
            ("pull", opened),
            ("probe_window", rig.chip.probe_window(&rig.auths, &window).map(drop)),
            ("gate", rig.chip.gate(&rig.auths).map(drop)),
            ("close_gate", rig.chip.close_gate(&rig.auths).map(drop)),
        ] {
            assert_eq!(outcome, missing, "{name}: {verb}");
        }
    }
}

#[test]
fn an_index_that_was_deleted_and_made_again_the_same_does_not_revive_a_window() {
    let rig = Rig::new();
    let window = rig.chip.seal_window(&key("data"), &rig.bounds(0, 600_000)).expect("sealed");
    let auth = owner();
    let value = format!("hex:{}", hex::encode(key("gate auth").expose()));
    let attributes = "authread|authwrite|no_da|nt=counter";
    rig.tool("tpm2_nvundefine", &["-C", "o", "-P", &auth, "0x018070c1"]);
    let define = ["-C", "o", "-P", &auth, "-s", "8", "-a", attributes, "-p", &value, "0x018070c1"];
    rig.tool("tpm2_nvdefine", &define);
    rig.tool("tpm2_nvincrement", &["-P", &value, "0x018070c1"]);
    let refused = pull(&rig.chip, &rig.auths, &window).map(drop);
    assert!(matches!(refused, Err(TpmError::PolicyRefused { .. })), "{refused:?}");
}
