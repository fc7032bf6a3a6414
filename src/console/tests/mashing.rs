//! Keys mashed at random: whatever is pressed, an approval needs its id and a passphrase.

use std::hash::{BuildHasher, Hasher};

use super::{Desk, approvals};
use crate::console::event::{Effect, Errand, Event, Failure, FailureSort};
use crate::console::key::Key;
use crate::console::model::{Dialog, Screen};
use crate::console::samples;
use crate::console::tab::Tab;
use crate::console::view::render;

/// xorshift64*: enough for mashing, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len() as u64) as usize]
    }
}

fn any_key(dice: &mut Dice) -> Key {
    const SPECIAL: [Key; 17] = [
        Key::Enter,
        Key::Enter,
        Key::Enter,
        Key::Backspace,
        Key::Tab,
        Key::BackTab,
        Key::Esc,
        Key::Up,
        Key::Down,
        Key::PageUp,
        Key::PageDown,
        Key::Home,
        Key::End,
        Key::Ctrl('u'),
        Key::Ctrl('l'),
        Key::Ctrl('c'),
        Key::Ctrl('h'),
    ];
    match dice.roll(3) {
        0 => dice.pick(&SPECIAL),
        1 => Key::Char(dice.pick(&[
            'a', 'd', 'c', 'j', 'k', 'G', 'g', 'q', 'y', '?', ':', 'e', 'r', '.', 'n', 'w', '/', '1', '2',
            '3', '4', '5', '6', 'v', 'o', 'N',
        ])),
        _ => Key::Char(char::from(b' ' + dice.roll(95) as u8)),
    }
}

/// Keys that come close to an approval, so that the mashing visits what it is about.
fn near_key(dice: &mut Dice, pressed: usize) -> Key {
    const RIGHT: [Key; 7] = [
        Key::Char('x'),
        Key::Enter,
        Key::Char('7'),
        Key::Char('k'),
        Key::Char('2'),
        Key::Char('m'),
        Key::Enter,
    ];
    if dice.roll(10) > 0 { RIGHT[pressed % RIGHT.len()] } else { dice.pick(&RIGHT) }
}

/// One of the ways into the dialog.
fn towards_key(dice: &mut Dice) -> Key {
    dice.pick(&[Key::Char('a'), Key::Char('G'), Key::Enter])
}

/// What must have been pressed since the dialog was on the screen: the id's characters in their order, at
/// least one more for the passphrase before or after them, and Enter at the end.
fn may_sign(pressed: &[Key], id: &str) -> bool {
    let typed = |key: &Key| if let Key::Char(c) = key { Some(c.to_ascii_uppercase()) } else { None };
    let characters: Vec<char> = pressed.iter().filter_map(typed).collect();
    let mut rest = characters.iter();
    let has_id = id.chars().all(|wanted| rest.any(|c| *c == wanted));
    has_id && characters.len() > id.len() && pressed.last() == Some(&Key::Enter)
}

struct Mashed {
    events: u64,
    approvals: u64,
    dialogs: u64,
    /// Frames that were drawn of each tab, and of forms.
    tabs: [u64; Tab::ALL.len()],
    forms: u64,
}

fn mash(seed: u64, events: u64) -> Mashed {
    let mut dice = Dice(seed | 1);
    let mut desk = Desk::usual();
    let mut pressed: Option<Vec<Key>> = None;
    let mut seen = Mashed { events, approvals: 0, dialogs: 0, tabs: Default::default(), forms: 0 };
    for _ in 0..events {
        let key = match (&desk.model.dialog, &desk.model.screen) {
            (Some(Dialog::Approve(_)), _) if dice.roll(10) > 0 => {
                near_key(&mut dice, pressed.as_ref().map_or(0, Vec::len))
            }
            (None, Screen::Detail(_)) if dice.roll(2) > 0 => towards_key(&mut dice),
            (None, Screen::List | Screen::Page(_)) if dice.roll(4) == 0 => {
                dice.pick(&[Key::Char('1'), Key::Char('a')])
            }
            _ => any_key(&mut dice),
        };
        let gap_ms = dice.pick(&[0, 1, 5, 19, 20, 40, 100, 300, 1_000, 20_000]);
        let effects = desk.press_after(gap_ms, key);
        if let Some(pressed) = &mut pressed {
            pressed.push(key);
        }
        let signed = approvals(&effects);
        for (id, passphrase) in &signed {
            let pressed = pressed.as_deref().unwrap_or_default();
            assert!(may_sign(pressed, id), "seed {seed}: {id} signed after {pressed:?}");
            assert!(!passphrase.is_empty(), "seed {seed}: signed with nothing");
            assert!(gap_ms >= 20, "seed {seed}: signed {gap_ms} ms after the key before");
            seen.approvals += 1;
        }
        let is_sent = effects.iter().any(|effect| matches!(effect, Effect::Request(_)));
        assert!(!is_sent || gap_ms >= 20, "seed {seed}: asked {gap_ms} ms after the key before");
        look(&desk, &mut seen);
        for effect in effects {
            answer(&mut desk, &mut dice, effect);
        }
        if dice.roll(4) > 0 {
            desk.send(Event::Drawn);
        }
        if !signed.is_empty() {
            pressed = None;
        }
        let is_open = matches!(&desk.model.dialog, Some(Dialog::Approve(dialog)) if dialog.pace.is_some());
        let is_new = is_open && pressed.is_none();
        seen.dialogs += u64::from(is_new);
        pressed = if is_new { Some(Vec::new()) } else { pressed.filter(|_| is_open) };
    }
    seen
}

/// Draws what there is, which must never panic.
fn look(desk: &Desk, seen: &mut Mashed) {
    drop(render(&desk.model, desk.now_ms));
    seen.forms += u64::from(matches!(desk.model.dialog, Some(Dialog::Form(_))));
    if let Some(session) = &desk.model.session {
        seen.tabs[session.tab.place()] += 1;
    }
}

/// What the outside world might do.
fn answer(desk: &mut Desk, dice: &mut Dice, effect: Effect) {
    let status = || Box::new(samples::status(true));
    let requests = samples::requests;
    let failure =
        |during, sort| Event::Failed(Failure { during, sort, what: "no".to_owned(), advice: String::new() });
    let event = match effect {
        Effect::LogIn { session, .. } => Event::LoggedIn { session, status: status(), requests: requests() },
        Effect::Refresh(_) | Effect::Look | Effect::Verify if dice.roll(8) > 0 => {
            return desk.answers(&effect);
        }
        Effect::Refresh(_) => failure(Errand::Refresh, FailureSort::Refused),
        Effect::Look | Effect::Verify => failure(Errand::Look, FailureSort::Refused),
        Effect::Request(_) if dice.roll(2) > 0 => failure(Errand::Request, FailureSort::Refused),
        Effect::Request(_) => Event::Requested(Box::new(requests().remove(0))),
        Effect::Approve { .. } => match dice.roll(3) {
            0 => Event::Approved(Box::new(requests().remove(0))),
            1 => failure(Errand::Approve, FailureSort::WrongPassphrase),
            _ => failure(Errand::Approve, FailureSort::Refused),
        },
        Effect::Deny { .. } | Effect::Revoke { .. } | Effect::Freeze { .. } => Event::Done("done".to_owned()),
        _ => return,
    };
    for effect in desk.send(event) {
        answer(desk, dice, effect);
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a long run is asked for by a variable")]
fn mashed_keys_never_sign_without_the_id_and_a_passphrase() {
    let is_long = std::env::var("PORTCULLIS_LONG").is_ok_and(|value| value == "1");
    let given = std::env::var("PORTCULLIS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| std::hash::RandomState::new().build_hasher().finish());
    eprintln!("PORTCULLIS_SEED={seed}");
    let seen = mash(seed, if is_long { 1_000_000 } else { 20_000 });
    // Else this test would say nothing.
    assert!(seen.dialogs > 50, "seed {seed}: {} dialogs in {} events", seen.dialogs, seen.events);
    assert!(seen.forms > 50 && seen.tabs.iter().all(|frames| *frames > 50), "seed {seed}: {:?}", seen.tabs);
    assert!(seen.approvals > 0, "seed {seed}: no approval in {} dialogs", seen.dialogs);
}
