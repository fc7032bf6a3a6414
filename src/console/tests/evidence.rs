//! Bundles and cosignatures: asked for, taken, signed.

use std::path::{Path, PathBuf};

use super::pictures::text;
use super::{Desk, approvals};
use crate::console::event::{Effect, Errand, Event, Failure, FailureSort, News};
use crate::console::key::Key;
use crate::console::model::{Dialog, Model, Screen};
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::update::next_tick;
use crate::console::view::render;
use crate::desk::cosign::Cosigned;
use crate::desk::export::Progress;
use crate::domain::operator::Role;
use crate::domain::wire::operator::audit::AuditAsk;
use crate::domain::wire::operator::{Ask, RequestView, StateName};

fn desk_with(view: RequestView) -> Desk {
    Desk { model: samples::logged_in(Profile::AsciiMono, "80x24", vec![view], true), now_ms: 1_000 }
}

fn failure(during: Errand, sort: FailureSort) -> Event {
    Event::Failed(Failure { during, sort, what: "it failed".to_owned(), advice: "look".to_owned() })
}

/// What is asked for: first entry, medium, seal, how many recipients, reason and ticket.
type Asked = (Option<u64>, String, Option<String>, usize, String, String);

fn asked(effects: Vec<Effect>) -> Option<Asked> {
    let mut asks = effects.into_iter().filter_map(|effect| match effect {
        Effect::Request(ask) => Some(*ask),
        _ => None,
    });
    let Ask::Audit { question } = asks.next()? else { return None };
    let AuditAsk::Request { from, medium, seal, recipients, reason, ticket } = *question else { return None };
    let seal = seal.map(|seal| seal.as_str().to_owned());
    let words = [medium, reason, ticket].map(|text| text.as_str().to_owned());
    let [medium, reason, ticket] = words;
    Some((from, medium, seal, recipients.len(), reason, ticket))
}

#[test]
fn a_bundle_is_asked_for_when_every_field_is_right_and_not_before() {
    let key = |number: u8| crate::domain::operator::AgeRecipient::from_key([number; 32]).to_string();
    let (one, other) = (key(1), key(2));
    let many = |count: u8| (1..=count).map(key).collect::<Vec<_>>().join(" ");
    let all = |from: Option<u64>, seal: Option<&str>, recipients| {
        Some((
            from,
            "USB 7".to_owned(),
            seal.map(str::to_owned),
            recipients,
            "why".to_owned(),
            "T-1".to_owned(),
        ))
    };
    // name, the six fields, what is asked for
    let cases = [
        ("the least", ["", "USB 7", "", "", "why", "T-1"], all(None, None, 0)),
        ("all of it", ["0", "USB 7", "004711", &one, "why", "T-1"], all(Some(0), Some("004711"), 1)),
        ("two people", ["7", "USB 7", "", &format!(" {one}  {other} "), "why", "T-1"], all(Some(7), None, 2)),
        ("as many as there may be", ["", "USB 7", "", &many(16), "why", "T-1"], all(None, None, 16)),
        ("one too many", ["", "USB 7", "", &many(17), "why", "T-1"], None),
        ("somebody twice", ["", "USB 7", "", &format!("{one} {one}"), "why", "T-1"], None),
        ("nobody's key", ["", "USB 7", "", "age1nobody", "why", "T-1"], None),
        ("no number", ["-1", "USB 7", "", "", "why", "T-1"], None),
        ("no medium", ["", "", "", "", "why", "T-1"], None),
        ("no reason", ["", "USB 7", "", "", "", "T-1"], None),
        ("no ticket", ["", "USB 7", "", "", "why", ""], None),
    ];
    for way in ["5x", ":export\n", "2:export\n"] {
        for (name, fields, expected) in &cases {
            let mut desk = Desk::usual();
            desk.types_with_keeper(way);
            let sent = desk.types(&fields.map(|field| format!("{field}\n")).concat());
            assert_eq!(asked(sent), *expected, "{name} after {way:?}");
            let is_wrong = match &desk.model.dialog {
                Some(Dialog::Form(form)) => form.fields[form.focus].wrong.is_some(),
                other => panic!("{name}: {other:?}"),
            };
            assert_eq!(is_wrong, expected.is_none(), "{name}: the field says what is wrong");
        }
    }
    let mut desk = Desk::usual();
    desk.types("5x");
    desk.press_after(100, Key::Ctrl('c'));
    assert_eq!(desk.message(), "Nothing was asked for.");
    let mut desk = Desk::usual();
    desk.types_with_keeper("5x\nUSB 7\n\n\nwhy\nT-1\n");
    desk.send(Event::Requested(Box::new(samples::granted())));
    assert!(matches!(desk.model.screen, Screen::Detail(_)), "{}", desk.message());
}

#[test]
fn auditors_ask_for_bundles_and_only_operators_cosign() {
    // roles, whether they may export, whether they may cosign
    let cases: [(&[Role], bool); 4] = [
        (&[Role::Operator], true),
        (&[Role::Auditor], false),
        (&[Role::Custodian], false),
        (&[Role::Auditor, Role::Operator], true),
    ];
    for (roles, may_cosign) in cases {
        let desk = || {
            let mut desk = Desk::usual();
            desk.types("5");
            let status = Box::new(crate::domain::wire::operator::Status {
                roles: roles.to_vec(),
                ..samples::status(true)
            });
            desk.send(Event::Fresh { status, news: News::Log(samples::signed_log()), open: None });
            desk
        };
        let picture = text(&render(&desk().model, 1_000));
        assert!(picture.contains("x:export"), "{roles:?}: {picture}");
        assert_eq!(picture.contains("c:cosign"), may_cosign, "{roles:?}: {picture}");
        for keys in ["c", ":cosign\n"] {
            let mut desk = desk();
            let effects = desk.types(keys);
            let looks = matches!(effects[..], [Effect::LookToCosign { .. }]);
            assert_eq!(looks, may_cosign, "{roles:?} {keys:?}: {effects:?}");
            let said = if may_cosign { "" } else { "bo is no operator: operators cosign" };
            assert_eq!(desk.message(), said, "{roles:?} {keys:?}");
        }
        let mut desk = desk();
        desk.types("x");
        assert!(matches!(desk.model.dialog, Some(Dialog::Form(_))), "{roles:?}");
    }
}

#[test]
fn only_who_asked_takes_only_what_was_granted() {
    let mut early = samples::granted();
    early.state = StateName::Requested;
    let mut mine = samples::reveal();
    mine.state = StateName::Granted;
    let mut others = samples::export();
    others.state = StateName::Granted;
    let cases = [
        ("my own", samples::granted(), ""),
        ("not approved", early, "XP0R is REQUESTED: its bundle is taken once it is GRANTED"),
        ("another's", others, "only operator:alice takes the bundle, who asked for XP0R"),
        ("no bundle", mine, "S33N is no export: it has no bundle"),
    ];
    for (name, view, said) in cases {
        let mut desk = desk_with(view);
        desk.types("\nG");
        let offers = text(&render(&desk.model, desk.now_ms)).contains("x:take");
        desk.types("x");
        assert_eq!((desk.message().as_str(), offers), (said, said.is_empty()), "{name}");
        assert_eq!(matches!(desk.model.dialog, Some(Dialog::Form(_))), said.is_empty(), "{name}");
    }
}

/// A bundle on its way.
fn taking() -> Desk {
    let mut desk = desk_with(samples::granted());
    let effects = desk.types("\nGx/media/usb\n");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Take { .. })), "{effects:?}");
    desk
}

#[test]
fn a_bundle_goes_into_the_folder_that_was_named_for_whom_the_request_names() {
    for (typed, folder) in [("", "."), ("/media/usb", "/media/usb"), (" /media/a b ", "/media/a b")] {
        let mut desk = desk_with(samples::granted());
        let effects = desk.types(&format!("\nGx{typed}\n"));
        let taken = effects.into_iter().find_map(|effect| match effect {
            Effect::Take { id, recipients, into } => Some((id.to_string(), recipients.len(), into)),
            _ => None,
        });
        assert_eq!(taken, Some(("XP0R".to_owned(), 1, PathBuf::from(folder))), "{typed:?}");
        desk.send(Event::Taken(samples::fetched()));
        let said = desk.message();
        let path = Path::new("/media/usb/example.org-host01-17940-18227.pcab.tar.age");
        assert!(said.starts_with(&format!("{}: entries 17940 to 18226", path.display())), "{said}");
        assert!(desk.model.dialog.is_none() && desk.model.waiting.is_none());
    }
    let mut desk = desk_with(samples::granted());
    desk.types("\nGx");
    desk.press_after(100, Key::Esc);
    assert_eq!(desk.message(), "Nothing was taken.");
}

#[test]
fn a_bundle_on_its_way_can_be_stopped_and_nothing_else_be_done() {
    for key in [Key::Ctrl('c'), Key::Esc] {
        let mut desk = taking();
        assert!(desk.types("q\nL:freeze\n1a").is_empty(), "{key:?}");
        assert!(matches!(desk.press_after(100, key)[..], [Effect::StopTake]), "{key:?}");
        assert!(desk.press_after(100, key).is_empty(), "{key:?}: once is enough");
        assert!(text(&render(&desk.model, desk.now_ms)).contains("stopping"), "{key:?}");
        desk.send(failure(Errand::Take, FailureSort::Refused));
        assert_eq!(desk.message(), "it failed");
        assert!(matches!(desk.model.screen, Screen::Detail(_)) && desk.model.dialog.is_none());
        assert!(!desk.types("x\n").is_empty(), "{key:?}: it can be taken again");
    }
    let mut desk = taking();
    desk.send(failure(Errand::Take, FailureSort::Lost));
    assert!(desk.model.session.is_none(), "without a keeper nobody is here");
}

#[test]
fn whoever_leaves_while_a_bundle_is_on_its_way_is_logged_out_at_its_end() {
    for is_good in [true, false] {
        for (left_ms, is_out) in [(Model::IDLE_MS - 1, false), (Model::IDLE_MS, true)] {
            let mut desk = taking();
            desk.now_ms = desk.model.last_key_ms + left_ms;
            desk.send(Event::Tick);
            desk.send(Event::Taking(Progress { step: "fetching entries", done: 1, of: 2 }));
            assert!(desk.model.session.is_some(), "{left_ms}: it is still on its way");
            assert!(next_tick(&desk.model, desk.now_ms).is_some_and(|wait_ms| wait_ms > 0));
            // Who comes back now does not find it open.
            assert!(desk.types("\n").is_empty());
            let end = if is_good {
                Event::Taken(samples::fetched())
            } else {
                failure(Errand::Take, FailureSort::Refused)
            };
            let effects = desk.send(end);
            assert_eq!(desk.model.session.is_none(), is_out, "{left_ms} {is_good}");
            assert_eq!(matches!(effects[..], [Effect::LogOut]), is_out, "{left_ms} {is_good}");
            let said = if is_good { "/media/usb/example" } else { "it failed" };
            assert!(desk.message().starts_with(said), "{left_ms}: {}", desk.message());
        }
    }
}

/// The dialog of a cosignature, open and drawn.
fn cosigning() -> Desk {
    let mut desk = Desk::usual();
    desk.types_with_keeper("5c");
    desk.send(Event::Drawn);
    assert!(matches!(desk.model.dialog, Some(Dialog::Cosign(_))), "{}", desk.message());
    desk
}

fn cosigned(effects: &[Effect]) -> Option<(&Cosigned, &str)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Cosign { next, passphrase, .. } => Some((&**next, passphrase.expose())),
        _ => None,
    })
}

#[test]
fn exactly_what_was_shown_is_cosigned_with_a_passphrase_and_enter() {
    let picture = text(&render(&cosigning().model, 2_000));
    for fact in [
        "log          example.org/host01",
        "entries      18227",
        "root         5b5b 5b5b 5b5b 5b5b",
        "goes on from 17940 entries, root c0c0 c0c0 c0c0 c0c0",
    ] {
        assert!(picture.contains(fact), "no {fact} in {picture}");
    }
    // name, what is typed, whether it is pasted, what it is signed with
    let cases = [
        ("typed", "open sesame\n", false, Some("open sesame")),
        ("after a correction", "x\u{15}open sesame\n", false, Some("open sesame")),
        ("nothing", "\n\n", false, None),
        ("pasted with its line feed", "open sesame\n", true, None),
        ("pasted", "open sesame", true, None),
    ];
    for (name, typed, is_pasted, expected) in cases {
        let mut desk = cosigning();
        let mut effects = Vec::new();
        for part in typed.split_inclusive('\u{15}') {
            let keys = part.trim_end_matches('\u{15}');
            effects.extend(if is_pasted { desk.pastes(keys) } else { desk.types(keys) });
            if keys.len() < part.len() {
                desk.press_after(100, Key::Ctrl('u'));
            }
        }
        let next = samples::to_cosign();
        assert_eq!(cosigned(&effects), expected.map(|words| (&*next, words)), "{name}");
        assert_eq!(approvals(&effects), [], "{name}");
        assert!(!text(&render(&desk.model, desk.now_ms)).contains("sesame"), "{name}");
        if is_pasted {
            desk.now_ms += 1_000;
            assert!(cosigned(&desk.types("\n")).is_some(), "{name}: Enter alone does");
        }
    }
    let mut desk = cosigning();
    desk.types("open sesame\n");
    desk.send(Event::Cosigned(samples::to_cosign()));
    assert_eq!(desk.message(), "Cosigned: the log up to entry 18226.");
}

#[test]
fn a_checkpoint_that_contradicts_is_not_offered_and_three_wrong_passphrases_log_out() {
    let mut desk = Desk::usual();
    desk.types("5c");
    desk.send(failure(Errand::Look, FailureSort::Refused));
    assert!(desk.model.dialog.is_none() && desk.model.waiting.is_none());
    let mut desk = cosigning();
    for wrong in 1..=3 {
        assert!(cosigned(&desk.types("wrong\n")).is_some(), "{wrong}: {}", desk.message());
        desk.send(failure(Errand::Cosign, FailureSort::WrongPassphrase));
        desk.now_ms += 60_000;
        desk.send(Event::Drawn);
    }
    assert!(desk.model.session.is_none());
    let mut desk = cosigning();
    desk.types("right\n");
    desk.send(failure(Errand::Cosign, FailureSort::Refused));
    assert!(desk.model.dialog.is_none() && desk.model.waiting.is_none());
    for key in [Key::Esc, Key::Ctrl('c')] {
        let mut desk = cosigning();
        desk.types("right");
        assert!(desk.press_after(100, key).is_empty());
        assert_eq!(desk.message(), "Not cosigned.");
    }
}

#[test]
fn the_log_tells_its_newest_checkpoint_and_who_cosigned_it() {
    const SIGNED: &str = "checkpoint of 18227 entries, 11-23 13:54, under 1 h old, cosigned by alice";
    let told = |log, hours: u64| {
        let mut desk = Desk::usual();
        desk.types("5");
        desk.send(Event::Fresh { status: Box::new(samples::status(true)), news: News::Log(log), open: None });
        text(&render(&desk.model, desk.now_ms + hours * 3_600_000))
    };
    let mut alone = samples::signed_log();
    alone.entries.truncate(1);
    let mut older = samples::signed_log();
    older.entries.drain(..1);
    let mut young = samples::signed_log();
    young.entries.clear();
    // name, log, hours later, what is said
    let cases = [
        ("cosigned", samples::signed_log(), 0, SIGNED),
        ("alone", alone, 0, "under 1 h old, cosigned by nobody"),
        ("later", samples::signed_log(), 1, "13:54, 1 h old,"),
        ("two days less an hour", samples::signed_log(), 47, "13:54, 47 h old,"),
        ("two days", samples::signed_log(), 48, "13:54, 2 days old,"),
        ("before what was read", older, 0, "no checkpoint among the entries that were read: o reads"),
        ("none at all", young, 0, "no checkpoint yet"),
    ];
    for (name, log, hours, said) in cases {
        let picture = told(log, hours);
        assert!(picture.contains(said), "{name}: {picture}");
    }
}
