//! The log's key in the chip.

use std::fs;

use sha2::{Digest as _, Sha256};

use super::rig::{Rig, idle, key, pem};
use super::tap::Tap;
use crate::tpm::{Attestation, Chip, LogKey, PolicyStep, TpmError};

const PCR_REFUSED: TpmError = TpmError::PolicyRefused { step: PolicyStep::Pcr, rc: 0x1c4 };
const MESSAGE: &[u8] = b"portcullis.example/vault\n12\nroot\n";

fn digest() -> [u8; 32] {
    Sha256::digest(MESSAGE).into()
}

fn write(rig: &Rig, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(rig.blank.directory.path().join(name), bytes).expect("written");
}

/// Puts the key where tpm2-tools find it.
fn hand_over(rig: &Rig, log: &LogKey) {
    write(rig, "log.priv", log.private_bytes());
    write(rig, "log.pub", log.public_bytes());
    rig.tool("tpm2_load", &["-C", "0x81000001", "-r", "log.priv", "-u", "log.pub", "-c", "log.ctx"]);
    rig.tool("tpm2_flushcontext", &["-t"]);
}

#[test]
fn openssl_verifies_what_the_log_key_signed() {
    let rig = Rig::new();
    let log = rig.chip.make_log_key().expect("made");
    idle(&rig, "made");
    let signature = rig.chip.sign_digest(&log, &digest()).expect("signed");
    idle(&rig, "signed");
    write(&rig, "log.pem", pem(log.point()));
    write(&rig, "text", MESSAGE);
    write(&rig, "text.sig", &signature);
    let verify = ["dgst", "-sha256", "-verify", "log.pem", "-signature", "text.sig", "text"];
    assert_eq!(rig.tool("openssl", &verify), "Verified OK\n");
    write(&rig, "text", [MESSAGE, b"x"].concat());
    assert!(!rig.try_tool("openssl", &verify).status.success(), "another text");
}

#[test]
fn another_measured_state_signs_nothing() {
    let mut rig = Rig::new();
    let log = rig.chip.make_log_key().expect("made");
    rig.tpm().extend(4).expect("extended");
    assert_eq!(rig.chip.sign_digest(&log, &digest()), Err(PCR_REFUSED));
    idle(&rig, "refused");
    rig.tpm().power_cycle().expect("comes back");
    assert!(rig.chip.sign_digest(&log, &digest()).is_ok(), "back in the state of set-up");
}

#[test]
fn p19_no_session_but_the_policy_signs_with_the_log_key() {
    let rig = Rig::new();
    hand_over(&rig, &rig.chip.make_log_key().expect("made"));
    write(&rig, "text", MESSAGE);
    let cases = [
        ("no authorisation", vec![], false),
        ("an empty password", vec!["-p", ""], false),
        ("an HMAC session", vec!["-p", "session:hmac.ctx"], false),
        ("a policy of other PCRs", vec!["-p", "pcr:sha256:0,2,4"], false),
        ("an empty policy", vec!["-p", "session:policy.ctx"], false),
        ("the policy", vec!["-p", "pcr:sha256:0,2,4,7"], true),
    ];
    for (name, authorisation, signs) in cases {
        rig.tool("tpm2_startauthsession", &["--hmac-session", "-S", "hmac.ctx"]);
        rig.tool("tpm2_startauthsession", &["--policy-session", "-S", "policy.ctx"]);
        let sign = ["-c", "log.ctx", "-g", "sha256", "-f", "plain", "-o", "out.sig", "text"];
        let signed = rig.try_tool("tpm2_sign", &[&authorisation[..], &sign].concat());
        assert_eq!(signed.status.success(), signs, "{name}");
        for which in ["-t", "-l", "-s"] {
            rig.tool("tpm2_flushcontext", &[which]);
        }
    }
}

#[test]
fn the_private_part_of_the_log_key_cannot_be_had() {
    let (rig, other) = (Rig::new(), Rig::new());
    let log = rig.chip.make_log_key().expect("made");
    hand_over(&rig, &log);
    rig.tool("tpm2_readpublic", &["-c", "log.ctx", "-f", "tpmt", "-o", "log.tpmt"]);
    let shown = rig.tool("tpm2_print", &["-t", "TPMT_PUBLIC", "log.tpmt"]);
    assert!(shown.contains("value: fixedtpm|fixedparent|sensitivedataorigin|noda|sign\n"), "{shown}");
    rig.tool("tpm2_flushcontext", &["-t"]);
    let duplicate = ["-C", "null", "-c", "log.ctx", "-G", "null", "-r", "d.priv", "-s", "d.seed"];
    let refused = rig.try_tool("tpm2_duplicate", &duplicate);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("Esys_Duplicate("), "{words}");
    rig.tool("tpm2_flushcontext", &["-t"]);
    // What anybody may do: another authorisation value, and still nothing but the policy signs.
    rig.tool("tpm2_changeauth", &["-C", "0x81000001", "-c", "log.ctx", "-r", "changed.priv", "known"]);
    rig.tool("tpm2_flushcontext", &["-t"]);
    rig.tool("tpm2_load", &["-C", "0x81000001", "-r", "changed.priv", "-u", "log.pub", "-c", "changed.ctx"]);
    rig.tool("tpm2_flushcontext", &["-t"]);
    write(&rig, "text", MESSAGE);
    let sign = ["-c", "changed.ctx", "-p", "known", "-g", "sha256", "-o", "out.sig", "text"];
    assert!(!rig.try_tool("tpm2_sign", &sign).status.success(), "a value that was changed to");
    let elsewhere = other.chip.sign_digest(&log, &digest());
    assert!(matches!(elsewhere, Err(TpmError::Library { command: "TPM2_Load", .. })), "{elsewhere:?}");
    idle(&other, "refused on another chip");
}

#[test]
fn p19_a_log_key_with_other_attributes_is_refused_before_the_chip_sees_it() {
    let rig = Rig::new();
    let log = rig.chip.make_log_key().expect("made");
    let (private, public) = (log.private_bytes(), log.public_bytes());
    assert_eq!(LogKey::parse(&private, &public), Ok(log.clone()));
    // TPM2B_PUBLIC: size 0-1, type 2-3, name algorithm 4-5, attributes 6-9, policy 10-43, no cipher
    // 44-45, scheme 46-49, curve 50-51, derivation 52-53, x 54-87, y 88-121.
    let cases = [
        ("another length", 1, 0x01),
        ("no key of a curve", 3, 0x20),
        ("named by another hash", 5, 0x07),
        ("decrypt set", 7, 0x02),
        ("restricted set", 7, 0x01),
        ("userWithAuth set", 9, 0x40),
        ("adminWithPolicy set", 9, 0x80),
        ("fixedTPM clear", 9, 0x02),
        ("fixedParent clear", 9, 0x10),
        ("sensitiveDataOrigin clear", 9, 0x20),
        ("noDA clear", 8, 0x04),
        ("another length of the policy", 11, 0x01),
        ("another scheme", 47, 0x02),
        ("another hash of the scheme", 49, 0x07),
        ("another curve", 51, 0x07),
        ("a point off the curve", 121, 0x01),
    ];
    assert_eq!(public.len(), 122);
    for (name, at, flip) in cases {
        let mut other = public.clone();
        other[at] ^= flip;
        assert!(LogKey::parse(&private, &other).is_err(), "{name}");
    }
    for (name, cut) in [("a byte short", private.len() - 1), ("empty", 2), ("nothing", 0)] {
        assert!(LogKey::parse(&private[..cut], &public).is_err(), "{name}");
    }
    let mut elsewhere = public;
    elsewhere[12] ^= 1;
    let elsewhere = LogKey::parse(&private, &elsewhere).expect("another policy has the same form");
    let refused = rig.chip.sign_digest(&elsewhere, &digest());
    assert_eq!(refused, Err(TpmError::Malformed { what: "the policy of the TPM's log key" }));
}

#[test]
fn a_log_key_is_stored_as_text() {
    let rig = Rig::new();
    let log = rig.chip.make_log_key().expect("made");
    let text = serde_json::to_string(&log).expect("text");
    let read = serde_json::from_str::<LogKey>(&text).expect("read");
    assert_eq!(read, log);
    assert!(rig.chip.sign_digest(&read, &digest()).is_ok());
    assert!(serde_json::from_str::<LogKey>(&text.replace("{", "{\"more\":1,")).is_err());
    let private = hex::encode(&log.private_bytes()[2..]);
    assert!(!format!("{log:?}").contains(&private[..16]), "{log:?}");
}

#[test]
fn p17_a_chip_with_another_root_key_signs_and_says_nothing() {
    let (ours, other) = (Rig::new(), Rig::new());
    let log = ours.chip.make_log_key().expect("made");
    let area = ours.chip.make_attestation_key(&key("attestation")).expect("made");
    let attestation = Attestation::new(key("attestation"), &area).expect("ours");
    let fooled = Chip::new(other.chip.tcti().clone(), ours.chip.pins().clone());
    let refused = TpmError::NotOurs { handle: 0x8100_0001 };
    let verbs = [
        ("make_log_key", fooled.make_log_key().map(drop)),
        ("sign_digest", fooled.sign_digest(&log, &digest()).map(drop)),
        ("make_attestation_key", fooled.make_attestation_key(&key("attestation")).map(drop)),
        ("certify", fooled.certify(&log, &attestation).map(drop)),
        ("quote", fooled.quote(&attestation, &digest()).map(drop)),
    ];
    for (verb, outcome) in verbs {
        assert_eq!(outcome, Err(refused.clone()), "{verb}");
    }
    idle(&other, "refused");
}

#[test]
fn p17_no_session_is_salted_to_a_key_that_somebody_offers_under_the_name_of_ours() {
    const READ_PUBLIC: u32 = 0x0173;
    let (rig, other) = (Rig::new(), Rig::new());
    let log = rig.chip.make_log_key().expect("made");
    let tap = Tap::on(rig.chip.tcti());
    let tapped = rig.chip.moved_to(tap.tcti());
    assert!(tapped.sign_digest(&log, &digest()).is_ok(), "a wire that only listens");
    tap.take_codes();
    tap.exchange(rig.chip.pins().srk_public(), other.chip.pins().srk_public());
    let refused = TpmError::NotOurs { handle: 0x8100_0001 };
    assert_eq!(tapped.sign_digest(&log, &digest()), Err(refused.clone()));
    assert_eq!(tapped.make_attestation_key(&key("attestation")), Err(refused));
    assert_eq!(tap.take_codes(), [READ_PUBLIC; 2], "no session was started");
}
