use proptest::prelude::*;
use rand_core::OsRng;

use super::*;
use crate::crypto::testing::Vector;

fn identity(byte: u8) -> RecoveryIdentity {
    RecoveryIdentity { secret: Key32::take(&mut [byte; 32]) }
}

fn shares(identity: &RecoveryIdentity) -> Vec<RecoveryShare> {
    identity.split(RecoveryIdentity::K_DEFAULT, RecoveryIdentity::N_DEFAULT, &mut OsRng).expect("3 of 5")
}

fn reread(shares: &[RecoveryShare], which: &[usize]) -> Vec<RecoveryShare> {
    which.iter().map(|&at| RecoveryShare::parse(&shares[at].to_text()).expect("reads back")).collect()
}

#[test]
fn any_three_printed_shares_open_what_was_wrapped() {
    let whole = RecoveryIdentity::generate(&mut OsRng);
    let wrapped = recipient::wrap_to_recipient(&whole.recipient(), b"the chip's half").expect("wraps");
    let printed = shares(&whole);
    for which in [&[0, 1, 2][..], &[4, 2, 0], &[0, 1, 2, 3, 4]] {
        let joined = RecoveryIdentity::join(&reread(&printed, which)).expect("a quorum");
        assert_eq!(joined.recipient(), whole.recipient());
        let opened = recipient::unwrap(&joined.identity(), &wrapped).expect("opens");
        assert_eq!(opened[..], *b"the chip's half", "{which:?}");
    }
}

#[test]
fn shares_that_do_not_make_the_identity_are_refused() {
    let (one, two) = (identity(1), identity(2));
    let (ours, theirs, again) = (shares(&one), shares(&two), shares(&one));
    let mixed = |parts: [(&[RecoveryShare], usize); 3]| {
        let picked: Vec<_> = parts.iter().flat_map(|(from, at)| reread(from, &[*at])).collect();
        RecoveryIdentity::join(&picked).expect_err("refused")
    };
    let few = |which: &[usize]| RecoveryIdentity::join(&reread(&ours, which)).expect_err("too few");
    assert_eq!(few(&[]), RecoveryError::TooFew { got: 0, k: 2 });
    assert_eq!(few(&[0]), RecoveryError::TooFew { got: 1, k: 3 });
    assert_eq!(few(&[0, 4]), RecoveryError::TooFew { got: 2, k: 3 });
    assert_eq!(few(&[0, 4, 4]), RecoveryError::Duplicate { index: 5 });
    assert_eq!(mixed([(&ours, 0), (&ours, 1), (&theirs, 2)]), RecoveryError::OtherSet { index: 3 });
    assert_eq!(
        mixed([(&ours, 0), (&ours, 1), (&again, 2)]),
        RecoveryError::Mixed,
        "two splits of one identity"
    );
    for (k, n) in [(0, 5), (1, 5), (6, 5), (2, 17)] {
        let refused = one.split(k, n, &mut OsRng).expect_err("unsound");
        assert_eq!(refused, RecoveryError::Split { k, n });
    }
}

#[test]
fn printed_shares_are_the_ones_that_other_code_makes() {
    let vector = Vector::read(include_str!("../../../tests/vectors/crypto/recovery.json"));
    let texts: Vec<_> =
        vector.0["shares"].as_array().expect("a list").iter().filter_map(|t| t.as_str()).collect();
    let read: Vec<_> = texts.iter().map(|text| RecoveryShare::parse(text).expect("reads")).collect();
    for (share, text) in read.iter().zip(&texts) {
        assert_eq!(*share.to_text(), *text);
    }
    let joined = RecoveryIdentity::join(&read[1..4]).expect("joins");
    assert_eq!(joined.secret.expose()[..], vector.bytes("secret"));
    assert_eq!(joined.recipient().as_str(), vector.text("recipient"));
}

#[test]
fn a_share_is_read_however_it_is_typed() {
    let share = &shares(&identity(1))[2];
    let text = share.to_text();
    let (head, body) = text.split_at("PORTCULLIS-SHARE 3/5 k=3 ".len());
    let cases = [
        ("as printed", text.to_string()),
        ("lower case", text.to_lowercase()),
        ("no spaces", text.replace(' ', "")),
        ("dashes and line ends", format!("\r\n{head}\n{}\n", body.replace(' ', "-"))),
        ("letters for digits", format!("{head}{}", body.replace('0', "o").replace('1', "l"))),
        ("other letters for digits", format!("{head}{}", body.replace('0', "O").replace('1', "I"))),
    ];
    for (name, typed) in cases {
        assert!(RecoveryShare::parse(&typed).expect(name).same(share), "{name}");
    }
}

#[test]
fn what_is_no_share_is_refused_with_its_reason() {
    let text = shares(&identity(1))[0].to_text();
    let last = |to: &str| format!("{}{to}", &text[..text.len() - 1]);
    let cases = [
        ("nothing", String::new(), RecoveryError::Shape),
        ("another title", text.replace("SHARE", "SHAPE"), RecoveryError::Shape),
        ("one character short", last(""), RecoveryError::Shape),
        ("one character more", format!("{}A", *text), RecoveryError::Shape),
        ("a character of no share", last("U"), RecoveryError::Symbol { position: 62 }),
        ("not ASCII", last("\u{e4}"), RecoveryError::Shape),
        ("far too long", text.repeat(6), RecoveryError::Shape),
        ("another number", text.replacen("1/5", "2/5", 1), RecoveryError::Check),
        ("another n", text.replacen("1/5", "1/6", 1), RecoveryError::Check),
        ("another k", text.replacen("k=3", "k=2", 1), RecoveryError::Check),
        ("a leading zero", text.replacen("1/5", "01/5", 1), RecoveryError::Shape),
        ("a number too large for a share", text.replacen("1/5", "33/5", 1), RecoveryError::Shape),
    ];
    for (name, typed, refusal) in cases {
        assert_eq!(RecoveryShare::parse(&typed).expect_err(name), refusal, "{name}");
    }
}

#[test]
fn every_single_mistyped_character_is_found() {
    let text = shares(&identity(7))[0].to_text();
    let start = "PORTCULLIS-SHARE 1/5 k=3 ".len();
    for at in (start..text.len()).filter(|&at| text.as_bytes()[at] != b' ') {
        for letter in
            "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().filter(|c| *c != char::from(text.as_bytes()[at]))
        {
            let typed = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
            assert_eq!(RecoveryShare::parse(&typed).expect_err("mistyped"), RecoveryError::Check, "{typed}");
        }
    }
}

#[test]
fn numbers_outside_the_rules_are_refused_even_with_a_right_check() {
    for (name, index, n, k) in
        [("k one", 1, 5, 1), ("k above n", 1, 2, 3), ("index above n", 6, 5, 3), ("n 17", 1, 17, 3)]
    {
        let point = shamir::Point { index, value: Key32::take(&mut [1; 32]) };
        let text = RecoveryShare { k, n, set: [0; 4], point }.to_text();
        assert_eq!(RecoveryShare::parse(&text).expect_err(name), RecoveryError::Shape, "{name}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let whole = identity(1);
    assert_eq!(format!("{:?}", shares(&whole)[0]), "RecoveryShare(1/5 k=3)");
    assert_eq!(format!("{whole:?}"), format!("RecoveryIdentity({})", whole.recipient()));
}

proptest! {
    #[test]
    fn up_to_four_mistyped_characters_are_found(
        secret in any::<[u8; 32]>(),
        typos in prop::collection::btree_map(0_usize..62, 1_u8..32, 1..=4),
    ) {
        const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut secret = secret;
        let whole = RecoveryIdentity { secret: Key32::take(&mut secret) };
        let text = shares(&whole)[0].to_text().replace(' ', "");
        let start = text.len() - 62;
        let mut typed = text.clone().into_bytes();
        for (at, by) in typos {
            let symbol = ALPHABET.iter().position(|b| *b == typed[start + at]).expect("of the alphabet");
            typed[start + at] = ALPHABET[symbol ^ usize::from(by)];
        }
        let typed = String::from_utf8(typed).expect("ASCII");
        prop_assert_eq!(RecoveryShare::parse(&typed).expect_err("mistyped"), RecoveryError::Check);
    }
}
