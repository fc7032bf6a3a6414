//! Denials, revocations and the freeze: a reason, and no second proof.

use super::Desk;
use crate::console::event::{Effect, Event, News};
use crate::console::key::Key;
use crate::console::model::Screen;
use crate::console::profile::Profile;
use crate::console::samples;
use crate::domain::wire::operator::StateName;

#[test]
fn a_denial_needs_a_reason_and_a_pasted_line_feed_does_not_send_it() {
    let mut desk = Desk::usual();
    assert!(desk.types("d\n  \n").is_empty_of_denials());
    assert!(desk.pastes("not tonight\n").is_empty_of_denials());
    desk.now_ms += 100;
    let effects = desk.types("\n");
    match &effects[..] {
        [Effect::Deny { id, reason }] => assert_eq!((id.as_str(), reason.as_str()), ("7K2M", "not tonight")),
        other => panic!("{other:?}"),
    }
}

trait Denials {
    fn is_empty_of_denials(&self) -> bool;
}

impl Denials for Vec<Effect> {
    fn is_empty_of_denials(&self) -> bool {
        !self.iter().any(|effect| {
            matches!(effect, Effect::Deny { .. } | Effect::Revoke { .. } | Effect::Freeze { .. })
        })
    }
}

/// What the effects freeze for.
fn freezes(effects: &[Effect]) -> Vec<&str> {
    let mut reasons = Vec::new();
    for effect in effects {
        if let Effect::Freeze { reason } = effect {
            reasons.push(reason.as_str());
        }
    }
    reasons
}

#[test]
fn any_operator_freezes_from_wherever_they_are_and_gets_back_there() {
    // what is typed before the command, whether a request is open then
    for (name, before, is_open) in [
        ("list", "", false),
        ("request", "\n", true),
        ("help", "?", false),
        ("help over a request", "\n?", true),
    ] {
        let mut desk = Desk::usual();
        desk.types(before);
        assert!(desk.types(":freeze\n\n").is_empty_of_denials(), "{name}: no reason yet");
        assert_eq!(freezes(&desk.types("a laptop was stolen\n")), ["a laptop was stolen"], "{name}");
        assert!(desk.types("x\n").is_empty_of_denials(), "{name}: once is enough");
        desk.send(Event::Done("frozen".to_owned()));
        assert!(desk.model.refresh.is_running, "{name}");
        assert_eq!(matches!(desk.model.screen, Screen::Detail(_)), is_open, "{name}");
        assert!(desk.model.session.is_some(), "{name}");
    }
}

#[test]
fn nothing_freezes_by_accident() {
    for key in [Key::Ctrl('c'), Key::Esc] {
        let mut desk = Desk::usual();
        desk.types(":freeze\nbecause");
        assert!(desk.press_after(100, key).is_empty());
        assert_eq!(desk.message(), "Not frozen.");
        assert!(matches!(desk.model.screen, Screen::List));
    }
    let mut desk = Desk::usual();
    assert!(desk.pastes(":freeze\nbecause\n").is_empty_of_denials(), "typed before the dialog was seen");
    desk.send(Event::Drawn);
    assert!(desk.pastes("because\n").is_empty_of_denials(), "the line feed of a paste");
    let mut desk = Desk { model: samples::fresh_model(Profile::AsciiMono, "80x24"), now_ms: 0 };
    assert!(desk.types(":freeze\nbecause\n").is_empty_of_denials(), "nobody has logged in");
}

#[test]
fn a_freeze_stays_open_whatever_becomes_of_the_request_below_it() {
    let mut desk = Desk::usual();
    desk.types("\n:freeze\nstolen");
    let mut view = samples::requests().remove(0);
    view.state = StateName::Expired;
    let (status, open) = (Box::new(samples::status(true)), Some(Box::new(view)));
    desk.send(Event::Fresh { status, news: News::Requests(Vec::new()), open });
    assert_eq!(freezes(&desk.types("\n")), ["stolen"]);
    assert_eq!(desk.model.detail().map(|detail| detail.view.state), Some(StateName::Expired));
}
