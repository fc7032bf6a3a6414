//! Keys under the boot policy.

use std::fs;

use super::rig::{Rig, key};
use crate::domain::request::permit::tests::arm_permit;
use crate::tpm::{PolicyStep, SealedKey, TpmError};

const PCR_REFUSED: TpmError = TpmError::PolicyRefused { step: PolicyStep::Pcr, rc: 0x1c4 };

#[test]
fn a_key_sealed_under_the_boot_policy_comes_back() {
    let rig = Rig::new();
    let store = rig.chip.seal(&key("store")).expect("sealed");
    let half = rig.chip.seal(&key("half")).expect("sealed");
    assert!(rig.chip.open_store(&store).expect("opened").same(&key("store")));
    assert!(rig.chip.open_half(&half, arm_permit()).expect("opened").same(&key("half")));
}

#[test]
fn a_key_comes_back_after_a_restart_of_the_board() {
    let mut rig = Rig::new();
    let sealed = rig.chip.seal(&key("store")).expect("sealed");
    rig.tpm().power_cycle().expect("comes back");
    assert!(rig.chip.open_store(&sealed).expect("opened").same(&key("store")));
}

#[test]
fn another_measured_state_opens_nothing_and_seals_for_the_pinned_one() {
    let mut rig = Rig::new();
    let before = rig.chip.seal(&key("store")).expect("sealed");
    assert!(rig.chip.pcr_status().expect("read").holds());
    rig.tpm().extend(4).expect("extended");
    let during = rig.chip.seal(&key("half")).expect("sealed");
    assert!(!rig.chip.pcr_status().expect("read").holds());
    assert_eq!(rig.chip.open_store(&before).map(drop), Err(PCR_REFUSED));
    assert_eq!(rig.chip.open_half(&during, arm_permit()).map(drop), Err(PCR_REFUSED));
    rig.tpm().power_cycle().expect("comes back");
    assert!(rig.chip.open_half(&during, arm_permit()).expect("opened").same(&key("half")));
}

#[test]
fn a_pcr_outside_the_selection_changes_nothing() {
    let rig = Rig::new();
    let sealed = rig.chip.seal(&key("store")).expect("sealed");
    rig.blank.tpm.tpm().extend(16).expect("extended");
    assert!(rig.chip.open_store(&sealed).is_ok());
}

#[test]
fn p19_no_session_but_the_policy_opens_a_sealed_key() {
    let rig = Rig::new();
    let sealed = rig.chip.seal(&key("store")).expect("sealed");
    let write = |name: &str, bytes| fs::write(rig.blank.directory.path().join(name), bytes).expect("written");
    write("key.priv", sealed.private_bytes());
    write("key.pub", sealed.public_bytes());
    rig.tool("tpm2_load", &["-C", "0x81000001", "-r", "key.priv", "-u", "key.pub", "-c", "key.ctx"]);
    let cases = [
        ("no authorisation", vec![], false),
        ("an empty password", vec!["-p", ""], false),
        ("an HMAC session", vec!["-p", "session:hmac.ctx"], false),
        ("a policy of other PCRs", vec!["-p", "pcr:sha256:0,2,4"], false),
        ("an empty policy", vec!["-p", "session:policy.ctx"], false),
        ("the policy", vec!["-p", "pcr:sha256:0,2,4,7"], true),
    ];
    for (name, authorisation, opens) in cases {
        rig.tool("tpm2_flushcontext", &["-t"]);
        rig.tool("tpm2_startauthsession", &["--hmac-session", "-S", "hmac.ctx"]);
        rig.tool("tpm2_startauthsession", &["--policy-session", "-S", "policy.ctx"]);
        let unsealed = rig.try_tool("tpm2_unseal", &[&["-c", "key.ctx"], &authorisation[..]].concat());
        assert_eq!(unsealed.status.success(), opens, "{name}");
        assert_eq!(unsealed.stdout == key("store").expose(), opens, "{name}");
        rig.tool("tpm2_flushcontext", &["-l"]);
        rig.tool("tpm2_flushcontext", &["-s"]);
    }
}

#[test]
fn p19_a_sealed_key_with_other_attributes_is_refused_before_the_chip_sees_it() {
    let rig = Rig::new();
    let sealed = rig.chip.seal(&key("store")).expect("sealed");
    let (private, public) = (sealed.private_bytes(), sealed.public_bytes());
    assert_eq!(SealedKey::parse(&private, &public), Ok(sealed));
    // The attributes end at byte 9 of TPM2B_PUBLIC, in 0x00000492; userWithAuth is bit 6.
    let cases = [
        ("userWithAuth set", 9, 0x40),
        ("adminWithPolicy clear", 9, 0x80),
        ("fixedTPM clear", 9, 0x02),
        ("fixedParent clear", 9, 0x10),
        ("no keyed hash", 3, 0x01),
        ("named by another hash", 5, 0x01),
        ("another length", 1, 0x01),
    ];
    for (name, at, flip) in cases {
        let mut other = public.clone();
        other[at] ^= flip;
        assert!(SealedKey::parse(&private, &other).is_err(), "{name}");
    }
    for (name, cut) in [("a byte short", private.len() - 1), ("empty", 2), ("nothing", 0)] {
        assert!(SealedKey::parse(&private[..cut], &public).is_err(), "{name}");
    }
}

#[test]
fn a_sealed_key_is_stored_as_text_and_prints_no_bytes() {
    let rig = Rig::new();
    let sealed = rig.chip.seal(&key("store")).expect("sealed");
    let text = serde_json::to_string(&sealed).expect("text");
    assert_eq!(serde_json::from_str::<SealedKey>(&text).expect("read"), sealed);
    assert!(format!("{sealed:?}").len() < 30, "{sealed:?}");
    assert!(serde_json::from_str::<SealedKey>(&text.replace("AAg", "AAk")).is_err());
}

#[test]
fn c6_another_chip_cannot_load_a_sealed_key() {
    let (ours, other) = (Rig::new(), Rig::new());
    let sealed = ours.chip.seal(&key("store")).expect("sealed");
    let refused = other.chip.open_store(&sealed).map(drop);
    assert!(matches!(refused, Err(TpmError::Rc { command: "TPM2_Load", .. })), "{refused:?}");
}
