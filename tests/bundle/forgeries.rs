//! Bundles whose maker has keys that nobody should have, or a log that no appliance keeps.

use portcullis::domain::audit::entry::Body;
use portcullis::domain::audit::manifest::Member;
use portcullis::domain::operator::Role;
use portcullis::domain::time::Day;

use super::common::forge::{ATTESTATION_ATTRIBUTES, Chip, LOG_ATTRIBUTES, Seals, operator};
use super::forged::{Forged, Log, judge, verdict};

/// The only bundle of a short log.
fn one(seals: Seals, chip: &Chip) -> (Log, Forged) {
    let mut log = Log::found(seals);
    log.refuses("one");
    let range = log.exports(0);
    let bundle = log.bundle(range, chip);
    (log, bundle)
}

#[test]
fn p23_the_chip_says_it_of_this_checkpoint_this_key_and_this_state() {
    let good = Chip::default();
    let cases: Vec<(&str, Seals, Chip, &str)> = vec![
        ("all is well", Seals::default(), good.clone(), "verified"),
        (
            "another PCR",
            Seals::default(),
            Chip { pcrs: [[8; 32]; 4], ..good.clone() },
            "[pcrs] /bundle: quote/quote.pcrs: the PCRs differ from set-up",
        ),
        (
            "another nonce",
            Seals::default(),
            Chip { told: Some([1; 32]), ..good.clone() },
            "quote/quote.msg: the chip was told another checkpoint",
        ),
        (
            "fewer resets than the log",
            Seals::default(),
            Chip { resets: 2, ..good.clone() },
            "[counters] /bundle: quote/quote.msg: 2 resets in the quote, 3 in the last entry: the chip was cleared",
        ),
        (
            "a key of another hierarchy",
            Seals::default(),
            Chip { hierarchy: [0x40, 0, 0, 1], ..good.clone() },
            "quote/quote.msg: its signer is no primary key of the endorsement hierarchy",
        ),
        (
            "the log's key attests itself",
            Seals { attestation: Seals::default().tpm, ..Seals::default() },
            good.clone(),
            "quote/ak.pem: it is the log's own key",
        ),
        (
            "an attestation key that signs anything",
            Seals { attestation_attributes: ATTESTATION_ATTRIBUTES & !0x1_0000, ..Seals::default() },
            good.clone(),
            "quote/ak.pem: it is not restricted",
        ),
        (
            "a log key that can leave",
            Seals { log_attributes: LOG_ATTRIBUTES & !2, ..Seals::default() },
            good.clone(),
            "quote/log.pub: the key can leave the chip",
        ),
        (
            "a log key that a password opens",
            Seals { log_attributes: LOG_ATTRIBUTES | 0x40, ..Seals::default() },
            good.clone(),
            "quote/log.pub: the key can leave the chip, does more than sign, or is not bound",
        ),
        (
            "expired keys",
            Seals { expires: Day::parse("2026-11-01").expect("a day"), ..Seals::default() },
            good,
            "[expired-key] /bundle: checkpoint: the last entry is of 2026-11-02",
        ),
    ];
    for (case, seals, chip, expected) in cases {
        let keys = seals.list();
        let (_, bundle) = one(seals, &chip);
        let said = verdict(&bundle, &keys);
        assert!(said.contains(expected), "{case}: {said}");
    }
}

#[test]
fn the_clock_of_the_chip_does_not_go_back() {
    let mut log = Log::found(Seals::default());
    for _ in 0..20 {
        log.refuses("time goes by");
    }
    let first = log.exports(0);
    let second = log.exports(first.1);
    let keys = log.seals.list();
    let at = |resets, clock_ms| Chip { resets, clock_ms, ..Chip::default() };
    let early = log.bundle(first, &at(3, 10_000));
    let said = verdict(&early, &keys);
    assert!(said.contains("the clock says 10000 ms in the quote"), "{said}");
    let cases = [
        ("later", at(3, 50_000), at(3, 60_000), None),
        ("a boot later", at(3, 50_000), at(4, 60_000), None),
        ("earlier", at(3, 60_000), at(3, 50_000), Some("the clock says 50000 ms here, 60000 in the earlier")),
        ("fewer resets", at(5, 60_000), at(4, 70_000), Some("4 resets here, 5 in the earlier quote")),
    ];
    for (case, one, two, expected) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bundles = [log.bundle(first, &one), log.bundle(second, &two)];
        // Made one after the other.
        bundles[0].created = bundles[1].created;
        bundles[1].created = bundles[1].created.plus(portcullis::domain::time::Length::from_seconds(5));
        bundles.iter_mut().for_each(|bundle| bundle.sign(&log.seals));
        let files: Vec<_> = bundles
            .iter()
            .zip(["one", "two"])
            .map(|(bundle, name)| bundle.write(&folder.path().join(name)))
            .collect();
        let said = judge(&files, Some(&keys)).map(drop);
        match expected {
            None => assert_eq!(said, Ok(()), "{case}"),
            Some(expected) => {
                let said = said.expect_err(case);
                assert!(said.contains("[counters]") && said.contains(expected), "{case}: {said}");
            }
        }
    }
}

#[test]
fn keys_that_nobody_vouches_for_are_refused() {
    let (log, bundle) = one(Seals::default(), &Chip::default());
    let ours = log.seals.list();
    let elsewhere = Seals { appliance: "other", ..Seals::default() }.list();
    let theirs = Seals::of(2).list();
    let with = |change: &dyn Fn(&mut portcullis::auditor::keys::KeyList)| {
        let mut list = ours.clone();
        change(&mut list);
        list
    };
    let cases = [
        ("of another log", elsewhere, "[foreign] /bundle: it is of the log example.org/gate"),
        ("of the same name", theirs.clone(), "[unknown-key] /bundle: keys/log.vkey: the key is not the one"),
        (
            "another key in the chip",
            with(&|list| list.vkeys[1] = theirs.vkeys[1].clone()),
            "keys/tpm.vkey: the key is not",
        ),
        (
            "another key of bundles",
            with(&|list| list.vkeys[2] = theirs.vkeys[2].clone()),
            "keys/bundle.vkey: the key is not",
        ),
        (
            "another attestation key",
            with(&|list| list.attestation = theirs.attestation),
            "quote/ak.pem: the attestation key is not",
        ),
        (
            "another roster",
            with(&|list| list.roster = theirs.roster),
            "rosters.json: the first roster is not",
        ),
        ("the log's keys alone", with(&|list| (list.attestation, list.roster) = (None, None)), "verified"),
    ];
    for (case, list, expected) in cases {
        let said = verdict(&bundle, &list);
        assert!(said.contains(expected), "{case}: {said}");
    }
}

#[test]
fn operators_signatures_are_theirs() {
    let mut log = Log::found(Seals::default());
    let doc = log.asks(0);
    log.approves(1, &doc, 1);
    // Signed with another's key.
    log.approves(2, &doc, 0);
    log.checkpoint(Some(doc.id.clone()));
    let range = (0, log.size());
    let keys = log.seals.list();
    let said = verdict(&log.bundle(range, &Chip::default()), &keys);
    assert!(
        said.contains("[operator-signature]") && said.contains("entry 3: operator2 did not sign"),
        "{said}"
    );
    let mut log = Log::found(Seals::default());
    let range = log.exports(0);
    let head = portcullis::domain::audit::checkpoint::Checkpoint::of_head(
        &log.seals.origin(),
        &log.state_head(range.1),
    )
    .expect("a checkpoint");
    let signature = log.seals.cosign(1, 77, &head.to_string());
    let cosigned = |time, signature: [u8; 64]| Body::Cosigned {
        size: range.1,
        operator: operator(1),
        time,
        signature: hex::encode(signature),
    };
    for (time, expected) in [(77, "verified"), (78, "did not sign this cosignature")] {
        let mut log = Log::found(Seals::default());
        assert_eq!(log.exports(0), range);
        log.does("operator:operator1", cosigned(time, signature));
        let second = log.exports(range.1);
        let said = verdict(&log.bundle(second, &Chip::default()), &keys);
        assert!(said.contains(expected), "{time}: {said}");
    }
    let people = log.state.roster().with_role(Role::Operator).count();
    assert_eq!(people, 3);
}

#[test]
fn of_thousands_of_signatures_the_wrong_one_is_named() {
    const REQUESTS: u64 = 1_050;
    let log = |wrong: Option<u64>| {
        let mut log = Log::found(Seals::default());
        let mut last = None;
        for number in 0..REQUESTS {
            let doc = log.asks(0);
            log.approves(1, &doc, 1);
            log.approves(2, &doc, if wrong == Some(number) { 0 } else { 2 });
            last = Some(doc.id);
        }
        log.checkpoint(last);
        log
    };
    let cases = [
        ("none", None, "verified".to_owned()),
        ("one of the first", Some(1), "entry 6: operator2 did not sign".to_owned()),
        ("the last", Some(REQUESTS - 1), format!("entry {}: operator2 did not sign", 3 * REQUESTS)),
    ];
    for (case, wrong, expected) in cases {
        let log = log(wrong);
        let said = verdict(&log.bundle((0, log.size()), &Chip::default()), &log.seals.list());
        assert!(said.contains(&expected), "{case}: {said}");
    }
}

#[test]
fn an_appliance_is_in_evaluation_or_is_not() {
    let mut log = Log::found(Seals::default());
    let (wanted, code, what) = ("a".to_owned(), "b".to_owned(), "c".to_owned());
    log.does_with("uid:0", Body::Refused { wanted, code, what }, |entry| entry.evaluation = true);
    let range = log.exports(0);
    let said = verdict(&log.bundle(range, &Chip::default()), &log.seals.list());
    assert!(said.contains("entries.ndjson: entry 1 is of an EVALUATION appliance"), "{said}");
}

#[test]
fn a_bundle_ends_with_its_checkpoint_and_begins_where_one_ended() {
    let mut log = Log::found(Seals::default());
    let first = log.exports(0);
    let second = log.exports(first.1);
    let third = log.exports(second.1);
    let keys = log.seals.list();
    let folder = tempfile::tempdir().expect("a folder");
    let write = |range, name: &str| log.bundle(range, &Chip::default()).write(&folder.path().join(name));
    let (a, b, c) = (write(first, "a"), write(second, "b"), write(third, "c"));
    let whole = write((0, third.1), "whole");
    let refused = judge(&[c.clone(), a.clone()], Some(&keys)).map(drop).expect_err("a gap");
    let missing = format!("[gap] {}: entries {} to {} are missing", c.display(), second.0, second.1 - 1);
    assert!(refused.starts_with(&missing), "{refused}");
    for files in [vec![&c, &b, &a], vec![&whole, &b], vec![&a, &whole, &c], vec![&b, &c], vec![&a, &a]] {
        let files: Vec<_> = files.into_iter().cloned().collect();
        let verified = judge(&files, Some(&keys));
        assert!(verified.is_ok(), "{files:?}: {:?}", verified.map(drop));
        let steps = verified.expect("verified").is_complete();
        assert_eq!(steps, !files.contains(&b) || files.contains(&a) || files.contains(&whole), "{files:?}");
    }
}

#[test]
fn a_log_that_goes_on_from_an_older_copy_contradicts_what_was_handed_over() {
    let log = |word: &str| {
        let mut log = Log::found(Seals::default());
        let first = log.exports(0);
        log.refuses(word);
        let second = log.exports(first.1);
        (log, first, second)
    };
    let (one, first, second) = log("as it was");
    let (two, ..) = log("as it became");
    let (folder, keys) = (tempfile::tempdir().expect("a folder"), one.seals.list());
    let write =
        |log: &Log, range, name: &str| log.bundle(range, &Chip::default()).write(&folder.path().join(name));
    let (base, ours) = (write(&one, first, "base"), write(&one, second, "ours"));
    let theirs = write(&two, second, "theirs");
    let refused = judge(&[base, ours.clone(), theirs.clone()], Some(&keys)).map(drop).expect_err("two logs");
    for words in [
        "[contradiction]",
        "restored from an older copy and continued",
        ours.to_str().expect("text"),
        theirs.to_str().expect("text"),
        &format!("entry {} is the first that differs", second.0 + 1),
    ] {
        assert!(refused.contains(words), "{words}: {refused}");
    }
    // The one that goes on from what was never handed over.
    let mut two = two;
    let third = two.exports(second.1);
    let later = write(&two, third, "later");
    let refused = judge(&[ours, later], Some(&keys)).map(drop).expect_err("two logs");
    assert!(refused.contains("[contradiction]"), "{refused}");
}

#[test]
fn members_of_another_bundle_do_not_fit() {
    let mut log = Log::found(Seals::default());
    let first = log.exports(0);
    let second = log.exports(first.1);
    let bundles = [first, second].map(|range| log.bundle(range, &Chip::default()));
    let keys = log.seals.list();
    let exchanged = [
        Member::Checkpoint,
        Member::Consistency,
        Member::Frontier,
        Member::Entries,
        Member::QuoteMessage,
        Member::QuoteSignature,
        Member::Failed,
        Member::Custody,
        Member::Access,
    ];
    for member in exchanged {
        let changed =
            bundles[1].with(&log.seals, member, |bytes| *bytes = bundles[0].members[&member].clone());
        let said = verdict(&changed, &keys);
        assert!(said.starts_with('['), "{member}: {said}");
    }
}
