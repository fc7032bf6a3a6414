use proptest::prelude::*;
use rand_core::OsRng;

use super::*;
use crate::crypto::testing::{Given, Vector};

fn key(byte: u8) -> DataKey {
    DataKey::from_key(Key32::take(&mut [byte; 32]))
}

fn plaintext(bytes: &[u8]) -> Plaintext {
    Plaintext::new(Zeroizing::new(bytes.to_vec())).expect("fits")
}

fn name(text: &str) -> CredentialName {
    CredentialName::parse(text).expect("a name")
}

#[test]
fn the_envelope_is_the_one_that_other_code_makes() {
    let vector = Vector::read(include_str!("../../../tests/vectors/crypto/envelope.json"));
    let credential = name(vector.text("credential"));
    let generation = Generation::from_number(vector.number("generation")).expect("not zero");
    let (t, q, salt) = (vector.key("t"), vector.key("q"), vector.array("salt"));
    let key = derive_data_key(&t, &q, &salt, &credential, generation);
    assert_eq!(key.key().expose()[..], vector.bytes("data_key"));

    let subject = EnvelopeSubject { credential: &credential, generation, kind: vector.text("kind") };
    let nonce: Vec<u8> = (0..24).collect();
    let sealed =
        Envelope::seal(&key, &subject, &plaintext(&vector.bytes("plaintext")), &mut Given::new(nonce));
    assert_eq!(serde_json::to_value(&sealed).expect("serialises"), vector.0["envelope"]);
    let read: Envelope = serde_json::from_value(vector.0["envelope"].clone()).expect("reads back");
    assert_eq!(read.open(&key, &subject).expect("opens").expose()[..], vector.bytes("plaintext"));
}

#[test]
fn everything_that_goes_into_a_data_key_changes_it() {
    let half = |byte: u8| Key32::take(&mut [byte; 32]);
    let derive = |t, q, salt, id: &str, generation| {
        let generation = Generation::from_number(generation).expect("not zero");
        *derive_data_key(&half(t), &half(q), &[salt; 32], &name(id), generation).key().expose()
    };
    let base = derive(1, 2, 3, "a/b", 1);
    let cases = [
        ("t", derive(9, 2, 3, "a/b", 1)),
        ("q", derive(1, 9, 3, "a/b", 1)),
        ("t and q swapped", derive(2, 1, 3, "a/b", 1)),
        ("salt", derive(1, 2, 9, "a/b", 1)),
        ("credential", derive(1, 2, 3, "a/c", 1)),
        ("generation", derive(1, 2, 3, "a/b", 2)),
    ];
    for (name, changed) in cases {
        assert_ne!(changed, base, "{name}");
    }
}

#[test]
fn an_envelope_opens_only_as_what_it_is() {
    let (one, two) = (name("racf/one"), name("racf/two"));
    let subject = EnvelopeSubject { credential: &one, generation: Generation::FIRST, kind: "password" };
    let sealed = Envelope::seal(&key(1), &subject, &plaintext(b"secret"), &mut OsRng);
    assert_eq!(sealed.open(&key(1), &subject).expect("opens").expose(), b"secret");
    let next = Generation::FIRST.next();
    let cases = [
        ("another key", key(2), subject),
        ("another credential", key(1), EnvelopeSubject { credential: &two, ..subject }),
        ("another generation", key(1), EnvelopeSubject { generation: next, ..subject }),
        ("another kind", key(1), EnvelopeSubject { kind: "pin", ..subject }),
        ("no kind", key(1), EnvelopeSubject { kind: "", ..subject }),
    ];
    for (name, key, subject) in cases {
        assert_eq!(sealed.open(&key, &subject).expect_err(name), EnvelopeError::Refused, "{name}");
    }
}

#[test]
fn an_envelope_has_the_length_of_a_credential() {
    let credential = name("a");
    let subject = EnvelopeSubject { credential: &credential, generation: Generation::FIRST, kind: "pin" };
    let cases = [(0, false), (16, false), (17, true), (65_552, true), (65_553, false)];
    for (len, fits) in cases {
        let envelope = Envelope { nonce: [0; 24], ciphertext: vec![0; len] };
        let expected = if fits { EnvelopeError::Refused } else { EnvelopeError::Length { len } };
        assert_eq!(envelope.open(&key(1), &subject).expect_err("not real"), expected, "{len}");
    }
    let largest = plaintext(&[7; Plaintext::LEN_MAX]);
    let sealed = Envelope::seal(&key(1), &subject, &largest, &mut OsRng);
    assert_eq!(sealed.open(&key(1), &subject).expect("the largest").expose(), largest.expose());
}

#[test]
fn an_envelope_in_json_has_one_form() {
    let nonce = "A".repeat(32);
    let cases = [
        ("as written", format!(r#"{{"nonce":"{nonce}","ciphertext":"AAAA"}}"#), true),
        ("short nonce", r#"{"nonce":"AAAA","ciphertext":"AAAA"}"#.to_owned(), false),
        ("no padding", format!(r#"{{"nonce":"{nonce}","ciphertext":"AAA"}}"#), false),
        ("bits in the padding", format!(r#"{{"nonce":"{nonce}","ciphertext":"AAB="}}"#), false),
        ("unknown field", format!(r#"{{"nonce":"{nonce}","ciphertext":"AAAA","x":1}}"#), false),
        ("no nonce", r#"{"ciphertext":"AAAA"}"#.to_owned(), false),
    ];
    for (name, json, reads) in cases {
        assert_eq!(serde_json::from_str::<Envelope>(&json).is_ok(), reads, "{name}");
    }
}

proptest! {
    #[test]
    fn a_changed_byte_anywhere_is_refused(
        bytes in prop::collection::vec(any::<u8>(), 1..100),
        at in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let credential = name("a/b");
        let subject = EnvelopeSubject { credential: &credential, generation: Generation::FIRST, kind: "pin" };
        let sealed = Envelope::seal(&key(1), &subject, &plaintext(&bytes), &mut OsRng);
        let opened = sealed.open(&key(1), &subject).expect("round trip");
        prop_assert_eq!(opened.expose(), &bytes[..]);
        let mut changed = sealed.clone();
        let at = at.index(sealed.nonce.len() + sealed.ciphertext.len());
        match at.checked_sub(sealed.nonce.len()) {
            None => changed.nonce[at] ^= flip,
            Some(at) => changed.ciphertext[at] ^= flip,
        }
        prop_assert_eq!(changed.open(&key(1), &subject).err(), Some(EnvelopeError::Refused));
    }
}
