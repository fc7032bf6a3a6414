use p256::ecdsa::signature::Signer;
use rand_core::OsRng;

use super::*;
use crate::domain::audit::spki::Point;
use crate::domain::ids::OperatorId;

const ORIGIN: &str = "bank.example/keeper-1";
const TEXT: &str = "bank.example/keeper-1\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

fn seed(byte: u8) -> Key32 {
    Key32::take(&mut [byte; 32])
}

fn chip() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[7; 32]).expect("a scalar")
}

fn chip_vkey(name: &str) -> Vkey {
    let point: Point = chip().verifying_key().to_encoded_point(false).as_bytes().try_into().expect("a point");
    Vkey::new(name, NoteKey::P256(point)).expect("a name")
}

fn chip_line(name: &str, text: &str) -> NoteSignature {
    let signature: p256::ecdsa::DerSignature = chip().sign(text.as_bytes());
    NoteSignature::new(&chip_vkey(name), signature.as_bytes())
}

fn operator() -> OperatorKey {
    OperatorKey::generate(OperatorId::parse("alice").expect("an id"), &mut OsRng)
}

fn operator_vkey(key: &OperatorKey) -> Vkey {
    let cosign = key.public(Default::default()).cosign;
    Vkey::new(&operator_key_name(ORIGIN, "alice"), NoteKey::Cosignature(cosign)).expect("a name")
}

fn note(signatures: Vec<NoteSignature>) -> Note {
    Note::new(TEXT, signatures).expect("a note")
}

fn log_line() -> NoteSignature {
    sign_note(&seed(1), ORIGIN, TEXT).expect("a name")
}

fn log_vkey() -> Vkey {
    vkey_of(&seed(1), ORIGIN).expect("a name")
}

#[test]
fn each_known_key_that_signed_is_named() {
    let alice = operator();
    let cosigned = cosign(&alice, ORIGIN, 1_700_000_000, TEXT).expect("a name");
    let whole = note(vec![log_line(), chip_line(ORIGIN, TEXT), cosigned]);
    let whole = Note::read(whole.to_string().as_bytes()).expect("a note as written");
    let known = [operator_vkey(&alice), log_vkey(), chip_vkey(ORIGIN)];
    let signed = open(&whole, &known).expect("three signatures");
    let expected = [(&known[1], None), (&known[2], None), (&known[0], Some(1_700_000_000))];
    assert_eq!(signed, expected.map(|(key, seconds)| SignedBy { key, seconds }));
    assert_eq!(open(&whole, &known[1..2]).expect("one is known").len(), 1, "others are passed over");
}

#[test]
fn a_note_is_believed_only_when_all_known_signatures_verify() {
    let alice = operator();
    let of = |key: &Vkey, blob: &[u8]| NoteSignature::new(key, blob);
    let cosigned = cosign(&alice, ORIGIN, 5, TEXT).expect("a name");
    let mut later = cosigned.blob().to_vec();
    later[7] += 1;
    let far =
        [u64::MAX.to_be_bytes().as_slice(), &alice.sign_cosignature(u64::MAX, TEXT.as_bytes())].concat();
    let (log, tpm, person) = (log_vkey(), chip_vkey(ORIGIN), operator_vkey(&alice));
    let der = chip_line(ORIGIN, TEXT).blob().to_vec();
    let stranger = sign_note(&seed(2), ORIGIN, TEXT).expect("a name");
    let elsewhere = sign_note(&seed(1), "bank.example/keeper-2", TEXT).expect("a name");
    let refused = |key: &Vkey| Err(OpenError::Signature { name: key.name().to_owned(), id: key.id() });
    let cases = [
        ("a stranger's besides", vec![log_line(), stranger.clone()], Ok(1)),
        ("the key of another name besides", vec![elsewhere.clone(), log_line()], Ok(1)),
        ("only a stranger's", vec![stranger], Err(OpenError::NobodyKnown)),
        ("only that of another name", vec![elsewhere], Err(OpenError::NobodyKnown)),
        ("none", vec![], Err(OpenError::NobodyKnown)),
        ("twice by one key", vec![log_line(), log_line()], Ok(2)),
        ("good and bad by one key", vec![log_line(), of(&log, &[0; 64])], refused(&log)),
        ("good log, bad chip", vec![log_line(), of(&tpm, &der[..der.len() - 1])], refused(&tpm)),
        ("a byte after the DER", vec![log_line(), of(&tpm, &[&der[..], &[0]].concat())], refused(&tpm)),
        ("a chip's in the log's place", vec![of(&log, &der)], refused(&log)),
        ("63 bytes", vec![of(&log, &log_line().blob()[..63])], refused(&log)),
        ("65 bytes", vec![of(&log, &[log_line().blob(), &[0]].concat())], refused(&log)),
        ("a person's", vec![cosigned.clone()], Ok(1)),
        ("a person's, with another time", vec![of(&person, &later)], refused(&person)),
        ("a person's, from 2^63 on", vec![of(&person, &far)], refused(&person)),
        ("a person's without its time", vec![of(&person, &cosigned.blob()[8..])], refused(&person)),
        ("a person's of 7 bytes", vec![of(&person, &[0; 7])], refused(&person)),
    ];
    let known = [log.clone(), tpm.clone(), person.clone()];
    for (name, lines, expected) in cases {
        assert_eq!(open(&note(lines), &known).map(|signed| signed.len()), expected, "{name}");
    }
    let other = Note::new(&TEXT.replace("\n1\n", "\n2\n"), vec![log_line()]).expect("a note");
    assert_eq!(open(&other, &known).map(|signed| signed.len()), refused(&log), "another text");
}

#[test]
fn a_signature_of_one_type_is_none_of_another() {
    // One Ed25519 key under one name, as a log's and as a person's.
    let public = sign::public_of(&seed(1));
    let person = Vkey::new(ORIGIN, NoteKey::Cosignature(public)).expect("a name");
    assert_ne!(person.id(), log_vkey().id());
    let known = [person.clone()];
    let plain = [[0; 8].as_slice(), log_line().blob()].concat();
    assert!(open(&note(vec![NoteSignature::new(&person, &plain)]), &known).is_err());
    assert_eq!(open(&note(vec![log_line()]), &known), Err(OpenError::NobodyKnown));
}

#[test]
fn the_keys_to_rely_on_must_be_distinct_and_usable() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut off_curve: Point = [0; 65];
    off_curve[0] = 4;
    let key = |key| Vkey::new("k", key).expect("a name");
    let (weak, nowhere) = (key(NoteKey::Ed25519(neutral)), key(NoteKey::P256(off_curve)));
    for bad in [weak.clone(), nowhere, key(NoteKey::Cosignature(neutral))] {
        let refused = OpenError::UnusableKey { name: "k".to_owned(), id: bad.id() };
        assert_eq!(open(&note(vec![log_line()]), &[log_vkey(), bad]), Err(refused));
    }
    let twice = OpenError::Ambiguous { name: ORIGIN.to_owned(), id: log_vkey().id() };
    assert_eq!(open(&note(vec![log_line()]), &[log_vkey(), log_vkey()]), Err(twice));
}
