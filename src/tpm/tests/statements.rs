//! What the chip says under the attestation key: certifications and quotes.

use std::fs;
use std::process::Output;

use super::rig::{Blank, Rig, hierarchies, idle, key, pem};
use super::tap::{QUOTE, Tap};
use crate::tpm::{Attestation, Chip, LogKey, Quote, Statement, TpmError};

/// What stock tools make from the template of the attestation key.
const TEMPLATE: [&str; 8] = [
    "-C",
    "e",
    "-G",
    "ecc256:ecdsa-sha256:null",
    "-a",
    "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign|noda",
    "-c",
    "ak.ctx",
];

fn attestation(chip: &Chip) -> Attestation {
    let auth = key("attestation auth");
    let area = chip.make_attestation_key(&auth).expect("made");
    Attestation::new(auth, &area).expect("of the template")
}

fn write(rig: &Rig, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(rig.blank.directory.path().join(name), bytes).expect("written");
}

/// Reset and restart counters of a TPMS_ATTEST whose qualified signer and extra data are of 34
/// and 32 bytes.
fn counters(quote: &Quote) -> (u32, u32) {
    const CLOCK: usize = 4 + 2 + 2 + 34 + 2 + 32;
    let number = |at: usize| {
        let bytes = quote.statement.message[at..at + 4].try_into().expect("4 bytes");
        u32::from_be_bytes(bytes)
    };
    (number(CLOCK + 8), number(CLOCK + 12))
}

fn put(rig: &Rig, pinned: &Attestation, statement: &Statement) {
    write(rig, "ak.pem", pem(pinned.point()));
    write(rig, "quote.msg", &statement.message);
    write(rig, "quote.sig", &statement.signature);
}

fn checkquote(rig: &Rig, nonce: &[u8; 32]) -> Output {
    let files = ["-u", "ak.pem", "-m", "quote.msg", "-s", "quote.sig", "-f", "quote.pcrs", "-g", "sha256"];
    rig.try_tool("tpm2_checkquote", &[&files[..], &["-q", &hex::encode(nonce)]].concat())
}

fn openssl(rig: &Rig) -> bool {
    let verify = ["dgst", "-sha256", "-verify", "ak.pem", "-signature", "quote.sig", "quote.msg"];
    rig.try_tool("openssl", &verify).status.success()
}

#[test]
fn tpm2_checkquote_and_openssl_verify_a_quote_and_refuse_another_nonce() {
    let rig = Rig::new();
    rig.blank.tpm.tpm().extend(16).expect("outside the selection");
    let pinned = attestation(&rig.chip);
    idle(&rig, "made");
    let nonce = *key("nonce").expose();
    let quote = rig.chip.quote(&pinned, &nonce).expect("quoted");
    idle(&rig, "quoted");
    put(&rig, &pinned, &quote.statement);
    write(&rig, "quote.pcrs", quote.pcr_file().expect("values"));
    let checked = checkquote(&rig, &nonce);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let text = String::from_utf8(checked.stdout).expect("text");
    assert!(text.contains("0x0000") && text.contains("sha256:"), "{text}");
    assert!(openssl(&rig));
    assert!(!checkquote(&rig, key("another nonce").expose()).status.success(), "another nonce");
    let mut other = quote.clone();
    other.values[1] = [7; 32];
    write(&rig, "quote.pcrs", other.pcr_file().expect("values"));
    assert!(!checkquote(&rig, &nonce).status.success(), "other values");
    let mut message = quote.statement.message.clone();
    message[60] ^= 1;
    write(&rig, "quote.msg", &message);
    assert!(!openssl(&rig), "another message");
}

#[test]
fn the_file_of_values_is_the_one_that_tpm2_quote_writes() {
    for selection in
        ["sha256:0,2,4,7", "sha256:23", "sha256:0,1,2,3,4,5,6,7", "sha256:0,1,2,3,4,5,6,7,9,10,17"]
    {
        let blank = Blank::new();
        let pcrs = selection.parse().expect("a selection");
        let pins = blank.provision_with(&pcrs).expect("a chip that nobody owns");
        let rig = Rig::of(blank, pins);
        rig.blank.tpm.tpm().extend(10).expect("extended");
        let pinned = attestation(&rig.chip);
        let nonce = *key("nonce").expose();
        let quote = rig.chip.quote(&pinned, &nonce).expect("quoted");
        rig.tool("tpm2_createprimary", &TEMPLATE);
        rig.tool("tpm2_flushcontext", &["-t"]);
        let theirs = ["-l", selection, "-q", &hex::encode(nonce), "-o", "theirs.pcrs", "-m", "m", "-s", "s"];
        rig.tool("tpm2_quote", &[&["-c", "ak.ctx", "-Q"], &theirs[..]].concat());
        let theirs = fs::read(rig.blank.directory.path().join("theirs.pcrs")).expect("written");
        assert!(quote.pcr_file().expect("values") == theirs, "{selection}");
        put(&rig, &pinned, &quote.statement);
        write(&rig, "quote.pcrs", quote.pcr_file().expect("values"));
        assert!(checkquote(&rig, &nonce).status.success(), "{selection}");
    }
}

#[test]
fn stock_tools_make_the_same_attestation_key_from_the_template() {
    let rig = Rig::new();
    let pinned = attestation(&rig.chip);
    rig.tool("tpm2_createprimary", &TEMPLATE);
    rig.tool("tpm2_readpublic", &["-c", "ak.ctx", "-f", "tpmt", "-o", "ak.tpmt"]);
    let theirs = fs::read(rig.blank.directory.path().join("ak.tpmt")).expect("written");
    assert_eq!(theirs, pinned.public_area());
    rig.tool("tpm2_flushcontext", &["-t"]);
    let again = rig.chip.make_attestation_key(&key("another value")).expect("made");
    assert_eq!(again, pinned.public_area(), "whatever the value");
}

#[test]
fn the_attestation_key_signs_nothing_that_pretends_to_be_the_chips() {
    let rig = Rig::new();
    attestation(&rig.chip);
    rig.tool("tpm2_createprimary", &TEMPLATE);
    rig.tool("tpm2_flushcontext", &["-t"]);
    let cases = [
        ("a text", b"a checkpoint".as_slice(), true),
        ("a false statement", b"\xffTCG\x80\x18 of nobody".as_slice(), false),
    ];
    for (name, message, signs) in cases {
        write(&rig, "message", message);
        rig.tool("tpm2_hash", &["-C", "e", "-g", "sha256", "-o", "digest", "-t", "ticket", "message"]);
        let sign = ["-c", "ak.ctx", "-g", "sha256", "-d", "-t", "ticket", "-o", "out.sig", "digest"];
        assert_eq!(rig.try_tool("tpm2_sign", &sign).status.success(), signs, "{name}");
        rig.tool("tpm2_flushcontext", &["-t"]);
        let unseen = ["-c", "ak.ctx", "-g", "sha256", "-d", "-o", "out.sig", "digest"];
        assert!(!rig.try_tool("tpm2_sign", &unseen).status.success(), "{name}: not hashed by the chip");
        rig.tool("tpm2_flushcontext", &["-t"]);
    }
}

#[test]
fn the_value_of_the_attestation_key_never_crosses_in_the_clear() {
    let rig = Rig::new();
    let log = rig.chip.make_log_key().expect("made");
    let tap = Tap::on(rig.chip.tcti());
    let tapped = rig.chip.moved_to(tap.tcti());
    let pinned = attestation(&tapped);
    tapped.quote(&pinned, &[7; 32]).expect("quoted");
    tapped.certify(&log, &pinned).expect("certified");
    assert!(tap.saw(&log.point()[1..33]), "the tap sees what is public");
    assert!(!tap.saw(&key("attestation auth").expose()[..16]));
    assert!(!tap.saw(&key("attestation auth").expose()[16..]));
}

#[test]
fn another_attestation_key_than_the_pinned_one_is_refused() {
    let (rig, other) = (Rig::new(), Rig::new());
    let log = rig.chip.make_log_key().expect("made");
    let foreign = attestation(&other.chip);
    assert_eq!(rig.chip.quote(&foreign, &[7; 32]), Err(TpmError::AttestationNotOurs));
    assert_eq!(rig.chip.certify(&log, &foreign), Err(TpmError::AttestationNotOurs));
    idle(&rig, "refused");
    let area = attestation(&rig.chip).public_area().to_vec();
    // The attributes are bytes 4 to 7; restricted is bit 16, userWithAuth bit 6, no policy at 8 and 9.
    for (name, at, flip) in [("not restricted", 5, 0x01), ("no value", 7, 0x40), ("a policy", 9, 0x20)] {
        let mut changed = area.clone();
        changed[at] ^= flip;
        assert!(Attestation::new(key("attestation auth"), &changed).is_err(), "{name}");
    }
    assert!(Attestation::new(key("attestation auth"), log.public_area()).is_err(), "the log key");
}

#[test]
fn a_quote_after_a_restart_of_the_board_has_a_higher_reset_counter() {
    let mut rig = Rig::new();
    let pinned = attestation(&rig.chip);
    let before = rig.chip.quote(&pinned, &[7; 32]).expect("quoted");
    let boot = rig.chip.time().expect("time").boot;
    assert_eq!(counters(&before), (boot.reset_count, boot.restart_count), "the true ones");
    rig.tpm().power_cycle().expect("comes back");
    let after = rig.chip.quote(&pinned, &[7; 32]).expect("quoted");
    assert_eq!(counters(&after).0, counters(&before).0 + 1);
}

#[test]
fn a_quote_says_what_the_pcrs_hold_now_and_not_at_set_up() {
    let rig = Rig::new();
    let pinned = attestation(&rig.chip);
    let before = rig.chip.quote(&pinned, &[7; 32]).expect("quoted");
    assert_eq!(before.values, vec![[0; 32]; 4]);
    rig.blank.tpm.tpm().extend(4).expect("extended");
    let after = rig.chip.quote(&pinned, &[7; 32]).expect("quoted");
    let changed: Vec<bool> = before.values.iter().zip(&after.values).map(|(b, a)| b != a).collect();
    assert_eq!(changed, [false, false, true, false]);
}

#[test]
fn pcrs_that_move_between_reading_and_quoting_are_read_and_quoted_again() {
    let cases = [("never", 0, true), ("three times", 3, true), ("each time", 4, false)];
    for (name, times, quotes) in cases {
        let rig = Rig::new();
        let pinned = attestation(&rig.chip);
        let tap = Tap::on(rig.chip.tcti());
        tap.extend_before(QUOTE, times);
        let quote = rig.chip.moved_to(tap.tcti()).quote(&pinned, &[7; 32]);
        let asked = tap.take_codes().into_iter().filter(|code| *code == QUOTE).count();
        assert_eq!(asked, 4.min(times as usize + 1), "{name}");
        match quote {
            Ok(quote) => {
                assert!(quotes, "{name}");
                put(&rig, &pinned, &quote.statement);
                write(&rig, "quote.pcrs", quote.pcr_file().expect("values"));
                assert!(checkquote(&rig, &[7; 32]).status.success(), "{name}");
            }
            Err(error) => {
                assert_eq!(error, TpmError::PcrsMove { attempts: 4 }, "{name}");
                assert!(!quotes, "{name}");
            }
        }
        idle(&rig, name);
    }
}

#[test]
fn a_cleared_chip_has_the_same_attestation_key_and_counts_anew() {
    let mut rig = Rig::new();
    for _ in 0..3 {
        rig.tpm().power_cycle().expect("comes back");
    }
    let pinned = attestation(&rig.chip);
    let before = rig.chip.quote(&pinned, &[7; 32]).expect("quoted");
    assert!(counters(&before).0 > 2, "{:?}", counters(&before));
    rig.tool("tpm2_clearcontrol", &["-C", "p", "c"]);
    let lockout = hex::encode(hierarchies().lockout.expose());
    rig.tool("tpm2_clear", &["-c", "l", &format!("hex:{lockout}")]);
    let refused = rig.chip.quote(&pinned, &[7; 32]);
    assert_eq!(refused, Err(TpmError::NotOurs { handle: 0x8100_0001 }));
    let pins = rig.blank.provision().expect("anybody's");
    let again = Chip::new(rig.chip.tcti().clone(), pins).quote(&pinned, &[7; 32]).expect("the same key");
    assert_eq!(counters(&again), (0, 0));
}

/// A certification names the key by its Name at the end of its first field.
fn names(statement: &Statement, log: &LogKey) -> bool {
    statement.message.windows(34).any(|window| window == log.name())
}

#[test]
fn a_certification_verifies_and_names_the_log_key() {
    let rig = Rig::new();
    let (log, other) = (rig.chip.make_log_key().expect("made"), rig.chip.make_log_key().expect("made"));
    let pinned = attestation(&rig.chip);
    let statement = rig.chip.certify(&log, &pinned).expect("certified");
    idle(&rig, "certified");
    assert_eq!(statement.message[..6], [0xff, 0x54, 0x43, 0x47, 0x80, 0x17]);
    assert!(names(&statement, &log) && !names(&statement, &other));
    put(&rig, &pinned, &statement);
    assert!(openssl(&rig));
    rig.blank.tpm.tpm().extend(4).expect("extended");
    assert!(rig.chip.certify(&log, &pinned).is_ok(), "in any measured state");
}

#[test]
fn the_certificate_of_the_chip_is_found_where_its_maker_leaves_it() {
    let rig = Rig::new();
    assert_eq!(rig.chip.endorsement_certificate(), Ok(None));
    let certificate =
        |fill: u8, len: u16| [&[0x30, 0x82][..], &len.to_be_bytes(), &vec![fill; usize::from(len)]].concat();
    let (rsa, ecc) = (certificate(1, 900), certificate(2, 600));
    let padded = [&ecc[..], &[0xff; 40]].concat();
    for (index, content, expected) in [("0x01c00002", &rsa, &rsa), ("0x01c0000a", &padded, &ecc)] {
        write(&rig, "ek.crt", content);
        let attributes = "ppwrite|ppread|authread|ownerread|no_da|platformcreate";
        let size = content.len().to_string();
        rig.tool("tpm2_nvdefine", &["-C", "p", "-s", &size, "-a", attributes, index]);
        assert_ne!(rig.chip.endorsement_certificate().as_ref(), Ok(&Some(expected.clone())), "not written");
        rig.tool("tpm2_nvwrite", &["-C", "p", "-i", "ek.crt", index]);
        assert_eq!(rig.chip.endorsement_certificate().as_ref(), Ok(&Some(expected.clone())), "{index}");
    }
    idle(&rig, "read");
}
