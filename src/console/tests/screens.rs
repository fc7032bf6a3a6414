//! The screens that have pictures, each by its name and how a console comes to show it: one list for the
//! snapshots and for the pictures of the documents.

use super::Desk;
use crate::console::event::{Event, News};
use crate::console::key::Key;
use crate::console::profile::Profile;
use crate::console::samples;
use crate::desk::export::Progress;
use crate::domain::wire::operator::RequestView;

/// Name, what it shows in a few words, and the console that shows it.
pub(super) struct Screen {
    pub name: &'static str,
    pub shows: &'static str,
    pub arrange: fn(Profile, &str) -> Desk,
}

const fn screen(name: &'static str, shows: &'static str, arrange: fn(Profile, &str) -> Desk) -> Screen {
    Screen { name, shows, arrange }
}

/// The profiles that have pictures.
pub(super) const PROFILES: [(&str, Profile); 2] =
    [("unicode_colour", Profile::UnicodeColour), ("ascii_mono", Profile::AsciiMono)];

/// Every screen, in the order of the documents.
pub(super) const SCREENS: &[Screen] = &[
    screen("login", "Who logs in", |profile, size| fresh(profile, size, "j")),
    screen("login_passphrase", "The passphrase, which nothing shows", |profile, size| {
        fresh(profile, size, "j\nnot shown")
    }),
    screen("login_keeper_gone", "The keeper is gone", |profile, size| {
        let mut desk = Desk::logged_in(profile, size);
        let session = desk.model.session_number;
        desk.send(Event::Lost { session, why: "the connection was closed".to_owned() });
        desk
    }),
    screen("requests", "Live requests", |profile, size| after(profile, size, "j")),
    screen("requests_none", "No live requests", |profile, size| with(profile, size, Vec::new(), "")),
    screen("requests_many", "More requests than rows", |profile, size| {
        with(profile, size, samples::many_requests(), "G")
    }),
    screen("detail_release", "A request to release a credential", |profile, size| after(profile, size, "\n")),
    screen("detail_release_end", "The end of that request", |profile, size| after(profile, size, "\nG")),
    screen("detail_client", "A request to let a job in", |profile, size| after(profile, size, "j\n")),
    screen("detail_armed", "A window that is armed", |profile, size| after(profile, size, "jj\n")),
    screen("detail_thaw", "A request that was denied", |profile, size| after(profile, size, "jjj\n")),
    screen("approve", "An approval", |profile, size| after(profile, size, "aGanot shown\n7k2")),
    screen("detail_less", "A request of which less was approved", |profile, size| {
        narrowed(profile, size, "\n")
    }),
    screen("approve_less", "An approval after one of less", |profile, size| narrowed(profile, size, "aGa")),
    screen("detail_reveal", "A request to be shown a credential, armed", |profile, size| {
        revealing(profile, size, "\n")
    }),
    screen("reveal", "Before a credential is shown", |profile, size| {
        revealing(profile, size, "\nvnot shown\ns33")
    }),
    screen("revealed", "A credential, shown", shown),
    screen("revealed_gone", "After a credential was shown", |profile, size| {
        let mut desk = shown(profile, size);
        desk.types("q");
        desk
    }),
    screen("deny", "A denial", |profile, size| after(profile, size, "dnot before the site has confirmed")),
    screen("freeze", "A freeze", |profile, size| after(profile, size, ":freeze\na laptop was stolen")),
    screen("revoke", "A revocation", |profile, size| after(profile, size, "jjcthe job has ended")),
    screen("credentials", "The inventory", |profile, size| asking(profile, size, "2j")),
    screen("credentials_asked", "The inventory, while it is asked for", |profile, size| {
        after(profile, size, "2")
    }),
    screen("credentials_filter", "The inventory, while a filter is typed", |profile, size| {
        asking(profile, size, "2/NETBACK")
    }),
    screen("credentials_nothing", "A filter that leaves nothing", |profile, size| {
        asking(profile, size, "2/!e\n")
    }),
    screen("credential", "A credential", |profile, size| asking(profile, size, "2jj\n")),
    screen("credential_end", "The end of that credential", |profile, size| asking(profile, size, "2jj\nG")),
    screen("rotation", "The deadlines", |profile, size| asking(profile, size, "3")),
    screen("jobs", "The jobs", |profile, size| asking(profile, size, "4j")),
    screen("client", "A job", |profile, size| asking(profile, size, "4j\n")),
    screen("audit", "The end of the log", |profile, size| asking(profile, size, "5jj")),
    screen("audit_verified", "The log, compared with the chip", |profile, size| asking(profile, size, "5v")),
    screen("entry", "An entry of the log", |profile, size| asking(profile, size, "5jj\n")),
    screen("entry_unreadable", "An entry that does not read", |profile, size| asking(profile, size, "5\n")),
    screen("system", "The appliance", |profile, size| asking(profile, size, "6")),
    screen("system_looked", "The appliance, looked at", |profile, size| asking(profile, size, "6vG")),
    screen("audit_signed", "The log with a checkpoint, to whom may cosign", |profile, size| {
        let mut desk = asking(profile, size, "5");
        let news = News::Log(samples::signed_log());
        desk.send(Event::Fresh { status: Box::new(samples::status(true)), news, open: None });
        desk
    }),
    screen("cosign", "Before a checkpoint is cosigned", |profile, size| asking(profile, size, "5cnot shown")),
    screen("export_new", "A request for a bundle", |profile, size| asking(profile, size, "5x")),
    screen("export_wrong", "A request for a bundle that cannot be", |profile, size| {
        asking(profile, size, "5xall\nUSB stick 7\n004711\nage1nobody\nquarterly audit\n\n")
    }),
    screen("detail_export", "A request for a bundle, to be read", |profile, size| {
        with(profile, size, vec![samples::export()], "\n")
    }),
    screen("approve_export", "An approval of a bundle", |profile, size| {
        with(profile, size, vec![samples::export()], "\nGa")
    }),
    screen("detail_granted", "A bundle that was granted", |profile, size| {
        with(profile, size, vec![samples::granted()], "\nG")
    }),
    screen("take", "Where a bundle goes to", |profile, size| {
        with(profile, size, vec![samples::granted()], "\nGx/media/usb")
    }),
    screen("taking", "A bundle on its way", |profile, size| {
        let mut desk = with(profile, size, vec![samples::granted()], "\nGx/media/usb\n");
        desk.send(Event::Taking(Progress { step: "fetching entries", done: 138, of: 287 }));
        desk
    }),
    screen("taken", "A bundle on its medium", |profile, size| {
        let mut desk = with(profile, size, vec![samples::granted()], "\nGx/media/usb\n");
        desk.send(Event::Taken(samples::fetched()));
        desk
    }),
    screen("request_new", "A new request", |profile, size| asking(profile, size, "n")),
    screen("request_offers", "What may be asked for", |profile, size| asking(profile, size, "nA")),
    screen("request_for_oneself", "A request to be shown a credential", |profile, size| {
        let mut desk = asking(profile, size, "2jjjn");
        desk.press_after(100, Key::BackTab);
        desk.press_after(100, Key::Ctrl('u'));
        desk
    }),
    screen("request_filled", "A new request, filled in", |profile, size| {
        asking(profile, size, "2jjjn\n1h\n3\nnight batch\nINC-4711")
    }),
    screen("request_wrong", "A new request that cannot be", |profile, size| {
        asking(profile, size, "2jjjn\t25h\t0\t")
    }),
    screen("less", "Approving less", |profile, size| after(profile, size, "\nGw5m")),
    screen("less_wrong", "Approving more, which cannot be", |profile, size| after(profile, size, "\nGw2h\n")),
    screen("approve_narrowed", "An approval of less", |profile, size| {
        after(profile, size, "\nGw14:30Z\n1\n")
    }),
    screen("thaw", "A request to thaw", |profile, size| {
        let mut desk = Desk::logged_in(profile, size);
        let mut status = samples::status(true);
        status.frozen = Some("alice: a board was opened".to_owned());
        let news = News::Requests(samples::requests());
        desk.send(Event::Fresh { status: Box::new(status), news, open: None });
        desk.types(":thaw\nit was a \u{202e}false alarm");
        desk
    }),
    screen("help_credential", "The keys of a credential", |profile, size| asking(profile, size, "2\n?")),
    screen("help_audit", "The keys of an entry", |profile, size| asking(profile, size, "5/a\n?")),
    screen("help_system", "The keys of the appliance", |profile, size| asking(profile, size, "6?")),
    screen("help", "The keys", |profile, size| after(profile, size, "?")),
    screen("command", "A command", |profile, size| after(profile, size, ":lock")),
    screen("frozen", "A frozen appliance whose clock is wrong", |profile, size| {
        let mut desk = after(profile, size, "");
        if let Some(session) = &mut desk.model.session {
            session.status.frozen = Some("alice: a board was opened".to_owned());
            session.status.clock_alarm = Some("the system clock went back 2 h".to_owned());
            session.status.approvers.truncate(1);
        }
        desk
    }),
    screen("signing", "An approval that is being signed", |profile, size| {
        after(profile, size, "aGasecret\n7k2m\n")
    }),
];

/// Nobody has logged in, and somebody typed `keys`.
fn fresh(profile: Profile, size: &str, keys: &str) -> Desk {
    let mut desk = Desk { model: samples::fresh_model(profile, size), now_ms: 0 };
    desk.types(keys);
    desk
}

/// `bo` has logged in to the sample requests and typed `keys`.
pub(super) fn after(profile: Profile, size: &str, keys: &str) -> Desk {
    let mut desk = Desk::logged_in(profile, size);
    desk.types(keys);
    desk
}

/// The same with a keeper that answers.
fn asking(profile: Profile, size: &str, keys: &str) -> Desk {
    let mut desk = Desk::logged_in(profile, size);
    desk.types_with_keeper(keys);
    desk
}

fn with(profile: Profile, size: &str, requests: Vec<RequestView>, keys: &str) -> Desk {
    let mut desk = Desk { model: samples::logged_in(profile, size, requests, false), now_ms: 1_000 };
    desk.types(keys);
    desk
}

/// `bo` asked to be shown a credential, and two have approved.
fn revealing(profile: Profile, size: &str, keys: &str) -> Desk {
    let mut desk =
        Desk { model: samples::logged_in(profile, size, vec![samples::reveal()], true), now_ms: 1_000 };
    desk.types(keys);
    desk
}

/// The credential is on the screen.
fn shown(profile: Profile, size: &str) -> Desk {
    let mut desk = revealing(profile, size, "\nvnot shown\ns33n\n");
    let id = samples::request_id("S33N");
    desk.send(Event::Revealed { id, shown: samples::shown(b"an example, and no credential\n") });
    desk.send(Event::Drawn);
    desk
}

fn narrowed(profile: Profile, size: &str, keys: &str) -> Desk {
    let model = samples::logged_in(profile, size, vec![samples::narrowed()], true);
    let mut desk = Desk { model, now_ms: 1_000 };
    desk.types(keys);
    desk
}
