use proptest::prelude::*;
use rand_core::OsRng;

use super::*;
use crate::crypto::testing::{Given, Vector};

fn key(byte: u8) -> Key32 {
    Key32::take(&mut [byte; 32])
}

/// The operator's and the keeper's end of one channel.
fn pair() -> (Channel, Channel) {
    let (operator, keeper) = (key(1), key(2));
    let (initiator, hello) = Initiator::start(&operator, &public_of(&keeper), &mut OsRng).expect("starts");
    let responder = Responder::read(&keeper, &hello, &mut OsRng).expect("reads");
    let (theirs, reply) = responder.accept().expect("accepts");
    (initiator.finish(&reply).expect("finishes"), theirs)
}

/// All of one message through both ends.
fn carry(from: &mut Channel, to: &mut Channel, message: &[u8]) -> Vec<u8> {
    let mut records = from.seal(message).expect("seals").into_iter().peekable();
    while let Some(record) = records.next() {
        let opened = to.open(&record).expect("opens");
        assert_eq!(opened.is_some(), records.peek().is_none(), "a message ends with its last record");
        if let Some(message) = opened {
            return message.to_vec();
        }
    }
    panic!("no message came out");
}

/// A record with any content, as a peer of bad will could make it.
fn record_of(channel: &mut Channel, content: &[u8]) -> Vec<u8> {
    let mut record = vec![0; content.len() + TAG_LEN];
    channel.transport.write_message(content, &mut record).expect("encrypts");
    record
}

#[test]
fn the_channel_is_the_one_that_other_code_speaks() {
    let vector = Vector::read(include_str!("../../../tests/vectors/crypto/channel.json"));
    let (operator, keeper) = (vector.key("operator"), vector.key("keeper"));
    let mut ephemeral = Given::new(vector.bytes("operator_ephemeral"));
    let (initiator, hello) =
        Initiator::start(&operator, &public_of(&keeper), &mut ephemeral).expect("starts");
    assert_eq!(hello, vector.bytes("hello"));
    let mut ephemeral = Given::new(vector.bytes("keeper_ephemeral"));
    let responder = Responder::read(&keeper, &hello, &mut ephemeral).expect("reads");
    assert_eq!(responder.remote(), &public_of(&operator));
    let (mut theirs, reply) = responder.accept().expect("accepts");
    assert_eq!(reply, vector.bytes("reply"));
    let mut ours = initiator.finish(&reply).expect("finishes");
    let message = vector.text("message").as_bytes();
    assert_eq!(ours.seal(message).expect("seals"), [vector.bytes("record_to_keeper")]);
    assert_eq!(theirs.seal(message).expect("seals"), [vector.bytes("record_to_operator")]);
    let opened = theirs.open(&vector.bytes("record_to_keeper")).expect("opens").expect("whole");
    assert_eq!(opened[..], *message);
}

#[test]
fn both_ends_know_each_other_and_messages_go_both_ways() {
    let (mut ours, mut theirs) = pair();
    assert_eq!((ours.remote(), theirs.remote()), (&public_of(&key(2)), &public_of(&key(1))));
    for message in [&b"{\"v\":1}"[..], b"second"] {
        assert_eq!(carry(&mut ours, &mut theirs, message), message);
        assert_eq!(carry(&mut theirs, &mut ours, message), message);
    }
}

#[test]
fn a_handshake_with_any_other_key_fails() {
    let start = |keeper: &Key32| Initiator::start(&key(1), &public_of(keeper), &mut OsRng).expect("starts");
    let (_, hello) = start(&key(3));
    assert!(Responder::read(&key(2), &hello, &mut OsRng).is_err(), "meant for another keeper");
    let (initiator, _) = start(&key(2));
    let (_, other) = start(&key(2));
    let (_, reply) = Responder::read(&key(2), &other, &mut OsRng).expect("reads").accept().expect("accepts");
    assert_eq!(initiator.finish(&reply).expect_err("another's reply"), ChannelError::Handshake);
    assert!(Initiator::start(&key(1), &[0; 32], &mut OsRng).is_err(), "a keeper's key that everybody has");
}

#[test]
fn a_changed_byte_in_the_handshake_is_refused() {
    let keeper = key(2);
    let (_, hello) = Initiator::start(&key(1), &public_of(&keeper), &mut OsRng).expect("starts");
    for at in 0..hello.len() {
        let mut changed = hello.clone();
        changed[at] ^= 0x04;
        assert!(Responder::read(&keeper, &changed, &mut OsRng).is_err(), "hello byte {at}");
    }
    for wrong in [&hello[..95], &[&hello[..], &[0]].concat(), &[]] {
        assert!(Responder::read(&keeper, wrong, &mut OsRng).is_err(), "{} bytes", wrong.len());
    }
    for at in 0..REPLY_LEN {
        let (initiator, hello) = Initiator::start(&key(1), &public_of(&keeper), &mut OsRng).expect("starts");
        let (_, mut reply) =
            Responder::read(&keeper, &hello, &mut OsRng).expect("reads").accept().expect("accepts");
        reply[at] ^= 0x04;
        assert!(initiator.finish(&reply).is_err(), "reply byte {at}");
    }
}

#[test]
fn a_message_has_1_to_262144_bytes_on_both_sides() {
    let cases = [(0, false), (1, true), (MESSAGE_LEN_MAX, true), (MESSAGE_LEN_MAX + 1, false)];
    for (len, fits) in cases {
        let sealed = pair().0.seal(&vec![7; len]);
        let expected = (!fits).then_some(ChannelError::MessageLength { len });
        assert_eq!(sealed.err(), expected, "sealing {len}");

        let (mut other, mut peer) = pair();
        let header = u32::try_from(len).expect("small").to_be_bytes();
        let content = [&header[..], &vec![7; len.min(CONTENT_LEN_MAX - HEADER_LEN)]].concat();
        let opened = peer.open(&record_of(&mut other, &content));
        assert_eq!(opened.err(), expected, "opening {len}");
    }
}

#[test]
fn a_message_is_cut_into_full_records() {
    let first = CONTENT_LEN_MAX - HEADER_LEN;
    let cases = [
        ("one full record", first, vec![RECORD_LEN_MAX]),
        ("one byte more", first + 1, vec![RECORD_LEN_MAX, RECORD_LEN_MIN]),
        ("two full records", first + CONTENT_LEN_MAX, vec![RECORD_LEN_MAX; 2]),
        ("the longest", MESSAGE_LEN_MAX, [vec![RECORD_LEN_MAX; 4], vec![TAG_LEN + 72]].concat()),
    ];
    for (name, len, expected) in cases {
        let (mut ours, mut theirs) = pair();
        let message: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
        assert_eq!(carry(&mut ours, &mut theirs, &message), message, "{name}");
        let lens: Vec<_> = ours.seal(&message).expect("seals").iter().map(Vec::len).collect();
        assert_eq!(lens, expected, "{name}");
    }
}

#[test]
fn a_record_that_does_not_fill_its_place_is_refused() {
    let wrong = |contents: &[&[u8]]| {
        let (mut ours, mut theirs) = pair();
        let (last, before) = contents.split_last().expect("some");
        for content in before {
            assert_eq!(theirs.open(&record_of(&mut ours, content)), Ok(None));
        }
        theirs.open(&record_of(&mut ours, last)).map(|message| message.is_some())
    };
    let mut start = vec![7; CONTENT_LEN_MAX];
    start[..HEADER_LEN].copy_from_slice(&70_000_u32.to_be_bytes());
    let rest = 70_000 - (CONTENT_LEN_MAX - HEADER_LEN);
    type Contents<'a> = &'a [&'a [u8]];
    let cases: [(&str, Contents<'_>, Result<bool, usize>); 8] = [
        ("no whole header", &[&[0, 0, 0]], Err(3)),
        ("a header alone", &[&[0, 0, 0, 1]], Err(4)),
        ("fewer bytes than said", &[&[0, 0, 0, 2, 7]], Err(5)),
        ("as many", &[&[0, 0, 0, 2, 7, 7]], Ok(true)),
        ("more bytes than said", &[&[0, 0, 0, 2, 7, 7, 7]], Err(7)),
        ("a rest that is short", &[&start, &vec![7; rest - 1]], Err(rest - 1)),
        ("the rest", &[&start, &vec![7; rest]], Ok(true)),
        ("a rest that is long", &[&start, &vec![7; rest + 1]], Err(rest + 1)),
    ];
    for (name, contents, expected) in cases {
        assert_eq!(wrong(contents), expected.map_err(|len| ChannelError::Content { len }), "{name}");
    }
}

#[test]
fn a_length_is_refused_before_memory_is_taken_for_it() {
    let (mut ours, mut theirs) = pair();
    let record = record_of(&mut ours, &[0xFF, 0xFF, 0xFF, 0xFF, 1]);
    assert_eq!(theirs.open(&record), Err(ChannelError::MessageLength { len: 0xFFFF_FFFF }));
    for len in [0, RECORD_LEN_MIN - 1, RECORD_LEN_MAX + 1] {
        let (_, mut theirs) = pair();
        assert_eq!(theirs.open(&vec![0; len]), Err(ChannelError::RecordLength { len }));
    }
}

#[test]
fn any_error_closes_the_channel_for_good() {
    let (mut ours, mut theirs) = pair();
    let good = ours.seal(b"first").expect("seals");
    let mut changed = good[0].clone();
    changed[0] ^= 1;
    assert_eq!(theirs.open(&changed), Err(ChannelError::Record));
    assert_eq!(theirs.open(&good[0]), Err(ChannelError::Closed), "even what was good");
    assert_eq!(theirs.seal(b"x"), Err(ChannelError::Closed));
    assert_eq!(ours.seal(&[]), Err(ChannelError::MessageLength { len: 0 }));
    assert_eq!(ours.seal(b"x"), Err(ChannelError::Closed));
}

#[test]
fn p06_a_record_opens_once_in_its_order_and_in_its_direction() {
    let (mut ours, mut theirs) = pair();
    let record = ours.seal(b"first").expect("seals").remove(0);
    theirs.open(&record).expect("once");
    assert_eq!(theirs.open(&record), Err(ChannelError::Record), "repeated");

    let (mut ours, mut theirs) = pair();
    ours.seal(b"first").expect("seals");
    let second = ours.seal(b"second").expect("seals").remove(0);
    assert_eq!(theirs.open(&second), Err(ChannelError::Record), "the first was dropped");

    let (_, mut other) = pair();
    let foreign = pair().0.seal(b"first").expect("seals").remove(0);
    assert_eq!(other.open(&foreign), Err(ChannelError::Record), "of another channel");

    let (mut ours, _) = pair();
    let own = ours.seal(b"first").expect("seals").remove(0);
    assert_eq!(ours.open(&own), Err(ChannelError::Record), "sent back");
}

proptest! {
    #[test]
    fn a_changed_byte_anywhere_is_refused(
        message in prop::collection::vec(any::<u8>(), 1..300),
        at in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let (mut ours, mut theirs) = pair();
        prop_assert_eq!(&carry(&mut ours, &mut theirs, &message), &message);
        let mut record = ours.seal(&message).expect("seals").remove(0);
        let at = at.index(record.len());
        record[at] ^= flip;
        prop_assert_eq!(theirs.open(&record), Err(ChannelError::Record));
    }
}
