//! Bundles that somebody changed, at every place that they have.

use std::path::Path;

use portcullis::domain::audit::manifest::Member;

use super::common::forge::{Chip, Seals};
use super::forged::{Forged, Log, judge, verdict};

/// A log with two bundles, and both of them.
fn two() -> (Log, Forged, Forged) {
    let mut log = Log::found(Seals::default());
    log.refuses("one");
    let first = log.exports(0);
    log.refuses("two");
    let second = log.exports(first.1);
    let bundles = [first, second].map(|range| log.bundle(range, &Chip::default()));
    let [first, second] = bundles;
    (log, first, second)
}

#[test]
fn what_a_forger_hashes_anew_is_not_signed() {
    let (log, first, _) = two();
    let keys = log.seals.list();
    assert_eq!(verdict(&first, &keys), "verified");
    for member in first.members.keys().copied() {
        if first.members[&member].is_empty() {
            continue;
        }
        let mut flipped = first.clone();
        let bytes = flipped.members.get_mut(&member).expect("there");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let said = verdict(&flipped, &keys);
        assert_ne!(said, "verified", "{member}, one bit");
        assert!(said.contains(member.path()), "{member}, one bit: {said}");
        if member == Member::Manifest {
            continue;
        }
        flipped.hash();
        let said = verdict(&flipped, &keys);
        // The keys are read first, and compared with one another.
        let signature = "[signature] /bundle: MANIFEST: the signature of example.org/gate/bundle";
        let is_key = member.path().starts_with("keys/") && said.contains(&format!("{member}: it is not"));
        assert!(is_key || said.starts_with(signature), "{member}, hashed anew: {said}");
    }
}

#[test]
fn every_line_of_manifest_counts() {
    let (log, first, _) = two();
    let keys = log.seals.list();
    let text = String::from_utf8(first.members[&Member::Manifest].clone()).expect("text");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for at in 0..lines.len() {
        let variants = [
            ("without", [&lines[..at], &lines[at + 1..]].concat()),
            ("twice", [&lines[..=at], &lines[at..]].concat()),
            ("swapped", {
                let mut lines = lines.clone();
                let next = (at + 1) % lines.len();
                lines.swap(at, next);
                lines
            }),
            ("cut", lines[..at].to_vec()),
        ];
        for (case, lines) in variants {
            let mut changed = first.clone();
            changed.members.insert(Member::Manifest, lines.concat().into_bytes());
            let said = verdict(&changed, &keys);
            // A line may say what is signed under the same key, twice: then nothing was changed.
            let is_signature = at + 1 == text.lines().count() && case == "twice";
            assert!(is_signature || said != "verified", "line {at} {case}");
            assert!(said.contains("MANIFEST") || is_signature, "line {at} {case}: {said}");
        }
    }
}

#[test]
fn every_bit_of_the_file_is_looked_at() {
    let (log, first, _) = two();
    let (keys, folder) = (log.seals.list(), tempfile::tempdir().expect("a folder"));
    let unpacked = first.write(&folder.path().join("unpacked"));
    let told = &mut |_| {};
    let file =
        portcullis::auditor::writer::write_bundle(&unpacked, folder.path(), &[], told).expect("a file");
    let good = std::fs::read(&file).expect("read");
    assert!(judge(std::slice::from_ref(&file), Some(&keys)).is_ok());
    let flip = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        bytes
    };
    let mut cases: Vec<(String, Vec<u8>)> = (0..good.len())
        .step_by(149)
        .chain((0..good.len()).step_by(512))
        .map(|at| (format!("byte {at}"), flip(at)))
        .collect();
    for len in (0..good.len()).step_by(512 * 7) {
        cases.push((format!("cut at {len}"), good[..len].to_vec()));
    }
    cases.push(("longer".to_owned(), [&good[..], &[0; 512]].concat()));
    for (case, bytes) in cases {
        std::fs::write(&file, bytes).expect("written");
        assert!(judge(std::slice::from_ref(&file), Some(&keys)).is_err(), "{case}");
    }
}

#[test]
fn entries_are_all_there_once_and_in_order() {
    let (log, first, second) = two();
    let keys = log.seals.list();
    for bundle in [&first, &second] {
        let text = bundle.members[&Member::Entries].clone();
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let from = bundle.range.0;
        for at in 0..lines.len() {
            let seq = from + at as u64;
            let is_last = at + 1 == lines.len();
            let mut swapped = lines.clone();
            swapped.swap(at, (at + 1) % lines.len());
            let first_swapped = if is_last { from } else { seq };
            let end = &lines[at][..lines[at].len() - 2];
            let cut: Vec<&[u8]> = [&lines[..at], &[end]].concat();
            let count = format!("entries.ndjson: {at} entries, and MANIFEST says {}", lines.len());
            let short = format!("and MANIFEST says that {} entries are in it", lines.len());
            let over = format!("{} entries, and MANIFEST says {}", lines.len() + 1, lines.len());
            let place = |seq: u64| format!("entry {seq} says that it is entry");
            let gone = if is_last { count.clone() } else { place(seq) };
            let twice = if is_last { over } else { place(seq + 1) };
            let cases = [
                ("without", [&lines[..at], &lines[at + 1..]].concat(), gone),
                ("twice", [&lines[..=at], &lines[at..]].concat(), twice),
                ("swapped", swapped, place(first_swapped)),
                ("ends", lines[..at].to_vec(), count),
                ("cut", cut, "entries.ndjson: a line without end".to_owned()),
            ];
            for (case, lines, expected) in cases {
                let changed = bundle.with(&log.seals, Member::Entries, |bytes| *bytes = lines.concat());
                let said = verdict(&changed, &keys);
                assert!(said.contains(&expected) || said.contains(&short), "entry {seq} {case}: {said}");
            }
            let other = bundle.with(&log.seals, Member::Entries, |bytes| {
                let line = String::from_utf8(lines[at].to_vec()).expect("text");
                let spaced = line.replacen(':', ": ", 1);
                *bytes = [&lines[..at], &[spaced.as_bytes()], &lines[at + 1..]].concat().concat();
            });
            let said = verdict(&other, &keys);
            assert!(said.contains(&format!("entry {seq} is not canonical JSON")), "{said}");
            let other = bundle.with(&log.seals, Member::Entries, |bytes| {
                let line = String::from_utf8(lines[at].to_vec()).expect("text");
                let newer = line.replace("\"v\":1}\n", "\"v\":2}\n");
                assert_ne!(newer, line);
                *bytes = [&lines[..at], &[newer.as_bytes()], &lines[at + 1..]].concat().concat();
            });
            let said = verdict(&other, &keys);
            assert!(said.contains(&format!("entry {seq} is of version 2")), "{said}");
        }
    }
}

/// Swaps text in a member for other text of a file that is text.
fn replace(from: &'static str, to: &'static str) -> impl Fn(&mut Vec<u8>) {
    move |bytes| {
        let text = String::from_utf8(bytes.clone()).expect("text");
        assert!(text.contains(from), "{from} is in {text}");
        *bytes = text.replace(from, to).into_bytes();
    }
}

type Change = Box<dyn Fn(&mut Vec<u8>)>;

fn flip(at: usize) -> impl Fn(&mut Vec<u8>) {
    move |bytes| bytes[at] ^= 1
}

fn last() -> impl Fn(&mut Vec<u8>) {
    |bytes| *bytes.last_mut().expect("not empty") ^= 1
}

/// Changes to what the log itself says, and why each is refused.
fn of_the_log() -> Vec<(Member, Change, &'static str)> {
    vec![
        (Member::Checkpoint, Box::new(replace("example.org/gate\n", "example.org/fate\n")), "of another log"),
        (Member::Checkpoint, Box::new(flip(20)), "checkpoint: "),
        (Member::Checkpoint, Box::new(|bytes| bytes.truncate(bytes.len() - 1)), "checkpoint: "),
        (Member::Consistency, Box::new(replace("old ", "old 1")), "consistency: "),
        (Member::Consistency, Box::new(flip(6)), "consistency: "),
        (Member::Frontier, Box::new(flip(3)), "consistency: the proof does not show"),
        (Member::Frontier, Box::new(Vec::clear), "frontier: a tree of"),
        (Member::Entries, Box::new(replace("\"what\":\"two\"", "\"what\":\"owt\"")), "[entries] "),
        (
            Member::Entries,
            Box::new(replace("\"evaluation\":false,\"mono\":9000", "\"evaluation\":true,\"mono\":9000")),
            "EVALUATION",
        ),
        (Member::OpenRequests, Box::new(|bytes| bytes.extend(b"{}\n")), "open-requests.ndjson: "),
        (Member::Rosters, Box::new(replace("\"quorum\":2", "\"quorum\":3")), "rosters.json: "),
        (
            Member::Rosters,
            Box::new(|bytes| *bytes = b"[]".to_vec()),
            "rosters.json: the chain of rosters is empty",
        ),
        (Member::Rosters, Box::new(|bytes| bytes.push(b'\n')), "rosters.json: it is not canonical"),
        (
            Member::Policy,
            Box::new(last()),
            "policy.txt: it is not the policy that the export was asked for under",
        ),
    ]
}

/// Changes to keys, to what the chip says and to the reports.
fn of_the_rest() -> Vec<(Member, Change, &'static str)> {
    vec![
        (Member::LogKey, Box::new(last()), "keys/log.vkey: it is not the key in keys/register.json"),
        (Member::TpmKey, Box::new(last()), "keys/tpm.vkey: it is not the key in keys/register.json"),
        (Member::BundleKey, Box::new(last()), "keys/bundle.vkey: it is not the key in keys/register.json"),
        (Member::OperatorKeys, Box::new(last()), "keys/operators.vkey: it does not have the cosigning keys"),
        (Member::Register, Box::new(replace("2099", "2199")), ""),
        (
            Member::Register,
            Box::new(replace("example.org/gate", "example.org/fate")),
            "and MANIFEST of example.org/gate",
        ),
        (Member::Register, Box::new(replace(":\"0\"", ": \"0\"")), "register.json: it is not canonical"),
        (Member::QuoteMessage, Box::new(flip(60)), "quote/quote.sig: the attestation key did not sign this"),
        (Member::QuoteSignature, Box::new(last()), "quote/quote.sig: the attestation key did not sign this"),
        (Member::QuotePcrs, Box::new(flip(160)), "quote/quote.pcrs: "),
        (Member::AttestationKey, Box::new(flip(100)), "quote/ak.pem: "),
        (
            Member::CertifyMessage,
            Box::new(flip(60)),
            "quote/certify.sig: the attestation key did not sign this",
        ),
        (
            Member::CertifySignature,
            Box::new(last()),
            "quote/certify.sig: the attestation key did not sign this",
        ),
        (Member::LogPublic, Box::new(last()), "quote/log.pub: it is not the public area"),
        (Member::Rotation, Box::new(replace("rotation", "rotatiom")), "reports/rotation.json: "),
        (Member::Exceptions, Box::new(last()), "reports/exceptions.json: "),
        (Member::Access, Box::new(last()), "reports/access.json: "),
        (Member::Pairs, Box::new(replace("\"count\":1", "\"count\":2")), "reports/pairs.json: "),
        (
            Member::Failed,
            Box::new(replace("\"count\":1", "\"count\":2")),
            "reports/failed.json: it is not what",
        ),
        (Member::Custody, Box::new(replace("USB 7", "USB 8")), "reports/custody.json: "),
    ]
}

#[test]
fn a_thief_of_the_key_of_the_bundles_forges_nothing_else() {
    let (log, first, second) = two();
    let keys = log.seals.list();
    let (one, whole) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let first = first.write(&one.path().join("bundle"));
    for (at, (member, change, expected)) in of_the_log().into_iter().chain(of_the_rest()).enumerate() {
        let changed = second.with(&log.seals, member, change);
        let file = changed.write(&whole.path().join("bundle"));
        let together = judge(&[first.clone(), file], Some(&keys)).map(drop).expect_err("refused");
        assert!(together.contains(expected), "{at} {member}: {together}");
        assert!(together.contains(path(whole.path())), "{at} {member}: {together}");
        let said = verdict(&changed, &keys);
        // What needs the log before it is not known of this bundle alone.
        let needs_both = matches!(member, Member::Register | Member::Pairs | Member::Custody);
        assert!(needs_both || said.contains(expected), "{at} {member}, alone: {said}");
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("text")
}
