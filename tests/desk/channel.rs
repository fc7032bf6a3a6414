//! Keys, versions, answers, changes and reports.

use std::collections::BTreeSet;
use std::time::Duration;

use portcullis::crypto::key_file::{KdfCost, KeyFile};
use portcullis::desk::client::Client;
use portcullis::desk::error::DeskError;
use portcullis::desk::key::report_wrong_passphrase;
use portcullis::domain::ids::RequestId;
use portcullis::domain::wire::operator::{Ask, Refused, Reply, VERSION};
use rand_core::OsRng;

use super::keeper::{Keeper, al, passphrase};
use super::{frozen, key, text, with};

const NO_TIME: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(30);

#[test]
fn both_ends_prove_their_keys_and_speak_one_version() {
    let keeper = Keeper::new();
    let unbound = Client::connect(&keeper.socket(), &key("al"));
    assert!(matches!(unbound, Err(DeskError::NotPinned { .. })), "bound to nobody");
    let known = al();
    assert!(
        matches!(Client::connect(&keeper.socket(), known), Err(DeskError::Link { .. })),
        "nobody is there"
    );
    let other_end = keeper.serve(VERSION + 1, |_| Vec::new());
    let refused = Client::connect(&keeper.socket(), known).map_err(|error| error.exit());
    assert_eq!(refused.err(), Some(7), "another version");
    assert_eq!(other_end.join().expect("no panic").remote, known.public(BTreeSet::new()).noise);

    let impostor = Keeper::other();
    let other_end = impostor.serve(VERSION, |_| Vec::new());
    let refused = Client::connect(&impostor.socket(), known);
    assert!(refused.is_err(), "a keeper with another key");
    assert!(other_end.join().expect("no panic").asks.is_empty());
}

#[test]
fn a_refusal_keeps_its_words_and_its_exit_code() {
    let ((), _) = with(
        &Keeper::new(),
        |_| vec![frozen()],
        |client, _| {
            let error = client.ask(&Ask::Status).expect_err("refused");
            assert_eq!(
                (error.exit(), error.code(), error.to_string()),
                (3, "frozen", "the appliance is frozen".to_owned())
            );
            assert_eq!(error.advice(), "thaw it");
        },
    );
}

#[test]
fn what_the_keeper_says_cannot_steer_a_terminal() {
    let hostile = || {
        let (code, what) = ("x".to_owned(), "a\u{1b}[2Jb".to_owned());
        vec![Reply::Refused(Refused { code, exit: 3, what, advice: "c\u{9b}d\u{202e}".to_owned() })]
    };
    let ((), _) = with(
        &Keeper::new(),
        move |_| hostile(),
        |client, _| {
            let error = client.ask(&Ask::Status).expect_err("refused");
            assert_eq!(error.to_string(), "a\\u{1b}[2Jb");
            assert_eq!(error.advice(), "c\\u{9b}d\\u{202e}");
        },
    );
}

#[test]
fn a_change_is_noticed_whenever_it_was_said() {
    let answers = |ask| match ask {
        Ask::Watch => vec![Reply::Watching],
        // A change before the answer, and two after it.
        Ask::Credentials { .. } => {
            let changed = |size| Reply::Changed { size };
            vec![
                changed(1),
                Reply::Credentials { credentials: Vec::new(), more: false },
                changed(2),
                changed(3),
            ]
        }
        _ => vec![frozen()],
    };
    let ((), _) = with(&Keeper::new(), answers, |client, _| {
        client.ask(&Ask::Watch).expect("watching");
        assert!(!client.wait_change(NO_TIME).expect("a wait"), "nothing has changed yet");
        assert!(
            matches!(client.ask(&Ask::Credentials { after: None }), Ok(Reply::Credentials { .. })),
            "not the change"
        );
        for change in 1..=3 {
            assert!(client.wait_change(LONG).expect("a wait"), "change {change}");
        }
        assert!(!client.wait_change(NO_TIME).expect("a wait"), "that was all");
        assert_eq!(client.ask(&Ask::Status).map_err(|error| error.exit()).err(), Some(3), "it still answers");
    });
}

#[test]
fn a_long_answer_comes_whole() {
    let leaves = || vec!["x".repeat(60_000); 4];
    let answers = move |_| vec![Reply::Entries { leaves: leaves(), size: 4, root: String::new() }];
    let ((), _) = with(&Keeper::new(), answers, |client, _| {
        let Ok(Reply::Entries { leaves: got, .. }) = client.ask(&Ask::Entries { from: 0, count: 4 }) else {
            panic!("no entries");
        };
        assert_eq!(got, leaves());
    });
}

#[test]
fn a_keeper_that_goes_away_is_told_apart_from_one_that_was_never_there() {
    let id = || RequestId::parse("7K2M").expect("an id");
    let cases = [
        (Ask::Status, "nothing was changed"),
        (Ask::Deny { id: id(), reason: text("no") }, "look with `portcullis requests --all`"),
        (Ask::RequestThaw { reason: text("r"), ticket: text("t") }, "look with `portcullis requests`"),
        (Ask::Freeze { reason: text("stolen") }, "do it again"),
    ];
    for (ask, next) in cases {
        let keeper = Keeper::new();
        // It has read the question, and then it is gone.
        let other_end = keeper.serve(VERSION, |_| panic!("the other end goes away"));
        let mut client = Client::connect(&keeper.socket(), al()).expect("connected");
        let error = client.ask(&ask).expect_err("it is gone");
        assert_eq!((error.exit(), error.code()), (7, "cut"), "{error}");
        assert!(error.to_string().contains("broke before it answered"), "{error}");
        assert!(error.advice().contains(next), "{ask:?}: {}", error.advice());
        assert!(other_end.join().is_err());
        let error = client.ask(&ask).expect_err("it is still gone");
        assert!(error.advice().contains("nothing was done"), "{ask:?}: {}", error.advice());
        let error = Client::connect(&keeper.socket(), al()).expect_err("nobody listens");
        assert_eq!((error.exit(), error.code()), (7, "link"), "{error}");
        assert!(error.advice().contains("portcullis serve"), "{}", error.advice());
    }
}

#[test]
fn a_wrong_passphrase_is_reported_by_nobody_on_the_roster() {
    let keeper = Keeper::new();
    let al = key("al");
    let path = keeper.dir().join("al.pcop");
    let file = KeyFile::seal(&al, &passphrase(), KdfCost::Standard, &mut OsRng).expect("sealed");
    let file = file.with_keeper(keeper.pin([0; 32]), &passphrase(), &mut OsRng).expect("bound");
    std::fs::write(&path, file.to_text()).expect("a file");
    let other_end = keeper.serve(VERSION, |_| vec![Reply::Done { request: None, message: String::new() }]);
    report_wrong_passphrase(&keeper.socket(), &path);
    let heard = other_end.join().expect("no panic");
    assert_ne!(heard.remote, al.public(BTreeSet::new()).noise);
    assert_eq!(heard.asks, [serde_json::json!({ "ask": "passphrase-failed", "operator": "al" })]);
}
