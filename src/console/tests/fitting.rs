//! What a person signs is on the screen at every size at which they can sign it.

use super::Desk;
use super::pictures::text;
use crate::console::model::{Dialog, Message};
use crate::console::profile::Profile;
use crate::console::samples;
use crate::console::view::render;
use crate::domain::request::doc::ReleaseWindow;
use crate::domain::time::Length;
use crate::domain::wire::operator::RequestView;

/// What has to be there, without blanks, because a narrow screen breaks lines anywhere.
type Vital = &'static [&'static str];

/// The longest names there are, and a window of each kind.
fn cases() -> Vec<(&'static str, RequestView, Vital)> {
    let mut fixed = samples::narrowed();
    let interval = samples::window("14:00", "15:00");
    let (credential, job) = ("mainframe-prod0/ab", "jobx.production");
    fixed.doc.subject = samples::release(credential, job, ReleaseWindow::Fixed { interval }, 3);
    let mut from_arming = samples::requests().remove(0);
    let window = ReleaseWindow::FromArming { length_ms: Length::from_minutes(15) };
    from_arming.doc.subject = samples::release(credential, job, window, 100);
    let client = samples::requests().remove(1);
    let mut clear = samples::export();
    clear.doc.subject = samples::export_to(0);
    vec![
        (
            "fixed",
            fixed,
            &[
                "credentialmainframe-prod0/ab",
                "forjobjobx.production",
                "yourwindow2026-11-23T14:00:00Zto2026-11-23T15:00:00Z",
                "yourpulls3",
                "expires14:10Z,11min",
                "theyallow2026-11-23T14:00:00Zto2026-11-23T14:30:00Z,2pulls",
            ],
        ),
        (
            "from arming",
            from_arming,
            &[
                "credentialmainframe-prod0/ab",
                "forjobjobx.production",
                "yourwindow15minfromthelastapproval",
                "yourpulls100",
                "expires14:10Z,11min",
            ],
        ),
        ("client", client, &["kindclient", "clientbackup", "expires14:27Z,28min"]),
        (
            "export",
            samples::export(),
            &[
                "kindexport",
                "entriesfrom17940",
                "mediumUSBstick7,fortheauditorsinBasel",
                "seal004711",
                "encryptedtoage1",
                "expires14:10Z,11min",
            ],
        ),
        ("export in the clear", clear, &["seal004711", "encryptedto(nobody:itleavesintheclear)"]),
    ]
}

fn squeezed(desk: &Desk) -> String {
    text(&render(&desk.model, desk.now_ms)).replace(['|', ' ', '\n'], "")
}

#[test]
fn whoever_can_approve_sees_what_they_sign_at_every_size() {
    const REFUSAL: &str = "too small: make the terminal larger or use portcullis approve --plain";
    for (name, view, vital) in cases() {
        let fingerprint = format!("fingerprint{}", view.doc.fingerprint().to_string().replace(' ', ""));
        let (mut open, mut refused) = (0, 0);
        let widths = [40, 41, 45, 53, 57, 58, 66, 71, 79, 80, 81];
        for (width, height) in
            widths.into_iter().flat_map(|width| (10..=25).map(move |height| (width, height)))
        {
            let size = format!("{width}x{height}");
            let model = samples::logged_in(Profile::AsciiMono, &size, vec![view.clone()], true);
            let mut desk = Desk { model, now_ms: 1_000 };
            desk.types("\nGa");
            if !matches!(desk.model.dialog, Some(Dialog::Approve(_))) {
                assert_eq!(desk.message(), REFUSAL, "{name} {size}");
                assert!(squeezed(&desk).contains("approve--plain"), "{name} {size}");
                refused += 1;
                continue;
            }
            open += 1;
            for message in [None, Some(Message::bad("a long message ".repeat(20), ""))] {
                desk.model.message = message;
                let seen = squeezed(&desk);
                let fields = ["Passphrase(notshown):Idoftherequest:"];
                for wanted in vital.iter().chain(&fields).chain(&[&*fingerprint]) {
                    assert!(seen.contains(wanted), "{name} {size}: no {wanted} in {seen}");
                }
            }
        }
        assert!(open > 80 && refused > 20, "{name}: {open} open, {refused} refused");
    }
}

#[test]
fn a_reason_and_the_keys_are_seen_on_the_smallest_screen() {
    for keys in ["djust a reason", "jjcjust a reason", ":freeze\njust a reason"] {
        for message in [None, Some(Message::bad("a long message ".repeat(20), ""))] {
            let mut desk = Desk::logged_in(Profile::AsciiMono, "40x10");
            desk.types(keys);
            let is_long = message.is_some();
            desk.model.message = message;
            let seen = squeezed(&desk);
            assert!(seen.contains("Reason:justareason"), "{keys:?}: {seen}");
            assert!(seen.contains("Enter:send"), "{keys:?}: {seen}");
            assert_eq!(seen.contains("alongmessagealongmessage"), is_long, "{keys:?}: {seen}");
        }
    }
}

#[test]
fn the_field_that_is_typed_into_is_seen_on_the_smallest_screen() {
    // how to get to a field, what it then says
    let cases = [
        ("njob", "credentialjob"),
        ("n\t\t\t\t\tjust a reason", "reasonjustareason"),
        ("n\t\t\t\t\t\tINC-4711", "ticketINC-4711"),
        ("aGw5m", "closes5m"),
    ];
    for size in ["40x10", "60x20", "80x24"] {
        for (keys, wanted) in cases {
            let mut desk = Desk::logged_in(Profile::AsciiMono, size);
            desk.types_with_keeper(keys);
            let seen = squeezed(&desk);
            assert!(seen.contains(wanted) && seen.contains("Ctrl-C:cancel"), "{size} {keys:?}: {seen}");
        }
    }
}
