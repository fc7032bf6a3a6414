//! Keys mashed at random: whatever is pressed, an approval needs its id and a passphrase.

use std::hash::{BuildHasher, Hasher};

use super::{Desk, approvals};
use crate::console::event::{Effect, Errand, Event, Failure, FailureSort, News, Wanted};
use crate::console::key::Key;
use crate::console::model::{Dialog, Screen};
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::tab::Tab;
use crate::console::view::render;
use crate::desk::export::Progress;
use crate::domain::wire::operator::RequestView;

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
            '3', '4', '5', '6', 'v', 'o', 'N', 'x',
        ])),
        _ => Key::Char(char::from(b' ' + dice.roll(95) as u8)),
    }
}

/// Keys that come close to an approval, so that the mashing visits what it is about.
fn near_key(dice: &mut Dice, id: &str, pressed: usize) -> Key {
    let id = id.chars().map(|c| Key::Char(c.to_ascii_lowercase()));
    let right: Vec<Key> = [Key::Char('x'), Key::Enter].into_iter().chain(id).chain([Key::Enter]).collect();
    if dice.roll(10) > 0 { right[pressed % right.len()] } else { dice.pick(&right) }
}

/// One of the ways into the dialogs about a request.
fn towards_key(dice: &mut Dice) -> Key {
    dice.pick(&[Key::Char('a'), Key::Char('G'), Key::Char('v'), Key::Char('x'), Key::Enter])
}

/// The samples, and what `bo` has asked for and may be shown or take.
fn requests() -> Vec<RequestView> {
    [samples::reveal(), samples::granted()].into_iter().chain(samples::requests()).collect()
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

#[derive(Default)]
struct Mashed {
    events: u64,
    approvals: u64,
    dialogs: u64,
    /// Frames that were drawn of each tab, and of the dialogs.
    tabs: [u64; Tab::ALL.len()],
    forms: u64,
    reveals: u64,
    cosigns: u64,
    takes: u64,
    /// Credentials that were asked for, and signatures under checkpoints.
    shown: u64,
    cosigned: u64,
}

impl Mashed {
    /// Checks what an event led to, `gap_ms` after the one before and after these keys.
    fn check(&mut self, effects: &[Effect], pressed: &[Key], (seed, gap_ms): (u64, u64)) {
        for (id, passphrase) in approvals(effects) {
            assert!(may_sign(pressed, &id), "seed {seed}: {id} signed after {pressed:?}");
            assert!(!passphrase.is_empty(), "seed {seed}: signed with nothing");
            assert!(gap_ms >= 20, "seed {seed}: signed {gap_ms} ms after the key before");
            self.approvals += 1;
        }
        for effect in effects {
            match effect {
                Effect::Reveal { id, passphrase, .. } => {
                    assert!(may_sign(pressed, id.as_str()), "seed {seed}: shown after {pressed:?}");
                    assert!(!passphrase.expose().is_empty(), "seed {seed}: shown for nothing");
                    self.shown += 1;
                }
                Effect::Cosign { passphrase, .. } => {
                    assert!(
                        !passphrase.expose().is_empty() && gap_ms >= 20,
                        "seed {seed}: cosigned, {gap_ms} ms"
                    );
                    self.cosigned += 1;
                }
                Effect::Request(_) | Effect::Take { .. } => {
                    assert!(gap_ms >= 20, "seed {seed}: {effect:?}, {gap_ms} ms after the key before");
                }
                _ => {}
            }
        }
    }
}

fn mash(seed: u64, events: u64) -> Mashed {
    let mut dice = Dice(seed | 1);
    let model = samples::logged_in(Profile::AsciiMono, "80x24", requests(), true);
    let mut desk = Desk { model, now_ms: 1_000 };
    let mut pressed: Option<Vec<Key>> = None;
    let mut seen = Mashed { events, ..Mashed::default() };
    for _ in 0..events {
        let key = match (&desk.model.dialog, &desk.model.screen) {
            (Some(Dialog::Approve(dialog)), _) if dice.roll(10) > 0 => {
                near_key(&mut dice, dialog.doc.id.as_str(), pressed.as_ref().map_or(0, Vec::len))
            }
            (None, Screen::Detail(_)) if dice.roll(2) > 0 => towards_key(&mut dice),
            (None, Screen::List | Screen::Page(_)) if dice.roll(4) == 0 => {
                dice.pick(&[Key::Char('1'), Key::Char('a'), Key::Char('j'), Key::Char('5'), Key::Char('c')])
            }
            _ => any_key(&mut dice),
        };
        let gap_ms = dice.pick(&[0, 1, 5, 19, 20, 40, 100, 300, 1_000, 20_000]);
        // While something is waited for, keys mean nothing.
        let is_heard = desk.model.waiting.is_none();
        let effects = desk.press_after(gap_ms, key);
        if let Some(pressed) = pressed.as_mut().filter(|_| is_heard) {
            pressed.push(key);
        }
        seen.check(&effects, pressed.as_deref().unwrap_or_default(), (seed, gap_ms));
        look(&desk, &mut seen);
        let is_signed = !approvals(&effects).is_empty();
        for effect in effects {
            answer(&mut desk, &mut dice, effect);
        }
        if dice.roll(4) > 0 {
            // A credential is asked for only now.
            let effects = desk.send(Event::Drawn);
            seen.check(&effects, pressed.as_deref().unwrap_or_default(), (seed, gap_ms));
            for effect in effects {
                answer(&mut desk, &mut dice, effect);
            }
        }
        if is_signed {
            pressed = None;
        }
        let is_open = matches!(&desk.model.dialog, Some(Dialog::Approve(dialog))
            if dialog.pace.is_some() || dialog.sent_ms.is_some());
        let is_new = is_open && pressed.is_none();
        seen.dialogs += u64::from(is_new);
        pressed = if is_new { Some(Vec::new()) } else { pressed.filter(|_| is_open) };
    }
    seen
}

/// Draws what there is, which must never panic.
fn look(desk: &Desk, seen: &mut Mashed) {
    drop(render(&desk.model, desk.now_ms));
    match &desk.model.dialog {
        Some(Dialog::Form(_)) => seen.forms += 1,
        Some(Dialog::Cosign(_)) => seen.cosigns += 1,
        Some(Dialog::Take(_)) => seen.takes += 1,
        Some(Dialog::Approve(dialog)) if dialog.is_reveal() => seen.reveals += 1,
        _ => {}
    }
    if let Some(session) = &desk.model.session {
        seen.tabs[session.tab.place()] += 1;
    }
}

/// What the outside world might do.
fn answer(desk: &mut Desk, dice: &mut Dice, effect: Effect) {
    let status = || Box::new(samples::status(true));
    let failure =
        |during, sort| Event::Failed(Failure { during, sort, what: "no".to_owned(), advice: String::new() });
    let event = match effect {
        Effect::LogIn { session, .. } => Event::LoggedIn { session, status: status(), requests: requests() },
        Effect::Refresh(Wanted::Requests { open, .. }) if dice.roll(8) > 0 => {
            let open = requests().into_iter().find(|view| Some(&view.doc.id) == open.as_ref()).map(Box::new);
            Event::Fresh { status: status(), news: News::Requests(requests()), open }
        }
        Effect::Refresh(_) | Effect::Look | Effect::Verify | Effect::LookToCosign { .. }
            if dice.roll(8) > 0 =>
        {
            return desk.answers(&effect);
        }
        Effect::Refresh(_) => failure(Errand::Refresh, FailureSort::Refused),
        Effect::Look | Effect::Verify | Effect::LookToCosign { .. } => {
            failure(Errand::Look, FailureSort::Refused)
        }
        Effect::Request(_) if dice.roll(2) > 0 => failure(Errand::Request, FailureSort::Refused),
        Effect::Request(_) => Event::Requested(Box::new(samples::requests().remove(0))),
        Effect::Reveal { id, .. } if dice.roll(2) > 0 => {
            Event::Revealed { id, shown: samples::shown(b"an example, and no credential") }
        }
        Effect::Reveal { .. } => failure(Errand::Reveal, FailureSort::WrongPassphrase),
        Effect::Cosign { .. } => match dice.roll(3) {
            0 => Event::Cosigned(samples::to_cosign()),
            1 => failure(Errand::Cosign, FailureSort::WrongPassphrase),
            _ => failure(Errand::Cosign, FailureSort::Refused),
        },
        Effect::Take { .. } if dice.roll(2) > 0 => {
            let (done, of) = (dice.roll(9), dice.roll(9));
            Event::Taking(Progress { step: "fetching entries", done, of })
        }
        Effect::Take { .. } => Event::Taken(samples::fetched()),
        Effect::StopTake => failure(Errand::Take, FailureSort::Refused),
        Effect::Approve { .. } => match dice.roll(3) {
            0 => Event::Approved(Box::new(samples::requests().remove(0))),
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
    let visited = [seen.reveals, seen.cosigns, seen.takes];
    assert!(visited.iter().all(|frames| *frames > 20), "seed {seed}: {visited:?}");
    assert!(seen.shown > 0 && seen.cosigned > 0, "seed {seed}: {} and {}", seen.shown, seen.cosigned);
}
