//! A panic in a running console. The program has no way to ask for one, so the console runs here, in a
//! second process of these tests on a terminal of its own, and what takes its pictures panics.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::{ConsoleOptions, run_on};
use crate::console::model::KeyFile;
use crate::console::profile::Environment;
use crate::console::samples;

/// The test below, as the second process is told to run it.
const NAME: &str = "console::runtime::panic::a_panic_gives_the_terminal_back_and_then_is_told";
/// Tells the second process that it is the second.
const CHILD: &str = "PORTCULLIS_TEST_PANIC";
const HELP: &[u8] = b"what works below";
const WORDS: &str = "nobody can be helped";
const LEAVES_SCREEN: &str = "\x1b[?1049l";
const SHOWS_CURSOR: &str = "\x1b[?25h";
/// Long enough for a busy machine; every wait ends with what it waits for.
const LIMIT: Duration = Duration::from_secs(60);

/// Sends pictures on, and panics over that of the help.
struct Fuse;

impl Write for Fuse {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!(!bytes.windows(HELP.len()).any(|window| window == HELP), "{WORDS}");
        io::stdout().write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

impl AsFd for Fuse {
    fn as_fd(&self) -> BorrowedFd<'_> {
        rustix::stdio::stdout()
    }
}

fn run_until_it_panics() {
    let keys = ["alice", "bo"].map(|id| KeyFile { operator: samples::operator(id), path: PathBuf::from(id) });
    let options = ConsoleOptions {
        home: PathBuf::from("/nowhere"),
        socket: PathBuf::from("/nowhere"),
        key: None,
        operator: None,
        ascii: true,
        mono: true,
        size: None,
        logged: false,
        slow: false,
        environment: Environment::default(),
    };
    let ended = run_on(options, keys.to_vec(), Fuse);
    unreachable!("it ended by itself: {ended:?}");
}

fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal"))
}

/// Waits until `text` is among what was sent.
fn wait_for(output: &Receiver<Vec<u8>>, sent: &mut String, text: &str) {
    while !sent.contains(text) {
        let bytes = output.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no {text:?}: {sent}"));
        sent.push_str(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the second process is told by a variable that it is the second"
)]
fn a_panic_gives_the_terminal_back_and_then_is_told() {
    if std::env::var_os(CHILD).is_some() {
        return run_until_it_panics();
    }
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a terminal");
    let before = settings(&*pair.master);
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this program"));
    command.env_clear();
    command.env(CHILD, "1");
    command.args(["--exact", NAME, "--nocapture", "--color", "never"]);
    let mut child = pair.slave.spawn_command(command).expect("it starts");
    let mut reader = pair.master.try_clone_reader().expect("readable");
    let mut writer = pair.master.take_writer().expect("writable");
    let (sender, output) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4_096];
        while let Ok(len @ 1..) = reader.read(&mut bytes) {
            if sender.send(bytes[..len].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut sent = String::new();
    wait_for(&output, &mut sent, "q:quit");
    assert_ne!(settings(&*pair.master), before, "it is in raw mode");
    assert!(!sent.contains(LEAVES_SCREEN), "it runs: {sent}");
    writer.write_all(b"?").and_then(|()| writer.flush()).expect("writable");
    wait_for(&output, &mut sent, WORDS);
    let status = child.wait().expect("it ends");
    assert!(!status.success(), "{status:?}");
    assert_eq!(settings(&*pair.master), before, "the terminal's settings");
    drop(pair.slave);
    output.iter().for_each(|bytes| sent.push_str(&String::from_utf8_lossy(&bytes)));
    let mut screen = vt100::Parser::new(24.try_into().expect("not 0"), 80.try_into().expect("not 0"), 0);
    screen.process(sent.as_bytes());
    let screen = screen.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor(), "{sent}");
    assert!(screen.contents().contains(WORDS), "the words stay on the screen: {sent}");
    let (running, given_back) = sent.split_once(LEAVES_SCREEN).expect("checked");
    assert!(!running.contains(WORDS), "told on the screen that is gone: {sent}");
    assert!(given_back.contains(SHOWS_CURSOR), "{sent}");
    assert!(!given_back.contains(LEAVES_SCREEN), "a second time would wipe the words off: {sent}");
}
