//! A terminal that takes nothing any more.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use portable_pty::{PtyPair, PtySize, native_pty_system};
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::clock::Clock;
use super::keeper::Keeper;
use super::output::Output;
use super::terminal::Line;
use super::tests::Place;
use super::{Console, Happening, Sheet};
use crate::console::key::KeyParser;
use crate::console::model::{Dialog, KeyFile, Model};
use crate::console::painter::Painter;
use crate::console::profile::{Profile, Size};
use crate::console::samples;
use crate::console::update::awaits_drawing;
use crate::console::view::render;

/// Long enough for a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// The side of a terminal that a program has; `flags` beside those that keep it from being taken over.
fn open(pair: &PtyPair, flags: OFlags) -> File {
    let name = pair.master.tty_name().expect("a terminal has a name");
    let flags = (flags | OFlags::NOCTTY).bits().cast_signed();
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(name).expect("ours")
}

/// Writes until the terminal takes nothing any more.
fn fill(pair: &PtyPair) {
    let mut terminal = open(pair, OFlags::NONBLOCK);
    loop {
        match terminal.write(&[b'.'; 4_096]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("{error}"),
        }
    }
}

fn console(socket: &Path, key: &Path, output: File) -> (Console, Receiver<Happening>) {
    let (sender, receiver) = channel();
    let keys = vec![KeyFile { operator: samples::operator("bo"), path: key.to_owned() }];
    let sheet = Sheet::default();
    let console = Console {
        model: Model::new(Profile::AsciiMono, Size::USUAL, keys),
        painter: Painter::new(sheet.clone(), Size::USUAL),
        sheet,
        output: Output::start(Arc::new(Line::taken()), output, sender.clone()).expect("a thread"),
        parser: KeyParser::new(),
        keeper: Keeper::start(socket.to_owned(), sender).expect("a thread"),
        is_size_fixed: true,
        clock: Clock::start(),
    };
    (console, receiver)
}

impl Console {
    /// Goes round the loop until something is so.
    fn until(&mut self, receiver: &Receiver<Happening>, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) {
            self.show().expect("shown");
            if !is_so(self) {
                self.wait(receiver).expect("it goes on");
            }
        }
    }

    fn typed(&mut self, text: &str) {
        for byte in text.bytes() {
            let at_ms = self.clock.now_ms();
            self.meet(Happening::Typed { bytes: Zeroizing::new(vec![byte]), at_ms }).expect("taken");
        }
    }
}

/// Reads all that comes to the terminal from now on, and makes it take bytes again.
fn read(pair: &PtyPair) -> Receiver<Vec<u8>> {
    let mut reader = pair.master.try_clone_reader().expect("readable");
    let (sender, received) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4_096];
        while let Ok(len @ 1..) = reader.read(&mut bytes) {
            if sender.send(bytes[..len].to_vec()).is_err() {
                return;
            }
        }
    });
    received
}

/// A console at which `bo` has just logged in.
fn logged_in(place: &Place) -> (PtyPair, Console, Receiver<Happening>) {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a terminal");
    let (mut console, receiver) = console(&place.socket(), &place.key_path(), open(&pair, OFlags::empty()));
    console.typed("right words\r");
    console.until(&receiver, |console| console.model.session.is_some() && !console.output.is_busy());
    (pair, console, receiver)
}

#[test]
fn a_dialog_takes_no_key_before_the_terminal_has_all_of_it() {
    let place = Place::new();
    let (pair, mut console, receiver) = logged_in(&place);
    fill(&pair);
    console.typed("d");
    console.show().expect("handed over");
    console.typed("because\r");
    console.show().expect("nothing to hand over yet");
    assert!(console.output.is_busy() && awaits_drawing(&console.model));
    let _output = read(&pair);
    console.until(&receiver, |console| !awaits_drawing(&console.model));
    assert!(matches!(console.model.dialog, Some(Dialog::Reason(_))), "it is open");
    let shown = render(&console.model, console.clock.now_ms());
    let cells: String = shown.buffer.content.iter().map(|cell| cell.symbol()).collect();
    assert!(cells.contains("Reason:") && !cells.contains("because"), "{cells}");
}

#[test]
fn an_operator_is_logged_out_also_while_the_terminal_takes_nothing() {
    let place = Place::new();
    let (pair, mut console, receiver) = logged_in(&place);
    let mut watch = place.watched.recv_timeout(LIMIT).expect("it watches");

    fill(&pair);
    console.typed("j");
    console.show().expect("handed over");
    assert!(console.output.is_busy(), "there was something to show");
    console.clock = console.clock.earlier(Duration::from_millis(Model::IDLE_MS));
    console.until(&receiver, |console| console.model.session.is_none());
    assert!(watch.next().is_none(), "the connection is closed");

    // When it takes something again, it gets nothing of what the operator saw.
    let output = read(&pair);
    let shows_login = |sent: &[u8]| {
        let side = |length: u16| length.try_into().expect("not 0");
        let mut screen = vt100::Parser::new(side(24), side(80), 0);
        screen.process(sent);
        screen.screen().contents().contains("Logged out")
    };
    let mut sent = Vec::new();
    console.until(&receiver, |console| !console.output.is_busy());
    console.until(&receiver, |console| console.output.is_busy());
    while !shows_login(&sent) {
        sent.extend(output.recv_timeout(LIMIT).expect("the screen of nobody"));
    }
    let sent = String::from_utf8_lossy(&sent);
    assert!(!sent.contains(">9QF3"), "a row that was selected when nobody could see it: {sent}");
}
