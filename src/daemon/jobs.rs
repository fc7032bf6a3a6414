//! The connections of jobs: who they say they are, what they wait for, what they were handed.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;

use super::line::say;
use crate::domain::ids::{JobName, RequestId};
use crate::domain::time::{Length, Timestamp};
use crate::domain::wire::pc1::{DenyCode, Seq, ServerMessage};
use crate::links::peer::Peer;
use crate::services::pull::Puller;

/// How often a waiting job hears that it still waits, in seconds.
const WAIT_S: u8 = ServerMessage::WAIT_S_MAX;
/// How long an acknowledgement may take before the outcome is written down without it.
const ACK_PATIENCE: Length = Length::from_seconds(5);

/// How long a connection may do nothing after it had an answer.
const IDLE_MAX: Length = Length::from_seconds(60);

/// One job's connection.
pub struct JobConn {
    /// The keeper's own descriptor.
    pub stream: UnixStream,
    /// What the kernel says; `None` while its executable is being read.
    pub peer: Option<Peer>,
    /// Who it says it is.
    pub job: Option<JobName>,
    /// What it does.
    pub doing: Doing,
    /// Who it is by its user, for the log.
    pub uid: u32,
    /// Refusals so far; a connection has few.
    pub refusals: u32,
    /// When a connection that does nothing is let go.
    idle_until: Option<Timestamp>,
}

/// What a connection does.
pub enum Doing {
    /// Nothing yet, or nothing more.
    Idle,
    /// Its executable is being read.
    Measuring,
    /// It waits for a request.
    Waiting(Waiting),
    /// A credential is being written to it.
    Receiving,
    /// The credential is written; an acknowledgement may come.
    Handed {
        /// Which request.
        request: RequestId,
        /// The number of the GET.
        seq: Seq,
        /// When the outcome is written down without it.
        until: Timestamp,
    },
}

/// A GET that is held.
pub struct Waiting {
    /// The number of the GET.
    pub seq: Seq,
    /// Who pulls what.
    pub puller: Puller,
    /// The request that has to be approved, or to open.
    pub request: RequestId,
    /// When it hears the next WAIT.
    pub next_word: Timestamp,
}

/// All connections of jobs.
#[derive(Default)]
pub struct Jobs {
    conns: BTreeMap<u32, JobConn>,
}

impl Jobs {
    /// The most connections at once.
    pub const COUNT_MAX: usize = 1_000;
    /// The most of them that are one user's, whoever that is: the other places are for others.
    pub const OF_USER_MAX: usize = 600;

    /// Takes a connection in; false when there are too many, or too many of its user.
    pub fn add(&mut self, conn: u32, stream: UnixStream, peer: Peer) -> bool {
        let uid = peer.evidence().uid;
        let of_user = self.conns.values().filter(|conn| conn.uid == uid).count();
        if self.conns.len() >= Self::COUNT_MAX || of_user >= Self::OF_USER_MAX {
            return false;
        }
        let job = JobConn {
            stream,
            peer: Some(peer),
            job: None,
            doing: Doing::Idle,
            uid,
            refusals: 0,
            // The listener lets those go that never ask.
            idle_until: None,
        };
        self.conns.insert(conn, job);
        true
    }

    /// One connection.
    pub fn get(&mut self, conn: u32) -> Option<&mut JobConn> {
        self.conns.get_mut(&conn)
    }

    /// Lets a connection go.
    pub fn remove(&mut self, conn: u32) -> Option<JobConn> {
        self.conns.remove(&conn)
    }

    /// All of them, to let them go.
    pub fn take_all(&mut self) -> BTreeMap<u32, JobConn> {
        std::mem::take(&mut self.conns)
    }

    /// Jobs that wait.
    pub fn waiting(&self) -> u32 {
        let waiting = self.conns.values().filter(|conn| matches!(conn.doing, Doing::Waiting(_)));
        u32::try_from(waiting.count()).unwrap_or(u32::MAX)
    }

    /// Jobs that wait for one request.
    pub fn waiting_for(&self, id: &RequestId) -> u32 {
        let waits =
            |conn: &&JobConn| matches!(&conn.doing, Doing::Waiting(waiting) if waiting.request == *id);
        u32::try_from(self.conns.values().filter(waits).count()).unwrap_or(u32::MAX)
    }

    /// Connections of one job that wait.
    pub fn waiting_as(&self, job: &JobName) -> u32 {
        let waits =
            |conn: &&JobConn| matches!(conn.doing, Doing::Waiting(_)) && conn.job.as_ref() == Some(job);
        u32::try_from(self.conns.values().filter(waits).count()).unwrap_or(u32::MAX)
    }

    /// The connections that wait, in the order in which they came.
    pub fn who_waits(&self) -> Vec<u32> {
        let waiting = self.conns.iter().filter(|(_, conn)| matches!(conn.doing, Doing::Waiting(_)));
        waiting.map(|(number, _)| *number).collect()
    }

    /// Handed-over connections whose acknowledgement is overdue.
    pub fn unacknowledged(&self, now: Timestamp) -> Vec<u32> {
        let overdue = |conn: &JobConn| matches!(conn.doing, Doing::Handed { until, .. } if until <= now);
        self.conns.iter().filter(|(_, conn)| overdue(conn)).map(|(number, _)| *number).collect()
    }

    /// Connections that were answered and have done nothing since: each holds a place of a thousand.
    pub fn idle(&self, now: Timestamp) -> Vec<u32> {
        let over = |conn: &JobConn| {
            matches!(conn.doing, Doing::Idle) && conn.idle_until.is_some_and(|until| until <= now)
        };
        self.conns.iter().filter(|(_, conn)| over(conn)).map(|(number, _)| *number).collect()
    }

    /// Tells those that wait that they still do; gives those that do not take it.
    pub fn say_wait(&mut self, now: Timestamp) -> Vec<u32> {
        let mut deaf = Vec::new();
        for (number, conn) in &mut self.conns {
            let Doing::Waiting(waiting) = &mut conn.doing else { continue };
            if waiting.next_word > now {
                continue;
            }
            waiting.next_word = now.plus(Length::from_seconds(u64::from(WAIT_S)));
            if !say(&conn.stream, waiting.seq, ServerMessage::Wait { seconds: WAIT_S }) {
                deaf.push(*number);
            }
        }
        deaf
    }

    /// When the next connection has to hear something, or its outcome to be written down.
    pub fn next_due(&self) -> Option<Timestamp> {
        let due = self.conns.values().filter_map(|conn| match &conn.doing {
            Doing::Waiting(waiting) => Some(waiting.next_word),
            Doing::Handed { until, .. } => Some(*until),
            Doing::Idle => conn.idle_until,
            Doing::Measuring | Doing::Receiving => None,
        });
        due.min()
    }
}

impl JobConn {
    /// Puts a GET on hold and says so, unless it was on hold before: then it hears the next word
    /// when it was to hear it.
    pub fn hold(
        &mut self,
        (seq, puller, request): (Seq, Puller, RequestId),
        now: Timestamp,
        heard: Option<Timestamp>,
    ) -> bool {
        let next_word = heard.unwrap_or_else(|| now.plus(Length::from_seconds(u64::from(WAIT_S))));
        self.doing = Doing::Waiting(Waiting { seq, puller, request, next_word });
        heard.is_some() || say(&self.stream, seq, ServerMessage::Wait { seconds: WAIT_S })
    }

    /// Lets it rest for a while: the answer it had was its last, unless it asks again.
    pub fn rest(&mut self, now: Timestamp) {
        self.doing = Doing::Idle;
        self.idle_until = Some(now.plus(IDLE_MAX));
    }

    /// Says no.
    pub fn deny(&mut self, seq: Seq, code: DenyCode, now: Timestamp) -> bool {
        const REFUSALS_MAX: u32 = 5;
        self.rest(now);
        self.refusals += 1;
        say(&self.stream, seq, ServerMessage::Deny { code }) && self.refusals < REFUSALS_MAX
    }

    /// The credential is written: an acknowledgement may come.
    pub fn handed(&mut self, request: RequestId, seq: Seq, now: Timestamp) {
        self.doing = Doing::Handed { request, seq, until: now.plus(ACK_PATIENCE) };
    }
}
