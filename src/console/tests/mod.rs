//! Tests of the whole console without its runtime: events in, effects, pictures and bytes out.

mod album;
mod bytes;
mod evidence;
mod fitting;
mod forms;
mod looks;
mod mashing;
mod pictures;
mod reasons;
mod reveals;
mod rules;
mod screens;
mod svg;
mod tabs;

use ratatui::style::Style;

use crate::console::event::{Effect, Event, Wanted};
use crate::console::key::Key;
use crate::console::model::{Dialog, Model};
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::update::update;
use crate::console::view::{Shown, render};

/// A console at work, with its own clock.
struct Desk {
    model: Model,
    now_ms: u64,
}

impl Desk {
    /// `bo` has logged in to an evaluation appliance with the sample requests.
    fn logged_in(profile: Profile, size: &str) -> Self {
        Self { model: samples::logged_in(profile, size, samples::requests(), true), now_ms: 1_000 }
    }

    fn usual() -> Self {
        Self::logged_in(Profile::AsciiMono, "80x24")
    }

    fn send(&mut self, event: Event) -> Vec<Effect> {
        update(&mut self.model, event, self.now_ms)
    }

    /// A key, `gap_ms` after what was before.
    fn press_after(&mut self, gap_ms: u64, key: Key) -> Vec<Effect> {
        self.now_ms += gap_ms;
        self.send(Event::Key(key))
    }

    /// What a person types: 100 ms a key, a line feed for Enter, a tab for Tab, the screen drawn after each.
    fn types(&mut self, text: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for c in text.chars() {
            let key = match c {
                '\n' => Key::Enter,
                '\t' => Key::Tab,
                c => Key::Char(c),
            };
            effects.extend(self.press_after(100, key));
            effects.extend(self.send(Event::Drawn));
        }
        effects
    }

    /// The same, with a keeper that tells the samples.
    fn types_with_keeper(&mut self, text: &str) {
        for c in text.chars() {
            for effect in self.types(c.encode_utf8(&mut [0; 4])) {
                self.answers(&effect);
            }
        }
    }

    /// What the sample keeper says to a question; nothing to anything else.
    fn answers(&mut self, effect: &Effect) {
        let event = match effect {
            Effect::Refresh(wanted) => {
                let open = if let Wanted::Requests { open, .. } = wanted { open.as_ref() } else { None };
                let open = samples::requests().into_iter().find(|view| Some(&view.doc.id) == open);
                let status = Box::new(samples::status(true));
                Event::Fresh { status, news: samples::news(wanted), open: open.map(Box::new) }
            }
            Effect::Look => Event::Found(samples::findings()),
            Effect::LookToCosign { .. } => Event::ToCosign(samples::to_cosign()),
            Effect::Verify => Event::Verified { size: 18_231, root: "5b".repeat(32), epoch: 412 },
            _ => return,
        };
        for effect in self.send(event) {
            self.answers(&effect);
        }
    }

    /// What a paste delivers: all in one instant.
    fn pastes(&mut self, text: &str) -> Vec<Effect> {
        self.now_ms += 1_000;
        let key = |c| if c == '\n' { Key::Enter } else { Key::Char(c) };
        text.chars().flat_map(|c| self.press_after(0, key(c))).collect()
    }

    /// The approval of the first request, open and drawn.
    fn approving() -> Self {
        let mut desk = Self::usual();
        desk.types("aGa");
        assert!(matches!(desk.model.dialog, Some(Dialog::Approve(_))));
        desk
    }

    fn message(&self) -> String {
        self.model.message.as_ref().map_or(String::new(), |message| message.what.clone())
    }
}

/// What a person sees: also what no buffer holds.
fn seen(desk: &Desk) -> Shown {
    let mut shown = render(&desk.model, desk.now_ms);
    if let Some(veiled) = shown.veiled.take() {
        for (y, line) in (veiled.area.y..).zip(&veiled.lines) {
            shown.buffer.set_string(veiled.area.x, y, line.as_str(), Style::new());
        }
    }
    shown
}

/// The effects that sign.
fn approvals(effects: &[Effect]) -> Vec<(String, String)> {
    let signs = |effect: &Effect| match effect {
        Effect::Approve { doc, passphrase, .. } => Some((doc.id.to_string(), passphrase.expose().to_owned())),
        _ => None,
    };
    effects.iter().filter_map(signs).collect()
}
