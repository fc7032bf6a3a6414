//! The console in the world: one loop that waits on one channel, fed by the threads beside it.

mod clock;
mod evidence;
mod input;
mod keeper;
mod keys;
mod log;
mod output;
#[cfg(test)]
mod panic;
mod signals;
mod size;
#[cfg(test)]
mod stuck;
mod terminal;
#[cfg(test)]
mod tests;
mod watch;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::console::error::ConsoleError;
use crate::console::event::{Effect, Event};
use crate::console::key::KeyParser;
use crate::console::model::{KeyFile, Model};
use crate::console::painter::Painter;
use crate::console::profile::{Environment, Profile, Size};
use crate::console::update::{awaits_drawing, next_tick, update};
use crate::console::view::render;
use crate::domain::home::Home;
use crate::domain::ids::OperatorId;
use clock::Clock;
use keeper::Keeper;
use output::Output;
use signals::Caught;

/// What the command line says of the console.
#[derive(Clone, Debug)]
pub struct ConsoleOptions {
    /// The folder of the appliance, below which key files are looked for.
    pub home: PathBuf,
    /// The keeper's socket for operators.
    pub socket: PathBuf,
    /// The one key file to use.
    pub key: Option<PathBuf>,
    /// The one operator of the home to offer.
    pub operator: Option<OperatorId>,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Use no colour.
    pub mono: bool,
    /// The terminal's size, when it does not know it.
    pub size: Option<Size>,
    /// Whether somebody keeps what this line carries: no credential is shown on it.
    pub logged: bool,
    /// Whether the line is slow: nothing but the clock changes by itself.
    pub slow: bool,
    /// What the environment says of the terminal.
    pub environment: Environment,
}

/// What the loop waits for.
enum Happening {
    /// Bytes from the terminal, and when they arrived.
    Typed { bytes: Zeroizing<Vec<u8>>, at_ms: u64 },
    /// The terminal is gone.
    HungUp,
    /// A frame has reached the terminal, or was cut.
    Shown,
    /// The terminal takes nothing any more.
    Unwritable(io::Error),
    /// A signal.
    Caught(Caught),
    /// An answer or news of the keeper.
    Outside(Event),
    /// A thread ended that should not have.
    Ended(&'static str),
}

/// Says so when a thread ends, whatever ended it.
struct Alarm {
    sender: Sender<Happening>,
    does: &'static str,
    is_silent: bool,
}

impl Alarm {
    const fn new(sender: Sender<Happening>, does: &'static str) -> Self {
        Self { sender, does, is_silent: false }
    }

    /// The thread ends as it should.
    fn silence(mut self) {
        self.is_silent = true;
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if !self.is_silent {
            // When the loop is gone too, nobody needs to know.
            let _ = self.sender.send(Happening::Ended(self.does));
        }
    }
}

/// Runs the console on this process's terminal until the operator leaves it or a signal ends it.
///
/// # Errors
/// [`ConsoleError`]; the terminal is as it was before in every case.
pub fn run(options: ConsoleOptions) -> Result<(), ConsoleError> {
    let streams =
        [("standard input", io::stdin().is_terminal()), ("standard output", io::stdout().is_terminal())];
    if let Some((stream, _)) = streams.into_iter().find(|(_, is_terminal)| !is_terminal) {
        return Err(ConsoleError::NotATerminal { stream });
    }
    let keys = keys::find(&options)?;
    // Not standard output itself: whoever gives the terminal back must not wait for its lock.
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    run_on(options, keys, output)
}

/// Runs the console on this process's terminal; the pictures go to `output`.
fn run_on(
    options: ConsoleOptions,
    keys: Vec<KeyFile>,
    output: impl Write + AsFd + Send + 'static,
) -> Result<(), ConsoleError> {
    let is_evaluation = Home::at(&options.home).evaluation_mark().exists();
    let profile = Profile::choose(&options.environment, options.ascii, options.mono);
    let clock = Clock::start();
    let (sender, receiver) = channel();
    // Before the terminal is taken, so that no signal can end the process while it is.
    let signals = signals::Signals::listen(sender.clone())?;
    let guard = terminal::Guard::take(profile.is_ascii())?;
    let size = size::find(options.size, &options.environment)?;
    let input = input::Input::listen(sender.clone(), clock)?;
    let sheet = Sheet::default();
    let mut console = Console {
        model: Model {
            is_evaluation,
            is_logged: options.logged,
            is_slow: options.slow,
            ..Model::new(profile, size, keys)
        },
        painter: Painter::new(sheet.clone(), size),
        sheet,
        output: Output::start(guard.line(), output, sender.clone())?,
        parser: KeyParser::new(),
        keeper: Keeper::start(options.socket, sender)?,
        is_size_fixed: options.size.is_some(),
        clock,
    };
    let ended = console.run(&receiver);
    drop((input, guard, signals));
    ended
}

/// Where the painter leaves the bytes of a frame.
#[derive(Clone, Default)]
struct Sheet(Rc<RefCell<Zeroizing<Vec<u8>>>>);

impl Sheet {
    fn take(&self) -> Zeroizing<Vec<u8>> {
        self.0.take()
    }
}

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sheet = self.0.borrow_mut();
        let len = sheet.len() + bytes.len();
        if len > sheet.capacity() {
            // Growing in place would leave a copy behind; the smaller sheet is wiped.
            let mut larger = Zeroizing::new(Vec::with_capacity(len.next_power_of_two()));
            larger.extend_from_slice(&sheet);
            *sheet = larger;
        }
        sheet.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many happenings are taken before the screen is painted again.
const BATCH_MAX: usize = 256;

/// What the loop works on.
struct Console {
    model: Model,
    painter: Painter<Sheet>,
    sheet: Sheet,
    output: Output,
    parser: KeyParser,
    keeper: Keeper,
    is_size_fixed: bool,
    clock: Clock,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Go {
    On,
    Out,
}

impl Console {
    fn run(&mut self, receiver: &Receiver<Happening>) -> Result<(), ConsoleError> {
        loop {
            if self.show()? == Go::Out || self.wait(receiver)? == Go::Out {
                return Ok(());
            }
        }
    }

    /// Paints, unless a frame is still on its way; when all is there, lets a dialog that can be seen take
    /// keys.
    fn show(&mut self) -> Result<Go, ConsoleError> {
        if self.output.is_busy() {
            return Ok(Go::On);
        }
        self.painter.paint(render(&self.model, self.clock.now_ms()))?;
        let frame = self.sheet.take();
        if !frame.is_empty() {
            self.output.send(frame)?;
        } else if awaits_drawing(&self.model) {
            return self.take(Event::Drawn, self.clock.now_ms());
        }
        Ok(Go::On)
    }

    /// Waits for something to happen, or for the next change of a countdown.
    fn wait(&mut self, receiver: &Receiver<Happening>) -> Result<Go, ConsoleError> {
        let now_ms = self.clock.now_ms();
        let held = self.parser.deadline_ms().map(|at_ms| at_ms.saturating_sub(now_ms));
        let first = match next_tick(&self.model, now_ms).into_iter().chain(held).min() {
            Some(limit_ms) => receiver.recv_timeout(Duration::from_millis(limit_ms)),
            None => receiver.recv().map_err(RecvTimeoutError::from),
        };
        match first {
            Ok(happening) => {
                for happening in std::iter::once(happening).chain(receiver.try_iter().take(BATCH_MAX)) {
                    if self.meet(happening)? == Go::Out {
                        return Ok(Go::Out);
                    }
                }
                Ok(Go::On)
            }
            Err(RecvTimeoutError::Timeout) => {
                let now_ms = self.clock.now_ms();
                for key in self.parser.expire(now_ms) {
                    if self.take(Event::Key(key), now_ms)? == Go::Out {
                        return Ok(Go::Out);
                    }
                }
                self.take(Event::Tick, now_ms)
            }
            Err(RecvTimeoutError::Disconnected) => Err(ConsoleError::Part { does: "waits" }),
        }
    }

    fn meet(&mut self, happening: Happening) -> Result<Go, ConsoleError> {
        match happening {
            Happening::Typed { mut bytes, at_ms } => {
                for key in self.parser.feed(&mut bytes, at_ms) {
                    if self.take(Event::Key(key), at_ms)? == Go::Out {
                        return Ok(Go::Out);
                    }
                }
                Ok(Go::On)
            }
            Happening::HungUp | Happening::Caught(Caught::End) => Ok(Go::Out),
            Happening::Unwritable(error) => Err(error.into()),
            Happening::Shown => {
                if self.output.arrived() {
                    self.painter.redraw()?;
                }
                Ok(Go::On)
            }
            Happening::Caught(Caught::Resized) => match size::of_terminal() {
                Some(size) if !self.is_size_fixed => self.take(Event::Resized(size), self.clock.now_ms()),
                _ => Ok(Go::On),
            },
            Happening::Outside(event) => self.take(event, self.clock.now_ms()),
            Happening::Ended(does) => Err(ConsoleError::Part { does }),
        }
    }

    /// Lets the model take an event, and does what it wants done.
    fn take(&mut self, event: Event, now_ms: u64) -> Result<Go, ConsoleError> {
        for effect in update(&mut self.model, event, now_ms) {
            match effect {
                Effect::Quit => return Ok(Go::Out),
                Effect::Redraw => self.painter.redraw()?,
                Effect::Cover => self.output.cut(),
                Effect::StopTake => self.keeper.stop(),
                Effect::DropTypeAhead => {
                    terminal::drop_type_ahead();
                    self.parser = KeyParser::new();
                }
                errand => {
                    // What they saw goes with them, also from the line.
                    if matches!(errand, Effect::LogOut) {
                        self.output.cut();
                    }
                    self.keeper.send(errand)?;
                }
            }
        }
        Ok(Go::On)
    }
}
