use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::audit::spki::spki_from_point;

/// Made by tpm2-tools on a software TPM.
fn vector(name: &str) -> Vec<u8> {
    let all: Value =
        serde_json::from_str(include_str!("../../../../tests/vectors/audit/quote.json")).expect("JSON");
    hex::decode(all[name].as_str().unwrap_or_else(|| panic!("{name}"))).expect("hex")
}

/// A public area without the length that the tools write before it.
fn public(name: &str) -> Vec<u8> {
    vector(name).split_off(2)
}

#[test]
fn a_quote_says_what_the_tools_had_the_chip_attest() {
    let quote = Attest::parse(&vector("quote_msg")).expect("a quote");
    let values = PcrValues::parse(&vector("quote_pcrs")).expect("values");
    let key = SigningKey::parse(&public("ak_public")).expect("a key");
    let Attested::Quote { selection, digest } = quote.what else { panic!("a quote") };
    assert_eq!(quote.extra, vector("extra"));
    assert_eq!(selection, PcrSelection::of(&[0, 2, 4, 7, 11, 14]));
    assert_eq!((selection, digest), (values.selection(), values.digest()));
    assert!(values.values().any(|(register, value)| register == 7 && value[..] == vector("pcr_7")));
    assert_eq!(quote.signer, key.name().below(&ENDORSEMENT), "a primary key of the endorsement hierarchy");
    assert_eq!(quote.signer.bytes()[..], vector("ak_qualified_name"));
    assert_eq!((quote.time.boot.reset_count, quote.time.boot.restart_count, quote.time.safe), (2, 0, false));
    assert_eq!(quote.time.clock_ms, 0xf1);
    assert_eq!(quote.firmware, 0x2019_1023_0016_3636);
}

#[test]
fn a_certificate_names_the_key_that_it_is_about() {
    let certificate = Attest::parse(&vector("certify_msg")).expect("a certificate");
    let Attested::Certify { name, qualified } = certificate.what else { panic!("a certificate") };
    let key = SigningKey::parse(&public("log_public")).expect("a key");
    assert_eq!((&name, name.bytes()[..].to_vec()), (key.name(), vector("log_name")));
    assert_ne!(qualified, name);
}

#[test]
fn a_public_area_says_what_the_key_may_do() {
    let ak = SigningKey::parse(&public("ak_public")).expect("a key");
    let log = SigningKey::parse(&public("log_public")).expect("a key");
    assert_eq!(spki_from_point(&ak.point()).to_vec(), vector("ak_spki"));
    assert_eq!(ak.name().bytes()[..], vector("ak_name"));
    assert_eq!((ak.is_restricted(), log.is_restricted()), (true, false));
    assert!(ak.never_leaves() && ak.only_signs() && log.never_leaves() && log.only_signs());
    let area = vector("log_public")[2..].to_vec();
    let with = |attributes: u32, policy: u8| {
        let policy = [&[0, policy][..], &vec![7; policy.into()]].concat();
        SigningKey::parse(&[&area[..4], &attributes.to_be_bytes(), &policy, &area[10..]].concat())
    };
    let cases = [
        // name, attributes, bytes of policy, whether it never leaves, only signs, is used by policy alone
        ("bound by a policy", 0x0004_00b2, 32, (true, true, true)),
        ("a password will do", 0x0004_0072, 32, (true, true, false)),
        ("no policy at all", 0x0004_0032, 0, (true, true, false)),
        ("may go to another chip", 0x0004_0030, 0, (false, true, false)),
        ("may go to another parent", 0x0004_0022, 0, (false, true, false)),
        ("came from outside", 0x0004_0012, 0, (false, true, false)),
        ("opens things too", 0x0006_0032, 0, (true, false, false)),
        ("signs nothing", 0x0000_0032, 0, (true, false, false)),
    ];
    for (name, attributes, policy, expected) in cases {
        let key = with(attributes, policy).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((key.never_leaves(), key.only_signs(), key.policy().is_some()), expected, "{name}");
    }
    assert!(with(0x8004_0032, 0).is_err(), "an attribute without a meaning");
    assert!(with(0x0004_0032, 33).is_err(), "a policy longer than a hash");
}

#[test]
fn registers_are_written_as_the_tools_write_them() {
    let values = PcrValues::parse(&vector("quote_pcrs")).expect("values");
    assert_eq!(values.to_bytes(), vector("quote_pcrs"));
    let all: Vec<u8> = (0..24).collect();
    for count in [0, 1, 8, 9, 16, 17, 24] {
        let selection = PcrSelection::of(&all[..count]);
        let contents = (0..).take(count).map(|n| [n; 32]).collect();
        let values = PcrValues::new(selection, contents).expect("as many");
        assert_eq!(PcrValues::parse(&values.to_bytes()), Ok(values), "{count}");
    }
    let wrong = PcrValues::new(PcrSelection::of(&[1, 2]), vec![[0; 32]]);
    assert_eq!(wrong, Err(QuoteError::Values { found: 1, selected: 2 }));
    assert_eq!(PcrSelection::of(&[24, 255]).registers().count(), 0);
}

#[test]
fn every_byte_of_a_structure_counts() {
    type Parse = fn(&[u8]) -> Option<String>;
    let attest: Parse = |bytes| Attest::parse(bytes).ok().map(|read| format!("{read:?}"));
    let key: Parse = |bytes| SigningKey::parse(bytes).ok().map(|read| format!("{read:?}"));
    let pcrs: Parse = |bytes| PcrValues::parse(bytes).ok().map(|read| format!("{read:?}"));
    let cases = [("quote_msg", attest), ("certify_msg", attest), ("ak_public", key), ("quote_pcrs", pcrs)];
    for (name, parse) in cases {
        let bytes = if name == "ak_public" { public(name) } else { vector(name) };
        let read = parse(&bytes);
        assert!(read.is_some(), "{name}");
        for len in 0..bytes.len() {
            assert_eq!(parse(&bytes[..len]), None, "{name}: {len} bytes");
        }
        assert_eq!(parse(&[&bytes[..], &[0]].concat()), None, "{name}: a byte more");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x81;
            assert_ne!(parse(&changed), read, "{name}: byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        mut bytes in prop::collection::vec(any::<u8>(), 0..700),
        name in prop::sample::select(vec!["quote_msg", "certify_msg", "ak_public", "quote_pcrs"]),
        keep in 0_usize..200,
    ) {
        // Random bytes alone never pass the magic numbers.
        let sample = vector(name);
        let keep = keep.min(sample.len()).min(bytes.len());
        bytes[..keep].copy_from_slice(&sample[..keep]);
        let _ = Attest::parse(&bytes);
        if let Ok(read) = SigningKey::parse(&bytes) {
            prop_assert_eq!(read.point().len(), 65);
        }
        if let Ok(read) = PcrValues::parse(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }
}
