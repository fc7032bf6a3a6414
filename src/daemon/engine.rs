//! The keeper's one thread of decisions: one event after the other, on one appliance.

use std::net::Shutdown;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::channel::KeeperMouth;
use super::clock::{Clock, LogEnd, SystemClocks};
use super::event::Event;
use super::jobs::Jobs;
use super::message::{FromListener, LinkKind};
use super::operators::{ConnError, OperatorConn, Operators};
use super::tally::Tally;
use crate::domain::home::Home;
use crate::domain::ids::OperatorId;
use crate::domain::refusal::Refusal;
use crate::domain::text::Text;
use crate::domain::time::{Length, Timestamp};
use crate::domain::wire::pc1::{DenyCode, Seq, ServerMessage};
use crate::links::peer::{ExecutableHashes, Peer, PeerError};
use crate::services::doctor::ProcessFacts;
use crate::services::start::StartError;
use crate::services::{Appliance, Moment};

/// Everything the keeper decides with.
pub struct Engine {
    pub(super) appliance: Appliance,
    pub(super) clock: Clock,
    pub(super) jobs: Jobs,
    pub(super) operators: Operators,
    pub(super) process: ProcessFacts,
    pub(super) hashes: std::sync::Arc<ExecutableHashes>,
    pub(super) events: Sender<Event>,
    pub(super) listener: KeeperMouth,
    /// Leaves in the log when waiting jobs and watching operators last heard of it.
    told: u64,
    /// When windows that open by time alone were last looked for.
    looked: Timestamp,
    /// When a chip that failed is asked again, if one did.
    retry: Timestamp,
    /// A freeze that could not be written because the chip failed before it: by whom, and why.
    pub(super) freeze_owed: Option<(OperatorId, Text)>,
    pub(super) tally: Tally,
}

/// How often a chip that failed is asked again.
const RETRY: Length = Length::from_seconds(1);

/// Why the engine ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// It was asked to.
    Asked,
    /// The listener is gone.
    ListenerGone,
    /// Store and chip may differ by the last leaf: the appliance has to be opened anew, as soon as the
    /// chip answers. Until then the engine may go on: it answers, and commits nothing.
    LedgerStopped,
}

impl Engine {
    /// An engine over an appliance in service.
    pub fn new(
        appliance: Appliance,
        clock: Clock,
        process: ProcessFacts,
        events: Sender<Event>,
        listener: KeeperMouth,
    ) -> Self {
        let told = appliance.log_size();
        let looked = clock.moment(SystemClocks::read()).now;
        let (jobs, operators, hashes) = Default::default();
        let (tally, retry) = (Tally::default(), looked);
        Self {
            appliance,
            clock,
            jobs,
            operators,
            process,
            hashes,
            events,
            listener,
            told,
            looked,
            retry,
            freeze_owed: None,
            tally,
        }
    }

    /// Another listener took over; every connection of the last one is gone.
    pub fn replace_listener(&mut self, listener: KeeperMouth) {
        for (_, conn) in self.jobs.take_all() {
            drop(conn.stream.shutdown(Shutdown::Both));
        }
        let showing = self.operators.clear();
        self.not_acknowledged(showing);
        self.listener = listener;
    }

    /// Lets the stopped appliance go and goes on with what `open` gives, if anything; connections stay.
    ///
    /// # Errors
    /// What `open` returns.
    pub fn reopen<E>(
        self,
        open: impl FnOnce() -> Result<Option<(Appliance, Clock)>, E>,
    ) -> Result<Option<Self>, E> {
        let Self {
            appliance,
            clock: _,
            jobs,
            operators,
            process,
            hashes,
            events,
            listener,
            told: _,
            looked,
            retry,
            freeze_owed,
            tally,
        } = self;
        // The store has one holder at a time.
        drop(appliance);
        let Some((appliance, clock)) = open()? else { return Ok(None) };
        let mut engine = Self {
            appliance,
            clock,
            jobs,
            operators,
            process,
            hashes,
            events,
            listener,
            told: 0,
            looked,
            retry,
            freeze_owed,
            tally,
        };
        engine.freeze_as_owed();
        Ok(Some(engine))
    }

    /// Asks a chip that failed whether it is back.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn ask_chip(&self, home: &Home) -> Result<(), StartError> {
        self.appliance.ask_chip(home)
    }

    /// Now, on every clock.
    pub(super) fn now(&self) -> Moment {
        self.clock.moment(SystemClocks::read())
    }

    /// Reacts to events until one ends it.
    pub fn run(&mut self, inbox: &Receiver<Event>) -> Ended {
        loop {
            match inbox.recv_timeout(self.patience()) {
                Ok(Event::Stop) => {
                    let at = self.now();
                    self.appliance.told_to_stop(&at);
                    return Ended::Asked;
                }
                Err(RecvTimeoutError::Disconnected) => return Ended::Asked,
                Ok(Event::ListenerGone) => return Ended::ListenerGone,
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => self.close_unproven(),
            }
            self.settle();
            let now = self.now().now;
            if self.appliance.is_to_be_reopened() && now >= self.retry {
                self.retry = now.plus(RETRY);
                return Ended::LedgerStopped;
            }
        }
    }

    /// Until something is due by time alone.
    fn patience(&self) -> Duration {
        /// A due instant is a millisecond count, and waking a moment early would only wake again.
        const AFTER_MS: u64 = 1;
        const LONGEST: Duration = Duration::from_secs(3_600);
        let at = self.now();
        // A chip that does not answer gives no sign when it does again.
        let retry = self.appliance.waits_for_chip().then(|| at.now.plus(RETRY));
        let conns = [self.jobs.next_due(), self.operators.next_due()];
        let due = [self.appliance.next_due(&at), self.tally.next_due(), retry].into_iter().chain(conns);
        let due = due.flatten().min();
        due.map_or(LONGEST, |due| Duration::from_millis(at.now.until(due).ms() + AFTER_MS).min(LONGEST))
    }

    fn handle(&mut self, event: Event) {
        if self.clock.is_stale(SystemClocks::read())
            && let Err(error) = self.notice_restart()
        {
            tracing::warn!(%error, "the chip's clock could not be read");
        }
        match event {
            Event::Connected { conn, kind: LinkKind::Pull, stream, peer } => {
                self.job_connected(conn, stream, peer)
            }
            Event::Connected { conn, kind: LinkKind::Operator, stream, peer } => {
                self.operator_connected(conn, stream, peer);
            }
            Event::Said(message) => self.said(message),
            Event::Measured { conn, seq, name, peer } => self.measured(conn, seq, name, peer),
            Event::Handed { delivery, written } => self.handed(delivery, written),
            Event::ListenerGone | Event::Stop => {}
        }
    }

    fn said(&mut self, message: FromListener) {
        match message {
            FromListener::Hello { conn, job } => self.hello(conn, job),
            FromListener::Get { conn, seq, name } => self.get(conn, seq, name),
            FromListener::Ack { conn, of, .. } => self.acknowledged(conn, of),
            FromListener::Again { conn, seq, .. } => self.cannot_repeat(conn, seq),
            FromListener::Bye { conn, .. } => self.close(conn),
            FromListener::Malformed { conn, fault } => self.malformed(conn, fault),
            FromListener::Record { conn, bytes } => self.record(conn, &bytes),
            FromListener::Closed { conn } => self.close(conn),
        }
    }

    fn operator_connected(
        &mut self,
        number: u32,
        stream: std::os::unix::net::UnixStream,
        peer: Result<Peer, PeerError>,
    ) {
        let uid = peer.map(|peer| peer.evidence().uid);
        let now = self.now().now;
        let conn = uid.map_err(ConnError::from).and_then(|uid| OperatorConn::new(stream, uid, now));
        let closed = match conn {
            Ok(conn) => self.operators.add(number, conn),
            Err(error) => {
                tracing::warn!(%error, "an operator's connection was refused");
                Some(number)
            }
        };
        if let Some(closed) = closed {
            self.close(closed);
        }
    }

    /// Lets those go who had their time to show that they are operators. Only when nothing else waits
    /// to be done: what they have sent meanwhile is heard first.
    fn close_unproven(&mut self) {
        for late in self.operators.overdue(self.now().now) {
            self.close(late);
        }
    }

    fn job_connected(
        &mut self,
        number: u32,
        stream: std::os::unix::net::UnixStream,
        peer: Result<Peer, PeerError>,
    ) {
        let refused = match peer {
            Ok(peer) => {
                let added = stream.try_clone().is_ok_and(|copy| self.jobs.add(number, copy, peer));
                if added {
                    return;
                }
                DenyCode::Busy
            }
            Err(error) => {
                tracing::warn!(%error, "a job's connection was refused");
                if error.is_exhausted() { DenyCode::Busy } else { DenyCode::Evidence }
            }
        };
        super::line::say(&stream, Seq::FIRST, ServerMessage::Deny { code: refused });
        drop(stream.shutdown(Shutdown::Both));
        self.close(number);
    }

    /// Ends a connection of either kind, here and in the listener.
    pub(super) fn close(&mut self, number: u32) {
        let showing = self.operators.remove(number);
        self.not_acknowledged(showing);
        self.job_gone(number);
        // Should the channel be full, the shut-down connection ends in the listener all the same.
        if let Err(error) = self.listener.close(number) {
            tracing::warn!(%error, "the listener does not take orders");
        }
    }

    /// What follows from any event, and from time: ends, waiting jobs, watchers, outcomes.
    fn settle(&mut self) {
        /// Serving a waiting job can end another's wait; each round serves at least one.
        const ROUNDS_MAX: u32 = 1_000;
        let at = self.now();
        if self.appliance.next_due(&at).is_some_and(|due| due <= at.now) {
            self.appliance.expire_due(&at);
        }
        self.write_overdue_outcomes(&at);
        self.note_left_out(&at);
        for _ in 0..ROUNDS_MAX {
            if self.told == self.appliance.log_size() {
                break;
            }
            self.told = self.appliance.log_size();
            self.serve_waiting();
            for deaf in self.operators.tell_watchers(self.told) {
                self.close(deaf);
            }
        }
        self.serve_opening(&at);
        for over in [self.jobs.say_wait(at.now), self.jobs.idle(at.now)].concat() {
            self.close(over);
        }
    }

    /// A window that was armed ahead opens by time alone, and no entry says so.
    fn serve_opening(&mut self, at: &Moment) {
        let since = std::mem::replace(&mut self.looked, at.now);
        if self.appliance.has_opened(since, at) {
            self.serve_waiting();
        }
    }

    /// Reads the chip's clock, so that windows are reckoned from a fresh reading, and sees whether the
    /// board was restarted under the daemon.
    pub(super) fn notice_restart(&mut self) -> Result<(), Refusal> {
        let chip = self.appliance.chip_time()?;
        let system = SystemClocks::read();
        if chip.boot == self.clock.boot() {
            self.clock.read_chip(system, chip);
        } else {
            let (ts, mono, boot) = self.appliance.log_end();
            self.clock = Clock::begin(system, chip, LogEnd { ts, mono, boot });
            let at = self.now();
            self.appliance.restarted(&at)?;
        }
        self.process.clock_rate = self.clock.rate();
        self.process.clock_ahead = self.clock.ahead(system);
        Ok(())
    }

    /// Writes a refusal down, with what was wanted in a few words.
    pub(super) fn note_refusal(&mut self, actor: String, wanted: &str, refusal: &Refusal) {
        let at = self.now();
        if self.tally.admit(&actor, at.now) {
            self.appliance.refused(&at, actor, wanted, refusal);
        }
    }

    /// Writes down how many refusals were left out of the log.
    fn note_left_out(&mut self, at: &Moment) {
        for (actor, count) in self.tally.settle(at.now) {
            let refusal = Refusal::Busy { what: "refusals to write each of them down" };
            self.appliance.refused(at, actor, &format!("{count} more within a minute"), &refusal);
        }
    }
}
