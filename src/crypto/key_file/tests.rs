use rand_core::OsRng;

use super::*;
use crate::crypto::testing::Vector;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned()))
}

fn vector() -> Vector {
    Vector::read(include_str!("../../../tests/vectors/crypto/key_file.json"))
}

fn vector_text() -> String {
    serde_json::to_string_pretty(&vector().0["file"]).expect("serialises")
}

#[test]
fn the_key_file_is_the_one_that_other_code_makes() {
    let file = KeyFile::parse(&vector_text()).expect("parses");
    let key = file.open(&passphrase(vector().text("passphrase"))).expect("opens");
    assert_eq!(key.noise().expose()[..], vector().bytes("noise_secret"));
    let appliance = ApplianceName::parse("vault-1").expect("a name");
    let pin = KeeperPin { appliance, noise: [0x41; 32], roster: [0x42; 32] };
    assert_eq!((key.id().as_str(), key.keeper()), ("alice", Some(&pin)));
    let under = vector().key("derived");
    assert_eq!(file.close(&key.secrets, &under), file.boxed);
}

#[test]
fn only_the_passphrase_opens_and_the_keeper_is_pinned_under_it() {
    let id = OperatorId::parse("bo").expect("an id");
    let key = OperatorKey::generate(id, &mut OsRng);
    let (old, new) = (passphrase("old words"), passphrase("new words"));
    let file = KeyFile::seal(&key, &old, KdfCost::Standard, &mut OsRng).expect("seals");
    assert_eq!(file.keeper(), None);
    let read = KeyFile::parse(&file.to_text()).expect("reads back");
    assert_eq!(read, file);
    assert_eq!(read.open(&passphrase("old word")).expect_err("wrong"), KeyFileError::Refused);

    let appliance = ApplianceName::parse("vault-1").expect("a name");
    let pin = KeeperPin { appliance, noise: [7; 32], roster: [8; 32] };
    let pinned = read.with_keeper(pin.clone(), &old, &mut OsRng).expect("opens");
    assert_ne!((pinned.salt, pinned.nonce), (file.salt, file.nonce), "nothing is used twice");
    let changed = pinned.with_passphrase(&old, &new, &mut OsRng).expect("opens");
    assert_eq!(changed.open(&old).expect_err("the old one"), KeyFileError::Refused);
    let opened = changed.open(&new).expect("the new one");
    assert_eq!((opened.keeper(), opened.public([].into())), (Some(&pin), key.public([].into())));
}

#[test]
fn a_changed_byte_anywhere_in_the_file_is_refused() {
    let (text, under) = (vector_text(), vector().key("derived"));
    let file = KeyFile::parse(&text).expect("parses");
    file.open_under(&under).expect("the file itself");
    for at in 0..text.len() {
        for flip in [0x01, 0x02, 0x10, 0x20, 0x80] {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= flip;
            let Ok(changed) = String::from_utf8(changed) else { continue };
            // The key is kept, as if the attacker had it, so that what refuses is the box itself.
            let outcome = KeyFile::parse(&changed).and_then(|file| file.open_under(&under));
            assert!(outcome.is_err(), "byte {at} flipped by {flip}: {changed}");
        }
    }
}

#[test]
fn public_keys_that_are_not_the_secret_ones_are_refused() {
    let under = vector().key("derived");
    let mut file = KeyFile::parse(&vector_text()).expect("parses");
    let key = file.open_under(&under).expect("opens");
    file.public.approval = [1; 32];
    file.boxed = file.close(&key.secrets, &under);
    assert_eq!(file.open_under(&under).expect_err("a false public key"), KeyFileError::Refused);
}

#[test]
fn parameters_below_the_floor_or_above_the_cap_are_refused() {
    const STANDARD: u32 = 65_536;
    const HIGH: u32 = 2_097_152;
    let cases = [
        // name, m_kib, t, p, refused as weak, refused as heavy
        ("standard", STANDARD, 3, 4, false, false),
        ("less memory", STANDARD - 1, 3, 4, true, false),
        ("fewer passes", STANDARD, 2, 4, true, false),
        ("fewer lanes", STANDARD, 3, 3, true, false),
        ("high", HIGH, 1, 4, false, false),
        ("high, no pass", HIGH, 0, 4, true, false),
        ("almost high", HIGH - 1, 1, 4, true, false),
        ("most memory", 4_194_304, 3, 4, false, false),
        ("more memory", 4_194_305, 3, 4, false, true),
        ("most passes", STANDARD, 16, 4, false, false),
        ("more passes", STANDARD, 17, 4, false, true),
        ("most lanes", STANDARD, 3, 16, false, false),
        ("more lanes", STANDARD, 3, 17, false, true),
        ("all", u32::MAX, u32::MAX, u32::MAX, false, true),
        ("nothing", 0, 0, 0, true, false),
    ];
    for (name, m_kib, t, p, weak, heavy) in cases {
        let mut json = vector().0["file"].clone();
        json["kdf"] = serde_json::json!({ "name": "argon2id", "m_kib": m_kib, "t": t, "p": p });
        let refusal = KeyFile::parse(&json.to_string()).err();
        let expected = match (weak, heavy) {
            (true, _) => Some(KeyFileError::Weak { m_kib, t, p }),
            (_, true) => Some(KeyFileError::Heavy { m_kib, t, p }),
            _ => None,
        };
        assert_eq!(refusal, expected, "{name}");
    }
    for cost in [KdfCost::Standard, KdfCost::High] {
        assert_eq!(Kdf::of(cost).check(), Ok(()), "{cost:?}");
    }
}

#[test]
fn what_is_no_key_file_is_refused_with_its_reason() {
    let with = |name: &str, value: serde_json::Value| {
        let mut json = vector().0["file"].clone();
        json[name] = value;
        KeyFile::parse(&json.to_string()).err()
    };
    let without = |name: &str| {
        let mut json = vector().0["file"].clone();
        json.as_object_mut().expect("an object").remove(name);
        KeyFile::parse(&json.to_string()).err()
    };
    let malformed = |refusal: Option<KeyFileError>| matches!(refusal, Some(KeyFileError::Malformed { .. }));
    assert_eq!(with("version", 2.into()), Some(KeyFileError::UnknownVersion { version: 2 }));
    for field in ["keeper", "appliance", "roster"] {
        assert_eq!(with(field, serde_json::Value::Null), Some(KeyFileError::HalfAKeeper), "{field} is null");
        assert_eq!(without(field), Some(KeyFileError::HalfAKeeper), "without {field}");
    }
    assert!(malformed(with("comment", "x".into())), "an unknown field");
    assert!(malformed(with("id", "Alice".into())), "a name outside its grammar");
    assert!(malformed(with("kdf", serde_json::json!({ "name": "argon2i", "m_kib": 65536, "t": 3, "p": 4 }))));
    assert!(malformed(with(
        "kdf",
        serde_json::json!({ "name": "argon2id", "m_kib": 65536, "t": 3, "p": 4, "x": 1 })
    )));
    assert!(malformed(with("box", "AAAA".into())), "a short box");
    for field in ["version", "id", "kdf", "salt", "nonce", "public", "box"] {
        assert!(malformed(without(field)), "without {field}");
    }
    let blank = |len: usize| KeyFile::parse(&" ".repeat(len)).err();
    assert!(malformed(blank(KeyFile::TEXT_LEN_MAX)));
    let len = KeyFile::TEXT_LEN_MAX + 1;
    assert_eq!(blank(len), Some(KeyFileError::TooLong { len }));
}
