//! New requests, thaws, and approvals of less than was asked for.

use super::{Desk, approvals};
use crate::console::event::{Effect, Errand, Event, Failure, FailureSort};
use crate::console::key::Key;
use crate::console::model::{Dialog, Screen};
use crate::console::profile::Profile;
use crate::console::samples;
use crate::domain::request::doc::{ReleaseWindow, Subject};
use crate::domain::time::Length;
use crate::domain::wire::operator::Ask;

fn asks(effects: Vec<Effect>) -> Vec<Ask> {
    let ask = |effect| if let Effect::Request(ask) = effect { Some(*ask) } else { None };
    effects.into_iter().filter_map(ask).collect()
}

#[test]
fn a_request_is_sent_when_every_field_is_right_and_not_before() {
    let quarter = ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) };
    let hour = ReleaseWindow::FromArming { length_ms: Length::from_minutes(60) };
    let tonight = ReleaseWindow::Fixed { interval: samples::window("22:00", "23:30") };
    let ahead = ReleaseWindow::Fixed { interval: samples::window("14:29:12", "14:44:12") };
    // name, keys from the list of requests, window and pulls that are asked for
    let cases = [
        ("nothing said of the window", "nsw-c\nn\n\n\n\nwhy\nT-1\n", Some((quarter, 1))),
        ("a length", "nsw-c\nn\n\n1h\n3\nwhy\nT-1\n", Some((hour, 3))),
        ("a fixed window", "nsw-c\nn\n22:00Z\n23:30Z\n100\nwhy\nT-1\n", Some((tonight, 100))),
        ("so long from now", "nsw-c\nnetbackup\n+30m\n\n\nwhy\nT-1\n", Some((ahead, 1))),
        ("no such credential", "nnone\nnetbackup\n\n\n\nwhy\nT-1\n", None),
        ("several that fit", "ne\nnetbackup\n\n\n\nwhy\nT-1\n", None),
        ("a job that may not", "nsw-c\nbackup\n\n\n\nwhy\nT-1\n", None),
        ("a window of over a day", "nsw-c\nn\n\n25h\n\nwhy\nT-1\n", None),
        ("a window that ends before it opens", "nsw-c\nn\n+30m\n2026-11-23T14:00Z\n\nwhy\nT-1\n", None),
        ("no window at all", "nsw-c\nn\nnever\n\n\nwhy\nT-1\n", None),
        ("no pull", "nsw-c\nn\n\n\n0\nwhy\nT-1\n", None),
        ("101 pulls", "nsw-c\nn\n\n\n101\nwhy\nT-1\n", None),
        ("no reason", "nsw-c\nn\n\n\n\n\nT-1\n", None),
        ("no ticket", "nsw-c\nn\n\n\n\nwhy\n\n", None),
    ];
    for (name, keys, expected) in cases {
        let mut desk = Desk::usual();
        desk.types_with_keeper("21");
        let sent = asks(desk.types(keys));
        let Some((window, pulls)) = expected else {
            assert!(sent.is_empty(), "{name}: {sent:?}");
            let wrong = match &desk.model.dialog {
                Some(Dialog::Form(form)) => form.fields[form.focus].wrong.clone(),
                other => panic!("{name}: {other:?}"),
            };
            assert!(wrong.is_some(), "{name}: the field says what is wrong");
            continue;
        };
        match &sent[..] {
            [Ask::RequestRelease { credential, job, window: w, pulls: p, reason, ticket }] => {
                assert_eq!((credential.as_str(), job.as_str()), ("sw-core-02/enable", "netbackup"), "{name}");
                let said = (w.length(), *p, reason.as_str(), ticket.as_str());
                assert_eq!(said, (window.length(), pulls, "why", "T-1"), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
        assert!(desk.types("\n\n").is_empty(), "{name}: once is enough");
    }
}

#[test]
fn whoever_names_no_job_asks_to_be_shown_it() {
    let length = |minutes| ReleaseWindow::FromArming { length_ms: Length::from_minutes(minutes) };
    let ahead = ReleaseWindow::Fixed { interval: samples::window("22:00", "22:15") };
    // name, keys from the list of requests, the window that is asked for
    let cases = [
        ("nothing said of the window", "nsw-c\n\n\n\n\nwhy\nT-1\n", Some(None)),
        ("a length", "nsw-c\n\n\n5m\n1\nwhy\nT-1\n", Some(Some(length(5)))),
        ("the longest", "nsw-c\n\n\n15m\n\nwhy\nT-1\n", Some(Some(length(15)))),
        ("ahead", "nsw-c\n\n22:00Z\n\n\nwhy\nT-1\n", Some(Some(ahead))),
        ("too long", "nsw-c\n\n\n16m\n\nwhy\nT-1\n", None),
        ("more than once", "nsw-c\n\n\n\n2\nwhy\nT-1\n", None),
        ("no reason", "nsw-c\n\n\n\n\n\nT-1\n", None),
    ];
    for (name, keys, expected) in cases {
        let mut desk = Desk::usual();
        desk.types_with_keeper("21");
        let sent = asks(desk.types(keys));
        match (&sent[..], expected) {
            ([], None) => {}
            ([Ask::RequestReveal { credential, window, reason, ticket }], Some(expected)) => {
                let said = (credential.as_str(), *window, reason.as_str(), ticket.as_str());
                assert_eq!(said, ("sw-core-02/enable", expected, "why", "T-1"), "{name}");
            }
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_form_knows_what_it_was_opened_on() {
    // keys, what the first two fields hold
    let cases = [
        ("n", "", ""),
        ("2n", "badge/door", "netbackup"),
        ("2jj\nn", "racf/prod01", ""),
        ("3n", "badge/door", "netbackup"),
        ("24jn", "racf/prod01", "jobx.prod1"),
        ("24jj\nn", "", "netbackup"),
    ];
    for (keys, credential, job) in cases {
        let mut desk = Desk::usual();
        desk.types_with_keeper(keys);
        match &desk.model.dialog {
            Some(Dialog::Form(form)) => {
                let typed = [0, 1].map(|place| form.fields[place].text.text().to_owned());
                assert_eq!(typed, [credential, job], "{keys:?}");
            }
            other => panic!("{keys:?}: {other:?}"),
        }
    }
}

#[test]
fn a_pasted_line_feed_neither_sends_nor_goes_on() {
    let mut desk = Desk::usual();
    desk.types_with_keeper("2jjjn");
    desk.types("\n\n\nwhy\n");
    assert!(asks(desk.pastes("INC-4711\n")).is_empty());
    desk.now_ms += 1_000;
    assert_eq!(asks(desk.types("\n")).len(), 1, "Enter alone does");
}

#[test]
fn what_was_typed_stays_when_the_keeper_refuses_and_the_new_request_opens_when_not() {
    let mut desk = Desk::usual();
    desk.types_with_keeper("2jjjn");
    assert_eq!(asks(desk.types("\n\n\nwhy\nT-1\n")).len(), 1);
    let (during, sort) = (Errand::Request, FailureSort::Refused);
    desk.send(Event::Failed(Failure { during, sort, what: "frozen".to_owned(), advice: String::new() }));
    assert_eq!(desk.message(), "frozen");
    assert_eq!(asks(desk.types("\n")).len(), 1, "it can be sent again");
    let view = samples::requests().remove(0);
    desk.send(Event::Requested(Box::new(view)));
    assert!(desk.model.dialog.is_none() && matches!(desk.model.screen, Screen::Detail(_)));
    assert_eq!(desk.message(), "racf/prod01 is asked for: 7K2M is its id.");
}

#[test]
fn less_than_was_asked_for_can_be_signed_and_never_more() {
    let half = ReleaseWindow::Fixed { interval: samples::window("14:00", "14:30") };
    // name, what is typed into the two fields, what is signed beside the request
    let cases = [
        ("both", "14:30Z\n1\n", Some((Some(half), Some(1)))),
        ("the window alone", "30m\n\n", Some((Some(half), None))),
        ("the pulls alone", "\n2\n", Some((None, Some(2)))),
        ("nothing", "\n\n", Some((None, None))),
        ("as it was", "1h\n3\n", Some((Some(asked_window()), Some(3)))),
        ("a longer window", "61m\n\n", None),
        ("a later end", "15:01Z\n\n", None),
        ("more pulls", "\n4\n", None),
        ("no pull", "\n0\n", None),
    ];
    for (name, keys, expected) in cases {
        let mut desk = Desk::usual();
        desk.types("aGw");
        desk.types(keys);
        let is_approving = matches!(desk.model.dialog, Some(Dialog::Approve(_)));
        assert_eq!(is_approving, expected.is_some(), "{name}");
        let effects = desk.types("open sesame\n7k2m\n");
        let signed = effects.iter().find_map(|effect| match effect {
            Effect::Approve { window, pulls, .. } => Some((*window, *pulls)),
            _ => None,
        });
        assert_eq!(signed, expected, "{name}");
        assert_eq!(approvals(&effects).len(), usize::from(expected.is_some()), "{name}");
    }
}

fn asked_window() -> ReleaseWindow {
    match samples::requests().remove(0).doc.subject {
        Subject::Release { window, .. } => window,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_what_is_frozen_can_be_thawed_and_whoever_leaves_asks_for_nothing() {
    let mut desk = Desk::usual();
    desk.types(":thaw\n");
    assert_eq!(desk.message(), "Nothing is frozen.");
    let frozen = || {
        let mut desk = Desk::logged_in(Profile::AsciiMono, "80x24");
        if let Some(session) = &mut desk.model.session {
            session.status.frozen = Some("alice: a board was opened".to_owned());
        }
        desk.types(":thaw\nfalse alarm\n");
        desk
    };
    match &asks(frozen().types("INC-9\n"))[..] {
        [Ask::RequestThaw { reason, ticket }] => {
            assert_eq!((reason.as_str(), ticket.as_str()), ("false alarm", "INC-9"));
        }
        other => panic!("{other:?}"),
    }
    for key in [Key::Esc, Key::Ctrl('c')] {
        let mut desk = frozen();
        desk.types("INC-9");
        assert!(desk.press_after(100, key).is_empty() && desk.model.dialog.is_none());
        assert_eq!(desk.message(), "Nothing was asked for.");
    }
}

#[test]
fn a_reason_of_four_thousand_characters_is_cut_to_what_a_request_may_hold() {
    let mut desk = Desk::usual();
    desk.types_with_keeper("2jjjn");
    desk.types("\n\n\n");
    desk.pastes(&"\u{202e}x".repeat(2_000));
    desk.now_ms += 1_000;
    match &asks(desk.types("\nT-1\n"))[..] {
        [Ask::RequestRelease { reason, .. }] => {
            assert_eq!(reason.as_str().chars().count(), 500);
        }
        other => panic!("{other:?}"),
    }
}
