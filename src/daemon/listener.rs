//! The process that reads what comes from outside. It has no store, no TPM, no key and no evidence.
//!
//! One thread waits for all connections at once, cuts what they send into messages, and hands those to the
//! keeper. It never writes to a peer and never opens anything. When the keeper does not keep up it reads no
//! more; so its memory is bounded, and neither process ever waits for the other to read.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::CStr;
use std::fmt;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::unistd::User;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{set_name, set_no_new_privs};
use rustix::time::{ClockId, clock_gettime};

use super::channel::{ChannelError, Heard, ListenerEnd};
use super::intake::Intake;
use super::message::{Fault, FromListener, LinkKind, Number, ToListener};

/// Why the listener could not start, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenerError {
    /// The channel to the keeper does not hold.
    #[error("the listener has no channel: {0}")]
    Channel(#[from] ChannelError),
    /// The process could not give up what it does not need.
    #[error("the listener cannot {doing}: {cause}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// The system's answer.
        cause: Errno,
    },
    /// The process could not be started.
    #[error("cannot start the listener: {cause}")]
    Spawn {
        /// The system's answer.
        cause: io::Error,
    },
}

/// The most connections of jobs that are read at once.
pub const JOBS_MAX: usize = 1_000;
/// The most connections of operators, whose records may take 64 KiB each while they come. They have
/// room of their own: whoever floods the other socket must not keep them from a freeze. There is more
/// than the keeper lets stay, so that those that it closes are not in the way of the next.
pub const OPERATORS_MAX: usize = 128;

/// What the process is called in a list of them, 15 bytes at most.
const NAME: &CStr = c"pc-listener";

/// The user that the listener runs as when the keeper is root, and who stands in on hosts without it.
const USER: &str = "portcullis";
const NOBODY: u32 = 65_534;

/// Starts `program args`, which is to call [`run`], with the channel as its standard input.
///
/// It gets no environment and no other descriptor but standard error; started by root it is another user
/// without groups.
///
/// # Errors
/// [`ListenerError::Spawn`].
pub fn spawn(program: &Path, args: &[&str], channel: OwnedFd) -> Result<Child, ListenerError> {
    let mut command = Command::new(program);
    command.args(args).env_clear().current_dir("/");
    command.stdin(Stdio::from(channel)).stdout(Stdio::null());
    if rustix::process::geteuid().is_root() {
        let user = User::from_name(USER).ok().flatten();
        let (uid, gid) = user.map_or((NOBODY, NOBODY), |user| (user.uid.as_raw(), user.gid.as_raw()));
        // With a user id and no list of groups, the standard library clears the groups.
        command.uid(uid).gid(gid);
    }
    command.spawn().map_err(|cause| ListenerError::Spawn { cause })
}

/// The whole life of the listener: it ends well when the keeper closes the channel.
///
/// The process must be one that [`spawn`] started: every descriptor but the channel and the standard ones is
/// closed.
///
/// # Errors
/// [`ListenerError`]; the process should end then, and the keeper starts another.
pub fn run(channel: OwnedFd) -> Result<(), ListenerError> {
    let channel = ListenerEnd::new(channel)?;
    close_inherited(channel.as_fd().as_raw_fd())?;
    give_up_privileges()?;
    Listener::new(channel).serve(uptime)
}

/// Closes what the keeper was itself started with and never knew of, such as a shell's leftovers.
fn close_inherited(channel: RawFd) -> Result<(), ListenerError> {
    const STANDARD: [RawFd; 3] = [0, 1, 2];
    let failed = |cause: io::Error| {
        let cause = cause.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error);
        ListenerError::System { doing: "list its descriptors", cause }
    };
    let mut inherited: Vec<RawFd> = Vec::new();
    for entry in fs::read_dir("/proc/self/fd").map_err(failed)? {
        inherited.extend(
            entry.map_err(failed)?.file_name().to_str().and_then(|number| number.parse::<RawFd>().ok()),
        );
    }
    inherited.retain(|number| *number != channel && !STANDARD.contains(number));
    for number in inherited {
        // The directory itself is in its own list, and closed by now.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}

fn give_up_privileges() -> Result<(), ListenerError> {
    /// Connections, channel and standard streams, with some to spare.
    const DESCRIPTORS_MAX: u64 = 2_048;
    let failed = |doing| move |cause| ListenerError::System { doing, cause };
    set_name(NAME).map_err(failed("name itself"))?;
    set_no_new_privs(true).map_err(failed("renounce privileges"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(failed("forbid dumps"))?;
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(failed("forbid core files"))?;
    let allowed = getrlimit(Resource::Nofile).maximum.unwrap_or(DESCRIPTORS_MAX).min(DESCRIPTORS_MAX);
    let files = Rlimit { current: Some(allowed), maximum: Some(allowed) };
    setrlimit(Resource::Nofile, files).map_err(failed("limit its descriptors"))
}

fn uptime() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

struct Connection {
    stream: OwnedFd,
    intake: Intake,
    kind: LinkKind,
    /// The peer will say no more, but still listens.
    half_closed: bool,
}

struct Listener {
    channel: ListenerEnd,
    connections: BTreeMap<Number, Connection>,
    /// What the keeper has not taken yet; while there is any, nothing is read.
    outbox: VecDeque<FromListener>,
    buffer: Box<[u8]>,
}

/// Whether the keeper is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Keeper {
    Here,
    Gone,
}

impl Listener {
    /// Bytes read from one connection before the next one has its turn.
    const TURN_LEN: usize = 16 << 10;

    fn new(channel: ListenerEnd) -> Self {
        let buffer = vec![0; Self::TURN_LEN].into_boxed_slice();
        Self { channel, connections: BTreeMap::new(), outbox: VecDeque::new(), buffer }
    }

    fn serve(mut self, clock: impl Fn() -> Duration) -> Result<(), ListenerError> {
        while self.turn(&clock)? == Keeper::Here {}
        Ok(())
    }

    /// Waits until there is something to do, and does all of it once.
    fn turn(&mut self, clock: impl Fn() -> Duration) -> Result<Keeper, ListenerError> {
        if self.flush()? == Keeper::Gone {
            return Ok(Keeper::Gone);
        }
        let (channel_ready, ready) = self.wait(clock())?;
        if channel_ready && self.hear_keeper(clock())? == Keeper::Gone {
            return Ok(Keeper::Gone);
        }
        for (number, events) in ready {
            self.read(number, events, clock());
        }
        if self.outbox.is_empty() {
            self.drop_overdue(clock());
        }
        Ok(Keeper::Here)
    }

    /// Hands over what there is, as far as the keeper takes it.
    fn flush(&mut self) -> Result<Keeper, ListenerError> {
        while let Some(message) = self.outbox.front() {
            match self.channel.send(message) {
                Ok(()) => drop(self.outbox.pop_front()),
                Err(ChannelError::Full) => break,
                Err(ChannelError::Closed) => return Ok(Keeper::Gone),
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(Keeper::Here)
    }

    /// Waits until there is something to do, and says where.
    fn wait(&self, now: Duration) -> Result<(bool, Vec<(Number, PollFlags)>), ListenerError> {
        let backlog = !self.outbox.is_empty();
        let channel_events = if backlog { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let mut polled = vec![PollFd::from_borrowed_fd(self.channel.as_fd(), channel_events)];
        let read = self.connections.iter().filter(|_| !backlog);
        let numbers: Vec<Number> = read.clone().map(|(number, _)| *number).collect();
        polled.extend(read.map(|(_, connection)| {
            // A hang-up is reported even when nothing is asked for.
            let events = if connection.half_closed { PollFlags::empty() } else { PollFlags::IN };
            PollFd::new(&connection.stream, events)
        }));
        let deadlines = self.connections.values().filter(|_| !backlog).filter_map(|c| c.intake.deadline());
        let timeout = deadlines.min().map(|end| end.saturating_sub(now));
        let timeout = timeout.map(|length| Timespec {
            tv_sec: length.as_secs().cast_signed(),
            tv_nsec: length.subsec_nanos().into(),
        });
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(cause) => return Err(ListenerError::System { doing: "wait", cause }),
        }
        let ready = |events: PollFlags| !events.is_empty();
        let connections = numbers.into_iter().zip(polled[1..].iter().map(PollFd::revents));
        Ok((ready(polled[0].revents()), connections.filter(|(_, events)| ready(*events)).collect()))
    }

    fn hear_keeper(&mut self, now: Duration) -> Result<Keeper, ListenerError> {
        loop {
            match self.channel.receive() {
                Ok(Heard::Message(ToListener::Close { number }, _)) => drop(self.connections.remove(&number)),
                Ok(Heard::Message(ToListener::NewConnection { number, kind }, stream)) => {
                    self.admit(number, kind, stream, now);
                }
                Ok(Heard::Nothing) => return Ok(Keeper::Here),
                Err(ChannelError::Closed) => return Ok(Keeper::Gone),
                Err(cause) => return Err(cause.into()),
            }
        }
    }

    fn admit(&mut self, number: Number, kind: LinkKind, stream: Option<OwnedFd>, now: Duration) {
        let held = self.connections.values().filter(|connection| connection.kind == kind).count();
        let room = match kind {
            LinkKind::Pull => held < JOBS_MAX,
            LinkKind::Operator => held < OPERATORS_MAX,
        };
        // Without a descriptor, this process has as many as the system allows.
        match stream.filter(|_| room) {
            Some(stream) => {
                let intake = Intake::new(number, kind, now);
                let connection = Connection { stream, intake, kind, half_closed: false };
                self.connections.insert(number, connection);
            }
            None => self.give_up(number, Some(Fault::Crowded)),
        }
    }

    /// Reads once from a connection: the others have their turn before the next time.
    fn read(&mut self, number: Number, events: PollFlags, now: Duration) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let hung_up = events.intersects(PollFlags::HUP | PollFlags::ERR);
        // The flags of the connection belong to the keeper, so "do not wait" is said here each time.
        let len = match recv(&connection.stream, &mut *self.buffer, RecvFlags::DONTWAIT) {
            Ok((len, _)) => len,
            Err(Errno::AGAIN | Errno::INTR) => return,
            Err(_) => return self.give_up(number, None),
        };
        if len == 0 {
            connection.half_closed = true;
            if hung_up || !connection.intake.may_outlive_its_input() {
                self.give_up(number, None);
            }
            return;
        }
        let mut said = Vec::new();
        let kept = connection.intake.take(&self.buffer[..len], now, &mut said);
        self.outbox.extend(said);
        if !kept {
            self.give_up(number, None);
        }
    }

    fn drop_overdue(&mut self, now: Duration) {
        let overdue =
            |(number, c): (&Number, &Connection)| c.intake.overdue(now).map(|fault| (*number, fault));
        let late: Vec<_> = self.connections.iter().filter_map(overdue).collect();
        for (number, fault) in late {
            self.give_up(number, Some(fault));
        }
    }

    /// Lets go of a connection, which stays open at the keeper.
    fn give_up(&mut self, conn: Number, fault: Option<Fault>) {
        drop(self.connections.remove(&conn));
        self.outbox.extend(fault.map(|fault| FromListener::Malformed { conn, fault }));
        self.outbox.push_back(FromListener::Closed { conn });
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (connections, waiting) = (self.connections.len(), self.outbox.len());
        f.debug_struct("Listener")
            .field("connections", &connections)
            .field("outbox", &waiting)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
