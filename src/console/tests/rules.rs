//! The rules of the state machine, as tables.

use super::{Desk, approvals};
use crate::console::event::{Effect, Errand, Event, Failure, FailureSort, News};
use crate::console::key::Key;
use crate::console::model::{Dialog, Model, Screen};
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::update::{next_tick, update};
use crate::domain::time::Length;
use crate::domain::wire::operator::StateName;

fn failure(during: Errand, sort: FailureSort) -> Event {
    Event::Failed(Failure { during, sort, what: "it failed".to_owned(), advice: "look".to_owned() })
}

#[test]
fn only_the_id_and_a_passphrase_typed_by_a_person_sign() {
    // name, what is typed, whether it is pasted, what is signed with
    let cases = [
        ("passphrase and id", "open sesame\n7k2m\n", false, Some("open sesame")),
        ("upper case", "open sesame\n7K2M\n", false, Some("open sesame")),
        ("the other way round", "\t7k2m\topen sesame\n", false, Some("open sesame")),
        ("the id at the second try", "open sesame\n9qf3\n7k2m\n", false, Some("open sesame")),
        ("Enter alone", "\n\n\n\n", false, None),
        ("no passphrase", "\t7k2m\n\n\n", false, None),
        ("no id", "open sesame\n\n\n", false, None),
        ("another request's id", "open sesame\n9qf3\n", false, None),
        ("y", "y\ny\n", false, None),
        ("id with a character more", "open sesame\n7k2m7\n", false, None),
        ("id with something else in it", "open sesame\n7k-2m\n", false, None),
        ("the passphrase twice", "open sesame\nopen sesame\n", false, None),
        ("pasted", "open sesame\n7k2m\n", true, None),
    ];
    for (name, text, is_pasted, expected) in cases {
        let mut desk = Desk::approving();
        let effects = if is_pasted { desk.pastes(text) } else { desk.types(text) };
        let signed: Vec<_> =
            expected.map(|secret| ("7K2M".to_owned(), secret.to_owned())).into_iter().collect();
        assert_eq!(approvals(&effects), signed, "{name}");
    }
}

#[test]
fn a_passphrase_may_be_pasted_and_the_id_may_not() {
    const DROPPED: &str = "Pasted keys were dropped: type the id by hand.";
    // name, what is pasted first, what is said then, what is typed afterwards, what is signed with
    let cases = [
        ("the passphrase", "open sesame", "", "\n7k2m\n", Some("open sesame")),
        ("with a line feed", "open sesame\n", DROPPED, "\n7k2m\n", Some("open sesame")),
        ("with the id behind it", "open sesame\n7k2m\n", DROPPED, "\n7k2m\n", Some("open sesame")),
        ("with the id, and Enter typed", "open sesame\n7k2m\n", DROPPED, "\n\n\n", None),
        ("twice", "open sesame\nopen sesame\n", DROPPED, "\n7k2m\n", Some("open sesame")),
        ("a short one", "ab\n7k2m\n", DROPPED, "\n7k2m\n", Some("ab")),
        ("line feeds alone", "\n\n\n", DROPPED, "\n\n", None),
    ];
    for (name, pasted, said, typed, expected) in cases {
        let mut desk = Desk::approving();
        assert_eq!(approvals(&desk.pastes(pasted)), [], "{name}");
        assert_eq!(desk.message(), said, "{name}");
        desk.now_ms += 1_000;
        let signed: Vec<_> =
            expected.map(|secret| ("7K2M".to_owned(), secret.to_owned())).into_iter().collect();
        assert_eq!(approvals(&desk.types(typed)), signed, "{name}");
    }
    let mut desk = Desk::approving();
    desk.types("open sesame\n");
    assert_eq!(approvals(&desk.pastes("7k2m")), []);
    assert_eq!(desk.message(), DROPPED);
    desk.now_ms += 1_000;
    assert_eq!(approvals(&desk.types("\n")), [], "the id is empty again");
    assert_eq!(approvals(&desk.types("7k2m\n")).len(), 1, "and the passphrase is still there");
}

#[test]
fn enter_sends_an_approval_only_when_it_stands_alone() {
    for (gap_ms, count) in [(19, 0), (20, 1)] {
        let mut desk = Desk::approving();
        desk.types("secret\n7k2m");
        let effects = desk.press_after(gap_ms, Key::Enter);
        assert_eq!(approvals(&effects).len(), count, "{gap_ms} ms after the last character");
        let mut desk = Desk::approving();
        desk.types("secret\n7k2m");
        desk.press_after(100, Key::Ctrl('l'));
        let effects = desk.press_after(gap_ms, Key::Enter);
        assert_eq!(approvals(&effects).len(), count, "{gap_ms} ms after another key");
    }
}

#[test]
fn what_was_typed_before_the_dialog_could_be_seen_is_dropped() {
    let mut desk = Desk::usual();
    desk.types("aG");
    desk.press_after(100, Key::Char('a'));
    let typed_blindly: Vec<Effect> = "secret\n7k2m\n"
        .chars()
        .flat_map(|c| desk.press_after(100, if c == '\n' { Key::Enter } else { Key::Char(c) }))
        .collect();
    assert!(typed_blindly.is_empty());
    let effects = desk.send(Event::Drawn);
    assert!(matches!(effects[..], [Effect::DropTypeAhead]), "{effects:?}");
    // A key that arrived before the picture did, and was only taken up after it.
    let late = update(&mut desk.model, Event::Key(Key::Char('s')), desk.now_ms - 1);
    assert!(late.is_empty());
    let signed = approvals(&desk.types("ecret\n7k2m\n"));
    assert_eq!(signed, [("7K2M".to_owned(), "ecret".to_owned())], "and only what came after it counts");
}

#[test]
fn an_approval_logs_the_operator_out_and_a_refused_one_does_not() {
    let mut desk = Desk::approving();
    desk.types("secret\n7k2m\n");
    assert!(desk.types("qq\nsecret\n7k2m\n").is_empty(), "keys mean nothing while it is signed");
    let mut view = samples::requests().remove(0);
    view.approvals.push(samples::operator("bo"));
    view.state = StateName::Armed;
    let effects = desk.send(Event::Approved(Box::new(view)));
    assert!(matches!(effects[..], [Effect::LogOut]));
    assert!(desk.model.session.is_none() && matches!(desk.model.screen, Screen::Login(_)));
    assert_eq!(desk.message(), "bo approved 7K2M, which is now ARMED. Logged out.");

    let mut desk = Desk::approving();
    desk.types("secret\n7k2m\n");
    desk.send(failure(Errand::Approve, FailureSort::Refused));
    assert!(desk.model.session.is_some() && matches!(desk.model.screen, Screen::Detail(_)));
}

#[test]
fn nobody_is_offered_what_the_keeper_would_refuse() {
    let mut mine = samples::requests().remove(0);
    mine.doc.on_behalf_of = Some(samples::operator("bo"));
    let mut done = samples::requests().remove(0);
    done.approvals = vec![samples::operator("bo")];
    let armed = samples::requests().remove(2);
    let cases = [
        ("somebody else's", samples::requests().remove(0), "aGa", true, ""),
        ("my own", mine.clone(), "aGa", false, "bo asked for 7K2M: others must approve it"),
        ("approved by me", done, "aGa", false, "bo has approved 7K2M already"),
        ("armed", armed.clone(), "aGa", false, "B00K is ARMED: there is nothing to approve"),
        ("armed, denied", armed.clone(), "d", false, "B00K is ARMED: c closes its window"),
        ("armed, revoked", armed, "c", true, ""),
        ("mine, withdrawn", mine, "c", true, ""),
        (
            "another's, withdrawn",
            samples::requests().remove(0),
            "c",
            false,
            "7K2M is not armed and not yours: d denies it",
        ),
    ];
    for (name, view, keys, is_dialog, message) in cases {
        let model = samples::logged_in(Profile::AsciiMono, "80x24", vec![view], false);
        let mut desk = Desk { model, now_ms: 1_000 };
        desk.types(keys);
        let has_dialog = desk.model.dialog.is_some();
        assert_eq!((has_dialog, desk.message().as_str()), (is_dialog, message), "{name}");
    }
}

#[test]
fn a_request_is_read_to_its_end_before_it_is_signed() {
    let mut desk = Desk::logged_in(Profile::AsciiMono, "60x20");
    desk.types("aa");
    assert_eq!(desk.message(), "read it to its end first: G goes there");
    assert!(matches!(desk.model.screen, Screen::Detail(_)));
    desk.types("Ga");
    assert!(matches!(desk.model.dialog, Some(Dialog::Approve(_))));
}

#[test]
fn a_request_that_changes_closes_its_dialog() {
    let changed = |change: fn(&mut crate::domain::wire::operator::RequestView)| {
        let mut desk = Desk::approving();
        desk.types("secret\n7k");
        let mut view = samples::requests().remove(0);
        change(&mut view);
        let (status, open) = (Box::new(samples::status(true)), Some(Box::new(view)));
        desk.send(Event::Fresh { status, news: News::Requests(samples::requests()), open });
        desk
    };
    let same = changed(|view| view.waiting += 1);
    assert!(matches!(same.model.dialog, Some(Dialog::Approve(_))));
    let mut anew = changed(|view| view.doc.nonce = "00".repeat(16));
    assert!(matches!(anew.model.screen, Screen::Detail(_)));
    assert_eq!(approvals(&anew.types("2m\n")), []);
    let ended = changed(|view| view.state = StateName::Expired);
    assert!(matches!(ended.model.screen, Screen::Detail(_)));
    assert_eq!(ended.message(), "7K2M is EXPIRED now: nothing was sent.");
}

#[test]
fn wrong_passphrases_cost_time_and_the_third_the_session() {
    let mut desk = Desk { model: samples::fresh_model(Profile::AsciiMono, "80x24"), now_ms: 0 };
    for wait_ms in [1_000, 5_000, 30_000, 60_000, 120_000, 300_000, 300_000] {
        let first = if wait_ms == 1_000 { "\nx\n" } else { "x\n" };
        assert!(matches!(desk.types(first)[..], [Effect::LogIn { .. }]), "{wait_ms}");
        desk.send(failure(Errand::LogIn, FailureSort::WrongPassphrase));
        desk.now_ms += wait_ms - 201;
        assert!(desk.types("x\n").is_empty(), "{wait_ms}: one millisecond early");
        assert!(desk.message().starts_with("Too soon"), "{wait_ms}");
        desk.now_ms -= 199;
    }
    let mut desk = Desk::approving();
    for failures in 1..=3 {
        assert_eq!(approvals(&desk.types("wrong\n7k2m\n")).len(), 1, "{failures}");
        desk.send(failure(Errand::Approve, FailureSort::WrongPassphrase));
        desk.send(Event::Drawn);
        assert_eq!(desk.model.session.is_some(), failures < 3, "{failures}");
        desk.now_ms += 30_000;
    }
}

#[test]
fn a_console_that_is_left_alone_logs_out() {
    for (idle_ms, is_in) in [(Model::IDLE_MS - 1, true), (Model::IDLE_MS, false)] {
        let mut desk = Desk::usual();
        desk.types("j");
        desk.now_ms += idle_ms;
        let effects = desk.send(Event::Tick);
        assert_eq!(desk.model.session.is_some(), is_in, "{idle_ms}");
        assert_eq!(matches!(effects[..], [Effect::LogOut]), !is_in, "{idle_ms}");
    }
}

#[test]
fn on_a_slow_line_nothing_but_the_clock_ticks() {
    let mut view = samples::requests().remove(0);
    view.doc.decision_ends = samples::now().plus(Length::from_ms(30_000));
    for (is_slow, expected_ms) in [(false, 1_000), (true, 50_000)] {
        let model = samples::logged_in(Profile::AsciiMono, "80x24", vec![view.clone()], false);
        let desk = Desk { model: Model { is_slow, ..model }, now_ms: 1_000 };
        assert_eq!(next_tick(&desk.model, desk.now_ms), Some(expected_ms), "{is_slow}");
    }
}

#[test]
fn a_size_is_taken_when_the_screens_fit_into_it() {
    let cases = [
        (":size 132x43\n", "132x43", ""),
        (":size 20x5\n", "80x24", "The screens need 40x10."),
        (":size x\n", "80x24", "\"x\" is not a size: write 80x24, at most 1000x1000"),
    ];
    for (keys, size, said) in cases {
        let mut desk = Desk::usual();
        desk.types(keys);
        assert_eq!((desk.model.size.to_string().as_str(), desk.message().as_str()), (size, said), "{keys}");
    }
}

#[test]
fn ctrl_c_escape_and_the_lock_never_sign_and_never_destroy() {
    for key in [Key::Ctrl('c'), Key::Esc] {
        let mut desk = Desk::approving();
        desk.types("secret\n7k2m");
        assert!(desk.press_after(100, key).is_empty());
        assert!(matches!(desk.model.screen, Screen::Detail(_)), "{key:?}");
        let mut desk = Desk::usual();
        desk.types("dbecause");
        assert!(desk.press_after(100, key).is_empty());
        assert!(matches!(desk.model.screen, Screen::Detail(_)), "{key:?}");
    }
    let mut desk = Desk::usual();
    assert!(matches!(desk.types("L")[..], [Effect::LogOut]));
    let mut desk = Desk::usual();
    assert!(matches!(desk.types(":lock\n")[..], [Effect::LogOut]));
    let mut desk = Desk::usual();
    assert!(matches!(desk.types(":q\n")[..], [Effect::Quit]));
    assert!(desk.press_after(200, Key::Esc).is_empty());
    let mut desk = Desk::usual();
    desk.types(":rm\n");
    assert_eq!(desk.message(), "There is no command \"rm\".");
    for (command, elsewhere) in
        [(":plain", "portcullis console --plain"), (":rotate racf/prod01", "portcullis deposit NAME --next")]
    {
        assert!(desk.types(&format!("{command}\n")).is_empty(), "{command}");
        let advice = desk.model.message.as_ref().map_or("", |message| &message.advice);
        assert!(advice.contains(elsewhere), "{command}: {advice}");
    }
}

#[test]
fn a_lost_keeper_ends_the_session_and_is_looked_for() {
    let mut desk = Desk::approving();
    let session = desk.model.session_number;
    desk.send(Event::Lost { session: session - 1, why: "an old session".to_owned() });
    assert!(desk.model.session.is_some());
    let effects = desk.send(Event::Lost { session, why: "closed".to_owned() });
    assert!(matches!(effects[..], [Effect::LogOut]));
    assert_eq!(desk.message(), "The keeper is gone: closed. Logged out.");
    assert_eq!(next_tick(&desk.model, desk.now_ms), Some(Model::PROBE_MS));
    desk.now_ms += Model::PROBE_MS;
    assert!(matches!(desk.send(Event::Tick)[..], [Effect::Probe]));
    desk.send(Event::Reachable(false));
    assert!(next_tick(&desk.model, desk.now_ms).is_some());
    desk.send(Event::Reachable(true));
    assert_eq!(desk.message(), "The keeper answers again.");
    assert_eq!(next_tick(&desk.model, desk.now_ms), None);
}

#[test]
fn news_are_fetched_once_at_a_time_and_the_cursor_stays_on_its_request() {
    let mut desk = Desk::usual();
    let session = desk.model.session_number;
    assert!(matches!(desk.send(Event::Changed { session })[..], [Effect::Refresh { .. }]));
    assert!(desk.send(Event::Changed { session }).is_empty());
    desk.types("j");
    let mut requests = samples::requests();
    requests.remove(0);
    let status = Box::new(samples::status(true));
    let effects = desk.send(Event::Fresh { status, news: News::Requests(requests), open: None });
    assert!(matches!(effects[..], [Effect::Refresh { .. }]), "the change that came meanwhile");
    let session = desk.model.session.as_ref().expect("logged in");
    assert_eq!(session.listed_request().map(|view| &view.doc.id), Some(&samples::request_id("9QF3")));
}

#[test]
fn a_late_answer_does_not_log_anybody_in() {
    let mut desk = Desk::usual();
    let session = desk.model.session_number;
    desk.types("L");
    let status = || Box::new(samples::status(true));
    desk.send(Event::LoggedIn { session, status: status(), requests: Vec::new() });
    desk.send(Event::Fresh { status: status(), news: News::Requests(samples::requests()), open: None });
    assert!(desk.model.session.is_none());
    assert!(matches!(desk.model.screen, Screen::Login(_)));
}

#[test]
fn an_approval_that_does_not_fit_the_screen_any_more_is_closed() {
    for (size, is_open) in [("60x20", true), ("40x10", false), ("80x11", false)] {
        let mut desk = Desk::approving();
        desk.types("secret\n7k2m");
        desk.send(Event::Resized(size.parse().expect("a size")));
        assert_eq!(matches!(desk.model.dialog, Some(Dialog::Approve(_))), is_open, "{size}");
        let said = desk.message();
        assert_eq!(approvals(&desk.types("\n")).len(), usize::from(is_open), "{size}");
        let refusal = "too small: make the terminal larger or use portcullis approve --plain";
        assert_eq!(said, if is_open { "" } else { refusal }, "{size}");
    }
}

#[test]
fn nobody_signs_on_a_screen_that_is_too_small() {
    let mut desk = Desk::approving();
    desk.types("secret\n7k2m");
    desk.send(Event::Resized("39x10".parse().expect("a size")));
    assert_eq!(approvals(&desk.types("\n")), []);
    desk.send(Event::Resized("80x24".parse().expect("a size")));
    assert!(matches!(desk.model.screen, Screen::Detail(_)));
}
