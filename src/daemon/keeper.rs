//! The keeper process: it has the TPM, the store, the decisions and all session secrets.

use std::os::fd::AsFd as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::channel::{ChannelError, KeeperEar, KeeperMouth, pair};
use super::clock::{Clock, LogEnd, SystemClocks};
use super::engine::{Ended, Engine};
use super::event::Event;
use super::harden::{self, Hardened};
use super::listener::{self, ListenerError};
use super::message::{FromListener, LinkKind};
use crate::domain::home::Home;
use crate::domain::selector::KernelProof;
use crate::links::peer;
use crate::links::sockets::{self, OPERATOR, PULL, SocketError};
use crate::services::Appliance;
use crate::services::doctor::ProcessFacts;
use crate::services::home::HomeError;
use crate::services::start::{self, StartError};
use crate::tpm::TpmError;

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The appliance stays down.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A socket cannot be bound.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// A folder cannot be made.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The kernel refused a protection of the process.
    #[error("the process could not be protected: {0}")]
    Harden(#[from] harden::HardenError),
    /// The listener cannot be started, or keeps ending.
    #[error(transparent)]
    Listener(#[from] ListenerError),
    /// The channel to the listener cannot be made.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The listener keeps ending.
    #[error("the listener ended {times} times")]
    Restless {
        /// How often.
        times: u32,
    },
    /// Something of the system.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

impl KeeperError {
    /// The exit code and what to do next.
    pub fn parts(&self) -> (u8, String) {
        match self {
            Self::Start(error) => {
                let (exit, advice) = error.parts();
                (exit, advice.to_owned())
            }
            Self::Socket(_) => (7, "look who holds that path, or name another home with --home".to_owned()),
            Self::Home(error) => (1, error.advice().to_owned()),
            Self::Harden(_) => (1, "run it where prctl and setrlimit are allowed".to_owned()),
            Self::Listener(_) | Self::Channel(_) | Self::Restless { .. } | Self::System(_) => {
                (1, "look at the limits of this process, then start it again".to_owned())
            }
        }
    }
}

impl From<TpmError> for KeeperError {
    fn from(error: TpmError) -> Self {
        Self::Start(error.into())
    }
}

/// Runs the daemon until a signal ends it; `ready` is called once, when both sockets answer.
///
/// # Errors
/// [`KeeperError`].
pub fn run(home: &Home, ready: impl FnOnce(&Home)) -> Result<(), KeeperError> {
    let Hardened { memory } = harden::process()?;
    let (appliance, clock) = open(home)?;
    let (events, inbox) = channel();
    let pull = sockets::bind(home.run(), PULL)?;
    let operator = sockets::bind(home.run(), OPERATOR)?;
    stop_on_signals(events.clone())?;
    let process = ProcessFacts { memory, peers: peers_proof(), ..ProcessFacts::default() };
    let (child, mouth) = start_listener(&events)?;
    let numbers = Arc::new(AtomicU32::new(1));
    let shared = Arc::new(Mutex::new(mouth.clone()));
    accept(pull, LinkKind::Pull, events.clone(), shared.clone(), numbers.clone())?;
    accept(operator, LinkKind::Operator, events.clone(), shared.clone(), numbers)?;
    let engine = Engine::new(appliance, clock, process, events.clone(), mouth);
    ready(home);
    let mut ears = Ears { child, mouth: shared, events };
    let outcome = decide(home, engine, &inbox, &mut ears);
    ears.wind_down();
    for socket in [home.pull_socket(), home.operator_socket()] {
        drop(std::fs::remove_file(socket));
    }
    outcome
}

/// Opens the appliance and puts it into service.
fn open(home: &Home) -> Result<(Appliance, Clock), KeeperError> {
    let opened = start::open(home)?;
    let chip = opened.chip_time()?;
    let state = opened.state();
    let end = LogEnd { ts: state.last_ts, mono: state.last_mono, boot: state.last_boot };
    let clock = Clock::begin(SystemClocks::read(), chip, end);
    let appliance = opened.into_service(&clock.moment(SystemClocks::read()))?;
    Ok((appliance, clock))
}

/// Lets the engine decide until it is asked to end; starts what ended by itself again.
fn decide(
    home: &Home,
    mut engine: Engine,
    inbox: &Receiver<Event>,
    ears: &mut Ears,
) -> Result<(), KeeperError> {
    const RESTARTS_MAX: u32 = 5;
    const SPAN_MS: u64 = 60_000;
    let (mut restarts, mut since) = (0, SystemClocks::read().boottime_ms);
    loop {
        match engine.run(inbox) {
            Ended::Asked => return Ok(()),
            Ended::LedgerStopped => {
                if let Err(error) = engine.ask_chip(home)
                    && error.may_pass()
                {
                    tracing::error!(%error, "nothing is committed until the TPM answers");
                    continue;
                }
                tracing::error!("store and chip may differ by the last entry: the appliance is opened anew");
                let events = ears.events.clone();
                match engine.reopen(|| open_anew(home, inbox, &events))? {
                    Some(opened) => engine = opened,
                    None => return Ok(()),
                }
            }
            Ended::ListenerGone => {
                let now = SystemClocks::read().boottime_ms;
                if now.saturating_sub(since) > SPAN_MS {
                    (restarts, since) = (0, now);
                }
                restarts += 1;
                if restarts > RESTARTS_MAX {
                    return Err(KeeperError::Restless { times: restarts });
                }
                tracing::error!("the listener ended and is started again");
                engine.replace_listener(ears.restart()?);
            }
        }
    }
}

/// Opens the appliance as at a start; `None` when a signal comes first. The chip has just answered, so
/// few tries do: nobody is answered meanwhile.
fn open_anew(
    home: &Home,
    inbox: &Receiver<Event>,
    events: &Sender<Event>,
) -> Result<Option<(Appliance, Clock)>, KeeperError> {
    const PAUSE: Duration = Duration::from_secs(1);
    const TRIES_MAX: u32 = 3;
    let mut later = Vec::new();
    let mut tries = 0;
    loop {
        tries += 1;
        match open(home) {
            Err(KeeperError::Start(error)) if error.may_pass() && tries < TRIES_MAX => {
                tracing::error!(%error, "the appliance cannot be opened; nothing is released until it is");
            }
            outcome => {
                // What came meanwhile is dealt with now, in its order.
                later.into_iter().for_each(|event| drop(events.send(event)));
                return outcome.map(Some);
            }
        }
        match inbox.recv_timeout(PAUSE) {
            Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Ok(event) => later.push(event),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// The listener process, and where its mouth is to be found.
struct Ears {
    child: Child,
    mouth: Arc<Mutex<KeeperMouth>>,
    events: Sender<Event>,
}

impl Ears {
    /// Starts another listener in place of one that ended or broke the rules.
    fn restart(&mut self) -> Result<KeeperMouth, KeeperError> {
        self.kill();
        let (child, mouth) = start_listener(&self.events)?;
        self.child = child;
        *self.mouth.lock().unwrap_or_else(PoisonError::into_inner) = mouth.clone();
        Ok(mouth)
    }

    /// The listener ends by itself when its channel does; a stuck one is ended.
    fn wind_down(&mut self) {
        const STEP: Duration = Duration::from_millis(20);
        self.mouth.lock().unwrap_or_else(PoisonError::into_inner).hang_up();
        for _ in 0..50 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::park_timeout(STEP);
        }
        self.kill();
    }

    fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn start_listener(events: &Sender<Event>) -> Result<(Child, KeeperMouth), KeeperError> {
    let (mouth, ear, theirs) = pair()?;
    let child = listener::spawn(Path::new("/proc/self/exe"), &["__listener"], theirs)?;
    let events = events.clone();
    std::thread::Builder::new().name("ears".to_owned()).spawn(move || hear(ear, &events))?;
    Ok((child, mouth))
}

/// Passes on what the listener says, until it says nothing more or something it may not.
fn hear(mut ear: KeeperEar, events: &Sender<Event>) {
    while let Ok(Some(message)) = ear.receive() {
        if events.send(Event::Said(message)).is_err() {
            return;
        }
    }
    drop(events.send(Event::ListenerGone));
}

/// Accepts, asks the kernel about the peer, tells the engine, then gives the listener a duplicate.
fn accept(
    socket: UnixListener,
    kind: LinkKind,
    events: Sender<Event>,
    listener: Arc<Mutex<KeeperMouth>>,
    numbers: Arc<AtomicU32>,
) -> Result<(), KeeperError> {
    let work = move || {
        for stream in socket.incoming() {
            let Ok(stream) = stream else {
                // Out of descriptors, as a rule: the next one waits until some are free.
                std::thread::park_timeout(std::time::Duration::from_millis(50));
                continue;
            };
            let conn = numbers.fetch_add(1, Ordering::Relaxed);
            let peer = peer::observe(&stream);
            let Ok(copy) = stream.try_clone() else { continue };
            if events.send(Event::Connected { conn, kind, stream, peer }).is_err() {
                return;
            }
            let sender = listener.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = sender.announce(conn, kind, copy.as_fd()) {
                tracing::warn!(%error, "the listener does not take a connection");
                // Nobody would ever read it.
                drop(events.send(Event::Said(FromListener::Closed { conn })));
            }
        }
    };
    std::thread::Builder::new().name("door".to_owned()).spawn(work)?;
    Ok(())
}

fn stop_on_signals(events: Sender<Event>) -> Result<(), KeeperError> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    /// A chip that hangs holds the thread that decides up for 20 seconds.
    const GRACE: Duration = Duration::from_secs(30);
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let work = move || {
        for signal in signals.forever() {
            // A hang-up of the terminal that started it is no reason for the gate to close.
            if signal == SIGHUP {
                continue;
            }
            if events.send(Event::Stop).is_err() {
                return;
            }
            // What is on disk and in the chip settles at the next start, as after any loss of power.
            std::thread::park_timeout(GRACE);
            tracing::error!("the daemon does not come to its end, and is ended");
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(work)?;
    Ok(())
}

/// How this kernel ties evidence to a process: seen on a connection to ourselves.
fn peers_proof() -> Option<KernelProof> {
    let (here, _there) = UnixStream::pair().ok()?;
    peer::observe(&here).ok().map(|peer| peer.evidence().kernel)
}
